// SPDX-License-Identifier: GPL-2.0-or-later
// The boot loader's entries, as far as files tell: Boot Loader Specification, GRUB's own
// configuration, unified kernel images.
#pragma once

#include "core/sysroot.h"

#include <string>
#include <vector>

namespace virt_nested {

/// What a boot entry gives the next kernel.
struct BootEntry {
    std::string source; ///< file and line, inside the root
    std::string kernel; ///< release, empty if it cannot be told
    std::string cmdline;
    std::string initrd;  ///< file of its initramfs, inside the root; empty if not told
    bool chosen = false; ///< the boot loader's default, as far as its files tell
};

struct BootEntries {
    std::vector<BootEntry> entries;
    bool unified = false; ///< they are unified kernel images
};

/// Read in that order; the first kind that has entries counts.
BootEntries read_boot_entries(const Sysroot& root);

} // namespace virt_nested
