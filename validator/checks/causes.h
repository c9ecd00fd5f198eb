// SPDX-License-Identifier: GPL-2.0-or-later
// From findings to the plan: what has to be dealt with, in which order, and what merely follows.
// Findings with the same first step have one cause. Pure.
#pragma once

#include "validator/checks/report.h"

namespace virt_nested {

/// Fills in the report's plan, and each finding's place in it.
void plan(Report& report);

} // namespace virt_nested
