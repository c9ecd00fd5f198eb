// SPDX-License-Identifier: GPL-2.0-or-later
// A machine asked once for everything that a verdict can rest on, and its answers.
#pragma once

#include "core/recording.h"
#include "validator/checks/check.h"

#include <memory>
#include <string>

namespace virt_nested {

struct Captured {
    std::shared_ptr<Recording> recording;
    std::string report; ///< what `validate` says there, as report_to_compare() has it
};

/// Asks what validate, explain, facts and inject ask, of every image and as each version of kmod
/// would. Throws std::runtime_error where `root` is a capture itself.
Captured capture(const Sysroot& root, const ValidateOptions& options);

/// The report of a machine, in a form to compare with that of its capture.
std::string report_to_compare(const Sysroot& root, const ValidateOptions& options);

/// The machine's own name: of the running one, or what the captured folder says. Empty: not known.
std::string name_of_host(const Sysroot& root);

} // namespace virt_nested
