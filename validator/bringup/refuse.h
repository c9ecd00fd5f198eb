// SPDX-License-Identifier: GPL-2.0-or-later
// Why `enable` and `disable` do nothing on a host: each fills in the plan's refusal and is true, or
// is false.
#pragma once

#include "core/modconf/values.h"
#include "validator/bringup/plan.h"

#include <string>
#include <string_view>

namespace virt_nested {

Plan& refuse(Plan& plan, ExitStatus status, std::string why);

/// Where the parameter is not a matter of modprobe.d.
bool refuse_by_platform(const Facts& facts, Plan& plan);
/// Where what is written to /etc is not what the next boot has.
bool refuse_by_root(const Facts& facts, Plan& plan);
/// Only a parameter that is there, and takes 0 and 1, is written.
bool refuse_by_parameter(const Sysroot& root, const Facts& facts, Plan& plan);

/// Of the built-in table.
Parmtype type_of(const std::string& module, std::string_view parameter);

} // namespace virt_nested
