// SPDX-License-Identifier: GPL-2.0-or-later
// What libvirt is answered, and what it is told with it.
#pragma once

#include "hooks/arguments.h"

namespace virt_nested {

/// Whether anything but 0 may be the answer at this operation.
bool is_judged(const char* operation);

/// The exit status at an operation that is judged. Pass is what has to be proven: by the judge's
/// word, for a guest that may be labelled or under a strict rule. Never later than ten seconds.
int answer(char** argv, const HookArguments& arguments);

/// Answers at any other operation, where nothing may fail: 0, at once. Where a guest may be looked
/// at all the same, a process that nobody waits for has it judged, for the log.
int let_pass(char** argv, const HookArguments& arguments);

} // namespace virt_nested
