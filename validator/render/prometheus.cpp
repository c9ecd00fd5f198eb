// SPDX-License-Identifier: GPL-2.0-or-later
// A report as metrics. Their names: https://prometheus.io/docs/practices/naming.
#include "validator/render/render.h"

#include <array>
#include <map>

namespace virt_nested {

namespace {

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

/// For the textfile collector of node_exporter.
std::string render(const Report& report, const TextStyle&) {
    Metrics out;
    out.gauge("virt_nested_host_info", "The host as virt-nested sees it; always 1.");
    out.sample({{"platform", report.platform},
                {"machine", report.machine},
                {"module", report.module},
                {"level", name(report.level)},
                {"wanted", std::string(name(report.wanted))}},
               true);
    out.gauge("virt_nested_verdict",
              "1 for the verdict of this horizon (now, next_load, next_boot), 0 for the others.");
    for (const Horizon horizon : all_horizons)
        for (const Outcome verdict : verdicts)
            out.sample({{"horizon", name(horizon)}, {"verdict", name(verdict)}},
                       report.at(horizon) == verdict);
    out.gauge("virt_nested_check_result", "1 for the worst result of this check.");
    for (const auto& [id, result] : worst_of(report))
        out.sample({{"check", id}, {"result", name(result)}}, true);
    return out.text();
}

constexpr ReportFormat entries[] = {
    {.name = "prometheus", .render = render, .saved_as = "validate.prom"}};

} // namespace

extern const Entries<ReportFormat> format_prometheus = entries;

} // namespace virt_nested
