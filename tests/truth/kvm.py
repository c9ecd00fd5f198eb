# SPDX-License-Identifier: GPL-2.0-or-later
"""What QEMU and libvirt answered on a real kvm_amd (tests/boot/cases/amd-truth), and what is asked there."""

import definitions
from compare import Case, truths

# On these QEMU is asked about every model, on all others about a few: the newest, both sides of a change of QEMU's defaults
# (hw/i386/pc_piix.c, pc_compat_2_1_fn), the oldest, and the odd.
MACHINES = ("pc", "q35", "pc-i440fx-2.2", "pc-i440fx-2.1", "pc-i440fx-1.4", "pc-q35-2.4", "isapc", "microvm")
FEW = ("host", "max", "EPYC", "qemu64", "kvm64")
# Of these libvirt is asked about every form.
MODELS = ("EPYC", "qemu64", "kvm64", "Skylake-Client")
# Real vCPUs beside those of libvirt's command lines, on pc; and EPYC on every other of the machines.
CPUS = ("host,svm=on", "max,svm=off", "EPYC-v1", "EPYC-Milan-v1,svm=on", "phenom", "base,svm=on", "486,svm=on")
FEATURE = "svm"


def forms():
    """Key, form and XML of what libvirt is asked. Its check of the host's CPU, which is an emulated one, decides nothing but whether
    the guest starts."""
    def one(key, form):
        return key, form, definitions.domain("kvm", "x86_64", "pc", form.cpu.replace("<cpu", "<cpu check='none'", 1))
    for form in definitions.general_forms(FEATURE):
        yield one(form.form, form)
    for model in MODELS:
        for form in definitions.model_forms(model, FEATURE, ("npt",)):
            yield one(model + ": " + form.form, form)


def ask(part):
    if part == "machines":
        return MACHINES
    if part == "models":
        return FEW
    if part == "cpus":
        return ["pc\t" + cpu for cpu in CPUS] + [machine + "\tEPYC" for machine in MACHINES]
    return ["%s\t%s" % (key, xml) for key, _, xml in forms()]


SWITCHES = {"plain": None, "on": True, "off": False}
VALUES = {"true": True, "false": False, "!": None}
HEAD = ("# SPDX-License-Identifier: GPL-2.0-or-later",
        "# What QEMU says of svm on a real kvm_amd that nests, as tests/boot/cases/amd-truth asked it. ! is refused.",
        "# model, the model, what it says with svm unsaid, svm=on and svm=off, on which machines; cpu, machine, -cpu, a real vCPU's svm;",
        "# libvirt, a definition for pc, its -cpu or refusal.")


def about(cpu):
    """A -cpu without the features that are of no interest here and change with every host."""
    model, *words = cpu.split(",")
    kept = [word for word in words if word.split("=")[0] in (FEATURE, "npt", "migratable")]
    return ",".join([model, *kept, *(["..."] if len(kept) < len(words) else [])])


def table(path):
    """The lines of kvm-amd.tsv, from the answers of the boot."""
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    models, grouped, others = {}, {}, set()
    for kind, *row in rows:
        if kind == "MODEL":
            machine, model, switch, value = row
            models.setdefault((machine, model), {})[switch] = value
        elif kind == "CPU":
            others.add("\t".join(["cpu", row[0], about(row[1]), row[2]]))
        elif kind == "LIBVIRT":
            others.add("\t".join(["libvirt", row[0], about(row[1])]))
    for (machine, model), told in models.items():
        grouped.setdefault((model, " ".join(told[switch] for switch in SWITCHES)), []).append(machine)
    out = ["\t".join(["model", model, told, " ".join(sorted(machines))]) for (model, told), machines in grouped.items()]
    return [*HEAD, *("# %s %s" % tuple(row) for row in rows if row[0] in ("QEMU", "KERNEL", "LIBVIRTD")), *sorted([*out, *others])]


def read(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if not line.startswith("#")]


def differences(kept, found):
    kept_rows, found_rows = set(read(kept)), set(read(found))
    return (["no more: " + row.replace("\t", " | ") for row in sorted(kept_rows - found_rows)] +
            ["new: " + row.replace("\t", " | ") for row in sorted(found_rows - kept_rows)])


class Kept:
    def __init__(self, path):
        self.machines, self.vcpus, self.libvirt = {}, {}, {}
        for line in read(path):
            kind, *row = line.split("\t")
            if kind == "model":
                told = dict(zip(SWITCHES.values(), (VALUES[value] for value in row[1].split())))
                for machine in row[2].split():
                    self.machines.setdefault(machine, {})[row[0]] = told
            elif kind == "cpu":
                assert self.vcpus.setdefault((row[0], row[1]), VALUES[row[2]]) == VALUES[row[2]], "two answers: " + line
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
            if not cpu or switch not in words:
                continue
            expanded = self.machines[machine][model][words[switch]]
            if expanded != value:
                out.append("%s: -cpu %s: the expansion says %s, the vCPU %s" % (machine, cpu, expanded, value))
        return out

    def cases(self):
        def case(machine, model, form, xml, truth):
            return Case("x86_64", "kvm", machine, model, form, xml, "AMD", truth)
        out = []
        host_model = self.libvirt["host-model"].split(",")[0]
        for machine, told in self.machines.items():
            known = truths(told)
            # Where QEMU was asked about a few, EPYC stands for its generations.
            as_host_model = {told.get(host_model, told["EPYC"])[None]}
            all_forms = [("", form) for form in definitions.general_forms(FEATURE)]
            all_forms += [(model, form) for model in told if model not in (definitions.DEFAULT, *definitions.NO_MODELS)
                          for form in definitions.model_forms(model, FEATURE, ("npt",))]
            out += [case(machine, model, form.form, definitions.domain("kvm", "x86_64", machine, form.cpu),
                         as_host_model if form.form == "host-model" else known[form.model, form.switch])
                    for model, form in all_forms]
        for key, form, xml in forms():
            cpu = self.libvirt[key]
            truth = None if cpu.startswith("!") else self.vcpus["pc", cpu]
            out.append(case("pc", "", "by libvirt, " + key, xml, {truth}))
        return out
