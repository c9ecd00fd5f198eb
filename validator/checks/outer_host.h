// SPDX-License-Identifier: GPL-2.0-or-later
// What the owner of a host that is itself a guest does, so that it can nest.
#pragma once

#include "validator/facts/facts.h"

#include <string>

namespace virt_nested {

/// Of a host whose level is not bare metal: its outer host's own recipe, or whose it is to find
/// one.
std::string mend_outer_host(const Facts& facts);
/// The same for another feature than the one that nests.
std::string mend_outer_host(const Facts& facts, const std::string& feature);

} // namespace virt_nested
