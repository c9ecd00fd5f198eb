// SPDX-License-Identifier: GPL-2.0-or-later
// Options and limits of a validation.
#include "validator/host_options.h"

#include <chrono>
#include <unistd.h>

namespace virt_nested {

ValidateOptions host_options(const Parsed& parsed, const Sysroot& root) {
    ValidateOptions out;
    out.config = file_of(parsed, "config");
    if (root.live() && ::geteuid() == 0)
        out.cache = "/var/cache/virt-nested/initramfs.json";
    return out;
}

void begin_time_limit() {
    set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(120));
}

} // namespace virt_nested
