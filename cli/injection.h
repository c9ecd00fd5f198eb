// SPDX-License-Identifier: GPL-2.0-or-later
// What `virt-nested inject` takes, which two programs carry out: for a definition in a file, and
// for guests that libvirt knows.
#pragma once

#include "cli/command.h"

namespace virt_nested {

Options inject_options();

} // namespace virt_nested
