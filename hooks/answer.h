// SPDX-License-Identifier: GPL-2.0-or-later
// What libvirt is answered, and what it is told with it.
#pragma once

#include "hooks/arguments.h"

#include <string_view>

namespace virt_nested {

/// Whether anything but 0 may be the answer at this operation.
bool is_judged(const char* operation);

/// The exit status at an operation that is judged.
int answer(char** argv, const HookArguments& arguments);

/// Judges and logs where the answer was given before: in a process of its own that nobody waits
/// for.
void look(char** argv, const HookArguments& arguments);

/// To standard error, which libvirt shows where a guest is refused.
void say(std::string_view line);

} // namespace virt_nested
