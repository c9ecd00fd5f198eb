// SPDX-License-Identifier: GPL-2.0-or-later
// Several hosts asked at the same time, each by a process of its own: a call into libvirt that
// waits for a host that never answers can be ended in no other way, nor can the ssh behind it.
#pragma once

#include "core/result.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace virt_nested {

struct AskingLimits {
    size_t at_once = 16;
    /// From one word of a host to the next, not for all of its answer: many guests take long.
    std::chrono::milliseconds silence{30000};
};

/// Runs in the other process: the answer of one host, as bytes. `alive` is called whenever the host
/// has said anything. No terminal is there, so nobody is asked for a password.
using Ask = std::function<std::string(const std::string& host, const std::function<void()>& alive)>;

/// `take` gets the answer of each host, or why there is none, as they come in; `index` is its place
/// in `hosts`. When this returns no process is left. SIGINT, SIGTERM and SIGHUP end them all, and
/// then this one.
void ask_side_by_side(const std::vector<std::string>& hosts, const AskingLimits& limits,
                      const Ask& ask,
                      const std::function<void(size_t index, Result<std::string> answer)>& take);

} // namespace virt_nested
