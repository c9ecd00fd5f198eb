// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested inject, where it is about guests that libvirt knows.
#pragma once

#include "cli/command.h"

namespace virt_nested {

extern const Command inject_guests;

} // namespace virt_nested
