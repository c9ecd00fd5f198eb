# SPDX-License-Identifier: GPL-2.0-or-later
"""What QEMU and libvirt answered on a real kvm_amd (tests/boot/cases/amd-truth), and what is asked there."""

import definitions
from compare import Case, truth_of

# The newest machines, those on both sides of a change of QEMU's defaults (hw/i386/pc_piix.c, pc_compat_2_1_fn), the oldest, and the odd.
MACHINES = ("pc", "q35", "pc-i440fx-2.2", "pc-i440fx-2.1", "pc-i440fx-1.4", "pc-q35-2.4", "isapc", "microvm")
# libvirt is asked about these models, QEMU about all.
MODELS = ("EPYC", "qemu64", "kvm64", "Opteron_G2", "Skylake-Client")
CPUS = ("host,svm=on", "max,svm=off", "EPYC-v1", "EPYC-Milan-v2,svm=on", "phenom", "base,svm=on", "486,svm=on")
FEATURE = "svm"


def forms():
    """Key, form and XML of what libvirt is asked."""
    for form in definitions.general_forms(FEATURE):
        yield form.form, form, definitions.domain("kvm", "x86_64", "pc", form.cpu)
    for model in MODELS:
        for form in definitions.model_forms(model, FEATURE, ("npt",)):
            yield model + ": " + form.form, form, definitions.domain("kvm", "x86_64", "pc", form.cpu)


def ask(part):
    if part == "machines":
        return MACHINES
    if part == "cpus":
        return CPUS
    return ["%s\t%s" % (key, xml) for key, _, xml in forms()]


SWITCHES = {"plain": None, "on": True, "off": False}
VALUES = {"true": True, "false": False, "!": None}
HEAD = ("# SPDX-License-Identifier: GPL-2.0-or-later",
        "# What QEMU says of svm on a real kvm_amd that nests, as tests/boot/cases/amd-truth asked it. ! is refused.",
        "# model, machine, model, svm unsaid, svm=on, svm=off; cpu, machine, -cpu, the vCPU's svm; libvirt, form, its -cpu or refusal.")


def table(path):
    """The lines of kvm-amd.tsv, from the answers of the boot."""
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    models = {}
    for kind, *row in rows:
        if kind == "MODEL":
            machine, model, switch, value = row
            models.setdefault((machine, model), {})[switch] = value
    out = ["\t".join(["model", *key, *(told[switch] for switch in SWITCHES)]) for key, told in models.items()]
    out += ["\t".join([row[0].lower(), *row[1:]]) for row in rows if row[0] in ("CPU", "LIBVIRT")]
    return [*HEAD, *("# %s %s" % tuple(row) for row in rows if row[0] in ("QEMU", "KERNEL", "LIBVIRTD")), *sorted(out)]


def read(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if not line.startswith("#")]


def differences(kept, found):
    kept_rows, found_rows = set(read(kept)), set(read(found))
    return (["no more: " + row.replace("\t", " ") for row in sorted(kept_rows - found_rows)] +
            ["new: " + row.replace("\t", " ") for row in sorted(found_rows - kept_rows)])


class Kept:
    def __init__(self, path):
        self.machines, self.vcpus, self.libvirt = {}, {}, {}
        for line in read(path):
            kind, *row = line.split("\t")
            if kind == "model":
                self.machines.setdefault(row[0], {})[row[1]] = {SWITCHES[switch]: VALUES[value] for switch, value in zip(SWITCHES, row[2:])}
            elif kind == "cpu":
                self.vcpus[row[0], row[1]] = VALUES[row[2]]
            else:
                self.libvirt[row[0]] = row[1]
        for (machine, cpu), value in self.vcpus.items():
            if not cpu:
                self.machines[machine][definitions.DEFAULT] = {None: value}

    def problems(self):
        """Where QEMU's expansion is not what its vCPU has."""
        words = {"": None, FEATURE + "=on": True, FEATURE + "=off": False}
        out = []
        for (machine, cpu), value in self.vcpus.items():
            model, _, switch = cpu.partition(",")
            if cpu and switch in words and self.machines[machine][model][words[switch]] != value:
                out.append("%s: -cpu %s: the expansion says %s, the vCPU %s" % (machine, cpu, self.machines[machine][model][words[switch]], value))
        return out

    def cases(self):
        def case(machine, model, form, xml, truth):
            return Case("x86_64", "kvm", machine, model, form, xml, "AMD", truth)
        out = []
        for machine, told in self.machines.items():
            all_forms = [("", form) for form in definitions.general_forms(FEATURE)]
            all_forms += [(model, form) for model in told if model for form in definitions.model_forms(model, FEATURE, ("npt",))]
            out += [case(machine, model, form.form, definitions.domain("kvm", "x86_64", machine, form.cpu), truth_of(form, told))
                    for model, form in all_forms]
        for key, form, xml in forms():
            cpu = self.libvirt[key]
            truth = None if cpu.startswith("!") else self.vcpus["pc", cpu]
            out.append(case("pc", "", "by libvirt, " + key, xml, {truth}))
        return out
