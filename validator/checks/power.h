// SPDX-License-Identifier: GPL-2.0-or-later
// What POWER asks for beside the parameter, and who can give it.
#pragma once

#include "validator/checks/mend.h"

namespace virt_nested {

/// How KVM-HV comes to offer what its parameter alone does not bring.
Mend mend_power(const Facts& facts);

} // namespace virt_nested
