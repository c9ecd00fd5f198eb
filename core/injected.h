// SPDX-License-Identifier: GPL-2.0-or-later
// What the label's attribute `injected` says: what was written into the definition for the label,
// so that it can be taken back. Words between blanks, each WHAT=NOW/BEFORE; "/BEFORE" is left out
// where nothing was there before, NOW where something was taken away.
#pragma once

#include "core/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

struct InjectedItem {
    /// feature.NAME (the policy of a <feature>), mode, match, check (attributes of <cpu>), model
    /// (of <cpu>: "NAME" or "NAME,FALLBACK"), nested-hv, virtualization (in <features>: on, off).
    std::string what;
    std::string now;    ///< empty: it was taken away
    std::string before; ///< empty: it was not there

    bool operator==(const InjectedItem&) const = default;
};

using InjectedItems = std::vector<InjectedItem>;

/// Errors name the word that is none.
Result<InjectedItems> parse_injected(std::string_view text);
std::string injected_text(const InjectedItems& items);

/// Whether the label can say it: only words that libvirt documents.
bool can_be_told(const InjectedItem& item);

/// Writes down that `what` was `before` and is `now`, if that can be told; several changes of the
/// same become one, and none where they end where they began.
void remember(InjectedItems& items, const InjectedItem& change);

/// The prefix of `what` for features.
inline constexpr std::string_view injected_feature = "feature.";

} // namespace virt_nested
