// SPDX-License-Identifier: GPL-2.0-or-later
// Machines on which KVM cannot nest, whatever is set on them: one reason, one mend.
#pragma once

#include "validator/checks/report.h"
#include "validator/facts/facts.h"

#include <optional>
#include <string>

namespace virt_nested {

struct CannotNest {
    std::string what;   ///< a clause: "this machine is a confidential guest (AMD SEV)"
    std::string source; ///< the file that tells
    std::string why;
    Mend mend;              ///< what there is to do, if not here
    std::string refusal;    ///< why `enable` does nothing: all of it in one
    bool this_boot = false; ///< another entry of the boot loader's may change it
};

/// Absent: KVM offers nesting, or nothing rules it out.
std::optional<CannotNest> cannot_nest(const Facts& facts);

/// Then, for what merely follows from it: a skip that says where the reason stands.
std::optional<Finding> follows_cannot(const Facts& facts);

} // namespace virt_nested
