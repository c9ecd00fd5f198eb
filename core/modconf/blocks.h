// SPDX-License-Identifier: GPL-2.0-or-later
// What keeps a module from being loaded. For core/modconf* alone.
#pragma once

#include "core/modconf/install.h"
#include "core/modconf/modconf.h"

namespace virt_nested {

/// Adds to `out.blocks` what stands in the way of `out.module`. `own`: what its install command
/// comes to, or nullptr where it has none.
void add_blocks(const ModConf& conf, const Cmdline& cmdline, const LoadContext& context,
                const InstallEffect* own, Effective& out);

} // namespace virt_nested
