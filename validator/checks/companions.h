// SPDX-License-Identifier: GPL-2.0-or-later
// Parameters beside `nested` that make nesting absent, slow or odd: one row each.
#pragma once

#include "core/platform.h"
#include "validator/checks/report.h"

#include <span>
#include <string_view>

namespace virt_nested {

struct Companion {
    std::string_view id; ///< of its check
    std::string_view title;
    PlatformId platform;
    std::string_view module;
    std::string_view parameter;
    bool good;          ///< the value that nesting wants
    bool needs_nesting; ///< tells only while `nested` is on (the driver clamps it only then)
    Outcome otherwise;  ///< with the other value
    std::string_view why;
    std::string_view mend;
    std::string_view cpu_line = {}; ///< of /proc/cpuinfo that tells whether the CPU has it
    std::string_view cpu_flag = {}; ///< in it; empty: nothing there tells
    bool until_exclusion = false; ///< only where the module refuses it beside nesting (platform.h)
};

std::span<const Companion> companions();

} // namespace virt_nested
