// SPDX-License-Identifier: GPL-2.0-or-later
// The readers of boot loaders' own files, one function and one file each; loaders.cpp says when
// each is asked. They never fail: what they could not read or follow is a doubt.
#pragma once

#include "core/sysroot.h"
#include "validator/boot/menu.h"

#include <string>
#include <vector>

namespace virt_nested {

/// GRUB: `config`, e.g. "/boot/grub/grub.cfg", followed as GRUB's shell does, with what it reads,
/// grubenv and blscfg included (grub.cpp). Petitboot reads the same files.
BootMenu read_grub_menu(const Sysroot& root, const std::string& config,
                        const BootLimits& limits = {});

/// The same where several such files are there, and which of them GRUB starts with is not told: one
/// on the EFI system partition that does nothing but read one of the others is passed over; of the
/// rest, each one's next boot may be the next (grub/configs.cpp).
BootMenu read_grub_menus(const Sysroot& root, const std::vector<std::string>& configs,
                         const BootLimits& limits = {});

/// systemd-boot: entry files and unified kernel images below `homes`, its loader.conf, and its EFI
/// variables (systemd_boot.cpp). It reads two file systems, the EFI system partition and an
/// extended boot partition, e.g. {"/efi", "/boot/efi", "/boot"}: those that are not there are
/// passed over.
BootMenu read_systemd_boot_menu(const Sysroot& root, const std::vector<std::string>& homes,
                                const BootLimits& limits = {});

/// syslinux, extlinux, and U-Boot's reading of extlinux.conf (syslinux.cpp).
BootMenu read_syslinux_menu(const Sysroot& root, const std::string& config,
                            const BootLimits& limits = {});

/// zipl.conf of IBM Z, with the entry files that it may point to (zipl.cpp).
BootMenu read_zipl_menu(const Sysroot& root, const std::string& config,
                        const BootLimits& limits = {});

} // namespace virt_nested
