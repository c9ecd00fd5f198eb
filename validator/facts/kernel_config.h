// SPDX-License-Identifier: GPL-2.0-or-later
// How a kernel was built.
#pragma once

#include "core/sysroot.h"

#include <optional>
#include <string>
#include <string_view>

namespace virt_nested {

/// Whether kernel `release` was built with this option, as y or m ("CONFIG_KVM_INTEL"); nothing
/// where its configuration is not to be had. `running`: /proc/config.gz is about it.
std::optional<bool> built_with(const Sysroot& root, const std::string& release,
                               std::string_view option, bool running);

/// The same of a configuration's text.
bool built_with(std::string_view config, std::string_view option);

} // namespace virt_nested
