// SPDX-License-Identifier: GPL-2.0-or-later
// The inventory in its three forms, all from one list of rows.
#pragma once

#include "cli/output.h"
#include "guests/inventory.h"

namespace virt_nested {

using InventoryFormat = Format<std::vector<GuestRow>, HostSide>;

/// text: a table; names and whatever else comes from outside printable. json: {"uri", "host":
/// {...}, "guests": [...]}; fields are only ever added. prometheus: virt_nested_guest_info, and
/// gauges of 0 and 1 that are absent where the answer is undetermined.
std::span<const InventoryFormat* const> inventory_formats();

} // namespace virt_nested
