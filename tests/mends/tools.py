# SPDX-License-Identifier: GPL-2.0-or-later
"""Stand-ins for the commands that a plan names: on the copy, each does what its manual says, as far as it concerns nesting."""
import re
import shlex
import shutil
import subprocess

import lists
from machine import Failed
from options import underscores


def modprobe(machine, words):
    names = [underscores(word) for word in words if not word.startswith("-")]
    for name in names[:1]:
        if {"-r", "--remove"} & set(words):
            machine.unload(name)
        elif not machine.loaded():
            machine.load(name, more=" ".join(words[words.index(next(w for w in words if underscores(w) == name)) + 1:]))


def echo(machine, words):
    """`echo VALUE > FILE` of a parameter that can be written to."""
    value, arrow, path = words
    if arrow != ">" or not re.fullmatch(rf"/sys/module/{machine.module}/parameters/nested", path) or not machine.at(path).exists():
        raise Failed(f"echo: {path}: cannot be written to")
    machine.set_nested(value in ("1", "Y"))


def mkconfig(machine, words):
    lists.make_grub_config(machine, words[words.index("-o") + 1])


def update_grub(machine, _):
    lists.make_grub_config(machine, next((path for path in lists.GRUB if machine.files(path)), "/boot/grub/grub.cfg"))


def grubby(machine, words):
    if "--update-kernel=ALL" not in words:
        raise Failed("grubby: which kernel?")
    changed = 0
    for word in words:
        what, _, argument = word.partition("=")
        if what == "--remove-args":  # compares bytes
            changed += lists.change_entries(machine, lambda text: lists.without(text, argument))
        elif what == "--args":  # replaces one of the same name
            name = re.escape(argument.split("=")[0])
            changed += lists.change_entries(machine, lambda text: re.sub(rf"\s*(?<!\S){name}(=\S*)?(?!\S)", "", text).rstrip() + " " + argument)
    if not changed:
        raise Failed("grubby: no entry has it, and nothing was changed")


def kernel_install(machine, words):
    if words[0] != "add" or len(words) != 3:
        raise Failed("kernel-install: add KERNEL-VERSION KERNEL-IMAGE")
    if not any(machine.at(f"{lib}/modules/{words[1]}").is_dir() for lib in ("/lib", "/usr/lib")):
        raise Failed(f"kernel-install: no kernel {words[1]}")
    lists.make_entry(machine, words[1])


def proxmox_boot_tool(machine, words):
    if words != ["refresh"]:
        raise Failed("proxmox-boot-tool: refresh")
    by_systemd = "initrd=" in machine.cmdline
    arguments = machine.read("/etc/kernel/cmdline") if by_systemd else lists.grub_variables(machine)
    own = [word for word in machine.cmdline.split() if lists.MADE.match(word) and word not in arguments.split()]
    machine.made_next = " ".join([*own, *arguments.split()])


def update_extlinux(machine, _):
    found = re.search(r'(?m)^default_kernel_opts="?(.*?)"?$', machine.read("/etc/update-extlinux.conf"))
    syslinux(machine, found.group(1) if found else "")


def u_boot_update(machine, _):
    found = re.search(r'(?m)^U_BOOT_PARAMETERS="?(.*?)"?$', machine.read("/etc/default/u-boot"))
    syslinux(machine, found.group(1) if found else "")


def syslinux(machine, arguments):
    for path in machine.files("/boot/extlinux.conf") + machine.files("/boot/extlinux/extlinux.conf"):
        def line(found):
            own = [word for word in found.group(2).split() if word.startswith(("root=", "initrd=", "modules=")) or word in ("ro", "rw", "single")]
            return found.group(1) + " ".join([*own, arguments]).strip()
        machine.write(path, re.sub(r"(?mi)^(\s*append\s+)(.*)$", line, machine.read(path)))


def kernelstub(machine, words):
    """-a adds to, -d takes from, the options of the current entry and of those to come."""
    argument = words[1]
    if words[0] == "-d":
        changed = lists.change_entries(machine, lambda text: lists.without(text, argument))
    else:
        changed = lists.change_entries(machine, lambda text: f"{text} {argument}")
    if not changed:
        raise Failed("kernelstub: nothing was changed")


def mkinitcpio(machine, words):
    if words != ["-P"]:
        raise Failed("mkinitcpio: -P")
    lists.make_images(machine, lambda path: True)
    for path in [path for folder in lists.UNIFIED for path in machine.files(folder + "/*.efi")]:
        lists.make_entry(machine, lists.release_in(path) or machine.release)


def rpm_ostree(machine, words):
    for word in words[1:]:
        what, _, argument = word.partition("=")
        lists.change_elsewhere(machine, what == "--append-if-missing", argument)


def update_initramfs(machine, words):
    if "-u" not in words or not lists.make_images(machine, lambda path: path.endswith("-" + words[words.index("-k") + 1])):
        raise Failed("update-initramfs: no image of that kernel")


def dracut(machine, words):
    if words[0] != "-f" or not lists.make_images(machine, lambda path: path == words[1]):
        raise Failed(f"dracut: {words}: not an image that is there")


def cp(machine, words):
    if words[0] != "-n":
        raise Failed("cp without -n may overwrite")
    target = machine.at(words[2])
    target = target / words[1].rpartition("/")[2] if words[2].endswith("/") else target
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy(machine.at(words[1]), target)


def mv(machine, words):
    if machine.at(words[1]).exists():
        raise Failed(f"mv: {words[1]} is there, and would be lost")
    machine.at(words[0]).rename(machine.at(words[1]))


def rm(machine, words):
    for word in words:
        machine.at(word).unlink()


def chmod(machine, words):
    for word in words[1:]:
        if not machine.at(word).exists():
            raise Failed(f"chmod: cannot access '{word}'")
        subprocess.run(["chmod", words[0], str(machine.at(word))], check=True)


def chown(machine, words):
    for word in words[1:]:
        machine.at(word).lstat()


def ln(machine, words):
    if words[0] != "-s" or machine.at(words[2]).is_symlink() or machine.at(words[2]).exists():
        raise Failed(f"ln: {words[2]}: File exists")
    machine.at(words[2]).symlink_to(words[1])
    if not machine.at(words[2]).exists():
        raise Failed(f"ln: {words[2]} points to {words[1]}, which is not there")


def mkdir(machine, words):
    machine.at(words[-1]).mkdir(parents=True, exist_ok="-p" in words)


def virt_nested(machine, words):
    """The program itself."""
    done = subprocess.run([machine.program, words[0], "--root", str(machine.root), *words[1:]], capture_output=True, text=True, timeout=60)
    # It ends with 1 where it wrote its file and something else has the last word until the next boot.
    waits = done.returncode == 1 and "reboot: what boots next is without" in done.stderr
    if done.returncode not in (0, 4) and not waits:
        raise Failed(f"virt-nested {' '.join(words)}: {done.stderr.strip()}")


def nothing(_, __):
    """What a daemon does anew is not in the copy."""


# name: (stand-in, the manual that it follows)
TOOLS = {
    "modprobe": (modprobe, "modprobe(8), modprobe.d(5)"),
    "echo": (echo, "Documentation/admin-guide/kernel-parameters: module parameters in sysfs"),
    "update-grub": (update_grub, "update-grub(8): grub-mkconfig -o /boot/grub/grub.cfg"),
    "grub-mkconfig": (mkconfig, "grub-mkconfig(8); GNU GRUB Manual, Simple configuration"),
    "grub2-mkconfig": (mkconfig, "the same"),
    "grubby": (grubby, "grubby(8): --args, --remove-args"),
    "kernel-install": (kernel_install, "kernel-install(8): /etc/kernel/cmdline"),
    "proxmox-boot-tool": (proxmox_boot_tool, "Proxmox VE Administration Guide, Host Bootloader"),
    "update-extlinux": (update_extlinux, "Alpine wiki, Bootloaders: default_kernel_opts"),
    "u-boot-update": (u_boot_update, "u-boot-update(8): U_BOOT_PARAMETERS"),
    "zipl": (nothing, "zipl(8): writes what /etc/zipl.conf and the entries say into the boot record"),
    "kernelstub": (kernelstub, "kernelstub(8): -a, -d"),
    "mkinitcpio": (mkinitcpio, "mkinitcpio(8): -P; unified images from /etc/kernel/cmdline"),
    "nixos-rebuild": (nothing, "nixos-rebuild(8): boot builds what is declared, which lists.change_elsewhere has"),
    "bootc": (nothing, "bootc-upgrade(8): stages the image, in which the same is"),
    "rpm-ostree": (rpm_ostree, "rpm-ostree(1): kargs, which count from the next boot"),
    "update-initramfs": (update_initramfs, "update-initramfs(8), initramfs-tools(7)"),
    "dracut": (dracut, "dracut(8): -f IMAGE KERNEL"),
    "cp": (cp, "cp(1)"),
    "mv": (mv, "mv(1)"),
    "rm": (rm, "rm(1)"),
    "chmod": (chmod, "chmod(1)"),
    "chown": (chown, "chown(1)"),
    "ln": (ln, "ln(1)"),
    "mkdir": (mkdir, "mkdir(1)"),
    "systemctl": (nothing, "systemctl(1)"),
    "virt-nested": (virt_nested, "virt-nested-enable(8)"),
}


def run(machine, command):
    """A line as it is pasted into a shell of root's: commands, each only where the one before did well."""
    for part in command.split(" && "):
        name, *words = shlex.split(part)
        if name not in TOOLS:
            raise Failed(f"no stand-in for '{name}', of: {command}")
        TOOLS[name][0](machine, words)
