# SPDX-License-Identifier: GPL-2.0-or-later
"""What surrounds the hook, made hostile: what it inherits, its limits, its judge, its input, the log.

tests/hook/hook_test.py has the judge that is missing, cannot be run, crashes or says nothing, and what is no definition.
"""
import collections
import concurrent.futures
import os
import resource
import shutil
import time

import calls
import matrix
from harness import DEADLINE, LABELLED, SIGNALS, SLACK, UNLABELLED, XML, StuckLog

BOTH = (LABELLED, UNLABELLED)
# What may come of it. RIGHT: refused with words, or passed. SAFE: not passed, or passed. STARTED: the same, once main was reached.
# CUT_OFF: the label cannot be known: answered in time, and logged where it passes. UNREAD: the configuration cannot be read, and is strict.
RIGHT, SAFE, STARTED, CUT_OFF, UNREAD = "right", "safe", "started", "cut off", "unread"
WITHOUT_WAITING = 2.0
MANY = 200

Case = collections.namedtuple("Case", "group detail guest want run within")


def case(group, detail, guest, want, within=DEADLINE + SLACK, **run):
    return Case(group, detail, guest, want, run, within)


def limit(kind, value):
    return ["--limit", f"{kind}={value}"]


def limits():
    """Too little of everything, from nothing to enough."""
    kib = 1024
    steps = [("address space", resource.RLIMIT_AS, step * 128 * kib) for step in range(64)]
    steps += [("address space", resource.RLIMIT_AS, 8 * kib * kib + step * 2 * kib * kib) for step in range(40)]
    steps += [("data", resource.RLIMIT_DATA, step * 64 * kib) for step in range(32)]
    steps += [("stack", resource.RLIMIT_STACK, size * kib) for size in (0, 4, 8, 16, 32, 64, 128, 256, 1024)]
    steps += [("open files", resource.RLIMIT_NOFILE, count) for count in range(3, 21)]
    steps += [("file size", resource.RLIMIT_FSIZE, 0)]
    for what, kind, value in steps:
        for guest in BOTH:
            want = UNREAD if (kind, value) == (resource.RLIMIT_NOFILE, 3) else STARTED
            yield case(f"limit of {what}", str(value), guest, want, options=["--list", *limit(kind, value)])


def inherited():
    for name in ("SIGCHLD", "SIGALRM", "SIGPIPE"):
        for how in ("ignore", "block"):
            for guest in BOTH:
                yield case("signal ignored or blocked by who starts it", f"{name}, {how}", guest, RIGHT, options=[f"--{how}", str(SIGNALS[name])])
    for closed in ([fd for fd in range(3) if bits >> fd & 1] for bits in range(1, 8)):
        for guest in BOTH:
            want = CUT_OFF if 0 in closed and guest == LABELLED else SAFE
            yield case("descriptors 0, 1, 2 closed", " ".join(map(str, closed)), guest, want,
                       options=[option for fd in closed for option in ("--close", str(fd))])


def environments(lab):
    folder = os.path.join(lab.work, "libraries")
    os.mkdir(folder)
    for name in ("libxml2.so.2", "libc.so.6"):
        shutil.copy(lab.quits, os.path.join(folder, name))
    hostile = [{"LD_PRELOAD": lab.quits}, {"LD_AUDIT": lab.quits}, {"LD_LIBRARY_PATH": folder}, {"LD_TRACE_LOADED_OBJECTS": "1"}, {"LD_DEBUG": "all"},
               {"LD_BIND_NOW": "1"}, {"LD_PRELOAD": "/nonexistent.so"}, {"MALLOC_PERTURB_": "165"}, {"MALLOC_ARENA_MAX": "1", "MALLOC_TOP_PAD_": "1"},
               {"GLIBC_TUNABLES": "glibc.malloc.check=3:glibc.rtld.optional_static_tls=0"}, {"TZ": "/dev/zero"}, {"TZ": "/dev/full"},
               {"LC_ALL": "xx_XX.UTF-8", "LOCPATH": "/dev"}, {"XML_CATALOG_FILES": "/dev/zero"}, {"PATH": ""}]
    for more in hostile:
        for guest in BOTH:
            yield case("environment", " ".join(f"{name}={value}" for name, value in more.items()), guest, RIGHT if guest == UNLABELLED else SAFE,
                       options=[f"--env={name}={value}" for name, value in more.items()])


def write_all(pipe, text):
    while text:
        text = text[os.write(pipe, text):]


def forever(pipe, text, seconds):
    while True:
        write_all(pipe, text)
        time.sleep(seconds)


def inputs(lab):
    labelled, unlabelled = XML[LABELLED], XML[UNLABELLED]
    before_label, after_label = labelled.index(b"<n:nested"), labelled.index(b"</metadata>")
    head = unlabelled[:unlabelled.index(b"</metadata>")]

    def late(xml):
        def feed(pipe):
            write_all(pipe, xml[:before_label])
            time.sleep(6)
            write_all(pipe, xml[before_label:])
        return feed

    def bytewise(xml):
        def feed(pipe):
            for at in range(len(xml)):
                write_all(pipe, xml[at:at + 1])
                time.sleep(0.01)
        return feed

    def endless(start, filler, seconds):
        def feed(pipe):
            write_all(pipe, start)
            forever(pipe, filler, seconds)
        return feed

    def silent(start):
        def feed(pipe):
            write_all(pipe, start)
            time.sleep(DEADLINE + 2 * SLACK)
        return feed
    for guest, xml in ((LABELLED, labelled), (UNLABELLED, unlabelled)):
        yield case("slow input", "the label after 6 s", guest, RIGHT, feed=late(xml))
        yield case("slow input", "byte by byte", guest, RIGHT, feed=bytewise(xml))
        yield case("slow input", "the end late", guest, SAFE, feed=silent(xml))
    fast = b"<!--" + b"x" * 65000 + b"-->"
    for detail, filler, seconds in (("slow", b" ", 0.05), ("fast", fast, 0)):
        yield case("endless input", f"labelled, {detail}", LABELLED, SAFE, feed=endless(labelled[:after_label], filler, seconds))
        yield case("endless input", f"no label, {detail}", UNLABELLED, CUT_OFF, feed=endless(head, filler, seconds))
        yield case("endless input", f"no label, {detail}, unlabelled = forbid", LABELLED, SAFE, feed=endless(head, filler, seconds), root=lab.forbidding)
    yield case("endless input", "half of a labelled definition", LABELLED, SAFE, feed=silent(labelled[:after_label]))
    for start in (b"", head):
        yield case("endless input", f"nothing after {len(start)} bytes", UNLABELLED, CUT_OFF, feed=silent(start))
        yield case("endless input", f"nothing after {len(start)} bytes, unlabelled = forbid", LABELLED, SAFE, feed=silent(start), root=lab.forbidding)


class Judges:
    """Programs in the judge's place. What it says is its own: it is asked, with a definition that it lets pass or one that it refuses."""

    def __init__(self, lab):
        self.lab, self.number = lab, 0
        self.passes = self.definition("allow", UNLABELLED)
        self.refuses = self.definition("forbid", LABELLED)

    def definition(self, name, guest):
        path = os.path.join(self.lab.work, name + ".xml")
        with open(path, "wb") as out:
            # Labelled and as long all the same, for so is what is asked about.
            out.write(XML[guest] if guest == LABELLED else XML[LABELLED].replace(b"'forbid'", b"'allow' "))
        return path

    def hook(self, script):
        self.number += 1
        folder = os.path.join(self.lab.work, f"judge{self.number}")
        os.mkdir(folder)
        shutil.copy(self.lab.hook, folder)
        path = os.path.join(folder, "virt-nested-judge")
        with open(path, "w", encoding="ascii") as out:
            out.write("#!/bin/sh\n" + script.replace("PASS", f"{self.lab.judge} \"$@\" <{self.passes}").replace("REFUSE", f"{self.lab.judge} \"$@\" <{self.refuses}") + "\n")
        os.chmod(path, 0o755)
        return os.path.join(folder, "virt-nested-hook")

    SCRIPTS = {
        "ends with 0 and says nothing": "exit 0",
        "reads all, ends with 0 and says nothing": "cat >/dev/null; exit 0",
        "says what is no verdict": "echo yes; exit 0",
        "says a line of zeros": "head -c 64 /dev/zero; exit 0",
        "closes its error output and sleeps": "exec 2>&-; exec sleep 30",
        "closes its output and sleeps": "exec >&-; exec sleep 30",
        "closes all and sleeps": "exec <&- >&- 2>&-; exec sleep 30",
        "closes its output and ends with 0": "exec >&-; exit 0",
        "lets pass, then is killed": "PASS; kill -9 $$",
        "lets pass, then ends with 1": "PASS; exit 1",
        "lets pass, then sleeps": "PASS; exec sleep 30",
        "lets pass, then says a megabyte": "PASS; head -c 1000000 /dev/zero; exit 0",
        "says half of a verdict": "said=$(PASS); printf '%.1s' \"$said\"; exit 0",
        "lets pass, with something before": "echo; PASS; exit 0",
        "refuses, then ends with 0": "REFUSE; exit 0",
        "refuses, then lets pass": "REFUSE; PASS; exit 0",
        "says a megabyte": "head -c 1000000 /dev/zero; exit 0",
        "says a megabyte of words": "head -c 1000000 /dev/zero >&2; exit 1",
        "says words without an end": "exec cat /dev/zero >&2",
        "says without an end": "exec cat /dev/zero",
        "stops itself": "kill -STOP $$",
        "leaves a child that keeps its pipes": "sleep 30 & exit 0",
    }

    def cases(self):
        for detail, script in self.SCRIPTS.items():
            yield case("another judge", detail, LABELLED, SAFE, hook=self.hook(script))
        hangs = self.hook("exec sleep 30")
        for name in ("SIGALRM", "SIGCHLD"):
            for how in ("ignore", "block"):
                yield case("another judge", f"hangs, {name}: {how}", LABELLED, SAFE, hook=hangs, options=[f"--{how}", str(SIGNALS[name])])


def silence(pipe):
    time.sleep(DEADLINE + 2 * SLACK)
    os.write(pipe, b"")


class Surroundings:
    def __init__(self, lab):
        self.lab, self.count, self.violations = lab, 0, []
        self.outcomes = collections.defaultdict(collections.Counter)
        self.longest = collections.defaultdict(float)

    def try_all(self):
        judges = Judges(self.lab)
        self.check_that_judges_are_asked(judges)
        short = [*limits(), *inherited(), *environments(self.lab), *judges.cases()]
        self.try_these(short, 16)
        self.try_these([case("input and signals", f"nothing comes, SIGALRM: {how}", UNLABELLED, CUT_OFF, feed=silence, options=[f"--{how}", str(SIGNALS["SIGALRM"])])
                        for how in ("ignore", "block")] + list(inputs(self.lab)), 32)
        self.try_these([case(f"{MANY} starts at once", "", guest, RIGHT) for guest in BOTH * (MANY // 2)], MANY)
        with StuckLog():
            missing = judges.hook("exit 0")
            os.unlink(os.path.join(os.path.dirname(missing), "virt-nested-judge"))
            stuck = [case("stuck log", "", guest, RIGHT, within=WITHOUT_WAITING) for guest in BOTH]
            stuck.append(case("stuck log", "no judge", LABELLED, RIGHT, within=WITHOUT_WAITING, hook=missing))
            stuck.append(case("stuck log", "nothing comes", UNLABELLED, SAFE, feed=silence))
            self.try_these(stuck, 4)

    def check_that_judges_are_asked(self, judges):
        """Else what stands in its place would be refused for another reason."""
        answer = self.lab.run(LABELLED, hook=judges.hook("PASS; exit 0"))
        if answer.status != 0:
            self.violations.append(f"another judge: one that lets pass and does nothing else is not heard: {answer.how()}: {answer.err.decode(errors='replace')}")

    def try_these(self, cases, at_once):
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            for tried, answer in zip(cases, pool.map(lambda tried: self.lab.run(tried.guest, **tried.run), cases)):
                self.count += 1
                what, wrong = self.outcome(tried, answer)
                self.outcomes[tried.group, tried.guest][what] += 1
                self.longest[tried.group, tried.guest] = max(self.longest[tried.group, tried.guest], answer.seconds)
                if wrong:
                    self.violations.append(f"{tried.group}{': ' if tried.detail else ''}{tried.detail}: {tried.guest}: {answer.how()}: {wrong}")

    def outcome(self, tried, answer):
        if tried.want == STARTED and tried.guest == UNLABELLED and answer.status != 0 and not self.reached_main(answer):
            return "excepted: not started", None
        if tried.want == UNREAD and tried.guest == UNLABELLED and answer.status == 1 and answer.in_words:
            return "excepted: refused as under a file that cannot be read", None
        wrong = answer.breaks_a_rule(tried.within)
        if wrong:
            return "late or unclean", wrong
        if tried.want == CUT_OFF and answer.status == 0:
            return ("passed, logged", None) if self.lab.log.names(answer.name) else ("passed", "passed as it may, but not logged")
        if tried.guest == UNLABELLED:
            return ("passed", None) if answer.status == 0 else ("refused", "refused")
        if answer.status == 0:
            return "passed", "passed"
        if tried.want == RIGHT and not answer.in_words:
            return "refused without words", "refused, but not as it should be"
        return ("refused" if answer.in_words else "refused without words"), None

    @staticmethod
    def reached_main(answer):
        return any(call.process == "front" and calls.name_of(call.call) in matrix.OWN for call in answer.calls if call.result != "-")

    def rows(self):
        for (group, guest), outcomes in self.outcomes.items():
            yield group, guest, sum(outcomes.values()), ", ".join(f"{count} {what}" for what, count in sorted(outcomes.items())), self.longest[group, guest]

    def table(self):
        yield "\n| what surrounds it | guest | tries | what came of it | longest |"
        yield "|---|---|---|---|---|"
        for group, guest, count, said, longest in self.rows():
            yield f"| {group} | {guest} | {count} | {said} | {longest:.1f} s |"

    def summary(self):
        for group, guest, count, said, longest in self.rows():
            yield f"{group}, {guest}: {count}: {said}; at most {longest:.1f} s"
