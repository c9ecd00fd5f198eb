# SPDX-License-Identifier: GPL-2.0-or-later
"""What boots next, by the files of the boot loaders as far as their manuals need no interpreter; and those files changed."""
import dataclasses
import re

from images import sections_of

GRUB = ("/boot/grub2/grub.cfg", "/boot/grub/grub.cfg")
ENTRIES = ("/efi/loader/entries", "/boot/efi/loader/entries", "/boot/loader/entries")
UNIFIED = ("/efi/EFI/Linux", "/boot/efi/EFI/Linux", "/boot/EFI/Linux")
SYSLINUX = ("/boot/extlinux/extlinux.conf", "/boot/extlinux.conf", "/boot/syslinux/syslinux.cfg")


@dataclasses.dataclass
class Entry:
    cmdline: str
    release: str = ""
    initrd: str = ""  # a file of /boot, or a unified kernel image
    source: str = ""

    def initrd_bytes(self, machine):
        """Of what the boot loader's own paths may mean, what is there."""
        name = self.initrd.rpartition("/")[2]
        for path in [self.initrd] + [f"{folder}/{name}" for folder in ("/boot", "/efi", "/boot/efi")]:
            if name and machine.at(path).is_file():
                data = machine.at(path).read_bytes()
                return sections_of(data).get(".initrd", b"") if path.endswith(".efi") and data.startswith(b"MZ") else data
        return b""


def release_in(path):
    found = re.search(r"(?:vmlinu[xz]|linux|kernel|bzImage)-(\d\S*?)(?:\.efi)?$", path)
    return found.group(1) if found else ""


def grub_entries(text):
    """(place, title, linux line, initrd) of every menuentry; place as in "1>2"; `set` of plain words carried out."""
    out, stack, variables = [], [], {}
    counts = [0]
    for line in text.splitlines():
        words = line.strip().split(None, 1)
        if not words:
            continue
        rest = words[1] if len(words) > 1 else ""
        if words[0] == "set" and not stack and "=" in rest:
            name, _, value = rest.partition("=")
            variables[name] = value.strip("\"'")
        elif words[0] in ("menuentry", "submenu"):
            title = re.match(r"'([^']*)'|\"([^\"]*)\"|(\S+)", rest)
            place = ">".join(map(str, counts))
            stack.append(words[0])
            if words[0] == "submenu":
                counts.append(0)
            else:
                out.append([place, next(filter(None, title.groups()), ""), "", ""])
        elif words[0] in ("linux", "linuxefi", "linux16", "initrd", "initrdefi", "initrd16") and out:
            value = re.sub(r"\$\{?(\w+)\}?", lambda m: variables.get(m.group(1), ""), rest)
            out[-1][2 if words[0].startswith("linux") else 3] = value
        elif words[0] == "}" and stack:
            if stack.pop() == "submenu":
                counts.pop()
            counts[-1] += 1
    return out


def grub_default(machine, config, entries):
    text = machine.read(config)
    env = machine.read(config.rpartition("/")[0] + "/grubenv")
    default = re.findall(r"(?m)^\s*set default=[\"']?([^\"'\n]*)", text)
    wanted = default[-1] if default else "0"
    for variable in ("next_entry", "saved_entry"):
        said = re.search(rf"(?m)^{variable}=(.+)$", env)
        if said and variable in text:
            wanted = said.group(1)
            break
    for entry in entries:
        if wanted in (entry[0], entry[1]) or wanted.rpartition(">")[2] == entry[1]:
            return entry
    return entries[0] if entries else None


def bls_fields(text):
    out = {}
    for line in text.splitlines():
        key, _, value = line.strip().partition(" ")
        if key and not key.startswith("#"):
            out[key] = out[key] + " " + value.strip() if key in out and key in ("options", "initrd") else value.strip()
    return out


def bls_next(machine):
    found = [path for folder in ENTRIES for path in machine.files(folder + "/*.conf")]
    if not found:
        return None
    default = ""
    for folder in ENTRIES:
        default = default or "".join(re.findall(r"(?m)^default\s+(\S+)", machine.read(folder.rpartition("/")[0] + "/loader.conf"))[-1:])
    by_name = [path for path in found if default and re.fullmatch(default.replace("*", ".*"), path.rpartition("/")[2].removesuffix(".conf"))
               or path.endswith("/" + default)]
    numbers = lambda path: [int(n) for n in re.findall(r"\d+", bls_fields(machine.read(path)).get("version", path))]
    path = max(by_name or found, key=numbers)
    fields = bls_fields(machine.read(path))
    env = "".join(re.findall(r"(?m)^kernelopts=(.*)$", machine.read("/boot/grub2/grubenv")))
    return Entry(fields.get("options", "").replace("$kernelopts", env).strip(), release_in(fields.get("linux", "")) or fields.get("version", ""),
                 fields.get("initrd", "").split(" ")[-1], path)


def unified_next(machine):
    found = [path for folder in UNIFIED for path in machine.files(folder + "/*.efi")]
    if not found:
        return None
    path = max(found, key=lambda path: [int(n) for n in re.findall(r"\d+", path)])
    sections = sections_of(machine.at(path).read_bytes())
    release = sections.get(".uname", b"").decode().strip("\0\n ") or release_in(path) or re.sub(r"^.*?-(?=\d)|\.efi$", "", path.rpartition("/")[2])
    return Entry(sections.get(".cmdline", b"").decode().strip("\0\n "), release, path, path)


def syslinux_next(machine):
    for path in SYSLINUX:
        blocks = re.split(r"(?im)^\s*label\s+", machine.read(path))
        if len(blocks) < 2:
            continue
        default = "".join(re.findall(r"(?im)^\s*default\s+(.+)$", blocks[0])[-1:]).strip()
        block = next((b for b in blocks[1:] if b.splitlines()[0].strip() == default or re.search(r"(?im)^\s*menu default", b)), blocks[1])
        field = lambda key: "".join(re.findall(rf"(?im)^\s*{key}\s+(.+)$", block)[-1:]).strip()
        kernel = field("linux") or field("kernel")
        return Entry(f"BOOT_IMAGE={kernel} {field('append')}".strip(), release_in(kernel), field("initrd"), path)
    return None


def zipl_next(machine):
    found = re.findall(r"(?m)^\s*parameters\s*=\s*\"?(.*?)\"?\s*$", machine.read("/etc/zipl.conf"))
    return Entry(found[0], source="/etc/zipl.conf") if found else None


def next_entry(machine):
    """None: its boot loader's files were not captured, and it boots with what it has."""
    systemd = "initrd=\\" in machine.cmdline or not any(machine.files(path) for path in GRUB)
    if not systemd:
        config = next(path for path in GRUB if machine.files(path))
        entries = grub_entries(machine.read(config))
        if entries:
            _, _, line, initrd = grub_default(machine, config, entries)
            kernel, _, arguments = line.partition(" ")
            return Entry(f"BOOT_IMAGE={kernel} {arguments.strip()}", release_in(kernel), initrd.split(" ")[-1], config)
    if machine.made_next is not None:
        return Entry(machine.made_next)
    return bls_next(machine) or unified_next(machine) or syslinux_next(machine) or zipl_next(machine)
