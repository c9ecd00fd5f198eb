// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands that validate this host have in common.
#pragma once

#include "cli/command.h"
#include "validator/checks/check.h"

namespace virt_nested {

/// --config, and for root on the live host the answers that are kept of images.
ValidateOptions host_options(const Parsed& parsed, const Sysroot& root);

/// --root DIR|FILE: a captured folder, or a capture. UsageError where it is neither; a capture that
/// is damaged: std::runtime_error, which ends the program with 3.
Sysroot root_or_capture_of(const Parsed& parsed);

/// From now on: a wedged device or network file system must not hang the validation.
void begin_time_limit();

} // namespace virt_nested
