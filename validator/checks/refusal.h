// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel logged, held against what is configured now.
#pragma once

#include "validator/checks/step.h"
#include "validator/facts/facts.h"

#include <string>

namespace virt_nested {

/// The kernel's latest word on why KVM is not there, as far as it still holds: the value that it
/// refused an hour ago may be mended since. Or nullptr.
const LogLine* standing_refusal(const Facts& facts);

/// How that is mended; empty: nothing more is known than what the line says.
Mend mend_refusal(const Facts& facts, const LogLine& line);

} // namespace virt_nested
