// SPDX-License-Identifier: GPL-2.0-or-later
// The one file that `virt-nested enable` and `disable` leave on a host.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// Written by `enable` and `disable`, nothing else is. It masks the vendor's file of the same name
/// (modprobe.d(5)), comes before every other, and so leaves the last word to the administrator.
inline constexpr const char* own_file = "/etc/modprobe.d/00-virt-nested.conf";

/// "options kvm_amd nested=1"
std::string option_line(const std::string& module, bool on);
/// The file's text. Only a number is good for every kernel: kvm_amd does not load with nested=Y.
std::string own_text(const std::vector<std::string>& modules, bool on);
/// No word in it but those that own_text() writes, for any module and value.
bool is_own_text(std::string_view text);

} // namespace virt_nested
