// SPDX-License-Identifier: GPL-2.0-or-later
// The program that speaks to libvirt, which not every host has.
#pragma once

#include "core/result.h"

#include <chrono>
#include <string>
#include <vector>

namespace virt_nested {

/// Becomes virt-nested-guests, from the folder for such programs or from beside this one. Returns
/// only where it is not there, with exit status 3.
int run_guests_program(const std::string& command, const std::vector<std::string>& arguments);

/// The same as a program of its own, for its output. Error: a sentence, as `facts` gives it.
Result<std::string> ask_guests_program(const std::vector<std::string>& arguments,
                                       std::chrono::milliseconds time_limit);

} // namespace virt_nested
