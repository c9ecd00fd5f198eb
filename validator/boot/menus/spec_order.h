// SPDX-License-Identifier: GPL-2.0-or-later
// The comparisons that systemd-boot and zipl order and choose entries by. Pure.
#pragma once

#include <string_view>

namespace virt_nested {

/// Versions by the UAPI group's Version Format Specification: below 0: a is older. What is no part
/// of a version separates.
int compare_versions(std::string_view a, std::string_view b);

/// systemd-boot's patterns: '*', '?', '[a-z]' and a backslash, and no more of fnmatch(3) (systemd:
/// src/boot/efi-string.c efi_fnmatch). Takes at most the product of the lengths.
bool matches_pattern(std::string_view pattern, std::string_view text);

} // namespace virt_nested
