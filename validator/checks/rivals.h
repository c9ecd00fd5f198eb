// SPDX-License-Identifier: GPL-2.0-or-later
// The check on other hypervisors' modules.
#pragma once

#include "validator/checks/check.h"

namespace virt_nested {

Check rival_hypervisor_check();

} // namespace virt_nested
