// SPDX-License-Identifier: GPL-2.0-or-later
// What programs need to know of a host, in one line: docs/facts.schema.json.
#pragma once

#include "core/result.h"
#include "validator/checks/report.h"
#include "validator/facts/facts.h"

#include <cstdint>
#include <optional>
#include <string>

namespace virt_nested {

/// JSON in one line, under 4 KiB whatever the host has. `guests`: the counts as the guests' program
/// prints them, or why there are none; absent: nobody asked. `now`: seconds since 1970.
std::string facts_line(const Facts& facts, const Report& report,
                       const std::optional<Result<std::string>>& guests, int64_t now);

} // namespace virt_nested
