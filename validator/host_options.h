// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands that validate this host have in common.
#pragma once

#include "cli/command.h"
#include "validator/checks/check.h"

namespace virt_nested {

/// --config, and for root on the live host the answers that are kept of images.
ValidateOptions host_options(const Parsed& parsed, const Sysroot& root);

/// From now on: a wedged device or network file system must not hang the validation.
void begin_time_limit();

} // namespace virt_nested
