// SPDX-License-Identifier: GPL-2.0-or-later
// What a definition hands to QEMU past libvirt (libvirt: docs/drvqemu.rst), held against a list of
// what is known to leave the CPU alone. Everything else may change it, and is named.
#pragma once

#include "core/config.h"
#include "core/domain.h"

#include <string>
#include <string_view>

namespace virt_nested {

/// The first piece that may change the CPU; printable.
struct QemuDoubt {
    std::string what;       ///< "-cpu", "LD_PRELOAD"; empty: there is no doubt
    std::string_view where; ///< the element that has it, "<qemu:commandline>"
    bool vouchable = false; ///< qemu_arguments of the configuration can vouch for it
};

/// `vouched`: each argument that qemu_arguments names is passed over, by itself alone: an option
/// and its value are two; a variable is NAME=VALUE.
QemuDoubt doubt_of(const Domain& domain, const Vouched& vouched);

} // namespace virt_nested
