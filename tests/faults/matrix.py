# SPDX-License-Identifier: GPL-2.0-or-later
"""Every system call of front and judge, made to fail and to stall: which, how, and what may come of it."""
import calls
from harness import LABELLED, UNLABELLED

# libc's own calls before main, and what the front needs to arm its deadline. Nothing answers before that: an unlabelled guest may then
# be refused where a call of the first kind fails, and nothing ends a stall of any of them.
START_UP = {"arch_prctl", "brk", "getrandom", "mprotect", "prlimit64", "readlink", "rseq", "set_robust_list", "set_tid_address"}
ARMING = {"rt_sigaction", "rt_sigprocmask", "setitimer"}
# The first of these is the front's first own call: at `restore` it may need none.
OWN = ARMING | {"alarm", "exit_group", "timer_create"}
ARMED = {"alarm", "setitimer", "timer_settime"}

ERROR, STALL, STUCK, DELAY, FREEZE = "fails", "is interrupted", "stalls", "takes 6 s", "is lost in the kernel"


class Fault:
    """One call of one process, and what becomes of it."""

    def __init__(self, listing, call, kind, error, do, each=False):
        self.call, self.kind, self.error = call, kind, error
        self.start_up, self.on_input = listing.is_start_up(call), listing.is_on_input(call)
        self.options = ["--at", f"{call.process}:{call.call}:{call.time}:{do}", *(["--each"] if each else [])]
        self.each = each
        self.endless = kind in (STALL, STUCK, FREEZE) or (each and kind == ERROR)

    def __str__(self):
        what = f"{self.kind} with {self.error}" if self.error else self.kind
        return f"{self.call.process} call {self.call.number}, {calls.name_of(self.call.call)} {what}{' each time' if self.each and self.error else ''}"


class Listing:
    """The calls of an undisturbed run. Who is faster, front or judge, differs: several runs, together."""

    def __init__(self, lab, guest, operation="prepare", runs=4):
        self.calls, self.problems = {}, []
        for _ in range(runs):
            answer = lab.run(guest, operation, ["--list"])
            wanted = 1 if guest == LABELLED and operation == "prepare" else 0
            # At restore a child looks, unwaited for.
            if answer.status != wanted or (operation != "restore" and answer.execs != wanted):
                self.problems.append(f"undisturbed, {guest} at {operation}: {answer.how()}, {answer.execs} judges started")
            for call in answer.calls:
                self.calls.setdefault((call.process, call.call, call.time), call)
        self.calls = sorted(self.calls.values(), key=lambda call: (call.process, call.number))
        front = self.of("front")
        self.own = next((call.number for call in front if calls.name_of(call.call) in OWN), len(front) + 1)
        # Nothing armed is nothing excepted.
        self.armed = next((call.number for call in front if calls.name_of(call.call) in ARMED), self.own - 1)
        self.seen = next((call.number for call in front if calls.name_of(call.call) == "read" and call.argument == 0 and int(call.result) > 0), 0)
        self.check_names()

    def of(self, process):
        return [call for call in self.calls if call.process == process]

    def is_start_up(self, call):
        return call.process == "front" and call.number < self.own

    def is_before_armed(self, call):
        return call.process == "front" and call.number <= self.armed

    def is_on_input(self, call):
        """Reads standard input, or waits for it, before the label was seen."""
        if call.process != "front" or call.number > self.seen or call.number < self.own:
            return False
        return call.argument == 0 if call.polled == "-" and calls.name_of(call.call) in ("read", "readv") else "0" in call.polled.split(",")

    def check_names(self):
        self.start_up_names = sorted({calls.name_of(call.call) for call in self.calls if self.is_start_up(call)})
        self.arming_names = sorted({calls.name_of(call.call) for call in self.calls if self.is_before_armed(call) and not self.is_start_up(call)})
        for name in sorted(set(self.start_up_names) - START_UP):
            self.problems.append(f"libc's start-up makes {name}, which is not written down (tests/faults/matrix.py: START_UP)")
        for name in sorted(set(self.arming_names) - ARMING):
            self.problems.append(f"the front makes {name} before its deadline is armed (tests/faults/matrix.py: ARMING)")
        for call in self.calls:
            if call.call not in calls.NAMES:
                self.problems.append(f"system call {call.call} is not in the table (tests/faults/calls.py)")

    def errors(self):
        return [Fault(self, call, ERROR, error, do) for call in self.calls for error, do in calls.failures(call.call)]

    def stalls(self):
        """What waits until a signal comes: what EINTR ends, once and each time that it is tried again, what goes on after a signal without
        an end. A call of the front that takes long, but not too long. A child or a judge that the kernel does not give back, which is the
        same at every call of the judge: at some of them only."""
        found = []
        for call in self.calls:
            if self.is_before_armed(call):
                continue
            interruptible = calls.is_interruptible(call.call)
            if interruptible:
                found.append(Fault(self, call, STALL, "", "stall"))
                found.append(Fault(self, call, STUCK, "", "stall", each=True))
            else:
                found.append(Fault(self, call, STUCK, "", "wait"))
            if call.process == "front":
                found.append(Fault(self, call, DELAY, "", "delay:6000" if interruptible else "slow:6000", each=interruptible))
            if call.process == "child" or (call.process == "judge" and call.number % 20 == 1):
                found.append(Fault(self, call, FREEZE, "", "freeze"))
        return found

    def input_that_fails(self):
        """Each time: nothing is ever read."""
        first = next((call for call in self.of("front") if calls.name_of(call.call) == "read" and self.is_on_input(call)), None)
        return [Fault(self, first, ERROR, error, do, each=True) for error, do in calls.failures(first.call)] if first else []


def outcome(lab, answer, fault, operation="prepare"):
    """What came of it, in the words of the table, and what is wrong about that, if anything."""
    if fault.start_up and answer.guest == UNLABELLED and answer.status != 0:
        return "excepted: libc's start-up", None
    if fault.start_up and operation == "restore" and answer.status != 0:
        return "excepted: libc's start-up", None
    wrong = answer.breaks_a_rule()
    if wrong:
        return "late or unclean", wrong
    if answer.guest == UNLABELLED or operation == "restore":
        # As where the configuration cannot be read: it might forbid.
        asked = answer.execs and operation != "restore"
        return ("passed by the judge" if asked else "passed", None) if answer.status == 0 else ("refused", "refused")
    if answer.status == 0:
        if not fault.on_input or not fault.endless:
            return "passed", "passed"
        if not lab.log.names(answer.name):
            return "passed", "passed unseen as it may, but not logged"
        return "excepted: never seen, logged", None
    if fault.on_input and fault.kind == ERROR and not fault.each and not answer.in_words:
        return "refused without words", "one read that fails changes the answer"
    return ("refused" if answer.in_words else "refused without words"), None
