// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's own configuration, followed as its shell does.
#include "validator/boot/grub/run.h"
#include "validator/boot/readers.h"

#include <cerrno>

namespace virt_nested {

BootMenu read_grub_menu(const Sysroot& root, const std::string& config, const BootLimits& limits) {
    BootMenu out;
    const Result<FileStatus> status = root.status(config);
    out.found = status || (status.error().code != ENOENT && status.error().code != ENOTDIR);
    if (out.found)
        grub::Run(root, limits, config, out).whole();
    return out;
}

} // namespace virt_nested
