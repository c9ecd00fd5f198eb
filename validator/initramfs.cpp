// SPDX-License-Identifier: GPL-2.0-or-later
// What an initramfs holds that concerns KVM.
#include "validator/initramfs.h"

#include <algorithm>

namespace virt_nested {

bool InitramfsContent::has(std::string_view module) const {
    return std::find(modules.begin(), modules.end(), module) != modules.end();
}

} // namespace virt_nested
