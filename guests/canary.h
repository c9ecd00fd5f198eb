// SPDX-License-Identifier: GPL-2.0-or-later
// The canary of `virt-nested selftest`, and what its fate tells. Pure but for a look at the hook
// folder.
#pragma once

#include "cli/exit_status.h"
#include "core/sysroot.h"

#include <string>
#include <string_view>

namespace virt_nested {

inline constexpr std::string_view canary_name_prefix = "virt-nested-selftest-";

/// A guest without disk, network or display, of the first kind that the host can run. Its label's
/// policy is selftest-NONCE, which the hook refuses by name on any host and under any
/// configuration. Errors: the host runs no guests.
Result<std::string> canary_xml(std::string_view capabilities, const std::string& nonce);

bool is_canary(std::string_view domain_xml);

struct CanaryFate {
    bool started = false; ///< and is destroyed already
    bool by_hook = false; ///< refused with libvirt's VIR_ERR_HOOK_SCRIPT_FAILED
    std::string message;  ///< libvirt's, where it did not start
    std::string nonce;
    bool local = true; ///< the hook folder here is the daemon's
    std::string uri;
    bool reports = false; ///< by the configuration here: mode = report
};

struct CanaryVerdict {
    int status = exit_undetermined;
    std::string what; ///< one sentence, with the command that mends it
};

/// pass: refused with the nonce; warn: mode = report, which refuses nothing; fail: enforcement is
/// not live; undetermined: the canary died of something else.
CanaryVerdict judge_canary(const CanaryFate& fate, const Sysroot& root);

} // namespace virt_nested
