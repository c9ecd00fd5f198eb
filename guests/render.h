// SPDX-License-Identifier: GPL-2.0-or-later
// The inventory in its three forms, all from one list of rows.
#pragma once

#include "guests/inventory.h"

namespace virt_nested {

/// A table; names and whatever else comes from outside printable.
std::string inventory_text(const std::vector<GuestRow>& rows, const HostSide& side);

/// {"uri", "host": {...}, "guests": [...]}; fields are only ever added.
std::string inventory_json(const std::vector<GuestRow>& rows, const HostSide& side);

/// Prometheus text exposition format 0.0.4: virt_nested_guest_info, and gauges of 0 and 1 that are
/// absent where the answer is undetermined.
std::string inventory_prometheus(const std::vector<GuestRow>& rows);

} // namespace virt_nested
