# SPDX-License-Identifier: GPL-2.0-or-later
"""The rule of definitions.py, what libvirt makes of a <cpu>, held against libvirt's own `virsh domxml-to-native`."""

import re

import definitions
import tcg
from qemu import Qemu

FEATURE = "svm"
MODELS = ("EPYC", "qemu64", "kvm64", "Opteron_G2", "Skylake-Client")
# Where only the machine's own CPU is of interest.
OTHERS = (("x86_64", "q35"), ("x86_64", "isapc"), ("x86_64", "microvm"), ("i386", "pc"), ("i386", "isapc"))


def asked():
    """Key, QEMU's name of the architecture, machine, form."""
    for arch, machine in (("x86_64", "pc"), *OTHERS):
        for form in definitions.general_forms(FEATURE):
            yield "%s, %s: %s" % (arch, machine, form.form), arch, machine, form
    for model in (*MODELS, *definitions.NO_MODELS):
        for form in definitions.model_forms(model, FEATURE, ("npt",)):
            yield "%s: %s" % (model, form.form), "x86_64", "pc", form


def ask():
    # What libvirt adds by itself wants PCI, which not every machine has.
    bare = "<devices><controller type='usb' model='none'/><memballoon model='none'/></devices>"
    return ["%s\t%s" % (key, definitions.domain("qemu", tcg.ARCHES[arch][0], machine, form.cpu, bare))
            for key, arch, machine, form in asked()]


def said(path):
    """{key: its -cpu, "" where there is none, or None where libvirt refuses}, of FORM|key|what virsh printed, without line breaks."""
    with open(path, encoding="utf-8") as file:
        parts = file.read().split("FORM|")[1:]
    out = {}
    for part in parts:
        key, text = part.split("|", 1)
        cpu = re.search(r" -cpu (\S+)", text)
        out[key] = None if "error: " in text else cpu.group(1) if cpu else ""
    return out


def own_cpus():
    """{(arch, machine): the model of the machine's own CPU}"""
    out = {}
    for arch in ("x86_64", "i386"):
        with Qemu(arch, "-machine", "none") as qemu:
            names = {definition["typename"]: definition["name"] for definition in qemu.ask("query-cpu-definitions")}
            for machine in qemu.ask("query-machines"):
                for name in (machine["name"], machine.get("alias")):
                    out[arch, name] = names.get(machine.get("default-cpu-type"))
    return out


def agrees(form, cpu, own):
    """Whether libvirt's -cpu is what the rule says."""
    model, *words = cpu.split(",")
    switch = {FEATURE + "=on": True, FEATURE + "=off": False}
    found = [switch[word] for word in words if word in switch]
    if form.model is None:
        return True
    if form.model in definitions.NO_MODELS and form.form.startswith("custom"):
        return False
    if form.model != definitions.ANY and (model or own) != (form.model or own):
        return False
    return found == ([] if form.switch is None else [form.switch])


def differences(path):
    told, own = said(path), own_cpus()
    out, refused = [], 0
    for key, arch, machine, form in asked():
        cpu = told.get(key, "nothing")
        refused += cpu is None
        if cpu is not None and not agrees(form, cpu, own[arch, machine]):
            out.append("%s: libvirt runs -cpu %s, the rule says %s" % (key, cpu, form[2:]))
    return out, "%d definitions, %d of them refused by libvirt" % (len(told), refused)
