// SPDX-License-Identifier: GPL-2.0-or-later
// The commands of `virt-nested`, gathered from the files cmd_*.cpp of validator/ and guests/.
#pragma once

#include "cli/command.h"

#include <span>

namespace virt_nested {

/// Done by virt-nested itself.
std::span<const Command* const> host_commands();
/// Done by virt-nested-guests, which links libvirt; in virt-nested, which lists them and hands them
/// on, they have no `run`.
std::span<const Command* const> guest_commands();

} // namespace virt_nested
