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

/// `edited`, which an XML library wrote, with every line that `original` also has written as the
/// original has it; other lines get libvirt's single quotes where that is safe. `reserialized` is
/// the original as the same library writes it.
std::string as_libvirt_writes(std::string_view original, std::string_view reserialized,
                              std::string_view edited);

} // namespace virt_nested
