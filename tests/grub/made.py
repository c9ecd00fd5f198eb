# SPDX-License-Identifier: GPL-2.0-or-later
"""Menus as Debian's grub-mkconfig writes them."""
import shutil
import subprocess

UUID = "/dev/sda1"  # the name that ids end in where the disk has no link below /dev/disk/by-uuid
VERSIONS = ("6.1.0-13-amd64", "5.10.0-9-amd64", "4.15.0-213-generic")
ADVANCED = f"gnulinux-advanced-{UUID}"

# A machine: its kernels, its /etc/default/grub, whether /boot is a file system of its own.
MACHINES = {
    "plain": (VERSIONS, {"CMDLINE_LINUX_DEFAULT": "quiet kvm_intel.nested=0", "CMDLINE_LINUX": "a=1 \\\"b c\\\""}, False),
    "separate": (VERSIONS[:2], {"CMDLINE_LINUX_DEFAULT": "quiet", "DISABLE_RECOVERY": "true"}, True),
    "flat": (VERSIONS, {"DISABLE_SUBMENU": "y", "CMDLINE_LINUX": "kvm_amd.nested=0"}, False),
    "saved": (VERSIONS, {"DEFAULT": "saved", "SAVEDEFAULT": "true"}, False),
    "xen": (VERSIONS[:1], {"CMDLINE_XEN": "dom0_mem=1G", "CMDLINE_LINUX_XEN_REPLACE_DEFAULT": "console=hvc0"}, False),
    "one": (VERSIONS[:1], {"TIMEOUT_STYLE": "hidden", "EARLY_INITRD_LINUX_CUSTOM": "ucode.img"}, True),
}
# Defaults of GRUB: numbers, ids, titles, paths, what is not there.
DEFAULTS = (
    "0", "1", "2", "3", "1>0", "1>1", "1>2", "1>9", "9", "-1", "1>1>1", "1 2", "nothing", "", ADVANCED, f"{ADVANCED}>2",
    f"{ADVANCED}>gnulinux-5.10.0-9-amd64-advanced-{UUID}", f"gnulinux-5.10.0-9-amd64-advanced-{UUID}",
    f"gnulinux-advanced-X>gnulinux-4.15.0-213-generic-advanced-X", f"gnulinux-6.1.0-13-amd64-recovery-{UUID}",
    "Debian GNU/Linux", "Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux 5.10.0-9-amd64",
    "Debian GNU/Linux, with Linux 5.10.0-9-amd64", "Advanced options for Debian GNU/Linux", "5.10.0-9-amd64",
)
ENVIRONMENTS = (
    ["saved_entry=1>2"], ["saved_entry=nothing"], ["saved_entry=2", "next_entry=1"], ["next_entry=1>1"],
    ["prev_saved_entry=1>0", "saved_entry=0"], [f"saved_entry={ADVANCED}>gnulinux-5.10.0-9-amd64-advanced-{UUID}"],
    ["recordfail=1"], ["next_entry="], ["saved_entry=1", "next_entry=0", "prev_saved_entry=1>2"],
)


def machine(folder, versions, settings, separate):
    (folder / "etc/default").mkdir(parents=True)
    (folder / "boot/grub").mkdir(parents=True)
    (folder / "etc/os-release").write_text("ID=debian\n")
    lines = {"DEFAULT": "0", "TIMEOUT": "0", "DISTRIBUTOR": "Debian", "TERMINAL": "console", "DISABLE_OS_PROBER": "true", **settings}
    (folder / "etc/default/grub").write_text("".join(f'GRUB_{name}="{value}"\n' for name, value in lines.items()))
    for version in versions:
        for name in ("vmlinuz", "initrd.img"):
            (folder / "boot" / f"{name}-{version}").write_text("x\n")
        (folder / "boot" / f"config-{version}").write_text("CONFIG_XEN_DOM0=y\n")
    for name in ("xen-4.17-amd64.gz", "ucode.img") if "CMDLINE_XEN" in settings else ("ucode.img",):
        (folder / "boot" / name).write_text("x\n")
    if separate:
        (folder / "separate").write_text("")


def variant(base, folder, default=None, environment=None):
    shutil.copytree(base, folder)
    config = folder / "boot/grub/grub.cfg"
    if default is not None:
        config.write_text(config.read_text().replace('set default="0"', f'set default="{default}"'))
    if environment:
        subprocess.run(["grub-editenv", folder / "boot/grub/grubenv", "set", *environment], check=True)
    return folder


def cases(work, here):
    for name, (versions, settings, separate) in MACHINES.items():
        machine(work / name, versions, settings, separate)
    subprocess.run([here.parent / "lib/own-mounts", here / "mkconfig", *(work / name for name in MACHINES)], check=True)
    out = []
    for name in MACHINES:
        base = work / name
        out.append((name, variant(base, work / f"{name}.as-made")))
        for number, default in enumerate(DEFAULTS if name in ("plain", "flat") else DEFAULTS[:5]):
            if name != "saved":
                out.append((f"{name}, default {default}", variant(base, work / f"{name}.{number}", default)))
        for number, lines in enumerate(ENVIRONMENTS if name in ("plain", "saved") else ENVIRONMENTS[2:3]):
            out.append((f"{name}, {lines}", variant(base, work / f"{name}.env{number}", None, lines)))
    return out
