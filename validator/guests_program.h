// SPDX-License-Identifier: GPL-2.0-or-later
// The program that speaks to libvirt, which not every host has.
#pragma once

#include <string>
#include <vector>

namespace virt_nested {

/// Becomes virt-nested-guests, from the folder for such programs or from beside this one. Returns
/// only where it is not there, with exit status 3.
int run_guests_program(const std::string& command, const std::vector<std::string>& arguments);

} // namespace virt_nested
