# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans and machines that are wrong on purpose: each must be told, by the reason that is the right one."""
import pathlib
import stat

import made
from machine import Machine


def spoiled_plan(change):
    """A proof that is given other steps: change(step) -> steps."""
    def of(proof):
        class Spoiled(proof):
            def report(self, machine):
                report = super().report(machine)
                for cause in report["plan"]:
                    cause["steps"] = [new for step in cause["steps"] for new in change(step)]
                return report
        return Spoiled
    return of


def spoiled_machine(method, replacement):
    """A proof whose machine does something else."""
    def of(proof):
        class Spoiled(proof):
            def copy(self, name):
                machine = super().copy(name)
                setattr(machine, method, replacement.__get__(machine))
                return machine
        return Spoiled
    return of


def changed(step, **fields):
    return [{**step, **fields} if step["act"] in ("replace", "remove") else step]


def run_instead(step, command):
    return [{"act": "run", "words": command, "command": command}] if step["act"] == "reload" else [step]


def loads_nothing(self, module, *_, **__):
    self.write(f"/sys/module/{module}/initstate", "live\n")
    self.write(f"/sys/module/{module}/refcnt", "0\n")
    self.set_nested(False)


def loses_a_file(self, module, *_, **__):
    self.at("/etc/os-release").unlink(missing_ok=True)
    Machine.load(self, module)


def boots_without(self):
    Machine.reboot(self)
    self.set_nested(False)


OFF, GOOD = "two-files-off", "good-now-file-off"
# What is wrong: (the machine, the proof of it, what has to be said)
WRONG = {
    "nothing": (OFF, lambda proof: proof, ""),
    "another line": (OFF, spoiled_plan(lambda step: changed(step, line=step.get("line", 0) + 7)), "line 8 of 1"),
    "another text": (OFF, spoiled_plan(lambda step: changed(step, text="nested=7")), "has no 'nested=7'"),
    "another file": (OFF, spoiled_plan(lambda step: changed(step, file="/etc/modprobe.d/none.conf")), "line 1 of 0"),
    "the value that is there": (OFF, spoiled_plan(lambda step: changed(step, by="nested=N", act="replace")), "same plan again|as it was|has no"),
    "a file written over": (OFF, spoiled_plan(lambda step: changed(step, act="write")), "would be overwritten"),
    "a command that nobody knows": (OFF, spoiled_plan(lambda step: run_instead(step, "frobnicate --now")), "no stand-in for 'frobnicate'"),
    "an overwriting copy": (OFF, spoiled_plan(lambda step: run_instead(step, "cp /etc/os-release /etc/modprobe.d/a.conf")), "may overwrite"),
    "a module taken from guests": (GOOD, spoiled_plan(lambda step: [step] if step["act"] != "replace" else [step, *run_instead({"act": "reload"}, "modprobe -r kvm_intel")]), "is in use"),
    "a module taken away": ("ept-off-next-load-alone", spoiled_plan(lambda step: [step, *run_instead({"act": "reload"}, "modprobe -r kvm_intel")]), "now was pass, is fail"),
    "a load without what is wanted": (OFF, spoiled_machine("load", loads_nothing), "the same plan again|after that boot"),
    "a file that is lost": (OFF, spoiled_machine("load", loses_a_file), "/etc/os-release is lost"),
    "a boot that was foretold otherwise": (OFF, spoiled_machine("reboot", boots_without), "after that boot now is fail"),
    "no mend": (OFF, spoiled_plan(lambda step: []), "the plan is at its end"),
}


def talkative(program, work):
    """The program, and 30 lines more where a person reads."""
    script = pathlib.Path(work) / "talkative"
    script.write_text(f'#!/bin/sh\n"{program}" "$@"\nstatus=$?\ncase " $* " in *" --format json "*|*" enable "*) ;; *) seq 30 ;; esac\nexit $status\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


def run(proof, program, work):
    made.write_all(pathlib.Path(work) / "made")
    bad = 0
    cases = [(what, *case, program) for what, case in WRONG.items()]
    cases.append(("a report that fits no screen", OFF, lambda proof: proof, "lines", talkative(program, work)))
    for number, (what, name, spoil, words, used) in enumerate(cases):
        told = "; ".join(spoil(proof)(name, pathlib.Path(work) / "made" / name, used, f"{work}/{number}").all().wrong)
        good = any(word in told for word in words.split("|")) if words else not told
        bad += not good
        print(f"{'ok   ' if good else 'WRONG'} {what}: {told or 'nothing is wrong'}")
    return 1 if bad else 0
