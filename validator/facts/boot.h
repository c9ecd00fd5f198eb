// SPDX-License-Identifier: GPL-2.0-or-later
// What the next boot will read: the boot loader's entries, and the initramfs images.
#pragma once

#include "core/platform.h"
#include "validator/boot/entries.h"
#include "validator/boot/initramfs.h"
#include "validator/facts/machine.h"

#include <string>
#include <vector>

namespace virt_nested {

struct BootFacts {
    std::vector<BootEntry> entries;
    std::string kernel;                 ///< release of the next boot
    std::vector<InitramfsImage> images; ///< the next boot's first
    std::string image_problem;          ///< why there is none, where one was looked for
    bool unified = false;               ///< the next boot's kernel is a unified kernel image
};

struct BootOptions {
    bool deep = false; ///< look into every initramfs, not only the next boot's
    std::string cache; ///< file that keeps what was in an initramfs; empty: none
};

BootFacts read_boot(const Sysroot& root, const Platform* platform, const MachineFacts& machine,
                    const BootOptions& options);

} // namespace virt_nested
