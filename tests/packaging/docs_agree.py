#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold programs, manual pages and bash completion against each other: commands, options, values, exit statuses, versions.

docs_agree.py SOURCE BUILD BIN...   BIN: folders with the programs. The pages are read as they are rendered, without man(1).
"""

import re
import subprocess
import sys
from pathlib import Path

source, build = Path(sys.argv[1]), Path(sys.argv[2])
folders = [Path(folder) for folder in sys.argv[3:]]
problems = []
checked = 0


def check(true, problem):
    global checked
    checked += 1
    if not true:
        problems.append(problem)


def program(name):
    return next(str(folder / name) for folder in folders if (folder / name).exists())


def run(*words, stdin=""):
    return subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=60)


def described(name):
    """What a program says of itself, the values of each line."""
    done = run(program(name), "--describe")
    check(done.returncode == 0 and not done.stderr, f"{name} --describe: {done.returncode}: {done.stderr}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def page_of(command):
    """The page's command, and the heading of the command's options there: a page may be shared."""
    shared = re.fullmatch(r"\.so man8/virt-nested-(\w+)\.8\n", (build / f"docs/man/virt-nested-{command}.8").read_text())
    owner = shared.group(1) if shared else command
    own = page(f"virt-nested-{owner}.8")
    heading = f"OPTIONS OF {command.upper()}"
    return owner, own, heading if section(own, heading) else "OPTIONS"


def page(name):
    """The page's words: no font changes, no escaped dashes; the headings as lines 'SH ...'."""
    text = (build / "docs/man" / name).read_text()
    text = re.sub(r"\\f[BIR]", "", text).replace("\\-", "-").replace("\\&", "").replace("\\e", "\\")
    return re.sub(r"(?m)^\.SH ", "SH ", text)


def section(text, heading):
    found = re.search(rf'(?ms)^SH {re.escape(heading)}$(.*?)(?=^SH |\Z)', text)
    return found.group(1) if found else ""


def options_of_help(text):
    return set(re.findall(r"(?m)^  (?:-\w \[ )?(--[a-z][a-z-]*)", text))


def options_of_page(text):
    return set(re.findall(r"(?m)^(?:-\w, )?(--[a-z][a-z-]*)", text))


def complete(*words):
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _virt_nested; printf "%s\\n" "${COMPREPLY[@]}"'
    done = run("bash", "-c", script, "bash", str(build / "docs/completion/bash/virt-nested"), "virt-nested", *words)
    check(done.returncode == 0 and not done.stderr, f"bash completion of {words}: {done.stderr}")
    return set(done.stdout.split())


def help_of(command):
    words = [program("virt-nested"), command, "--help"]
    if command in guest_commands:
        words[0] = program("virt-nested-guests")
    done = run(*words)
    check(done.returncode == 0 and not done.stderr, f"{words}: status {done.returncode}: {done.stderr}")
    return done.stdout


def check_command(command, summary, main_page):
    text = help_of(command)
    options = options_of_help(text)
    check("--help" in options, f"{command} --help does not name --help")
    name, own, heading = page_of(command)
    check(options_of_page(section(own, heading)) == options,
          f"virt-nested-{name}.8, {heading}: {options_of_page(section(own, heading)) ^ options} is not in both page and --help")
    for mentioned in re.findall(r"(?<![\w-])--[a-z][a-z-]*", own):
        known = mentioned in ("--inactive", "--now", "--help", "--connect", "--xml", "--restore") or mentioned in options
        known = known or mentioned in options_of_help(help_of(name))
        check(known, f"virt-nested-{name}.8 speaks of {mentioned}, which {command} does not have")
    check(complete(command, "-") == options, f"bash completion of {command}: {complete(command, '-') ^ options}")
    check(summary in main_page, f"virt-nested.8 does not have the summary of {command}")
    check(f"virt-nested-{command}" in section(own, "NAME"), f"virt-nested-{name}.8 is not named for {command}")


def check_values(lines):
    """What may follow an option: the program itself tells, when it is given something else."""
    chosen = [(line[1], line[2], line[6].split()) for line in lines if line[0] == "option" and line[6]]
    check(len(chosen) >= 5, f"options with choices: {chosen}")
    for command, option, values in chosen:
        name = program("virt-nested-guests" if command in guest_commands else "virt-nested")
        done = run(name, command, f"--{option}", "no-such-value", *(["-"] if command == "explain" else []))
        told = re.search(r"is none of (.*?)(?:;|$)", done.stderr)
        check(done.returncode == 2 and told, f"{command} --{option} no-such-value: {done.returncode}: {done.stderr}")
        if told:
            words = set(re.split(r", | and ", told.group(1).strip()))
            check(words == set(values), f"{command} --{option} no-such-value: {words ^ set(values)}")
        check(complete(command, f"--{option}", "") == set(values), f"completion of {command} --{option}")
        check(complete(command, f"--{option}", "=", "") == set(values), f"completion of {command} --{option}=")


def check_statuses(top):
    header = (source / "cli/exit_status.h").read_text()
    known = set(re.findall(r"exit_\w+ = (\d+)", header))
    check(set(re.findall(r"(?m)^\.B (\d+)$", (source / "docs/man/exit-status").read_text())) == known, "docs/man/exit-status")
    for status in known:
        check(re.search(rf"\b{status} [a-z]", top), f"virt-nested --help does not tell exit status {status}")


def check_config():
    keys = set(re.findall(r'\{"(\w+)",\s*\{', (source / "core/config.cpp").read_text()))
    check(len(keys) >= 4, "the keys are not found in core/config.cpp")
    shipped = dict(re.findall(r"(?m)^#(\w+) = (\w+)$", (source / "data/virt-nested.conf").read_text()))
    check(set(shipped) == keys, f"data/virt-nested.conf: {set(shipped) ^ keys}")
    text = page("virt-nested.conf.5")
    check(set(re.findall(r'(?m)^\.BR (\w+) " = "', text)) == keys, "virt-nested.conf.5 does not have the same keys")
    defaults = dict(re.findall(r'(?ms)^\.BR (\w+) " = ".*?Default:\n\.BR (\w+)', text))
    check(defaults == shipped, f"defaults: {defaults} in virt-nested.conf.5, {shipped} in data/virt-nested.conf")


def check_references(pages):
    for name in pages:
        text = page(name)
        for other, number in re.findall(r"(?m)^\.BR (virt-nested[\w.-]*) \((\d)\)", text):
            check(f"{other}.{number}" in pages or (source / f"docs/man/{other}.{number}.in").exists(), f"{name} refers to {other}({number}), which is not there")
        check("@" not in re.sub(r"@\.service", "", text), f"{name}: a directive is left")


def check_checks(commands):
    if "validate" not in commands:
        return
    listed = run(program("virt-nested"), "validate", "--list-checks")
    ids = set(re.findall(r"(?m)^\s*([a-z0-9][a-z0-9_.-]*)\s", listed.stdout))
    shown = set(re.findall(r"(?m)^\.B (.+)$", section(page("virt-nested-validate.8"), "CHECKS")))
    check(len(shown) > 10 and shown <= ids, f"virt-nested-validate.8: checks that are not listed: {shown - ids}")


host_lines, guest_lines = described("virt-nested"), described("virt-nested-guests")
guest_commands = {line[1] for line in guest_lines if line[0] == "command"}


def main():
    top = run(program("virt-nested"), "--help").stdout
    commands = dict(re.findall(r"(?m)^  ([a-z]+)  +(.+)$", top))
    told = {line[1]: line[2] for line in host_lines + guest_lines if line[0] == "command"}
    check(commands == told and commands, f"virt-nested --help: {commands}, --describe: {told}")
    version = run(program("virt-nested"), "--version").stdout.split()[1]
    pages = sorted(file.name for file in (build / "docs/man").iterdir())
    main_page = page("virt-nested.8")
    for name in pages:
        text = (build / "docs/man" / name).read_text()
        check(f"virt-nested {version}" in text or text.startswith(".so "), f"{name} is not of version {version}")
    for command, summary in commands.items():
        check_command(command, summary, main_page)
    check(complete("") == set(commands) | {"--help", "--version"}, "completion of the commands")
    hook = run(program("virt-nested-hook"), "--help").stdout
    told = set(re.findall(r"--[a-z]+", page("virt-nested-hook.8")))
    check(set(re.findall(r"--[a-z]+", hook)) <= told, "virt-nested-hook.8 lacks an option")
    check_values(host_lines + guest_lines)
    check_statuses(top)
    check_config()
    check_references(pages)
    check_checks(commands)
    for problem in problems:
        print("FAIL:", problem)
    print(f"{checked} checks, {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
