// SPDX-License-Identifier: GPL-2.0-or-later
// What changes by itself.
#include "validator/checks/steady.h"

#include <algorithm>

namespace virt_nested {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// "[    9.123456] " at the beginning of it: its length, or 0.
size_t time_stamp(std::string_view text) {
    const size_t end = text.find("] ");
    if (!text.starts_with("[") || end == std::string_view::npos)
        return 0;
    const std::string_view inside = text.substr(1, end - 1);
    const bool number = inside.find('.') != std::string_view::npos &&
                        std::all_of(inside.begin(), inside.end(),
                                    [](char c) { return is_digit(c) || c == ' ' || c == '.'; });
    return number ? end + 2 : 0;
}

/// "refcnt 3", "refcnt is 3": what of it is the number.
size_t count(std::string_view text, std::string_view before) {
    if (!before.ends_with("refcnt ") && !before.ends_with("refcnt is "))
        return 0;
    const auto* end = std::find_if_not(text.begin(), text.end(), is_digit);
    return static_cast<size_t>(end - text.begin());
}

} // namespace

std::string steady(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const size_t stamp = time_stamp(text);
        const size_t number = count(text, out);
        if (stamp == 0 && number == 0) {
            out += text.front();
            text.remove_prefix(1);
            continue;
        }
        if (number > 0)
            out += text.substr(0, number) == "0" ? "0" : "N";
        text.remove_prefix(stamp + number);
    }
    return out;
}

void make_steady(Report& report) {
    const auto change = [](Mend& mend) {
        for (Step& step : mend.steps)
            step.words = steady(step.words);
    };
    for (CheckResult& check : report.checks) {
        for (std::string* text : {&check.expected, &check.found, &check.source, &check.why})
            *text = steady(*text);
        change(check.mend);
    }
    for (Cause& cause : report.plan)
        change(cause.mend);
    for (std::string& why : report.verdict_why)
        why = steady(why);
}

} // namespace virt_nested
