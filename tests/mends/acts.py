# SPDX-License-Identifier: GPL-2.0-or-later
"""One step of a plan carried out on a copy, as its data says; what does not fit the machine is a failure."""
import re

import lists
import tools
from machine import Failed

EXECUTABLE = {"remove", "replace", "write", "add_argument", "remove_argument", "run", "reload", "reboot"}


def directive(lines, number):
    """From its first line, the lines of a directive that goes on behind a backslash."""
    if not 1 <= number <= len(lines):
        raise Failed(f"line {number} of {len(lines)}")
    end = number
    while end < len(lines) and lines[end - 1].rstrip("\r\n").endswith("\\"):
        end += 1
    return number - 1, end


def in_variable(lines, variable):
    """The last line begins with the variable's name, or one above it whose value goes on to there."""
    for line in reversed(lines):
        named = re.match(r"\s*(?:export\s+)?(\w+)", line)
        if named and named.group(1) == variable:
            return True
        if named and line[named.end():].startswith(("=", "+=")) or line.lstrip().startswith("#"):
            return False
    return False


def change_line(machine, step):
    """remove, replace; and arguments whose line is known."""
    path, text, by = step["file"], step["text"], step.get("by", "")
    lines = machine.read(path).splitlines(True)
    # Lines are counted as they were when the plan was made.
    gone = machine.gone.setdefault(path, [])
    begin, end = directive(lines, step["line"] - sum(line < step["line"] for line in gone))
    old = "".join(lines[begin:end])
    if step.get("variable") and not in_variable(lines[:begin + 1], step["variable"]):
        raise Failed(f"{path}:{step['line']} is not of {step['variable']}: {old!r}")
    new = re.sub(rf"(?<![^\s\"'=]){re.escape(text)}(?![^\s\"'])", lambda _: by, old) if by else lists.without(old, text)
    if new == old:
        raise Failed(f"{path}:{step['line']} has no {text!r}: {old!r}")
    left = new.replace("\\\n", " ").split()
    if not left or step["act"] == "remove" and left[0] in ("options", "blacklist", "install", "alias") and len(left) < 3 and len(left) < len(old.split()):
        new = ""
        gone += range(step["line"], step["line"] + end - begin)
    machine.write(path, "".join(lines[:begin]) + new + "".join(lines[end:]))


def change_list(machine, step):
    """An argument in a file whose line is not known: that of the variable, or the file is the command line."""
    path, variable, argument = step["file"], step.get("variable", ""), step["text"]
    lists.completed(machine, path, variable)
    pattern = rf"(?mi)^(\s*{re.escape(variable)}\b.*)$" if variable else r"(?m)^(.+)$"
    before = machine.read(path)
    if step["act"] == "remove_argument":
        after = re.sub(pattern, lambda m: lists.without(m.group(1), argument, step.get("by", "")), before)
        if after == before:
            raise Failed(f"{path} has no {argument}")
    else:
        after = re.sub(pattern, lambda m: lists.with_word(m.group(1), argument), before, count=0 if variable == "append" else 1)
        if after == before:
            after = before + (f'{variable}="{argument}"\n' if variable else argument + "\n")
    machine.write(path, after)


def write(machine, step):
    if machine.at(step["file"]).exists():
        raise Failed(f"{step['file']} is there, and would be overwritten")
    machine.write(step["file"], step["text"])


def stop_what_holds(machine, words):
    """What the words ask of a person before the command; the guests' records go with them."""
    if re.match(r"(shut down|stop what holds)", words):
        machine.write(f"/sys/module/{machine.module}/refcnt", "0\n")
        for guest in machine.files("/run/libvirt/qemu/*.xml"):
            machine.at(guest).unlink()


def carry_out(machine, step):
    act = step["act"]
    if act in ("remove", "replace"):
        change_line(machine, step)
    elif act == "write":
        write(machine, step)
    elif act in ("add_argument", "remove_argument"):
        if step.get("command"):
            tools.run(machine, step["command"])
        elif "file" not in step:
            lists.change_elsewhere(machine, act == "add_argument", step["text"])
        elif "line" in step:
            change_line(machine, step)
        else:
            change_list(machine, step)
    elif act == "reboot":
        machine.reboot()
    elif act in ("run", "reload"):
        stop_what_holds(machine, step["words"])
        tools.run(machine, step["command"])
    else:
        raise Failed(f"{act} cannot be carried out")
