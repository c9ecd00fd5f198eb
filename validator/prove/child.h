// SPDX-License-Identifier: GPL-2.0-or-later
// A trial in a process of its own: time inside the kernel is bounded by no signal that can be
// handled, so a parent waits no longer than it wants to.
#pragma once

#include "core/result.h"
#include "validator/prove/evidence.h"

namespace virt_nested::prove {

/// Tells the parent what is known so far.
class Telling {
  public:
    explicit Telling(int pipe) : pipe_(pipe) {}
    void tell(const Evidence& evidence) const;

  private:
    int pipe_;
};

/// What tries: x86/trial.h, or a test's stand-in. Returns what it has seen at its end.
using Trial = Evidence (*)(const Limits& limits, const Telling& telling);

/// Runs it in a child, which dies with this process, and kills it when its time is over. Error:
/// there was no child, or it came to an end without a word on how.
Result<Evidence> in_child(Trial trial, const Limits& limits);

} // namespace virt_nested::prove
