// SPDX-License-Identifier: GPL-2.0-or-later
// A report as metrics. Rules: https://prometheus.io/docs/instrumenting/exposition_formats and
// https://prometheus.io/docs/practices/naming.
#include "validator/render/render.h"

#include <array>
#include <map>

namespace virt_nested {

namespace {

std::string label(const char* key, std::string_view value) {
    std::string out = std::string(key) + "=\"";
    for (const char c : value) {
        if (c == '\\' || c == '"')
            out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out + "\"";
}

std::string header(const char* metric, const char* help) {
    return std::string("# HELP ") + metric + " " + help + "\n# TYPE " + metric + " gauge\n";
}

constexpr std::array<Outcome, 4> verdicts = {Outcome::pass, Outcome::warn, Outcome::fail,
                                             Outcome::undetermined};

/// The worst result of each check: one check may have found several things.
std::map<std::string, Outcome> worst_of(const Report& report) {
    constexpr std::array<int, 5> rank = {1, 2, 4, 3, 0};
    std::map<std::string, Outcome> out;
    for (const CheckResult& check : report.checks) {
        const auto [at, fresh] = out.emplace(check.id, check.result);
        if (!fresh &&
            rank[static_cast<size_t>(check.result)] > rank[static_cast<size_t>(at->second)])
            at->second = check.result;
    }
    return out;
}

} // namespace

std::string render_prometheus(const Report& report) {
    constexpr std::array<const char*, 3> intents = {"on", "off", "any"};
    std::string out = header("virt_nested_host_info", "The host as virt-nested sees it; always 1.");
    out += "virt_nested_host_info{" + label("platform", report.platform) + "," +
           label("machine", report.machine) + "," + label("module", report.module) + "," +
           label("level", name(report.level)) + "," +
           label("wanted", intents[static_cast<size_t>(report.wanted)]) + "} 1\n";
    out +=
        header("virt_nested_verdict",
               "1 for the verdict of this horizon (now, next_load, next_boot), 0 for the others.");
    for (const Horizon horizon : all_horizons)
        for (const Outcome verdict : verdicts)
            out += "virt_nested_verdict{" + label("horizon", name(horizon)) + "," +
                   label("verdict", name(verdict)) + "} " +
                   (report.at(horizon) == verdict ? "1" : "0") + "\n";
    out += header("virt_nested_check_result", "1 for the worst result of this check.");
    for (const auto& [id, result] : worst_of(report))
        out += "virt_nested_check_result{" + label("check", id) + "," +
               label("result", name(result)) + "} 1\n";
    return out;
}

} // namespace virt_nested
