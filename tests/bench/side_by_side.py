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
