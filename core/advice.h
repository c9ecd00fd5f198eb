// SPDX-License-Identifier: GPL-2.0-or-later
// What ends a refusal. Every command that is given here does; where none would, what has to be
// decided is said instead.
#pragma once

#include "core/delivery.h"
#include "core/host.h"

#include <string>

namespace virt_nested {

struct Advice {
    std::string mend;     ///< a command to paste, or empty
    std::string decision; ///< what has to be decided, or done beside the command; or empty
};

/// By what a guest is judged: its label, or the site's rule for guests without one.
enum class Rule { require, forbid, site };

/// About the definition. `may_exempt`: a label `allow` sets the site's rule aside.
Advice advice_on(const Delivery& gives, const Domain& domain, Rule rule, bool may_exempt);

/// About a label that is not understood.
Advice advice_on(const Label& label, const std::string& guest);

/// About a host that does not nest, or of which that is not known.
Advice advice_on(const Host& host);

/// Both are needed; a command alone would end nothing where the other part is to be decided.
Advice both(const Advice& first, const Advice& second);

/// "; run: MEND; DECISION", as far as there is any.
std::string in_words(const Advice& advice);

} // namespace virt_nested
