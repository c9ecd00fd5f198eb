// SPDX-License-Identifier: GPL-2.0-or-later
// What the next boot will be: the boot loader, which of its entries may be next, with which kernel,
// command line and initramfs; and every doubt about it.
#pragma once

#include "core/platform.h"
#include "validator/boot/arguments.h"
#include "validator/boot/image/initramfs.h"
#include "validator/boot/loaders.h"
#include "validator/boot/menu.h"
#include "validator/boot/next_kernel.h"
#include "validator/facts/machine.h"

#include <string>
#include <vector>

namespace virt_nested {

/// One boot that may come next.
struct NextBoot {
    static constexpr size_t no_image = static_cast<size_t>(-1);

    BootEntry entry;
    KernelFacts kernel;
    size_t image = no_image; ///< in BootFacts::images
};

struct BootFacts {
    const BootLoader* loader = nullptr; ///< nullptr: nothing tells
    const ArgumentList* list = nullptr; ///< of that loader, on this host
    std::string config;                 ///< the loader's own file, inside the root; empty: none
    BootMenu menu;
    /// All that may come next; one without a menu: as this boot, for nothing else is known.
    std::vector<NextBoot> next;
    std::vector<std::string> list_files;  ///< of that list, those that are there
    std::vector<ArgumentPlace> arguments; ///< about KVM, in them
    std::string list_set_in;              ///< ListLines::set_in
    std::vector<InitramfsImage> images;   ///< the next boot's first
    std::string image_problem;            ///< why there is none, where one was looked for

    /// The release of the next boot; the running one's where that cannot be told.
    const std::string& kernel() const;
    bool unified() const; ///< the next boot's kernel is a unified kernel image
    const InitramfsImage* image_of(const NextBoot& boot) const;
};

struct BootOptions {
    bool deep = false; ///< look into every initramfs, not only the next boot's
    std::string cache; ///< file that keeps what was in an initramfs; empty: none
};

/// `running`: the running kernel's, which is also the next one where nothing else is known.
BootFacts read_boot(const Sysroot& root, const Host& host, const MachineFacts& machine,
                    const KernelFacts& running, const BootOptions& options);

} // namespace virt_nested
