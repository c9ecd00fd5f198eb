// SPDX-License-Identifier: GPL-2.0-or-later
// The list of what leaves QEMU's CPU alone: options and what they may say, objects, devices,
// variables, capabilities. What is not on it may change the CPU.
#pragma once

#include <algorithm>
#include <string_view>

namespace virt_nested {

/// What follows an option, and what of it may touch the CPU.
enum class QemuValue {
    none,    ///< nothing does
    any,     ///< nothing of it does
    device,  ///< its driver
    global,  ///< the driver that it is about
    object,  ///< its type
    serial,  ///< "mon:" in front and "mux=on" behind open a monitor (chardev/char.c, qemu_chr_new)
    display, ///< spice-app opens a monitor
    audio,   ///< ALSA's names of devices can be whole configurations, with libraries and commands
    net,     ///< helpers, scripts and commands
    setting, ///< of a device: which one, and its driver
};

struct QemuOption {
    std::string_view name;
    QemuValue value;
};

/// The list's entry for an option, without its dashes, or nullptr.
const QemuOption* harmless_option(std::string_view name);

/// Whether no value follows this option, on the list or not.
bool is_flag(std::string_view name);

bool harmless_value(QemuValue kind, std::string_view text);

/// Of <qemu:env>; by its name alone.
bool harmless_variable(std::string_view name);

/// Of <qemu:capabilities>.
bool harmless_capability(std::string_view name);

/// Aliases of CPUs that libvirt plugs in (libvirt: src/qemu/qemu_alias.c).
bool is_cpu_alias(std::string_view alias);

/// Whether a CPU can be an instance of this type of QEMU's: -device of it makes one, and -global of
/// it sets properties of all that are (QEMU: system/qdev-monitor.c, hw/core/qdev-properties.c,
/// object_apply_global_props). All types of CPUs and of their cores have "cpu" in their names; what
/// they descend from and implement is in hw/core/cpu-common.c and hw/core/qdev.c.
bool can_be_cpu(std::string_view driver);

/// Where the last character is '*', whatever begins so.
inline bool fits(std::string_view word, std::string_view pattern) {
    return pattern.ends_with('*') ? word.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : word == pattern;
}

template<typename List>
bool fits_one(std::string_view word, const List& patterns) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [word](std::string_view pattern) { return fits(word, pattern); });
}

} // namespace virt_nested
