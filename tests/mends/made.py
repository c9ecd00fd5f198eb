# SPDX-License-Identifier: GPL-2.0-or-later
"""Captured machines put together from a few words: each is a kind of what public reports went wrong with."""
from images import newc, pe_of

DEB, EL, FUTURE = "6.1.0-50-amd64", "5.14.0-503.11.1.el9_5.x86_64", "6.12.48+deb13-amd64"
KVM = "kernel/arch/x86/kvm/"
OFF_FILE = {"etc/modprobe.d/kvm.conf": "# the site's\noptions kvm_intel nested=0\n"}
ON_FILE = {"etc/modprobe.d/kvm.conf": "options kvm_intel nested=1\n"}
SITE_OFF = {"etc/virt-nested/virt-nested.conf": "host = off\n"}
GUESTS = {"sys/module/kvm_intel/refcnt": "2\n", "run/libvirt/qemu/web1.xml": "<domstatus state='running'><domain type='kvm'><name>web1</name></domain></domstatus>\n"}


class Link(str):
    """Where it points."""


def cpu(vendor, flags):
    return f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: fpu {flags}\n\n"


def pc(os_id, release, arguments, module, nested, paging, more):
    """An x86 host; arguments: of its running kernel."""
    vendor, flag, page = ("GenuineIntel", "vmx", "ept") if module == "kvm_intel" else ("AuthenticAMD", "svm", "npt")
    on = nested in ("Y", "1")
    out = {
        "etc/os-release": f"ID={os_id}\n",
        "proc/cpuinfo": cpu(vendor, f"{flag} {page} vpid"),
        "proc/cmdline": f"BOOT_IMAGE=/boot/vmlinuz-{release} root=/dev/vda1 ro {arguments}".rstrip() + "\n",
        "proc/sys/kernel/osrelease": release + "\n",
        "sys/class/dmi/id/sys_vendor": "Dell Inc.\n",
        "sys/class/dmi/id/product_name": "PowerEdge R650\n",
        f"lib/modules/{release}/modules.builtin": "kernel/fs/ext4/ext4.ko\n",
        f"lib/modules/{release}/modules.dep": f"{KVM}kvm.ko:\n{KVM}{module.replace('_', '-')}.ko: {KVM}kvm.ko\n",
        "dev/kvm": f"nesting={int(on)}\nnested_paging={int(on and paging)}\n",
        f"sys/module/{module}/initstate": "live\n",
        f"sys/module/{module}/refcnt": "0\n",
        f"sys/module/{module}/parameters/nested": nested + "\n",
        f"sys/module/{module}/parameters/{page}": "NY"[paging] + "\n",
    }
    out.update(more)
    return {path: text for path, text in out.items() if text is not None}


def intel(*more, os_id="debian", release=DEB, arguments="", nested="N", paging=True):
    return pc(os_id, release, arguments, "kvm_intel", nested, paging, {k: v for part in more for k, v in part.items()})


def usr_merged(*more, **words):
    """/lib is a link, as everywhere by now."""
    return {path.replace("lib/modules", "usr/lib/modules", 1) if path.startswith("lib/") else path: text for path, text in intel(*more, **words).items()} | {"lib": Link("usr/lib")}


def amd(*more, os_id="debian", release=DEB, arguments="", nested="0", paging=True):
    return pc(os_id, release, arguments, "kvm_amd", nested, paging, {k: v for part in more for k, v in part.items()})


def not_loaded(module="kvm_intel", page="ept"):
    folder = f"sys/module/{module}"
    return {"dev/kvm": "device=absent\n", **dict.fromkeys([f"{folder}/initstate", f"{folder}/refcnt", f"{folder}/parameters/nested", f"{folder}/parameters/{page}"])}


def grub(arguments, release=DEB, folder="grub", **defaults):
    """grub.cfg, and /etc/default/grub: VARIABLE='...'."""
    text = "".join(f'{name}="{value}"\n' for name, value in defaults.items())
    return {f"boot/{folder}/grub.cfg": f"set default=\"0\"\nmenuentry 'Linux' {{\n\tlinux\t/boot/vmlinuz-{release} root=/dev/vda1 ro {arguments}\n}}\n",
            f"boot/vmlinuz-{release}": "", "etc/default/grub": "GRUB_DEFAULT=0\n" + text}


def entry(arguments, release, folder="boot/loader/entries", more=""):
    return {f"{folder}/abc-{release}.conf": f"title Linux\nversion {release}\nlinux /vmlinuz-{release}\n{more}options root=/dev/vda1 ro {arguments}\n"}


def image(release, option, module="kvm-intel"):
    return newc({f"usr/lib/modules/{release}/{KVM}{module}.ko": b"elf", f"usr/lib/modules/{release}/{KVM}kvm.ko": b"elf", "etc/modprobe.d/kvm.conf": option.encode()})


def by_systemd(release, arguments, where="EFI\\\\debian"):
    return {"proc/cmdline": f"initrd=\\{where}\\initrd.img-{release} root=/dev/vda1 ro {arguments}\n"}


def extlinux(arguments):
    return {"boot/initramfs-lts": newc({"init": b""}), "boot/extlinux.conf": f"DEFAULT lts\nLABEL lts\n  LINUX vmlinuz-lts\n  INITRD initramfs-lts\n  APPEND root=/dev/vda1 modules=ext4 {arguments}\n"}


def elsewhere(cpuinfo, release, machine, cmdline, *more):
    """A host that is no PC."""
    out = {"etc/os-release": "ID=debian\n", "proc/cpuinfo": cpuinfo, "proc/cmdline": cmdline + "\n", "proc/sys/kernel/osrelease": release + "\n"}
    for part in more:
        out.update(part)
    return out


ARM = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU architecture: 8\n\n"
Z = "vendor_id       : IBM/S390\nfeatures\t: esan3 zarch stfle msa ldisp eimm dfp edat etf3eh highgprs te vx vxd vxe gs vxe2 sie\n"
POWER = "processor\t: 0\ncpu\t\t: POWER9, altivec supported\n\ntimebase\t: 512000000\nplatform\t: PowerNV\nmachine\t\t: PowerNV 8335-GTH\nMMU\t\t: {}\n"

NO = "kvm-intel.nested=0"  # as the kernel takes it, too
MACHINES = {
    "good-now-file-off": lambda: intel(OFF_FILE, GUESTS, nested="Y"),
    "good-now-command-line-off": lambda: intel(GUESTS, grub(f"quiet {NO}", GRUB_CMDLINE_LINUX=f"quiet {NO}"), nested="Y", arguments=NO),
    "wanted-off-running-off-file-on": lambda: intel(ON_FILE, SITE_OFF, nested="N"),
    "wanted-off-running-on-file-on": lambda: intel(ON_FILE, SITE_OFF, nested="Y"),
    "wanted-off-on-by-argument": lambda: intel(SITE_OFF, grub("kvm_intel.nested=1", GRUB_CMDLINE_LINUX="kvm_intel.nested=1"), nested="Y", arguments="kvm_intel.nested=1"),
    "proxmox-systemd-boot": lambda: intel(by_systemd("6.5.11-8-pve", NO, "EFI\\proxmox\\6.5.11-8-pve"), {
        "etc/kernel/cmdline": f"root=ZFS=rpool/ROOT/pve-1 boot=zfs {NO}\n", "etc/kernel/proxmox-boot-uuids": "1234-ABCD\n", "usr/sbin/proxmox-boot-tool": ""}, release="6.5.11-8-pve"),
    "proxmox-grub": lambda: intel({"etc/kernel/proxmox-boot-uuids": "1234-ABCD\n", "usr/sbin/proxmox-boot-tool": "",
        "etc/default/grub": f'GRUB_CMDLINE_LINUX_DEFAULT="quiet {NO}"\n'},
                                  release="6.5.11-8-pve", arguments=f"quiet {NO}"),
    "systemd-boot-on-debian": lambda: intel(by_systemd(DEB, NO), entry(NO, DEB, "efi/loader/entries"), {f"lib/modules/{DEB}/vmlinuz": "",
        "etc/kernel/cmdline": f"root=/dev/vda1 ro {NO}\n"}),
    "systemd-boot-by-its-entries": lambda: intel(by_systemd(DEB, NO), entry(NO, DEB, "efi/loader/entries"), os_id="arch"),
    "pop-kernelstub": lambda: intel(by_systemd("6.9.3-76060903-generic", NO), entry(NO, "6.9.3-76060903-generic", "boot/efi/loader/entries"), {"usr/bin/kernelstub": ""},
                                    os_id="pop", release="6.9.3-76060903-generic"),
    "grub.d-and-default": lambda: intel(grub(f"quiet {NO}", GRUB_CMDLINE_LINUX_DEFAULT="quiet"),
        {"etc/default/grub.d/50-x.cfg": f'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT {NO}"\n'},
                                        arguments=f"quiet {NO}"),
    "grub-in-both-variables": lambda: intel(grub(f"{NO} quiet {NO}", GRUB_CMDLINE_LINUX=NO, GRUB_CMDLINE_LINUX_DEFAULT=f"quiet {NO}"), arguments=f"{NO} quiet {NO}"),
    "grub-in-an-own-variable": lambda: intel(grub(f"quiet {NO}"), {"etc/default/grub": f'SITE="{NO}"\nOPTS="$SITE"\nGRUB_CMDLINE_LINUX="quiet ${{OPTS}}"\n'}, arguments=f"quiet {NO}"),
    "grub-in-continued-lines": lambda: intel(grub(f"quiet {NO} splash"), {"etc/default/grub": f'GRUB_CMDLINE_LINUX="quiet \\\n  {NO} \\\n  splash"\n'}, arguments=f"quiet {NO} splash"),
    "grub-in-a-long-quote": lambda: intel(grub(f"quiet {NO} splash"), {"etc/default/grub": f"GRUB_CMDLINE_LINUX='quiet\n  {NO}\n  splash' # kvm-intel.nested=1\n"}, arguments=f"quiet {NO} splash"),
    "grub-default-already-mended": lambda: intel(grub(f"quiet {NO}", GRUB_CMDLINE_LINUX_DEFAULT="quiet"), arguments=f"quiet {NO}"),
    "grub-next-boot-alone": lambda: intel(grub(NO, GRUB_CMDLINE_LINUX=NO), nested="Y"),
    "grub2-on-suse": lambda: intel(grub(NO, "6.4.0-150600.21-default", "grub2", GRUB_CMDLINE_LINUX_DEFAULT=NO), os_id="sles", release="6.4.0-150600.21-default", arguments=NO),
    "grub-on-arch": lambda: intel(grub(NO, "6.9.1-arch1-1", GRUB_CMDLINE_LINUX_DEFAULT=NO), os_id="arch", release="6.9.1-arch1-1", arguments=NO),
    "grubby-compares-bytes": lambda: intel(entry(NO, EL), os_id="rhel", release=EL, arguments=NO),
    "grubby-next-boot-alone": lambda: intel(entry("kvm_intel.nested=0", EL), os_id="rhel", release=EL, nested="Y"),
    "file-and-command-line-off": lambda: intel(OFF_FILE, grub(NO, GRUB_CMDLINE_LINUX=NO), arguments=NO),
    "two-arguments-off": lambda: intel(grub(f"{NO} kvm_intel.nested=N", GRUB_CMDLINE_LINUX=NO, GRUB_CMDLINE_LINUX_DEFAULT="kvm_intel.nested=N"),
        arguments=f"{NO} kvm_intel.nested=N"),
    "file-on-command-line-off": lambda: intel(ON_FILE, grub(NO, GRUB_CMDLINE_LINUX=NO), arguments=NO),
    "two-files-off": lambda: intel({"etc/modprobe.d/a.conf": "options kvm_intel nested=0\n", "etc/modprobe.d/z.conf": "options kvm-intel nested=N\n"}),
    "fatal-file-and-argument-off": lambda: intel(not_loaded(), {"etc/modprobe.d/a.conf": "options kvm_intel nested=2\n"}, grub(NO, GRUB_CMDLINE_LINUX=NO), arguments=NO),
    "module-blacklist-of-both": lambda: intel(not_loaded(), grub("module_blacklist=kvm,kvm_intel,floppy", GRUB_CMDLINE_LINUX="module_blacklist=kvm,kvm_intel,floppy"),
        arguments="module_blacklist=kvm,kvm_intel,floppy"),
    "blacklist-with-a-dash": lambda: intel(not_loaded(), {"etc/modprobe.d/a.conf": "  blacklist   kvm-intel \n"}),
    "wanted-off-next-boot-alone": lambda: intel(SITE_OFF, {"etc/modprobe.d/a.conf": "options kvm_intel nested=0\n"}, grub("kvm_intel.nested=1", GRUB_CMDLINE_LINUX="kvm_intel.nested=1"), nested="N"),
    "wanted-off-fatal": lambda: intel(SITE_OFF, {"etc/modprobe.d/a.conf": "options kvm_intel nested=2\n"}, nested="Y"),
    "wanted-off-proxmox-list-on": lambda: intel(SITE_OFF, {"etc/modprobe.d/kvm.conf": "options kvm_intel nested=0\n"}, by_systemd("6.5.11-8-pve", "quiet", "EFI\\proxmox\\6.5.11-8-pve"), {
        "etc/kernel/cmdline": "root=ZFS=rpool/ROOT/pve-1 boot=zfs kvm_intel.nested=1\n", "etc/kernel/proxmox-boot-uuids": "1234-ABCD\n", "usr/sbin/proxmox-boot-tool": ""}, release="6.5.11-8-pve", nested="N"),
    "proxmox-list-off": lambda: intel(by_systemd("6.5.11-8-pve", "quiet", "EFI\\proxmox\\6.5.11-8-pve"), {
        "etc/kernel/cmdline": f"root=ZFS=rpool/ROOT/pve-1 boot=zfs {NO}\n", "etc/kernel/proxmox-boot-uuids": "1234-ABCD\n", "usr/sbin/proxmox-boot-tool": ""}, release="6.5.11-8-pve", nested="Y"),
    "off-twice-on-one-line": lambda: intel({"etc/modprobe.d/a.conf": "options kvm_intel nested=0 ept=1 nested=0\n"}),
    "off-behind-a-backslash": lambda: intel({"etc/modprobe.d/a.conf": "# long\noptions kvm_intel ept=1 \\\n  nested=0\n"}),
    "file-without-last-line-end": lambda: intel({"etc/modprobe.d/a.conf": "options kvm_intel nested=0"}),
    "amd-takes-no-letter": lambda: amd({"etc/modprobe.d/kvm.conf": "options kvm_amd nested=Y\n"}, not_loaded("kvm_amd", "npt")),
    "amd-takes-no-letter-by-argument": lambda: amd(grub("kvm_amd.nested=Y", GRUB_CMDLINE_LINUX="kvm_amd.nested=Y"), not_loaded("kvm_amd", "npt"), {
        "var/log/dmesg": "[    4.1] kvm_amd: `Y' invalid for parameter `nested'\n"}, arguments="kvm_amd.nested=Y"),
    "amd-off": lambda: amd({"etc/modprobe.d/kvm.conf": "options kvm_amd nested=0 npt=1\n"}),
    "amd-npt-on-command-line": lambda: amd(grub("kvm_amd.npt=0", GRUB_CMDLINE_LINUX="kvm_amd.npt=0"), nested="1", arguments="kvm_amd.npt=0", paging=False),
    "install-line-off": lambda: intel({"etc/modprobe.d/kvm.conf": "install kvm_intel /sbin/modprobe --ignore-install kvm_intel nested=0 $CMDLINE_OPTS\n"}),
    "install-line-on-wanted-off": lambda: intel(SITE_OFF,
        {"etc/modprobe.d/kvm.conf": "install kvm_intel /sbin/modprobe --ignore-install kvm_intel nested=1 $CMDLINE_OPTS\n"}, nested="Y"),
    "install-line-false": lambda: intel(not_loaded(), {"etc/modprobe.d/cis.conf": "install kvm_intel /bin/false\nblacklist kvm_intel\n"}),
    "install-line-of-kvm": lambda: intel(not_loaded(), {"etc/modprobe.d/cis.conf": "install kvm /bin/true\n"}),
    "vendor-file-off": lambda: intel({"lib/modprobe.d/tuned.conf": "options kvm_intel nested=0 ept=1\n"}),
    "vendor-file-below-usr": lambda: usr_merged({"usr/lib/modprobe.d/kvm.conf": "options kvm_intel nested=0\noptions kvm ignore_msrs=1\n"}, os_id="rhel", release=EL),
    "blacklist-in-a-list": lambda: intel(not_loaded(), grub("modprobe.blacklist=nouveau,kvm_intel,floppy", GRUB_CMDLINE_LINUX="modprobe.blacklist=nouveau,kvm_intel,floppy"),
                                         arguments="modprobe.blacklist=nouveau,kvm_intel,floppy"),
    "module-blacklist-by-grubby": lambda: intel(not_loaded(), entry("module_blacklist=kvm_intel,nouveau", EL), os_id="rhel", release=EL,
        arguments="module_blacklist=kvm_intel,nouveau"),
    "clearcpuid": lambda: intel(not_loaded(), grub("clearcpuid=vmx", GRUB_CMDLINE_LINUX="clearcpuid=vmx"), {"proc/cpuinfo": cpu("GenuineIntel", "vpid")},
        arguments="clearcpuid=vmx"),
    "clearcpuid-in-a-list": lambda: intel(not_loaded(), grub("clearcpuid=smap,vmx", GRUB_CMDLINE_LINUX="clearcpuid=smap,vmx"), {"proc/cpuinfo": cpu("GenuineIntel", "vpid")},
                                          arguments="clearcpuid=smap,vmx"),
    "clearcpuid-by-name-and-by-number": lambda: intel(not_loaded(), grub("clearcpuid=smap,vmx clearcpuid=133", GRUB_CMDLINE_LINUX="clearcpuid=smap,vmx clearcpuid=133"),
        {"proc/cpuinfo": cpu("GenuineIntel", "vpid")}, arguments="clearcpuid=smap,vmx clearcpuid=133"),
    "initcall-blacklist-in-a-list": lambda: intel(not_loaded(), grub("initcall_blacklist=floppy_init,vmx_init", GRUB_CMDLINE_LINUX="initcall_blacklist=floppy_init,vmx_init"),
        arguments="initcall_blacklist=floppy_init,vmx_init"),
    "rd-driver-blacklist-in-a-list": lambda: intel(not_loaded(), entry("rd.driver.blacklist=nouveau,kvm-intel", EL), os_id="rhel", release=EL,
        arguments="rd.driver.blacklist=nouveau,kvm-intel"),
    "ept-off-in-a-file": lambda: intel({"etc/modprobe.d/kvm.conf": "options kvm_intel nested=1 ept=0\n"}, nested="Y", paging=False),
    "ept-off-in-a-vendor-file": lambda: intel({"lib/modprobe.d/x.conf": "options kvm_intel ept=0\n"}, nested="Y", paging=False),
    "ept-off-on-command-line": lambda: intel(grub("kvm_intel.ept=0", GRUB_CMDLINE_LINUX="kvm_intel.ept=0"), nested="Y", paging=False, arguments="kvm_intel.ept=0"),
    "ept-off-next-load-alone": lambda: intel({"etc/modprobe.d/kvm.conf": "options kvm_intel ept=0\n"}, nested="Y"),
    "initramfs-stale-debian": lambda: intel(ON_FILE, {f"boot/initrd.img-{DEB}": image(DEB, "options kvm_intel nested=0\n"), "usr/sbin/update-initramfs": ""}, nested="Y"),
    "initramfs-stale-dracut": lambda: intel(ON_FILE, {f"boot/initramfs-{EL}.img": image(EL, "options kvm_intel nested=0\n"), "usr/bin/dracut": ""}, os_id="rhel", release=EL),
    "initramfs-and-file-off": lambda: intel(OFF_FILE, {f"boot/initrd.img-{DEB}": image(DEB, "options kvm_intel nested=0\n"), "usr/sbin/update-initramfs": ""}),
    "initramfs-loads-it-without-options": lambda: intel({"etc/modprobe.d/kvm.conf": "options kvm_intel nested=1\n", "usr/bin/dracut": "",
                                                         "boot/initramfs-4.18.0-553.el8_10.x86_64.img": image("4.18.0-553.el8_10.x86_64", "")}, os_id="rhel", release="4.18.0-553.el8_10.x86_64", nested="1"),
    "old-kernel-argument-off": lambda: intel(grub(NO, "4.19.0-27-amd64", GRUB_CMDLINE_LINUX=NO), release="4.19.0-27-amd64", arguments=NO),
    "el8-off-by-default": lambda: intel(os_id="rhel", release="4.18.0-80.el8.x86_64", nested="0"),
    "in-use-by-guests": lambda: intel(ON_FILE, GUESTS),
    "in-use-and-file-off": lambda: intel(OFF_FILE, GUESTS),
    "built-in-off": lambda: intel({f"lib/modules/{DEB}/modules.builtin": f"{KVM}kvm.ko\n{KVM}kvm-intel.ko\n", f"lib/modules/{DEB}/modules.dep": "",
        "sys/module/kvm_intel/initstate": None,
                                   "sys/module/kvm_intel/refcnt": None}, grub("kvm_intel.nested=0", GRUB_CMDLINE_LINUX="kvm_intel.nested=0"), arguments="kvm_intel.nested=0"),
    "built-in-off-by-default": lambda: intel({"lib/modules/4.19.0/modules.builtin": f"{KVM}kvm.ko\n{KVM}kvm-intel.ko\n", "lib/modules/4.19.0/modules.dep": "",
        "sys/module/kvm_intel/initstate": None,
                                              "sys/module/kvm_intel/refcnt": None, **ON_FILE}, grub("quiet", "4.19.0", GRUB_CMDLINE_LINUX="quiet"), release="4.19.0"),
    "built-in-and-grub.d-sets-anew": lambda: intel({"lib/modules/4.19.0/modules.builtin": f"{KVM}kvm.ko\n{KVM}kvm-intel.ko\n", "lib/modules/4.19.0/modules.dep": "",
        "sys/module/kvm_intel/initstate": None, "sys/module/kvm_intel/refcnt": None,
        "etc/default/grub.d/z.cfg": 'GRUB_CMDLINE_LINUX="console=ttyS0"\n'}, grub("console=ttyS0", "4.19.0", GRUB_CMDLINE_LINUX="quiet"), release="4.19.0"),
    "wsl": lambda: intel({"lib/modules/5.15.90.1-microsoft-standard-WSL2/modules.builtin": f"{KVM}kvm.ko\n{KVM}kvm-intel.ko\n",
        "proc/cmdline": f"initrd=\\initrd.img kvm_intel.nested=0\n",
                          "sys/module/kvm_intel/initstate": None, "sys/module/kvm_intel/refcnt": None}, os_id="ubuntu", release="5.15.90.1-microsoft-standard-WSL2"),
    "extlinux": lambda: intel(extlinux(NO), os_id="void", release="6.6.14", arguments=NO),
    "alpine-update-extlinux": lambda: intel(extlinux(NO), {"etc/update-extlinux.conf": f'default_kernel_opts="quiet {NO}"\n'}, os_id="alpine", release="6.6.14-0-lts",
        arguments=NO),
    "alpine-etc-modules": lambda: intel({"etc/modules": "ipv6\nkvm_intel nested=0\n", "sbin/openrc": "", "etc/init.d/modules": "",
        "proc/cmdline": "BOOT_IMAGE=vmlinuz-lts root=UUID=x modules=ext4\n"},
                                        os_id="alpine", release="6.6.14-0-lts"),
    "u-boot": lambda: intel({"boot/extlinux/extlinux.conf": f"default l0\nlabel l0\n\tlinux /boot/vmlinuz-{DEB}\n\tappend root=/dev/vda1 {NO}\n", "usr/sbin/u-boot-update": "",
                             "etc/default/u-boot": f'U_BOOT_PARAMETERS="ro {NO}"\n'}, arguments=NO),
    "uki": lambda: intel(by_systemd(FUTURE, NO), {f"efi/EFI/Linux/debian-{FUTURE}.efi": pe_of({".uname": FUTURE.encode(), ".cmdline": f"root=/dev/vda1 {NO}".encode(),
        ".linux": b"MZ"}),
                                                  "etc/kernel/cmdline": f"root=/dev/vda1 {NO}\n"}, release=FUTURE),
    "uki-by-mkinitcpio": lambda: intel(by_systemd("6.9.1-arch1-1", NO), {"efi/EFI/Linux/arch-linux.efi": pe_of({".uname": b"6.9.1-arch1-1",
        ".cmdline": f"root=/dev/vda1 {NO}".encode(), ".linux": b"MZ"}),
                                       "etc/kernel/cmdline": f"root=/dev/vda1 {NO}\n", "etc/mkinitcpio.d/linux.preset": ""}, os_id="arch", release="6.9.1-arch1-1"),
    "nixos": lambda: intel(entry(NO, "6.6.68"), OFF_FILE, os_id="nixos", release="6.6.68", arguments=NO),
    "bootc": lambda: intel(entry(NO, EL), {"usr/lib/bootc/install/x.toml": ""}, os_id="fedora", release=EL, arguments=NO),
    "ostree": lambda: intel(entry(NO, EL), {"run/ostree-booted": ""}, os_id="fedora", release=EL, arguments=NO),
    "refind": lambda: intel(by_systemd("6.9.1-arch1-1", NO), {"boot/refind_linux.conf": f'"Boot" "root=/dev/vda1 {NO}"\n'}, os_id="arch", release="6.9.1-arch1-1"),
    "firmware-boots-the-kernel": lambda: intel(by_systemd("6.9.1-arch1-1", NO), os_id="arch", release="6.9.1-arch1-1"),
    "modules-disabled-file-off": lambda: intel(OFF_FILE, {"proc/sys/kernel/modules_disabled": "1\n"}),
    "modules-gone": lambda: intel(not_loaded(), ON_FILE, {f"lib/modules/{DEB}/modules.dep": None, f"lib/modules/{DEB}/modules.builtin": None,
        "lib/modules/6.1.0-51-amd64/modules.builtin": "",
                                                          "lib/modules/6.1.0-51-amd64/modules.dep": f"{KVM}kvm-intel.ko: {KVM}kvm.ko\n"}),
    "arm64-without-the-option": lambda: elsewhere(ARM, "6.17.0-arm64", "aarch64", "BOOT_IMAGE=/boot/vmlinuz-6.17.0-arm64 root=/dev/vda1 ro", {"dev/kvm": "nesting=0\n"},
                                                  grub("quiet", "6.17.0-arm64", GRUB_CMDLINE_LINUX="quiet")),
    "arm64-other-mode": lambda: elsewhere(ARM, "6.17.0-arm64", "aarch64", "BOOT_IMAGE=/boot/vmlinuz-6.17.0-arm64 root=/dev/vda1 ro kvm-arm.mode=protected",
        {"dev/kvm": "nesting=0\n"},
                                          grub("kvm-arm.mode=protected", "6.17.0-arm64", GRUB_CMDLINE_LINUX="kvm-arm.mode=protected")),
    "arm64-other-mode-behind": lambda: elsewhere(ARM, "6.17.0-arm64", "aarch64", "BOOT_IMAGE=/boot/vmlinuz-6.17.0-arm64 root=/dev/vda1 ro kvm-arm.mode=protected",
        {"dev/kvm": "nesting=0\n"},
                                                 grub("kvm-arm.mode=protected", "6.17.0-arm64", GRUB_CMDLINE_LINUX_DEFAULT="kvm-arm.mode=protected")),
    "zipl": lambda: elsewhere(Z, "6.1.0-50-s390x", "s390x", "root=/dev/dasda1 kvm.nested=0", {
        "etc/zipl.conf": '[defaultboot]\ndefault=linux\n[linux]\n\timage=/boot/vmlinuz\n\tparameters="root=/dev/dasda1 kvm.nested=0"\n', "dev/kvm": "nesting=0\n",
        "sys/module/kvm/initstate": "live\n", "sys/module/kvm/refcnt": "0\n", "sys/module/kvm/parameters/nested": "0\n", "proc/sysinfo": "Manufacturer:         IBM\nLPAR Name:            LP1\n",
        "lib/modules/6.1.0-50-s390x/modules.builtin": "", "lib/modules/6.1.0-50-s390x/modules.dep": "kernel/arch/s390/kvm/kvm.ko:\n", "etc/modprobe.d/kvm.conf": "options kvm nested=1\n"}),
    "z-hpage": lambda: elsewhere(Z, "6.1.0-50-s390x", "s390x", "root=/dev/dasda1", {
        "dev/kvm": "nesting=0\n", "sys/module/kvm/initstate": "live\n", "sys/module/kvm/refcnt": "0\n", "sys/module/kvm/parameters/nested": "0\n", "sys/module/kvm/parameters/hpage": "1\n",
        "proc/sysinfo": "Manufacturer:         IBM\nLPAR Name:            LP1\n", "lib/modules/6.1.0-50-s390x/modules.builtin": "",
        "lib/modules/6.1.0-50-s390x/modules.dep": "kernel/arch/s390/kvm/kvm.ko:\n", "etc/modprobe.d/kvm.conf": "options kvm hpage=1\n"}),
    "power-hash-by-choice": lambda: elsewhere(POWER.format("Hash"), "6.1.0-50-powerpc64le", "ppc64le", "root=/dev/sda2 disable_radix", {
        "dev/kvm": "nesting=0\n", "sys/module/kvm_hv/initstate": "live\n", "sys/module/kvm_hv/refcnt": "0\n", "sys/module/kvm_hv/parameters/nested": "Y\n", "sys/firmware/opal/x": "",
        "lib/modules/6.1.0-50-powerpc64le/modules.builtin": "", "lib/modules/6.1.0-50-powerpc64le/modules.dep": "kernel/arch/powerpc/kvm/kvm-hv.ko:\n"},
        grub("disable_radix", "6.1.0-50-powerpc64le", GRUB_CMDLINE_LINUX="disable_radix")),
    "two-vendor-files": lambda: intel({"lib/modprobe.d/a.conf": "options kvm_intel nested=0\n", "lib/modprobe.d/b.conf": "options kvm_intel nested=0\n"}),
    "vendor-and-own-same-name": lambda: intel({"lib/modprobe.d/kvm.conf": "options kvm_intel nested=1\n", "etc/modprobe.d/kvm.conf": "options kvm_intel nested=0\n"}),
    "vendor-two-options": lambda: intel({"lib/modprobe.d/k.conf": "options kvm_intel nested=0 ept=0\n"}, paging=False),
    "nested-and-ept-off": lambda: intel({"etc/modprobe.d/k.conf": "options kvm_intel nested=0 ept=0\n"}, paging=False),
    "nested-and-ept-off-two-lines": lambda: intel({"etc/modprobe.d/k.conf": "options kvm_intel ept=0\noptions kvm_intel nested=0\n"}, paging=False),
    "blacklist-three": lambda: intel({"etc/modprobe.d/k.conf": "options kvm_intel ept=0\noptions kvm_intel nested=0\nblacklist kvm_intel\n"}, not_loaded()),
    "install-and-off": lambda: intel(not_loaded(), {"etc/modprobe.d/k.conf": "install kvm_intel /bin/true\noptions kvm_intel nested=0\n"}),
    "blacklist-and-off": lambda: intel(not_loaded(), {"etc/modprobe.d/k.conf": "blacklist kvm_intel\noptions kvm_intel nested=0\n"}),
    "wanted-off-vendor": lambda: intel(SITE_OFF, {"lib/modprobe.d/a.conf": "options kvm_intel nested=1\n"}, nested="Y"),
    "wanted-off-guests": lambda: intel(SITE_OFF, GUESTS, nested="Y"),
    "wanted-off-builtin": lambda: intel(SITE_OFF, {f"lib/modules/{DEB}/modules.builtin": f"{KVM}kvm.ko\n{KVM}kvm-intel.ko\n", f"lib/modules/{DEB}/modules.dep": "", "sys/module/kvm_intel/initstate": None,
                                   "sys/module/kvm_intel/refcnt": None}, grub("quiet", GRUB_CMDLINE_LINUX="quiet"), arguments="quiet", nested="Y"),
    "wanted-off-builtin-on-arg": lambda: intel(SITE_OFF, {f"lib/modules/{DEB}/modules.builtin": f"{KVM}kvm.ko\n{KVM}kvm-intel.ko\n", f"lib/modules/{DEB}/modules.dep": "", "sys/module/kvm_intel/initstate": None,
                                   "sys/module/kvm_intel/refcnt": None}, grub("kvm_intel.nested=1", GRUB_CMDLINE_LINUX="kvm_intel.nested=1"), arguments="kvm_intel.nested=1", nested="Y"),
    "wanted-off-initramfs": lambda: intel(SITE_OFF, {"etc/modprobe.d/kvm.conf": "options kvm_intel nested=0\n", f"boot/initrd.img-{DEB}": image(DEB, "options kvm_intel nested=1\n"), "usr/sbin/update-initramfs": ""}, nested="N"),
    "wanted-off-initramfs-nothing": lambda: intel(SITE_OFF, {f"boot/initrd.img-{DEB}": image(DEB, ""), "usr/sbin/update-initramfs": ""}, nested="Y"),
    "initramfs-default-off-kernel": lambda: intel({"usr/bin/dracut": "", "boot/initramfs-4.18.0-80.el8.x86_64.img": image("4.18.0-80.el8.x86_64", "")}, os_id="rhel", release="4.18.0-80.el8.x86_64", nested="0"),
    "419-off": lambda: intel({"boot/initrd.img-4.19.0-27-amd64": image("4.19.0-27-amd64", ""), "usr/sbin/update-initramfs": ""}, release="4.19.0-27-amd64"),
    "wanted-off-arm": lambda: elsewhere(ARM, "6.17.0-arm64", "aarch64", "BOOT_IMAGE=/boot/vmlinuz-6.17.0-arm64 root=/dev/vda1 ro kvm-arm.mode=nested", SITE_OFF, {"dev/kvm": "nesting=1\n"},
                                          grub("kvm-arm.mode=nested", "6.17.0-arm64", GRUB_CMDLINE_LINUX="kvm-arm.mode=nested")),
    "amd-initcall": lambda: amd(not_loaded("kvm_amd", "npt"), grub("initcall_blacklist=svm_init", GRUB_CMDLINE_LINUX="initcall_blacklist=svm_init"), arguments="initcall_blacklist=svm_init"),
    "nomodule": lambda: intel(not_loaded(), grub("nomodule", GRUB_CMDLINE_LINUX="nomodule"), arguments="nomodule"),
    "modules-gone-file-off": lambda: intel(not_loaded(), OFF_FILE, {f"lib/modules/{DEB}/modules.dep": None, f"lib/modules/{DEB}/modules.builtin": None, "lib/modules/6.1.0-51-amd64/modules.builtin": "",
                                                          "lib/modules/6.1.0-51-amd64/modules.dep": f"{KVM}kvm-intel.ko: {KVM}kvm.ko\n"}),
    "disabled-in-use": lambda: intel(OFF_FILE, GUESTS, {"proc/sys/kernel/modules_disabled": "1\n"}),
    "power-off-by-file": lambda: elsewhere(POWER.format("Radix"), "6.1.0-50-powerpc64le", "ppc64le", "root=/dev/sda2", {
        "dev/kvm": "nesting=0\n", "sys/module/kvm_hv/initstate": "live\n", "sys/module/kvm_hv/refcnt": "3\n", "sys/module/kvm_hv/parameters/nested": "N\n", "etc/modprobe.d/kvm.conf": "options kvm_hv nested=0\n",
        "lib/modules/6.1.0-50-powerpc64le/modules.builtin": "", "lib/modules/6.1.0-50-powerpc64le/modules.dep": "kernel/arch/powerpc/kvm/kvm-hv.ko:\n"}),
    "power-wanted-off": lambda: elsewhere(POWER.format("Radix"), "6.1.0-50-powerpc64le", "ppc64le", "root=/dev/sda2", SITE_OFF, {
        "dev/kvm": "nesting=1\n", "sys/module/kvm_hv/initstate": "live\n", "sys/module/kvm_hv/refcnt": "3\n", "sys/module/kvm_hv/parameters/nested": "Y\n",
        "lib/modules/6.1.0-50-powerpc64le/modules.builtin": "", "lib/modules/6.1.0-50-powerpc64le/modules.dep": "kernel/arch/powerpc/kvm/kvm-hv.ko:\n"}),
    "z-cmdline-hpage": lambda: elsewhere(Z, "6.1.0-50-s390x", "s390x", "root=/dev/dasda1 kvm.hpage=1", {
        "etc/zipl.conf": '[defaultboot]\ndefault=linux\n[linux]\n\timage=/boot/vmlinuz\n\tparameters="root=/dev/dasda1 kvm.hpage=1"\n', "dev/kvm": "nesting=0\n",
        "sys/module/kvm/initstate": "live\n", "sys/module/kvm/refcnt": "0\n", "sys/module/kvm/parameters/nested": "0\n", "sys/module/kvm/parameters/hpage": "1\n",
        "proc/sysinfo": "Manufacturer:         IBM\nLPAR Name:            LP1\n",
        "lib/modules/6.1.0-50-s390x/modules.builtin": "", "lib/modules/6.1.0-50-s390x/modules.dep": "kernel/arch/s390/kvm/kvm.ko:\n"}),
    "quoted": lambda: intel(grub(f"{NO} quiet", GRUB_CMDLINE_LINUX=f"{NO}  quiet"), {"etc/default/grub.d/z.cfg": "GRUB_CMDLINE_LINUX_DEFAULT='splash'\n"}, arguments=f"{NO} quiet"),
    "all-wrong": lambda: intel(GUESTS, grub(f"{NO} kvm_intel.ept=0", GRUB_CMDLINE_LINUX=f"{NO} kvm_intel.ept=0"), {
        "etc/modprobe.d/a.conf": "options kvm_intel nested=0\n", "lib/modprobe.d/z.conf": "options kvm-intel nested=0 ept=0\n", "etc/modprobe.d/b.conf": "blacklist kvm_intel\n",
        f"boot/initrd.img-{DEB}": image(DEB, "options kvm_intel nested=0\n"), "usr/sbin/update-initramfs": ""}, arguments=f"{NO} kvm_intel.ept=0", paging=False),
}

# Those whose plan ends with what a person has to do elsewhere.
NOT_MENDED = ("nixos",)


def write_all(folder):
    out = []
    for name, make in MACHINES.items():
        for path, text in make().items():
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(text, Link):
                file.symlink_to(text)
                continue
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        out.append((name, folder / name))
    return out
