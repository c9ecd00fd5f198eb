// SPDX-License-Identifier: GPL-2.0-or-later
// Reports that are kept: two of them differ where the host does.
#pragma once

#include "validator/checks/report.h"

#include <string>
#include <string_view>

namespace virt_nested {

/// Without what changes by itself: the time in front of a line of the kernel's log
/// (kernel/printk/printk.c print_time), and how often a module is in use.
std::string steady(std::string_view text);
void make_steady(Report& report);

} // namespace virt_nested
