# SPDX-License-Identifier: GPL-2.0-or-later
"""Definitions of guests, multiplied out, each with what libvirt makes of its <cpu>.

libvirt: src/qemu/qemu_command.c, qemuBuildCpuModelArgStr, for require, force, disable and forbid; src/cpu/cpu_x86.c, virCPUx86Update,
for optional and match='minimum', which depend on the host. tests/truth/libvirt.sh holds the rule against libvirt itself.
"""

from collections import namedtuple

MATCHES = ("", "exact", "strict", "minimum")
POLICIES = ("absent", "require", "force", "optional", "disable", "forbid")
SWITCHED = {"absent": True, "require": True, "force": True, "disable": False, "forbid": False}
MODES = {"host-passthrough": "host", "maximum": "max"}
# QEMU's names that libvirt refuses as a <model> on x86 (src/cpu/cpu_x86.c, x86ModelFromCPU: "Unknown CPU model").
NO_MODELS = ("host", "max", "base")
ANY = "*"      # whatever model libvirt finds at the start
DEFAULT = ""   # the machine's own

# form: words for people; model, switch: what QEMU is asked (a model, ANY or DEFAULT; the feature True, False, or None for unsaid);
# both None where libvirt decides by its host, so that nothing but `possibly` can be said.
Form = namedtuple("Form", "form cpu model switch")


def feature_xml(name, policy):
    if policy is None:
        return ""
    return "<feature%s name='%s'/>" % ("" if policy == "absent" else " policy='%s'" % policy, name)


def with_policies(form, opening, inner, closing, feature, model, unsaid):
    """One <cpu> with the feature left unsaid, and with each policy. `unsaid`: the model counts; else libvirt decides."""
    yield Form(form, opening + inner + closing, model if unsaid else None, None)
    for policy in POLICIES:
        cpu = opening + inner + feature_xml(feature, policy) + closing
        if policy == "optional":
            yield Form(form + ", optional", cpu, model if model in MODES.values() else None, None)
        else:
            yield Form(form + ", " + policy, cpu, model, SWITCHED[policy])


def general_forms(feature):
    """The forms that name no model."""
    yield Form("no cpu", "", DEFAULT, None)
    yield Form("topology", "<cpu><topology sockets='1' cores='1' threads='1'/></cpu>", DEFAULT, None)
    for mode, model in MODES.items():
        yield from with_policies(mode, "<cpu mode='%s'>" % mode, "", "</cpu>", feature, model, True)
    yield from with_policies("host-model", "<cpu mode='host-model'>", "", "</cpu>", feature, ANY, False)


def model_forms(model, feature, others=()):
    """The forms that name this one."""
    for match in MATCHES:
        for mode in ("custom", ""):
            opening = "<cpu%s%s>" % (" mode='custom'" if mode else "", " match='%s'" % match if match else "")
            words = ", ".join(["custom"] + (["match " + match] if match else []) + ([] if mode else ["mode unsaid"]))
            found = ANY if match == "minimum" else model
            yield from with_policies(words, opening, "<model>%s</model>" % model, "</cpu>", feature, found, found == model)
    for other in others:
        cpu = "<cpu mode='custom'><model>%s</model>%s</cpu>" % (model, feature_xml(other, "require"))
        yield Form("custom, require " + other, cpu, model, None)


def domain(kind, arch, machine, cpu, more=""):
    return ("<domain type='%s'><name>truth</name><memory unit='MiB'>64</memory><os><type arch='%s' machine='%s'>hvm</type></os>"
            "%s%s</domain>" % (kind, arch, machine, more, cpu))
