// SPDX-License-Identifier: GPL-2.0-or-later
// The boot loader's entries, as far as files tell: Boot Loader Specification, GRUB's own
// configuration, unified kernel images.
#pragma once

#include "validator/facts/facts.h"

namespace virt_nested {

/// Read in that order; the first kind that has entries counts. `unified` is set where they are
/// unified kernel images.
std::vector<BootEntry> read_boot_entries(const Sysroot& root, bool& unified);

} // namespace virt_nested
