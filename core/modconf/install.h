// SPDX-License-Identifier: GPL-2.0-or-later
// Commands that modprobe.d puts in place of a load. For core/modconf* and its tests alone.
#pragma once

#include "core/modconf/modconf.h"

#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// The first install line whose pattern matches is the one (kmod: libkmod/libkmod-module.c
/// kmod_module_get_install_commands), or nullptr.
const Directive* install_command(const ModConf& conf, const std::string& module);

/// The softdep line that makes libkmod pass that command by where a module that it names exists
/// (__kmod_module_fill_softdep sets ignorecmd), or nullptr.
const Directive* passing_softdep(const ModConf& conf, const std::string& module);

/// Stands for all that modprobe would hand on: modprobe.d's options, the command line's and its own
/// (kmod: module_do_install_commands puts them in its place).
constexpr std::string_view handed_on = "$CMDLINE_OPTS";

/// What a shell makes of such a command.
struct InstallEffect {
    enum class Kind {
        refuses, ///< the module is not loaded
        loads,   ///< modprobe --ignore-install loads it
        open,    ///< it cannot be followed
    };
    Kind kind = Kind::open;
    std::vector<std::string> arguments; ///< loads: for the module; `handed_on` as it stands
};

InstallEffect follow_install(std::string_view command, const std::string& module);

} // namespace virt_nested
