// SPDX-License-Identifier: GPL-2.0-or-later
// A module that the running kernel has not got.
#pragma once

#include "validator/checks/step.h"
#include "validator/facts/facts.h"

#include <string>

namespace virt_nested {

struct MissingModule {
    std::string
        found; ///< a clause behind "not loaded, "; empty: it is there, for all that is known
    std::string why;
    Mend mend;
};
MissingModule missing_module(const Facts& facts);

} // namespace virt_nested
