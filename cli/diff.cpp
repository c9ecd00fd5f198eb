// SPDX-License-Identifier: GPL-2.0-or-later
// Longest common subsequence on lines, between a common head and a common tail.
#include "cli/diff.h"

#include "core/text.h"

#include <algorithm>
#include <vector>

namespace virt_nested {

namespace {

constexpr size_t context = 3;
constexpr size_t table_limit = 4000000; ///< cells; beyond it the middle is replaced as a whole

struct Line {
    char kind; ///< ' ', '-' or '+'
    std::string_view text;
};

using Lines = std::vector<std::string_view>;

/// The middle parts, where nothing is common at either end.
void compare_middle(const Lines& a, const Lines& b, std::vector<Line>& out) {
    const size_t width = b.size() + 1;
    const bool small = (a.size() + 1) * width <= table_limit;
    std::vector<unsigned> length(small ? (a.size() + 1) * width : 0);
    for (size_t i = small ? a.size() : 0; i-- > 0;)
        for (size_t j = b.size(); j-- > 0;)
            length[i * width + j] =
                a[i] == b[j] ? length[(i + 1) * width + j + 1] + 1
                             : std::max(length[(i + 1) * width + j], length[i * width + j + 1]);
    size_t i = 0;
    size_t j = 0;
    while (i < a.size() && j < b.size()) {
        if (small && a[i] == b[j]) {
            out.push_back({' ', a[i++]});
            ++j;
        } else if (!small || length[(i + 1) * width + j] >= length[i * width + j + 1]) {
            out.push_back({'-', a[i++]});
        } else {
            out.push_back({'+', b[j++]});
        }
    }
    for (; i < a.size(); ++i)
        out.push_back({'-', a[i]});
    for (; j < b.size(); ++j)
        out.push_back({'+', b[j]});
}

std::vector<Line> compare(const Lines& a, const Lines& b) {
    size_t head = 0;
    while (head < a.size() && head < b.size() && a[head] == b[head])
        ++head;
    size_t tail = 0;
    while (tail < a.size() - head && tail < b.size() - head &&
           a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
        ++tail;
    const auto from = static_cast<std::ptrdiff_t>(head);
    const auto back = static_cast<std::ptrdiff_t>(tail);
    std::vector<Line> out;
    for (size_t i = 0; i < head; ++i)
        out.push_back({' ', a[i]});
    compare_middle({a.begin() + from, a.end() - back}, {b.begin() + from, b.end() - back}, out);
    for (size_t i = a.size() - tail; i < a.size(); ++i)
        out.push_back({' ', a[i]});
    return out;
}

std::string range(size_t first, size_t count) {
    return std::to_string(count == 0 ? first : first + 1) +
           (count == 1 ? "" : "," + std::to_string(count));
}

/// One hunk, lines [from, to) of `all`; `a` and `b` are the line numbers before it.
std::string hunk(const std::vector<Line>& all, size_t from, size_t to, size_t a, size_t b) {
    std::string body;
    size_t in_a = 0;
    size_t in_b = 0;
    for (size_t i = from; i < to; ++i) {
        in_a += all[i].kind != '+';
        in_b += all[i].kind != '-';
        body += all[i].kind + printable(all[i].text, 4096) + "\n";
    }
    return "@@ -" + range(a, in_a) + " +" + range(b, in_b) + " @@\n" + body;
}

} // namespace

std::string unified_diff(std::string_view old_text, std::string_view new_text,
                         const std::string& old_name, const std::string& new_name) {
    const std::vector<Line> all = compare(lines(old_text), lines(new_text));
    std::string out;
    size_t a = 0;
    size_t b = 0;
    size_t done = 0;
    const auto advance = [&](size_t to) {
        for (; done < to; ++done) {
            a += all[done].kind != '+';
            b += all[done].kind != '-';
        }
    };
    for (size_t i = 0; i < all.size(); ++i) {
        if (all[i].kind == ' ')
            continue;
        const size_t from = std::max(done, i - std::min(i, context));
        size_t last = i;
        for (size_t j = i; j < all.size() && j <= last + 2 * context; ++j)
            if (all[j].kind != ' ')
                last = j;
        const size_t to = std::min(all.size(), last + context + 1);
        advance(from);
        out += hunk(all, from, to, a, b);
        advance(to);
        i = to - 1;
    }
    return out.empty() ? out : "--- " + old_name + "\n+++ " + new_name + "\n" + out;
}

} // namespace virt_nested
