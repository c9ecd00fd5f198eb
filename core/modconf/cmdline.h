// SPDX-License-Identifier: GPL-2.0-or-later
// How the kernel cuts a string of parameters. For core/modconf* alone.
#pragma once

#include "core/modconf/modconf.h"

namespace virt_nested {

/// The words of the command line, or of the options that a module is loaded with: both are cut by
/// lib/cmdline.c next_arg.
std::vector<Cmdline::Token> kernel_tokens(std::string_view text);

} // namespace virt_nested
