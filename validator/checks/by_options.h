// SPDX-License-Identifier: GPL-2.0-or-later
// What the options that reach a module make of `nested`. Pure.
#pragma once

#include "validator/checks/outlook.h"

#include <string>
#include <vector>

namespace virt_nested {

/// `boot`: for the next boot, where udev loads by alias; `kernel`: the release that is to load it;
/// `last`: settings that come behind all others.
Outlook by_options(const Facts& facts, const ModConf& conf, const Cmdline& cmdline, bool boot,
                   const std::string& kernel, const std::vector<Setting>& last = {});

} // namespace virt_nested
