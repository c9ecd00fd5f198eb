// SPDX-License-Identifier: GPL-2.0-or-later
// What our reading and libkmod's have to agree on.
#pragma once

#include "core/modconf/modconf.h"
#include "tests/differential/sandbox.h"

#include <optional>
#include <string>

namespace virt_nested::test {

/// The first thing that differs, in words; nothing where all is the same. libkmod is asked in this
/// process.
std::optional<std::string> compare_with_libkmod(const Sandbox& sandbox, const ModConf& conf,
                                                const Cmdline& cmdline);

/// The same for the program: `modprobe --show-depends`, by name and as udev loads.
std::optional<std::string> compare_with_modprobe(const Sandbox& sandbox, const ModConf& conf,
                                                 const Cmdline& cmdline);

/// Whether what we follow of an install command is what a shell runs.
std::optional<std::string> compare_with_shell(const Sandbox& sandbox, const std::string& command);

} // namespace virt_nested::test
