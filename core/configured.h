// SPDX-License-Identifier: GPL-2.0-or-later
// What is configured for the next load of the module, for who has to explain why it is off now.
#pragma once

#include "core/fact.h"
#include "core/platform.h"
#include "core/sysroot.h"

namespace virt_nested {

/// The setting of the platform's parameter that has the last word in modprobe.d and on the running
/// kernel's command line, with its file and line. Absent: nothing sets it. Undetermined: something
/// could not be read. Reads every file of modprobe.d.
Fact read_configured(const Sysroot& root, const Platform& platform);

} // namespace virt_nested
