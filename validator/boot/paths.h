// SPDX-License-Identifier: GPL-2.0-or-later
// Where a boot loader's path leads. It is relative to a file system that the loader sees, which the
// running system has mounted somewhere (Boot Loader Specification, "Type #1 entries"; GRUB manual,
// "File name syntax").
#pragma once

#include "core/sysroot.h"

#include <string>
#include <string_view>

namespace virt_nested {

struct BootFile {
    std::string path; ///< inside the root; of several that could be meant, the first that exists
    bool exists = false;
};

/// `beside`: the file or folder that holds the entry, e.g. "/boot/efi/loader/entries": its file
/// system is the one that the path is relative to. A subvolume in front (btrfs: /@/boot/vmlinuz,
/// ZFS: /BOOT/debian@/vmlinuz) is passed by, and EFI's backslashes are slashes.
BootFile boot_file(const Sysroot& root, std::string_view beside, std::string_view path);

} // namespace virt_nested
