// SPDX-License-Identifier: GPL-2.0-or-later
// Turning nesting on and off: the plan carried out, in the order that leaves the host whole at
// every step.
#pragma once

#include "cli/exit_status.h"
#include "core/sysroot.h"

#include <string>
#include <vector>

namespace virt_nested {

struct EnableOptions {
    bool on = true;
    bool dry_run = false;
    bool now = false;      ///< reload the module
    bool runtime = false;  ///< with `now`: by the module's options alone, nothing is written
    bool initramfs = true; ///< build the image of the next boot anew, where it is stale
};

/// What a run did, or with `dry_run` would do.
struct EnableResult {
    bool changed = false;
    std::string file_before; ///< our file: "absent", "nested=1", "nested=0", or "other"
    std::string file_after;
    std::string running_before; ///< the module's parameter; empty: there is none
    std::string running_after;
    /// What has to come before it counts: "reload", "reboot", "image" (to be built anew).
    std::vector<std::string> waits;
};

/// Prints the steps to standard output, what stands against them to standard error.
ExitStatus enable(const Sysroot& root, const EnableOptions& options, EnableResult& result);

/// Takes our file away, which is all that the other two leave on the disk.
ExitStatus reset(const Sysroot& root, bool dry_run, EnableResult& result);

} // namespace virt_nested
