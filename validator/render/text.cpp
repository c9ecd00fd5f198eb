// SPDX-License-Identifier: GPL-2.0-or-later
// A report for a person.
#include "core/text.h"

#include "validator/render/render.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

constexpr std::array<const char*, 5> colours = {"\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[35m",
                                                "\x1b[2m"};
static_assert(colours.size() == static_cast<size_t>(Outcome::skip) + 1);

std::string padded(std::string text, size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

/// `text` behind `head`, in lines of so many columns, the later ones indented; a command, as it is
/// pasted, stays in one. `width`: of the head, where that has colours in it.
std::string wrapped(const std::string& head, size_t indent, const std::string& text, size_t columns,
                    std::string_view command = {}, size_t width = 0) {
    std::string out = head;
    size_t at = width > 0 ? width : indent > 0 && !head.empty() ? indent : head.size();
    const size_t pasted = command.empty() ? std::string::npos : text.find(command);
    for (size_t i = 0; i < text.size();) {
        size_t end = i == pasted ? i + command.size() : i;
        end = std::min(text.find(' ', end), text.size());
        if (pasted != std::string::npos && i < pasted && end > pasted)
            end = std::min(text.find(' ', pasted + command.size()), text.size());
        if (columns > 0 && at + (end - i) > columns && at > indent) {
            while (out.ends_with(' '))
                out.pop_back();
            out += "\n" + std::string(indent, ' ');
            at = indent;
        }
        const size_t next = std::min(end + 1, text.size());
        out += text.substr(i, next - i);
        at += next - i;
        i = next;
    }
    while (out.ends_with(' '))
        out.pop_back();
    return out + "\n";
}

std::string coloured(Outcome outcome, const std::string& text, const TextStyle& style) {
    return style.colour ? colours[static_cast<size_t>(outcome)] + text + "\x1b[0m" : text;
}

std::string words(Horizon horizon) {
    std::string out = name(horizon);
    std::replace(out.begin(), out.end(), '_', ' ');
    return out;
}

std::string headline(const Report& report) {
    std::string out = "host: " + report.platform;
    if (!report.machine.empty())
        out += ", " + report.machine;
    if (!report.kernel.empty())
        out += ", kernel " + report.kernel;
    out += std::string(", level ") + name(report.level);
    if (!report.hypervisor.empty())
        out += " under " + report.hypervisor;
    if (!report.container.empty())
        out += ", in a container (" + report.container + ")";
    return out + "; nesting wanted: " + std::string(name(report.wanted));
}

std::string field(const char* label, const std::string& text) {
    return text.empty() ? std::string() : "    " + padded(label, 10) + text + "\n";
}

std::string one_check(const CheckResult& check, const TextStyle& style) {
    std::string out = coloured(check.result, padded(name(check.result), 13), style) + check.id +
                      ": " + check.title + "\n";
    const bool well = check.result == Outcome::pass || check.result == Outcome::skip;
    std::string found = check.found;
    if (!check.source.empty())
        found += (found.empty() ? "" : " ") + ("(" + check.source + ")");
    out += field("found", found);
    if (well)
        return out;
    return out + field("expected", check.expected) + field("why", check.why) +
           field("mend", in_words(check.mend)) + field("see", check.reference);
}

std::string verdicts(const Report& report, const TextStyle& style) {
    std::string out;
    for (const Horizon horizon : all_horizons) {
        const std::string& why = report.verdict_why[static_cast<size_t>(horizon)];
        const std::string head =
            padded(words(horizon), 13) +
            coloured(report.at(horizon), padded(name(report.at(horizon)), why.empty() ? 0 : 14),
                     style);
        out += wrapped(head, 27, why, style.columns);
    }
    return out;
}

constexpr size_t margin = 12; ///< of a plan's lines

std::string part(const char* label, const std::string& text, const TextStyle& style,
                 std::string_view command = {}) {
    return wrapped("   " + padded(label, margin - 3), margin, text, style.columns, command);
}

std::string ids(const Report& report, const std::vector<size_t>& findings) {
    std::vector<std::string> out;
    for (const size_t finding : findings)
        if (std::find(out.begin(), out.end(), report.checks[finding].id) == out.end())
            out.push_back(report.checks[finding].id);
    return join(out, ", ");
}

/// One entry of the plan: what names the cause, its mend, and what follows from it.
std::string one_cause(const Report& report, size_t place, bool reasons, const TextStyle& style) {
    const Cause& cause = report.plan[place];
    const CheckResult& check = report.checks[cause.finding];
    const std::string number = padded(std::to_string(place + 1) + ".", 3);
    std::string text = check.id + ": " + check.found;
    if (!check.source.empty())
        text += (check.found.empty() ? "" : " ") + ("(" + check.source + ")");
    const std::string head = number + coloured(cause.worst, name(cause.worst), style) + " ";
    std::string out =
        wrapped(head, 3, text, style.columns, {}, 4 + std::string_view(name(cause.worst)).size());
    if (reasons)
        out += part("why", check.why, style);
    for (const Step& step : cause.mend.steps)
        out += part(&step == &cause.mend.steps.front() ? "mend" : "then", step.words, style,
                    step.command);
    const std::string follow = ids(report, cause.follow);
    return follow.empty() ? out : out + part("so also", follow, style);
}

constexpr size_t screen_lines = 24;
constexpr size_t screen_columns = 100;

/// As many lines as a terminal shows, where it is as wide as most are.
size_t height(const std::string& text, const TextStyle& style) {
    const size_t columns = style.columns == 0 ? screen_columns : style.columns;
    size_t out = 0;
    for (const std::string_view line : lines(text))
        out += std::max<size_t>(1, (line.size() + columns - 1) / columns);
    return out;
}

/// What does not fit a screen is named in the last line.
std::string plan_in(const Report& report, size_t room, const TextStyle& style) {
    const auto all = [&](bool reasons) {
        std::vector<std::string> out;
        for (size_t i = 0; i < report.plan.size(); ++i)
            out.push_back(one_cause(report, i, reasons, style));
        return out;
    };
    std::string full = join(all(true), "");
    if (style.everything || height(full, style) <= room)
        return full;
    std::string out;
    std::vector<size_t> left;
    size_t used = 0;
    for (const std::string& cause : all(false)) {
        const size_t place = left.size() + used;
        if (left.empty() && height(out + cause, style) + 2 <= room) {
            out += cause;
            ++used;
            continue;
        }
        left.push_back(report.plan[place].finding);
    }
    for (size_t i = used; i < report.plan.size(); ++i)
        for (const Step& step : report.plan[i].mend.steps)
            if (step.only_applies())
                out += part("then", step.words, style, step.command);
    return left.empty()
               ? out
               : out + wrapped("", 3,
                               std::to_string(left.size()) + " more: " + ids(report, left) +
                                   "; virt-nested validate -v",
                               style.columns);
}

/// The verdicts first, then the plan; every check only where it is asked for.
std::string render(const Report& report, const TextStyle& style) {
    std::string out = wrapped("", 6, headline(report), style.columns) + verdicts(report, style);
    std::string waived;
    std::string shown;
    for (const CheckResult& check : report.checks) {
        if (style.everything)
            shown += "\n" + one_check(check, style);
        else if (check.waived || check.told)
            waived += "   " + check.id + ": " + check.found + "\n";
    }
    if (!report.plan.empty())
        out += "\n" + plan_in(report, screen_lines - height(out + waived, style) - 1, style);
    return out + waived + shown;
}

std::string list_checks() {
    std::string out;
    for (const Check& entry : checks()) {
        out += std::string(entry.id) + " (" + name(entry.severity) +
               "): " + std::string(entry.title) + "\n";
        out += field("why", std::string(entry.why)) + field("mend", std::string(entry.mend)) +
               field("see", std::string(entry.reference));
    }
    return out;
}

constexpr ReportFormat entries[] = {
    {.name = "text", .render = render, .list = list_checks, .saved_as = "validate.txt"}};

} // namespace

extern const Entries<ReportFormat> format_text = entries;

} // namespace virt_nested
