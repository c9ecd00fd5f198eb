# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks share: commands side by side in one run, as ratios.

Wall time is the median of interleaved rounds, so that what else the machine does meets all alike. Instructions are callgrind's, with
children; peak memory is the largest process's.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile


def host(folder, cpus):
    """A captured AMD host that nests, with a /proc/cpuinfo as long as a real one's."""
    flags = " ".join(f"flag{i}" for i in range(150))
    record = "".join(f"field{i}\t: some value\n" for i in range(20))
    cpuinfo = "".join(f"processor\t: {cpu}\nvendor_id\t: AuthenticAMD\n{record}flags\t\t: fpu svm npt {flags}\n\n" for cpu in range(cpus))
    return captured(folder, cpuinfo, "kvm_amd", "nesting=1\nnested_paging=1\n")


def power_host(folder, cpus):
    """A captured POWER9 that nests; platform and MMU stand behind the last CPU."""
    cpuinfo = "".join(f"processor\t: {cpu}\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 2900.000000MHz\nrevision\t: 2.2 (pvr 004e 1202)\n\n"
                      for cpu in range(cpus))
    summary = "timebase\t: 512000000\nplatform\t: PowerNV\nmodel\t\t: 9006-22P\nmachine\t\t: PowerNV 9006-22P\nMMU\t\t: Radix\n"
    return captured(folder, cpuinfo + summary, "kvm_hv", "nesting=1\n")


def captured(folder, cpuinfo, module, kvm):
    for name, text in (("proc/cpuinfo", cpuinfo), (f"sys/module/{module}/parameters/nested", "Y\n" if module == "kvm_hv" else "1\n"), ("dev/kvm", kvm)):
        os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
        with open(f"{folder}/{name}", "w", encoding="ascii") as out:
            out.write(text)
    return folder


def newc(name, data):
    """A file in a newc archive (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    fields = (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def large_boot_host(folder, entries, image_mib):
    """An Intel host with that many entries in grub.cfg, and an initramfs that has to be gone through to its end."""
    release = "6.1.0-50-amd64"
    captured(folder, "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx ept\n\n", "kvm_intel", "nesting=1\nnested_paging=1\n")
    files = {"proc/cmdline": f"BOOT_IMAGE=/boot/vmlinuz-{release} root=/dev/sda1 ro\n", "proc/sys/kernel/osrelease": release + "\n",
             "sys/module/kvm_intel/initstate": "live\n", f"lib/modules/{release}/modules.builtin": "",
             f"lib/modules/{release}/modules.dep": "kernel/arch/x86/kvm/kvm-intel.ko: kernel/arch/x86/kvm/kvm.ko\n",
             "boot/grub/grub.cfg": "set default=0\n" + "".join(
                 f"menuentry 'Debian {i}' --class debian {{\n\tload_video\n\tinsmod gzio\n\techo 'Loading'\n"
                 f"\tlinux /boot/vmlinuz-{release} root=/dev/sda1 ro quiet\n\tinitrd /boot/initrd.img-{release}\n}}\n" for i in range(entries))}
    for name, text in files.items():
        os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
        with open(f"{folder}/{name}", "w", encoding="ascii") as out:
            out.write(text)
    block = os.urandom(1 << 20)
    with open(f"{folder}/boot/image", "wb") as out:
        for i in range(image_mib):
            out.write(newc(f"lib/firmware/{i}.bin", block))
        out.write(newc("TRAILER!!!", b""))
    # What distributions pack with, where it is there; the kernel takes it unpacked too.
    image = f"{folder}/boot/initrd.img-{release}"
    if shutil.which("gzip"):
        with open(f"{folder}/boot/image", "rb") as plain, open(image, "wb") as packed:
            subprocess.run(["gzip", "-1"], stdin=plain, stdout=packed, check=True)
        os.unlink(f"{folder}/boot/image")
    else:
        os.rename(f"{folder}/boot/image", image)
    return folder


class Case:
    """A command, what it is given, and the exit statuses that are an answer."""

    def __init__(self, name, command, xml=b"", statuses=(0,)):
        self.name, self.command, self.xml, self.statuses = name, command, xml, statuses
        self.walls, self.peak, self.instructions = [], 0, None

    def wall(self):
        return statistics.median(self.walls)


class Bench:
    """Runs cases, in a folder of its own."""

    def __init__(self, build, work):
        self.peak = build + "/tests/bench/bench-peak"
        self.work = work

    def run(self, cases, rounds):
        for _ in range(rounds):
            for case in cases:
                self.once(case)
        if shutil.which("valgrind"):
            for case in cases:
                self.count(case)

    def once(self, case):
        with tempfile.TemporaryFile() as xml, open(self.work + "/peak", "w+b") as told:
            xml.write(case.xml)
            xml.seek(0)
            done = subprocess.run(["sh", "-c", 'exec 3>"$0"; exec "$@"', self.work + "/peak", self.peak, *case.command], stdin=xml, capture_output=True, check=False)
            if done.returncode not in case.statuses:
                sys.exit(f"bench: {case.name}: exit status {done.returncode}: {done.stderr.decode(errors='replace')}")
            seconds, kib = told.read().split()
        case.walls.append(float(seconds))
        case.peak = max(case.peak, int(kib))

    def count(self, case):
        with tempfile.TemporaryFile() as xml:
            xml.write(case.xml)
            xml.seek(0)
            done = subprocess.run(["valgrind", "--tool=callgrind", "--trace-children=yes", f"--callgrind-out-file={self.work}/callgrind.%p", *case.command],
                                  stdin=xml, capture_output=True, check=False)
        total = 0
        for name in os.listdir(self.work):
            if name.startswith("callgrind."):
                with open(f"{self.work}/{name}", encoding="utf-8", errors="replace") as lines:
                    total += sum(int(line.split()[1]) for line in lines if line.startswith("totals:"))
                os.unlink(f"{self.work}/{name}")
        # So slow under callgrind that the hook's own deadline ended it: half a run is no figure.
        case.instructions = total if done.returncode in case.statuses else None


def table(cases):
    print(f"{'':<44} {'wall ms':>9} {'M instr.':>9} {'peak MiB':>9}")
    for case in cases:
        instructions = f"{case.instructions / 1e6:9.2f}" if case.instructions else f"{'-':>9}"
        print(f"{case.name:<44} {case.wall() * 1e3:9.2f} {instructions} {case.peak / 1024:9.1f}")
    print()


class Budgets:
    """Prints each ratio with what it may be; `over` counts those that are more."""

    def __init__(self):
        self.over = 0

    def most(self, what, value, limit, unit=""):
        self.over += value > limit
        print(f"{'pass' if value <= limit else 'over':<5} {what}: {value:.2f}{unit}, at most {limit:.2f}{unit}")


def write_json(path, cases):
    with open(path, "w", encoding="utf-8") as out:
        json.dump([{"name": c.name, "wall_seconds": c.wall(), "instructions": c.instructions, "peak_kib": c.peak} for c in cases], out, indent=2)
