# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's TCG of this machine, asked machine by machine."""

import concurrent.futures
import os
import re

import definitions
from compare import Case, models_said, truths
from qemu import Qemu, Refused

# arch: as QEMU calls it; guest: as libvirt does; feature; others: features that stand beside it in a definition
ARCHES = {
    "x86_64": ("x86_64", "svm", ("npt", "vmx")),
    "i386": ("i686", "svm", ("npt", "vmx")),
    "s390x": ("s390x", "sief2", ()),
    "riscv64": ("riscv64", "h", ()),
}
# Its QEMU lists no model before version 8: each is started. For the same reason libvirt has no host-model there.
STARTED = ("riscv64",)
# Which row of the table is the host's must not matter to an emulated guest.
PLATFORM = "Intel"
# Asked of a real vCPU as well, on every machine: as QEMU's -cpu.
VCPUS = {"svm": ("EPYC", "max", "max,svm=on", "host", "kvm64,svm=on", "EPYC-v1,svm=off"),
         "sief2": ("max", "max,sief2=on", "max,sief2=off", "z14")}


def machines(arch):
    """Name: alias or None. Those without a CPU have no guest."""
    with Qemu(arch, "-machine", "none") as qemu:
        return {machine["name"]: machine.get("alias") for machine in qemu.ask("query-machines")
                if machine["name"] not in ("none", "x-remote")}


def few(names):
    """The first and the last of each family: pc-i440fx-1.4 and pc-i440fx-7.2 of pc-i440fx."""
    def version(name):
        return [int(number) for number in re.findall(r"\d+", name.rsplit("-", 1)[-1])]
    families = {}
    for name in names:
        families.setdefault(re.sub(r"-\d[\d.]*$", "", name), []).append(name)
    return sorted({pick(family, key=version) for family in families.values() for pick in (min, max)})


def vcpu(qemu, feature):
    """What the real ones have; a CPU without such a property has no such feature."""
    if feature == "h":
        # The property is not all: QEMU 7.2 has models that ignore it. A register that is there tells (target/riscv/csr.c).
        return "hstatus" in qemu.ask("human-monitor-command", command_line="info registers -a")
    found = False
    for cpu in qemu.ask("query-cpus-fast"):
        try:
            found = qemu.ask("qom-get", path=cpu["qom-path"], property=feature) or found
        except Refused:
            pass
    return found


def started(arch, machine, cpu, feature):
    """What a vCPU has that QEMU is started with; None: it does not start."""
    try:
        with Qemu(arch, "-machine", machine, *(("-cpu", cpu) if cpu else ())) as qemu:
            return vcpu(qemu, feature)
    except Refused:
        return None


def expansion(qemu, model, feature, switch):
    props = {} if switch is None else {feature: switch}
    try:
        told = qemu.ask("query-cpu-model-expansion", type="full", model={"name": model, "props": props})
    except Refused:
        return None
    return told["model"]["props"].get(feature, False)


def started_answers(arch, machine, feature):
    with Qemu(arch, "-machine", "none") as qemu:
        kinds = qemu.ask("qom-list-types", implements=arch.rstrip("0123456789") + "-cpu")
    names = [kind["name"].rsplit("-", 2)[0] for kind in kinds]
    words = {None: "", True: ",%s=on" % feature, False: ",%s=off" % feature}
    told = {name: {switch: started(arch, machine, name + word, feature) for switch, word in words.items()} for name in names}
    told[definitions.DEFAULT] = {None: started(arch, machine, None, feature)}
    return told


def answers(arch, machine, feature):
    """{model: {switch: answer}}, and the differences of expansion and vCPU, each a sentence."""
    problems = []
    if arch in STARTED:
        return started_answers(arch, machine, feature), problems
    with Qemu(arch, "-machine", machine) as qemu:
        names = [definition["name"] for definition in qemu.ask("query-cpu-definitions")]
        told = {name: {switch: expansion(qemu, name, feature, switch) for switch in (None, True, False)} for name in names}
        told[definitions.DEFAULT] = {None: vcpu(qemu, feature)}
    for cpu in VCPUS[feature]:
        model, _, switch = cpu.partition(",")
        if model not in told:
            continue
        real = started(arch, machine, cpu, feature)
        expanded = told[model][{"": None, feature + "=on": True, feature + "=off": False}[switch]]
        if real is None and model == "host":
            told[model] = dict.fromkeys((None, True, False))
        elif real is None and cpu == "max,%s=on" % feature:
            # IBM Z expands what the accelerator does not have, and then starts no such CPU.
            for model in told:
                told[model].update({switch: None for switch, value in told[model].items() if value})
        elif real is not None and real != expanded:
            problems.append("%s, %s: -cpu %s: the expansion says %s, the vCPU %s" % (arch, machine, cpu, expanded, real))
    if feature == "svm":
        problems += ["%s, %s: -cpu %s: has vmx under TCG" % (arch, machine, cpu)
                     for cpu in ("max,vmx=on", "EPYC,vmx=on") if started(arch, machine, cpu, "vmx")]
    return told, problems


def cases(arch, machine, alias, told):
    """An alias is the same machine: of it only what names no model."""
    guest, feature, others = ARCHES[arch]
    general = [("", form) for form in definitions.general_forms(feature)]
    unnamed = (definitions.DEFAULT, *(definitions.NO_MODELS if feature == "svm" else ()))
    named = [(model, form) for model in told if model not in unnamed for form in definitions.model_forms(model, feature, others)]
    asked = [(machine, *one) for one in general + named] + [(alias, *one) for one in general if alias]
    truth = truths(told, arch not in STARTED)
    return [Case(arch, "qemu", name, model, form.form, definitions.domain("qemu", guest, name, form.cpu), PLATFORM,
                 truth.get((form.model, form.switch), {None}))
            for name, model, form in asked]


def table_problems(delivers):
    """The rows of the table of models (core/platform.cpp) and what QEMU's own models have, nested paging as well."""
    with Qemu("x86_64", "-machine", "q35") as qemu:
        names = sorted(definition["name"] for definition in qemu.ask("query-cpu-definitions") if definition["name"] != "host")
        has = {name: [word for word, feature in (("feature", "svm"), ("paging", "npt")) if expansion(qemu, name, feature, None)]
               for name in names}
    said = models_said(delivers, "AMD", names)
    return ["the table of models says of %s: %s; QEMU: %s" % (name, said[name], " ".join(has[name]) or "-")
            for name in names if said[name] != (" ".join(has[name]) or "-")]


def compare(arch, every, comparison):
    """All of one architecture; returns the differences of expansion and vCPU, and of the table of models."""
    known = machines(arch)
    problems = table_problems(comparison.delivers) if arch == "x86_64" else []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        names = sorted(known) if every else few(known)
        for machine, (told, differing) in zip(names, pool.map(lambda name: answers(arch, name, ARCHES[arch][1]), names)):
            comparison.add(cases(arch, machine, known[machine], told))
            problems += differing
    return problems
