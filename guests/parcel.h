// SPDX-License-Identifier: GPL-2.0-or-later
// A host's answer as bytes, from one process of this program to another.
#pragma once

#include "guests/host_answer.h"

#include <optional>
#include <string>
#include <string_view>

namespace virt_nested {

/// Without what no format shows.
std::string packed(const HostAnswer& answer);
/// Nothing where the bytes are not what packed() gave.
std::optional<HostAnswer> unpacked(std::string_view bytes);

} // namespace virt_nested
