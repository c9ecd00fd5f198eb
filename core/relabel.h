// SPDX-License-Identifier: GPL-2.0-or-later
// The label in a definition, set and taken away, and with it what was written for it. Pure: text
// in, text out.
#pragma once

#include "core/domain.h"
#include "core/injected.h"

#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// The element that a person can put into <metadata>.
std::string label_element(LabelPolicy policy);

/// The definition with this label, in the place of any other; `none` takes it away.
Result<std::string> with_label(std::string_view xml, LabelPolicy policy);

/// What a definition itself says for or against nesting on any platform, e.g. "svm
/// policy='require'": an injection wrote it, or somebody else did, and it stays when the label
/// goes.
std::vector<std::string> said_of_nesting(const Domain& domain);

struct TakenBack {
    std::string xml;               ///< without the label
    std::vector<std::string> what; ///< e.g. "svm policy='require' removed"
    std::vector<std::string> kept; ///< what somebody has changed since, and stays
};

/// The definition without its label, and without what that says was injected; nothing else is
/// touched. Errors: no definition, a label that is not understood.
Result<TakenBack> take_back(std::string_view xml);

} // namespace virt_nested
