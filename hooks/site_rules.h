// SPDX-License-Identifier: GPL-2.0-or-later
// What the site has decided, as far as the front needs it.
#pragma once

#include "core/config.h"
#include "hooks/arguments.h"

namespace virt_nested {

/// The defaults where there is no file; nothing where there is one and it cannot be read. Read
/// without memory of its own: read_config() of core brings a Sysroot along. Waits for as long as
/// the file takes; may be left by a jump.
std::optional<Rules> read_rules(const HookArguments& arguments);

} // namespace virt_nested
