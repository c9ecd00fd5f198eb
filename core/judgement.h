// SPDX-License-Identifier: GPL-2.0-or-later
// Read everything, then decide: what the hook and `virt-nested explain` have in common.
#pragma once

#include "core/policy.h"

namespace virt_nested {

struct Judgement {
    Phase phase = Phase::prepare;
    bool readable = true;    ///< the input was a domain
    bool label_seen = false; ///< the label's prefix occurs in the bytes (label.h)
    size_t bytes = 0;        ///< of the input, read in all
    bool whole = false;      ///< it was read until it ended, not until it failed
    bool host_read = false;
    Domain domain;
    Host host;
    Verdict verdict;
};

/// The input is read until it ends or fails, whatever is in it. `always_read_host`: for a person,
/// who wants to see the facts even where the verdict does not rest on them.
Judgement judge_guest(Phase phase, const ByteSource& xml, const Sysroot& root, const Config& config,
                      bool always_read_host = false);

/// The same where the host was read already, or told by a connection.
Judgement judge_guest(Phase phase, std::string_view xml, const Host& host, const Config& config);

} // namespace virt_nested
