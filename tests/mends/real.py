# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools that this machine has, in place of their stand-ins: grub-mkconfig and kernel-install of Debian, on the copy."""
import os
import pathlib
import shutil
import subprocess

import made
import tools
from machine import Failed

HERE = pathlib.Path(__file__).resolve().parent
NEEDED = ("grub-mkconfig", "kernel-install")
TOKEN = "abc"  # of made.entry's names


def run(words, **more):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")


def grub(machine, _):
    """It lists kernels with something in them, and wants this machine's own words of os-release and disks."""
    kernel = machine.at(f"/boot/vmlinuz-{machine.release}")
    kernel.write_text("x\n")
    (machine.root / "boot/grub").mkdir(parents=True, exist_ok=True)
    run([HERE.parent / "lib/own-mounts", HERE.parent / "grub/mkconfig", machine.root])
    kernel.write_text("")
    machine.at("/mkconfig.log").unlink()


def kernel_install(machine, words):
    """With the plugin alone that writes the entry: the others ask for the host's modules and initramfs."""
    kernel = machine.at(words[2])
    kernel.write_text("x\n")
    machine.write("/etc/kernel/entry-token", TOKEN + "\n")
    (machine.root / "efi" / TOKEN).mkdir(exist_ok=True)
    machine.write("/etc/kernel/install.conf", "layout=bls\n")
    run(["kernel-install", words[0], words[1], str(kernel)], env={
        **os.environ, "KERNEL_INSTALL_CONF_ROOT": str(machine.at("/etc/kernel")), "MACHINE_ID": "0" * 31 + "1",
        "BOOT_ROOT": str(machine.at("/efi")), "KERNEL_INSTALL_PLUGINS": "/usr/lib/kernel/install.d/90-loaderentry.install"})


def machines(folder):
    """Those whose plan names one of them; their files are what the tool itself makes of their lists."""
    names = ("grub.d-and-default", "grub-in-both-variables", "two-arguments-off", "blacklist-in-a-list", "clearcpuid-in-a-list",
             "grub-default-already-mended", "grub-in-an-own-variable", "grub-in-continued-lines", "systemd-boot-on-debian")
    tools.TOOLS["update-grub"] = (grub, "itself")
    tools.TOOLS["kernel-install"] = (kernel_install, "itself")
    return [machine for machine in made.write_all(folder) if machine[0] in names]


def missing():
    return [name for name in NEEDED if not shutil.which(name)]
