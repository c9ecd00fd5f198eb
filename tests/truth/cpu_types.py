# SPDX-License-Identifier: GPL-2.0-or-later
"""What a CPU of QEMU is an instance of: its type, the ancestors and the interfaces.

Each of these names, as the driver of `-global DRIVER.PROPERTY=VALUE`, reaches a CPU (QEMU: qom/object.c, object_apply_global_props).
"""

from qemu import Qemu


def cpu_types(arch):
    """The version of QEMU, and the sorted names."""
    with Qemu(arch, "-machine", "none") as qemu:
        cpus = {definition["typename"] for definition in qemu.ask("query-cpu-definitions")}
        return qemu.version, sorted(name for name in qemu.types() if not cpus.isdisjoint(qemu.types(implements=name)))


def show(arch):
    version, names = cpu_types(arch)
    print("# SPDX-License-Identifier: GPL-2.0-or-later")
    print("# qemu-system-%s %s: every type that a CPU is an instance of; printed by tests/truth/run --cpu-types %s" % (arch, version, arch))
    print("\n".join(names))


def check(arch, kept):
    """What the list and QEMU do not have in common, each a sentence; and, where the list is of another QEMU, a sentence that says so."""
    with open(kept, encoding="utf-8") as file:
        lines = file.read().splitlines()
    version, names = cpu_types(arch)
    known = {line for line in lines if not line.startswith("#")}
    other = None if any(version in line for line in lines if line.startswith("#")) else "%s is not of QEMU %s" % (kept, version)
    return (["%s: a CPU of QEMU %s is a %s, which is not in the list" % (kept, version, name) for name in sorted(set(names) - known)] +
            ["%s: no CPU of QEMU %s is a %s" % (kept, version, name) for name in sorted(known - set(names))]), other
