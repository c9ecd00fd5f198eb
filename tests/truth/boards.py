# SPDX-License-Identifier: GPL-2.0-or-later
"""Architectures where the machine has the switch: each machine is started with it on, off and unsaid, and with some CPUs.

The guest of a board that is emulated as it is built has the CPU's own hypervisor mode, whatever libvirt's switch says.
"""

import collections
import concurrent.futures
import os
import re

import definitions
import tcg
from compare import Case
from qemu import Qemu, Refused


def switched(qemu, option):
    try:
        return qemu.ask("qom-get", path="/machine", property=option)
    except Refused:
        return False


def power(qemu):
    """The capability, or the vCPU starts in hypervisor mode (QEMU: target/ppc/cpu.h, MSR_SHV)."""
    registers = re.search(r"MSR ([0-9a-f]+)", qemu.ask("human-monitor-command", command_line="info registers"))
    return switched(qemu, "cap-nested-hv") or bool(registers and int(registers.group(1), 16) >> 60 & 1)


def arm(qemu):
    return tcg.vcpu(qemu, "has_el2")


# family: the machines that libvirt lets have the element (libvirt: src/qemu/qemu_validate.c)
Board = collections.namedtuple("Board", "guest element option family cpus found")
ARCHES = {
    "ppc64": Board("ppc64", "nested-hv", "cap-nested-hv", "pseries", ("power8", "power9", "power10"), power),
    "aarch64": Board("aarch64", "virtualization", "virtualization", "virt", ("cortex-a15", "cortex-a57", "max"), arm),
}


def told(arch, machine, cpu, switch):
    board = ARCHES[arch]
    word = {None: "", True: ",%s=on" % board.option, False: ",%s=off" % board.option}[switch]
    try:
        with Qemu(arch, "-machine", machine + word, *(("-cpu", cpu) if cpu else ())) as qemu:
            return board.found(qemu)
    except Refused:
        return None


def cases(arch, machine, alias):
    board = ARCHES[arch]
    family = machine.split("-")[0] == board.family
    out = []
    for cpu in (definitions.DEFAULT,) + (board.cpus if family else ()):
        model = "<cpu mode='custom'><model>%s</model></cpu>" % cpu if cpu else ""
        for switch in (None, True, False) if family else (None,):
            state = {None: "", True: "<features><%s state='on'/></features>", False: "<features><%s state='off'/></features>"}[switch]
            state = state % board.element if state else ""
            form = board.element + {None: " unsaid", True: " on", False: " off"}[switch]
            truth = {told(arch, machine, cpu, switch)}
            out += [Case(arch, "qemu", name, cpu, form, definitions.domain("qemu", board.guest, name, model, state), tcg.PLATFORM, truth)
                    for name in (machine, alias) if name]
    return out


def compare(arch, every, comparison):
    known = tcg.machines(arch)
    names = sorted(known) if every else tcg.few(known)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lambda name: cases(arch, name, known[name]), names):
            comparison.add(found)
    return []
