// SPDX-License-Identifier: GPL-2.0-or-later
// Words of the kernel command line that are the kernel's own, and keep KVM away.
#pragma once

#include "core/modconf/modconf.h"
#include "core/platform.h"

#include <optional>
#include <string>
#include <vector>

namespace virt_nested {

inline constexpr std::string_view clear_flags = "clearcpuid";
/// That option, as it stands, where it takes the platform's flag from the CPU.
std::optional<std::string> clears_cpu_flag(const Cmdline& cmdline, const Platform& platform);

/// The platform's option that turns nesting on (Platform::boot_option), as a command line has it.
struct BootOption {
    std::optional<std::string> value; ///< the last one given; absent: none is
    bool set = false;                 ///< it is the one that nests
};
BootOption boot_option(const Cmdline& cmdline, const Platform& platform);

/// What the kernel was told about modules, of which this one is to be loaded.
void add_module_blacklist(const Cmdline& cmdline, const std::string& module,
                          std::vector<Block>& blocks);
void add_initcall_blacklist(const Cmdline& cmdline, const std::string& module,
                            const std::string& kernel, std::vector<Block>& blocks);
void add_modules_disabled(const Cmdline& cmdline, std::vector<Block>& blocks);

} // namespace virt_nested
