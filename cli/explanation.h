// SPDX-License-Identifier: GPL-2.0-or-later
// A judgement in words and in JSON.
#pragma once

#include "core/judgement.h"
#include "core/text.h"

#include <string>

namespace virt_nested {

/// For a person: the verdict first, then each fact with where it was read.
std::string explanation_text(const Judgement& judgement, const Config& config);

/// One object: verdict (pass or refuse, what the hook does), undetermined, phase, label, domain,
/// reason, fix, warnings, facts (name, state, found, source, reason). Fields are only ever added.
std::string explanation_json(const Judgement& judgement, const Config& config);

} // namespace virt_nested
