// SPDX-License-Identifier: GPL-2.0-or-later
// What the exit statuses of `virt-nested` mean. They are stable: scripts rest on them.
#pragma once

namespace virt_nested {

enum ExitStatus {
    exit_pass = 0,
    exit_fail = 1,  ///< validate: a horizon fails; explain: the hook would refuse; else: it could
                    ///< not be done
    exit_usage = 2, ///< wrong usage
    exit_undetermined = 3, ///< nothing could be decided
    exit_warn = 4,         ///< passes, with warnings
};

} // namespace virt_nested
