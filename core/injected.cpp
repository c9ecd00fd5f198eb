// SPDX-License-Identifier: GPL-2.0-or-later
// The words of `injected`, and what each may say: all that the hook has to know of them.
#include "core/injected.h"

#include "core/domain.h"
#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

constexpr size_t item_limit = 64; ///< more than all platforms have together

/// What may stand on both sides; words with blanks between them.
struct Sayings {
    std::string_view what;
    std::string_view now;
    std::string_view before;
};

constexpr std::array<Sayings, 5> known = {
    {{"mode", "host-passthrough maximum host-model", "custom host-passthrough maximum host-model"},
     {"match", "", "exact minimum strict"},
     {"check", "full", "none partial full"},
     {"nested-hv", "on off", "on off"},
     {"virtualization", "on", "on off"}}};

bool says(std::string_view words, const std::string& word) {
    return word.empty() || has_word(words, word);
}

bool is_policy(const std::string& word) {
    return word.empty() || feature_policy_of(word);
}

/// "NAME" or "NAME,FALLBACK".
bool is_model(std::string_view text) {
    const size_t comma = text.find(',');
    const bool fallback =
        comma == std::string_view::npos || has_word("allow forbid", text.substr(comma + 1));
    return fallback && comma != 0 && is_plain_name(text.substr(0, comma));
}

} // namespace

bool can_be_told(const InjectedItem& item) {
    if (item.now == item.before)
        return false;
    if (item.what == "model")
        return item.now.empty() && is_model(item.before);
    if (item.what.starts_with(injected_feature)) {
        const std::string_view name = std::string_view(item.what).substr(injected_feature.size());
        return !name.empty() && is_plain_name(name) && !item.now.empty() && is_policy(item.now) &&
               is_policy(item.before);
    }
    const auto row = std::find_if(known.begin(), known.end(),
                                  [&](const Sayings& one) { return one.what == item.what; });
    return row != known.end() && says(row->now, item.now) && says(row->before, item.before);
}

Result<InjectedItems> parse_injected(std::string_view text) {
    InjectedItems out;
    for (const std::string_view word : words(text)) {
        const size_t equals = word.find('=');
        const size_t slash = word.find('/');
        InjectedItem item;
        if (equals != std::string_view::npos && slash > equals) {
            item.what = word.substr(0, equals);
            item.now = word.substr(equals + 1, slash - equals - 1);
            if (slash != std::string_view::npos)
                item.before = word.substr(slash + 1);
        }
        const bool twice = std::any_of(out.begin(), out.end(), [&](const InjectedItem& other) {
            return other.what == item.what;
        });
        if (out.size() >= item_limit)
            return Error{0, "'" + printable(word, 64) + "' is one word too many"};
        if (twice || !can_be_told(item))
            return Error{0, "'" + printable(word, 64) + "'" +
                                (twice ? " is there twice" : " is not understood")};
        out.push_back(std::move(item));
    }
    return out;
}

} // namespace virt_nested
