// SPDX-License-Identifier: GPL-2.0-or-later
// A unified diff of two texts, as `diff -u` writes it.
#pragma once

#include <string>
#include <string_view>

namespace virt_nested {

/// Three lines of context; empty where both are the same. Lines are shown printable, at most 4 KiB
/// of each.
std::string unified_diff(std::string_view old_text, std::string_view new_text,
                         const std::string& old_name, const std::string& new_name);

} // namespace virt_nested
