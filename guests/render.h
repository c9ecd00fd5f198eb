// SPDX-License-Identifier: GPL-2.0-or-later
// The inventory in its forms, all from one list of rows for each host.
#pragma once

#include "cli/output.h"
#include "guests/host_answer.h"

namespace virt_nested {

using InventoryFormat = Format<Inventory>;

/// text: a table; names and whatever else comes from outside printable. json and counts:
/// docs/list.schema.json; fields are only ever added. prometheus: virt_nested_guest_info, and
/// gauges of 0 and 1 that are absent where the answer is undetermined. Of several hosts, each with
/// a name, and one that did not answer with the reason.
std::span<const InventoryFormat* const> inventory_formats();

} // namespace virt_nested
