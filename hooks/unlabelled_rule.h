// SPDX-License-Identifier: GPL-2.0-or-later
// What the site says of guests without a label, as far as the front needs its configuration.
#pragma once

#include "core/config.h"
#include "hooks/arguments.h"

namespace virt_nested {

/// The default where the file cannot be read.
UnlabelledRule read_unlabelled_rule(const HookArguments& arguments);

} // namespace virt_nested
