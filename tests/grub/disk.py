# SPDX-License-Identifier: GPL-2.0-or-later
"""The real GRUB of a PC, in an emulated machine that boots twice: what it writes into its environment block counts."""
import pathlib
import shutil
import subprocess

import emu
import written

# It has no module for `linux`, and finds none: the functions of emu.py are called.
EARLY = """serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set root=hd0
set prefix=(hd0)/boot/grub
normal
"""
MODULES = "biosdisk ext2 normal configfile loadenv test echo serial terminal halt search true".split()
SAVE = """function savedefault {
  if [ -z "${boot_once}" ]; then
    saved_entry="${chosen}"
    save_env saved_entry
  fi
}
"""
MENU = written.HEADER + SAVE + "".join(
    f"menuentry '{name}' --id {name} {{\nsavedefault\nlinux /vmlinuz-{name} {name}\nfinish\n}}\n" for name in "abc") + written.SUB
ENVIRONMENTS = (["saved_entry=c", "next_entry=1"], ["saved_entry=b", "next_entry=S>Y"], ["next_entry=nothing"], ["saved_entry=S>1"])


def needs():
    return [name for name in ("grub-mkimage", "mke2fs", "debugfs", "qemu-system-x86_64") if not shutil.which(name)]


def loader(work):
    """GRUB in the form of a Linux kernel, which QEMU starts."""
    modules = pathlib.Path("/usr/lib/grub/i386-pc")
    (work / "early.cfg").write_text(EARLY)
    subprocess.run(["grub-mkimage", "-O", "i386-pc", "-o", work / "core.img", "-c", work / "early.cfg", "-p", "(hd0)/boot/grub", *MODULES],
                   check=True)
    image = work / "grub.lnx"
    image.write_bytes((modules / "lnxboot.img").read_bytes() + (work / "core.img").read_bytes())
    return image


class Disk:
    """A disk with `case`'s boot folder, whose environment block goes back there after each boot."""

    def __init__(self, case, image):
        self.case, self.image, self.disk = case, image, case / "disk.img"
        folder = case / "disk"
        shutil.copytree(case / "boot", folder / "boot")
        config = folder / "boot/grub/grub.cfg"
        text = config.read_text().replace(written.FRONT, "")
        config.write_text(emu.PRELUDE.replace("exit;", "halt;") + text + "\nset timeout=0\n")
        subprocess.run(["mke2fs", "-q", "-t", "ext2", "-d", folder, self.disk, "4M"], check=True, capture_output=True)

    def boots(self):
        done = subprocess.run(["qemu-system-x86_64", "-M", "pc,accel=tcg", "-m", "64", "-display", "none", "-nodefaults", "-serial", "stdio",
                               "-no-reboot", "-kernel", self.image, "-drive", f"file={self.disk},format=raw"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        block = self.case / "boot/grub/grubenv"
        block.unlink()
        subprocess.run(["debugfs", "-R", f"dump /boot/grub/grubenv {block}", self.disk], check=True, capture_output=True)
        return emu.told(done.stdout.decode(errors="replace").replace("\r", ""))


def cases(work):
    image = loader(work)
    out = []
    for number, lines in enumerate(ENVIRONMENTS):
        folder = work / str(number)
        (folder / "boot/grub").mkdir(parents=True)
        (folder / "etc").mkdir()
        (folder / "etc/os-release").write_text("ID=debian\n")
        (folder / "boot/grub/grub.cfg").write_text(written.FRONT + MENU)
        subprocess.run(["grub-editenv", folder / "boot/grub/grubenv", "set", *lines], check=True)
        out.append((lines, folder, Disk(folder, image)))
    return out
