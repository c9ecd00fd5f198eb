// SPDX-License-Identifier: GPL-2.0-or-later
// The table of kinds of hosts. The marker files are the projects' own: ostree's switchroot makes
// /run/ostree-booted, dracut, live-boot, archiso and casper mount what a live system was booted
// from; transactional-update and others are told by os-release(5).
#include "validator/facts/host_kinds.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

constexpr std::string_view live_add = "add @ in the boot menu, for this one boot";
constexpr std::string_view live_remove = "remove @ in the boot menu, for this one boot";
constexpr std::string_view live_files =
    "nothing written here outlives the boot; on the system that is installed from it";
constexpr std::string_view live_hook = "install it on the system that is installed from this image";

// The layers of Elemental: rancher.github.io/elemental-toolkit, immutable_rootfs.
constexpr std::string_view oem_files =
    "a cloud-config in /oem writes it to /etc/modprobe.d at every boot (stage initramfs)";
constexpr std::string_view oem_hook = "a cloud-config in /oem writes it at every boot";
constexpr std::string_view image_brings = "the image carries it";

constexpr std::array<HostKind, 19> kinds = {{
    {"Unraid", "/etc/unraid-version", "",
     "add @ to the append line of /boot/syslinux/syslinux.cfg on the flash drive",
     "remove @ from the append line of /boot/syslinux/syslinux.cfg on the flash drive",
     "the release carries it",
     "in a file of /boot/config/modprobe.d on the flash drive, which is copied to /etc at every "
     "boot",
     "have /boot/config/go put it there at every boot", Etc::made_anew},
    {"Alpine, diskless", "", "alpine",
     "add @ to the kernel's line in the boot medium's syslinux.cfg or grub.cfg",
     "remove @ from the kernel's line in the boot medium's syslinux.cfg or grub.cfg",
     "the boot medium carries it", "in a file of /etc/modprobe.d, kept by: lbu commit",
     "put it in place, then: lbu commit", Etc::lost},
    {"TrueNAS", "/usr/bin/midclt", "",
     "add @ to kernel_extra_options, all of which is set at once (midclt call "
     "system.advanced.config; midclt call system.advanced.update)",
     "remove @ from kernel_extra_options, all of which is set at once (midclt call "
     "system.advanced.config; midclt call system.advanced.update)",
     image_brings,
     "as MODULE.PARAMETER=VALUE in kernel_extra_options (midclt call system.advanced.config; "
     "midclt call system.advanced.update)",
     "the system makes /etc itself, see https://www.truenas.com/docs", Etc::made_elsewhere},
    {"Harvester", "/oem/harvester.config", "",
     "add @ to third_party_kernel_args (grub2-editenv /oem/grubenv list; grub2-editenv "
     "/oem/grubenv set third_party_kernel_args='...')",
     "remove @ from third_party_kernel_args (grub2-editenv /oem/grubenv list; grub2-editenv "
     "/oem/grubenv set third_party_kernel_args='...')",
     image_brings,
     "by Harvester's CloudInit resource (https://docs.harvesterhci.io, advanced/cloudinitcrd), at "
     "every boot",
     oem_hook, Etc::made_anew},
    {"Kairos", "/etc/kairos-release", "",
     "add @ to the kernel command line, see https://kairos.io/docs",
     "remove @ from the kernel command line, see https://kairos.io/docs", image_brings, oem_files,
     oem_hook, Etc::made_anew},
    {"Elemental", "/run/elemental/active_mode", "",
     "add @ to the kernel command line, see https://rancher.github.io/elemental-toolkit",
     "remove @ from the kernel command line, see https://rancher.github.io/elemental-toolkit",
     image_brings, oem_files, oem_hook, Etc::made_anew},
    {"a live image of NixOS", "/iso/nix-store.squashfs", "", live_add, live_remove, image_brings,
     live_files, live_hook, Etc::made_anew},
    {"a live image of Debian", "/run/live/medium", "", live_add, live_remove, image_brings,
     live_files, live_hook, Etc::made_anew},
    {"a live image of Arch Linux", "/run/archiso", "", live_add, live_remove, image_brings,
     live_files, live_hook, Etc::made_anew},
    {"a live image", "/run/initramfs/live", "", live_add, live_remove, image_brings, live_files,
     live_hook, Etc::made_anew},
    {"a live image of Ubuntu", "/cdrom/casper", "", live_add, live_remove, image_brings, live_files,
     live_hook, Etc::lost},

    {"bootc", "/usr/lib/bootc/install", "",
     "add @ to a file of /usr/lib/bootc/kargs.d in the image",
     "remove @ from the files of /usr/lib/bootc/kargs.d in the image", "build it into the image",
     "put it into the image (Containerfile)",
     "link it from libvirt's hooks/qemu.d in the image (Containerfile)", Etc::made_elsewhere,
     "bootc upgrade"},
    {"ostree", "/run/ostree-booted", "", "run: rpm-ostree kargs --append-if-missing=@",
     "run: rpm-ostree kargs --delete-if-present=@", "rpm-ostree initramfs --enable",
     "write it below /etc, which is kept across deployments", "", Etc::kept},
    {"NixOS", "", "nixos", "add @ to boot.kernelParams in configuration.nix",
     "remove @ from boot.kernelParams in configuration.nix", "nixos-rebuild boot",
     "boot.extraModprobeConfig in configuration.nix",
     "virtualisation.libvirtd.hooks.qemu in configuration.nix", Etc::made_elsewhere,
     "nixos-rebuild boot"},
    {"MicroOS", "", "opensuse-microos",
     "add @ to GRUB_CMDLINE_LINUX in /etc/default/grub, then run: transactional-update grub.cfg",
     "remove @ from GRUB_CMDLINE_LINUX in /etc/default/grub, then run: transactional-update "
     "grub.cfg",
     "transactional-update initrd", "write it below /etc", "", Etc::kept},
    {"SL Micro", "", "sl-micro",
     "add @ to GRUB_CMDLINE_LINUX in /etc/default/grub, then run: transactional-update grub.cfg",
     "remove @ from GRUB_CMDLINE_LINUX in /etc/default/grub, then run: transactional-update "
     "grub.cfg",
     "transactional-update initrd", "write it below /etc", "", Etc::kept},
    {"Flatcar", "", "flatcar", "add @ to linux_append in /oem/grub.cfg",
     "remove @ from linux_append in /oem/grub.cfg", "the image carries it",
     "write it below /etc (Ignition)", "", Etc::kept},
    {"Talos", "", "talos", "add @ to machine.install.extraKernelArgs, then upgrade the node",
     "remove @ from machine.install.extraKernelArgs, then upgrade the node", "the image carries it",
     "machine.kernel.modules in the machine configuration", "the image carries it",
     Etc::made_elsewhere},
    {"its root is made anew at every boot", "", "",
     "add @ to the kernel command line where this machine is booted from",
     "remove @ from the kernel command line where this machine is booted from", image_brings,
     "put it where this machine's /etc is made from",
     "put it where this machine's /etc is made "
     "from",
     Etc::lost},
}};

bool fits(const HostKind& kind, const Sysroot& root, std::string_view os_id, const Fact& lasts) {
    if ((kind.etc == Etc::made_anew && lasts.on()) || (kind.etc == Etc::lost && !lasts.off()) ||
        (kind.etc == Etc::kept && lasts.off()))
        return false;
    return (kind.marker.empty() && kind.os_id.empty()) ||
           (!kind.marker.empty() && root.exists(kind.marker)) ||
           (!kind.os_id.empty() && os_id == kind.os_id);
}

} // namespace

std::span<const HostKind> host_kinds() {
    return kinds;
}

const HostKind* host_kind(const Sysroot& root, std::string_view os_id, const Fact& lasts) {
    const auto* found = std::find_if(kinds.begin(), kinds.end(), [&](const HostKind& kind) {
        return fits(kind, root, os_id, lasts);
    });
    return found == kinds.end() ? nullptr : found;
}

} // namespace virt_nested
