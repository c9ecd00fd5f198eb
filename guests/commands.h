// SPDX-License-Identifier: GPL-2.0-or-later
// The commands of virt-nested-guests; `arguments` as in validator/command.h.
#pragma once

#include <string>
#include <vector>

namespace virt_nested {

int run_label(const std::vector<std::string>& arguments);
int run_unlabel(const std::vector<std::string>& arguments);
int run_list(const std::vector<std::string>& arguments);
int run_inject(const std::vector<std::string>& arguments);
int run_selftest(const std::vector<std::string>& arguments);
int run_explain_guest(const std::vector<std::string>& arguments);

} // namespace virt_nested
