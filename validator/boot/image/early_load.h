// SPDX-License-Identifier: GPL-2.0-or-later
// Whether an initramfs that holds the module loads it, and with what beside its modprobe.d. Pure.
#pragma once

#include "core/modconf/modconf.h"
#include "core/platform.h"
#include "validator/boot/image/initramfs.h"

#include <optional>
#include <string>
#include <vector>

namespace virt_nested {

/// A word of the image's own command line: /etc/cmdline and /etc/cmdline.d/*.conf, which dracut
/// adds to the kernel's for its own arguments, and modprobe does not read (dracut:
/// modules.d/99base/dracut-lib.sh getcmdline).
struct ImageArgument {
    std::string text;
    Origin origin;
};
std::vector<ImageArgument> image_arguments(const InitramfsContent& content,
                                           const KmodProfile& profile);

struct EarlyLoad {
    bool loads = false;
    std::string by;                    ///< "udev", or the words that name the module
    std::optional<ImageArgument> held; ///< rd.driver.blacklist=, where it keeps udev from it
    /// What its line in conf/modules says, behind all other options (initramfs-tools:
    /// scripts/functions load_modules).
    std::vector<Setting> settings;
    std::string options; ///< that line's words
};

/// `cmdline`: the kernel's, of that boot.
EarlyLoad early_load(const InitramfsContent& content, const Cmdline& cmdline,
                     const Platform& platform, const KmodProfile& profile);

} // namespace virt_nested
