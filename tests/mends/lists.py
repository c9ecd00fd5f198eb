# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the kernel's arguments stand: one word there or away, in a line of a file, in entries, or in what a tool makes them from."""
import os
import re
import subprocess

from boot import ENTRIES, GRUB, SYSLINUX, UNIFIED, bls_fields, next_entry, release_in
from images import files_in, newc, pe_of, sections_of

# Arguments that GRUB's scripts and systemd's boot stub put there by themselves.
MADE = re.compile(r"^(BOOT_IMAGE=.*|initrd=.*|root=.*|ro|rw)$")


def without(text, word, by=""):
    """The text with this argument replaced, or gone with a blank beside it."""
    pattern = rf"(?<![^\s\"'=]){re.escape(word)}(?![^\s\"'])"
    if by:
        return re.sub(pattern, lambda _: by, text)
    return re.sub(rf"(?m)[ \t]+{pattern}|{pattern}[ \t]*", "", text)


def with_word(line, word):
    """A line KEY="..." or KEY ... with one argument more."""
    quoted = re.match(r"^(.*)([\"'])(\s*)$", line)
    return f"{quoted.group(1)} {word}{quoted.group(2)}".replace('=" ', '="') if quoted else f"{line.rstrip()} {word}"


def taken_from_boot(machine):
    entry = next_entry(machine)
    return " ".join(word for word in (entry.cmdline if entry else machine.cmdline).split() if not MADE.match(word))


def completed(machine, path, variable):
    """A list that was not captured holds what the machine boots with, or it would not boot so."""
    if machine.at(path).exists():
        return
    text = taken_from_boot(machine)
    quoted = f'{variable}="{text}"' if variable.isupper() or variable == "default_kernel_opts" else f"{variable} {text}"
    machine.write(path, (quoted if variable else text) + "\n")


def grub_variables(machine):
    """GRUB_CMDLINE_LINUX and _DEFAULT, as a shell has them behind /etc/default/grub and what is beside it (grub-mkconfig)."""
    files = ["/etc/default/grub", *machine.files("/etc/default/grub.d/*.cfg")]
    source = 'for file; do [ ! -e "$file" ] || . "$file"; done; printf %s "$GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT"'
    done = subprocess.run(["sh", "-c", source, "sh", *(str(machine.at(file)) for file in files)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={"PATH": os.environ["PATH"]}, check=True, text=True)
    return " ".join(done.stdout.split())


def make_grub_config(machine, path):
    """Every linux line gets the lists' arguments behind the root; a machine without the file gets one of one entry."""
    arguments = grub_variables(machine)
    text = machine.read(path)
    if not text:
        own = " ".join(word for word in machine.cmdline.split() if word in ("ro", "rw") or word.startswith("root="))
        text = f"menuentry 'Linux' {{\n\tlinux\t/boot/vmlinuz-{machine.release} {own}\n}}\n"
        machine.write(f"/boot/vmlinuz-{machine.release}", "")

    def line(found):
        own = [word for word in found.group(3).split() if word in ("ro", "rw", "single") or word.startswith("root=")]
        return found.group(1) + " ".join(filter(None, [found.group(2), *own, arguments]))
    machine.write(path, re.sub(r"(?m)^(\s*linux(?:efi|16)?\s+)(\S+)(.*)$", line, text))


def entries_of(machine):
    found = [path for folder in ENTRIES for path in machine.files(folder + "/*.conf")]
    if not found and not any(machine.files(path) for path in GRUB):
        # It boots by entries that were not captured.
        found = [f"{ENTRIES[2]}/made-{machine.release}.conf"]
        options = " ".join(word for word in machine.cmdline.split() if not word.startswith("BOOT_IMAGE="))
        machine.write(found[0], f"title Linux\nversion {machine.release}\nlinux /vmlinuz-{machine.release}\noptions {options}\n")
    return found


def change_entries(machine, change):
    """`change` of the text of every entry's arguments; how many it changed."""
    changed = 0
    for path in entries_of(machine) + [path for path in GRUB + SYSLINUX if machine.files(path)] + machine.files("/boot/grub2/grubenv"):
        before = machine.read(path)
        after = re.sub(r"(?mi)^(\s*(?:options|linux\S*|append)\s+|kernelopts=)(.*)$", lambda m: m.group(1) + change(m.group(2)), before)
        if after != before:
            machine.write(path, after)
            changed += 1
    return changed


def change_elsewhere(machine, added, argument):
    """Where a system's own description has the arguments: its entries are made from it, and all boots get them."""
    machine.elsewhere.append((added, argument))
    if next_entry(machine):
        change_entries(machine, (lambda text: f"{without(text, argument)} {argument}") if added else lambda text: without(text, argument))


def fresh_image(machine, old):
    """The image made anew: the live modprobe.d, and the module where it was in it."""
    inside = {name: data for name, data in files_in(old).items() if "modprobe.d/" not in name}
    live = {path.lstrip("/"): machine.at(path).read_bytes() for path in machine.modprobe_files()}
    return newc({**inside, **live})


def make_images(machine, wanted):
    """How many there were."""
    found = [path for path in machine.files("/boot/init*") if wanted(path)]
    for path in found:
        machine.at(path).write_bytes(fresh_image(machine, machine.at(path).read_bytes()))
    return len(found)


def make_entry(machine, release):
    """kernel-install's, from /etc/kernel/cmdline: the entry, and the unified image, of that kernel."""
    cmdline = " ".join(machine.read("/etc/kernel/cmdline").split()) or taken_from_boot(machine)
    made = 0
    for path in [path for folder in UNIFIED for path in machine.files(folder + "/*.efi")]:
        if release in path:
            sections = sections_of(machine.at(path).read_bytes())
            sections[".cmdline"] = cmdline.encode()
            if ".initrd" in sections:
                sections[".initrd"] = fresh_image(machine, sections[".initrd"])
            machine.at(path).write_bytes(pe_of(sections))
            made += 1
    for path in [path for folder in ENTRIES for path in machine.files(folder + "/*.conf")]:
        fields = bls_fields(machine.read(path))
        if release in (fields.get("version"), release_in(fields.get("linux", ""))) or release in path:
            machine.write(path, re.sub(r"(?m)^options.*$", lambda _: f"options {cmdline}", machine.read(path)))
            made += 1
    if not made:
        folder = next((f for f in ENTRIES if machine.at(f).is_dir()), ENTRIES[0] if machine.at("/efi").is_dir() else ENTRIES[2])
        machine.write(f"{folder}/made-{release}.conf", f"title Linux\nversion {release}\nlinux /made/{release}/linux\noptions {cmdline}\n")
