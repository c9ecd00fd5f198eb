// SPDX-License-Identifier: GPL-2.0-or-later
// What the next boot will read: the boot loader's entries, and the initramfs images.
#include "validator/facts.h"

namespace virt_nested {

void gather_boot(const Sysroot&, const ValidateOptions&, Facts& facts) {
    facts.boot_kernel = facts.kernel;
}

} // namespace virt_nested
