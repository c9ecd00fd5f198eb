// SPDX-License-Identifier: GPL-2.0-or-later
// The comparisons that systemd-boot orders and chooses entries by.
#include "validator/boot/menus/spec_order.h"

#include <algorithm>
#include <cstddef>

namespace virt_nested {

namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool is_one_of(char c, std::string_view set) {
    return set.find(c) != std::string_view::npos;
}

void skip_separators(std::string_view& text) {
    const auto end = std::find_if(text.begin(), text.end(), [](char c) {
        return is_one_of(c, digits) || is_one_of(c, letters) || is_one_of(c, "~-^.");
    });
    text.remove_prefix(static_cast<size_t>(end - text.begin()));
}

std::string_view take(std::string_view& text, std::string_view set) {
    const std::string_view out = text.substr(0, std::min(text.find_first_not_of(set), text.size()));
    text.remove_prefix(out.size());
    return out;
}

int sign(int value) {
    return (value > 0) - (value < 0);
}

int by_length(std::string_view a, std::string_view b) {
    return (a.size() > b.size()) - (a.size() < b.size());
}

/// The one that goes on with `mark` is older; both lose it.
int compare_mark(std::string_view& a, std::string_view& b, char mark) {
    const bool in_a = a.starts_with(mark);
    const bool in_b = b.starts_with(mark);
    if (in_a != in_b)
        return in_a ? -1 : 1;
    a.remove_prefix(in_a ? 1 : 0);
    b.remove_prefix(in_b ? 1 : 0);
    return 0;
}

int compare_segment(std::string_view& a, std::string_view& b) {
    const bool numeric = is_one_of(a.empty() ? 'x' : a.front(), digits) ||
                         is_one_of(b.empty() ? 'x' : b.front(), digits);
    std::string_view one = take(a, numeric ? digits : letters);
    std::string_view other = take(b, numeric ? digits : letters);
    if (!numeric) {
        const size_t common = std::min(one.size(), other.size());
        const int found = one.substr(0, common).compare(other.substr(0, common));
        return found != 0 ? sign(found) : by_length(one, other);
    }
    if (one.empty() != other.empty())
        return one.empty() ? -1 : 1;
    one.remove_prefix(std::min(one.find_first_not_of('0'), one.size()));
    other.remove_prefix(std::min(other.find_first_not_of('0'), other.size()));
    const int longer = by_length(one, other);
    return longer != 0 ? longer : sign(one.compare(other));
}

/// One character of a pattern, or a set in brackets, against one of the text. Moves `pattern` past
/// it. False for a set that does not end.
bool matches_one(std::string_view& pattern, char c) {
    const char first = pattern.front();
    pattern.remove_prefix(1);
    if (first == '?')
        return true;
    if (first == '\\') {
        if (pattern.empty())
            return false;
        const bool same = pattern.front() == c;
        pattern.remove_prefix(1);
        return same;
    }
    if (first != '[')
        return first == c;
    const auto take_member = [&](char& out) {
        if (pattern.starts_with('\\'))
            pattern.remove_prefix(1);
        if (pattern.empty())
            return false;
        out = pattern.front();
        pattern.remove_prefix(1);
        return true;
    };
    bool found = false;
    for (bool at_start = true; !pattern.starts_with(']') || at_start; at_start = false) {
        char low = 0;
        if (!take_member(low))
            return false;
        char high = low;
        const bool range = pattern.size() > 1 && pattern.front() == '-' && pattern[1] != ']';
        if (range) {
            pattern.remove_prefix(1);
            if (!take_member(high))
                return false;
        }
        const auto code = [](char of) { return static_cast<unsigned char>(of); };
        // The ends of a range belong to it on their own too, also of one that runs backwards.
        found = found || c == low || (code(low) <= code(c) && code(c) <= code(high));
    }
    pattern.remove_prefix(1);
    return found;
}

} // namespace

int compare_versions(std::string_view a, std::string_view b) {
    for (;;) {
        skip_separators(a);
        skip_separators(b);
        if (const int found = compare_mark(a, b, '~'); found != 0)
            return found;
        if (a.empty() || b.empty())
            return (b.empty() ? 1 : 0) - (a.empty() ? 1 : 0);
        for (const char mark : {'-', '^', '.'})
            if (const int found = compare_mark(a, b, mark); found != 0)
                return found;
        if (const int found = compare_segment(a, b); found != 0)
            return found;
    }
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
    // Back to the last '*' alone: what an earlier one took can never help.
    std::string_view after_star;
    std::string_view tried;
    bool star = false;
    for (;;) {
        if (pattern.starts_with('*')) {
            pattern.remove_prefix(1);
            after_star = pattern;
            tried = text;
            star = true;
            continue;
        }
        if (pattern.empty() && text.empty())
            return true;
        if (!pattern.empty() && !text.empty()) {
            const char c = text.front();
            if (matches_one(pattern, c)) {
                text.remove_prefix(1);
                continue;
            }
        }
        if (!star || tried.empty())
            return false;
        tried.remove_prefix(1);
        pattern = after_star;
        text = tried;
    }
}

} // namespace virt_nested
