// SPDX-License-Identifier: GPL-2.0-or-later
// What is the same whatever is written into files and onto the command line. Pure.
#pragma once

#include "validator/checks/by_options.h"

#include <optional>

namespace virt_nested {

/// What the next load or the next boot comes to for reasons that no option changes: the platform,
/// a container, the hardware, an outer host, a hypervisor above; absent: options decide.
std::optional<Outlook> beyond_options(const Facts& facts, Horizon horizon);

} // namespace virt_nested
