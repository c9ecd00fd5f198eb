// SPDX-License-Identifier: GPL-2.0-or-later
// Whether the host will nest after the next load of the module, and after the next boot: the facts
// folded into one answer, with what it rests on. Pure.
#pragma once

#include "validator/checks/by_options.h"

namespace virt_nested {

/// What `modprobe MODULE` would lead to.
Outlook at_next_load(const Facts& facts);

/// What the next boot will lead to: for each boot that may come next, the image's modprobe.d where
/// the image loads the module, the live one else, and the entry's command line. Where they differ,
/// and with any doubt about what boots, undetermined.
Outlook at_next_boot(const Facts& facts);

} // namespace virt_nested
