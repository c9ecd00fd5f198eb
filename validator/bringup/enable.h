// SPDX-License-Identifier: GPL-2.0-or-later
// Turning nesting on and off: the plan carried out, in the order that leaves the host whole at
// every step.
#pragma once

#include "cli/exit_status.h"
#include "core/sysroot.h"

namespace virt_nested {

struct EnableOptions {
    bool on = true;
    bool dry_run = false;
    bool now = false;      ///< reload the module
    bool runtime = false;  ///< with `now`: by the module's options alone, nothing is written
    bool initramfs = true; ///< build the image of the next boot anew, where it is stale
};

/// Prints the steps to standard output, what stands against them to standard error.
ExitStatus enable(const Sysroot& root, const EnableOptions& options);

} // namespace virt_nested
