// SPDX-License-Identifier: GPL-2.0-or-later
// What is written into `injected`.
#include "core/injected.h"
#include "core/text.h"

#include <algorithm>

namespace virt_nested {

std::string injected_text(const InjectedItems& items) {
    std::vector<std::string> out;
    for (const InjectedItem& item : items)
        out.push_back(item.what + "=" + item.now + (item.before.empty() ? "" : "/" + item.before));
    return join(out, " ");
}

void remember(InjectedItems& items, const InjectedItem& change) {
    const auto there = std::find_if(items.begin(), items.end(), [&](const InjectedItem& one) {
        return one.what == change.what;
    });
    InjectedItem item = change;
    if (there != items.end()) {
        // What somebody else wrote in between is where it began then.
        if (there->now == change.before)
            item.before = there->before;
        items.erase(there);
    }
    if (can_be_told(item))
        items.push_back(std::move(item));
}

} // namespace virt_nested
