// SPDX-License-Identifier: GPL-2.0-or-later
// A judgement in words and in JSON.
#pragma once

#include "cli/command.h"
#include "core/judgement.h"

namespace virt_nested {

/// Of `virt-nested explain`, which two programs carry out: for a definition in a file, and for a
/// guest that libvirt knows.
Options explain_options();

/// --phase, or `otherwise`.
Phase phase_of(const Parsed& parsed, Phase otherwise);

/// Prints the judgement in the format that was chosen: for a person the verdict first, then each
/// fact with where it was read; as JSON one object with verdict (pass or refuse, what the hook
/// does), undetermined, phase, label, domain, reason, fix (a command), decision (words),
/// would_refuse (but for mode = report), warnings, facts (name, state, found, source, reason), to
/// which fields are only ever added. Returns the exit status.
int explain(const Judgement& judgement, const Config& config, const Parsed& parsed);

} // namespace virt_nested
