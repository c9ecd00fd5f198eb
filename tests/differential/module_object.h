// SPDX-License-Identifier: GPL-2.0-or-later
// A module with symbols, for depmod to find what needs what.
#pragma once

#include <string>

namespace virt_nested::test {

struct ModuleObject {
    std::string modinfo; ///< records with a NUL behind each
    std::string exports; ///< a symbol, or empty
    std::string imports; ///< a symbol, or empty
};

/// A 64-bit ELF object.
std::string module_object(const ModuleObject& object);

} // namespace virt_nested::test
