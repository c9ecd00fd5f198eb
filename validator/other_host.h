// SPDX-License-Identifier: GPL-2.0-or-later
// Another host, by what `virt-nested facts` printed there.
#pragma once

#include "core/filter.h"

#include <string>

namespace virt_nested {

/// `file` may be a pipe, as a shell makes it of <(ssh HOST virt-nested facts). UsageError where it
/// cannot be read, holds something else, or facts of another version.
TargetHost host_of_facts(const std::string& file);

} // namespace virt_nested
