// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested explain, where it is about a guest that libvirt knows.
#pragma once

#include "cli/command.h"

namespace virt_nested {

extern const Command explain_guest;

} // namespace virt_nested
