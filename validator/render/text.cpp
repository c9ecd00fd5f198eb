// SPDX-License-Identifier: GPL-2.0-or-later
// A report for a person.
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
    return out + "; nesting wanted: " + std::string(name(report.wanted)) + "\n";
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
           field("mend", check.mend) + field("see", check.reference);
}

/// The verdicts first, then what is not well.
std::string render(const Report& report, const TextStyle& style) {
    std::string out = headline(report);
    for (const Horizon horizon : all_horizons) {
        const std::string& why = report.verdict_why[static_cast<size_t>(horizon)];
        out += padded(words(horizon), 13) +
               coloured(report.at(horizon), padded(name(report.at(horizon)), why.empty() ? 0 : 14),
                        style) +
               why + "\n";
    }
    std::string shown;
    for (const CheckResult& check : report.checks) {
        if (style.everything || check.waived || check.told ||
            (check.result != Outcome::pass && check.result != Outcome::skip))
            shown += "\n" + one_check(check, style);
    }
    return out + shown;
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
