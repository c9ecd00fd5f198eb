// SPDX-License-Identifier: GPL-2.0-or-later
// A report as JSON.
#include "validator/render/render.h"

#include <nlohmann/json.hpp>

namespace virt_nested {

namespace {

using Json = nlohmann::ordered_json;

Json names_of(Horizons set) {
    Json out = Json::array();
    for (const Horizon horizon : all_horizons)
        if ((set & only(horizon)) != 0)
            out.push_back(name(horizon));
    return out;
}

Json platforms_of(const Platforms& which) {
    Json out = Json::array();
    for (const Platform& platform : platforms())
        if (!which || which(platform))
            out.push_back(platform.name);
    return out;
}

/// What a step has not got is left out.
Json step_in_json(const Step& step) {
    Json out = {{"act", name(step.act)}, {"words", step.words}};
    const auto add = [&](const char* key, const std::string& value) {
        if (!value.empty())
            out[key] = value;
    };
    add("file", step.file);
    if (step.line > 0)
        out["line"] = step.line;
    add("variable", step.variable);
    add("text", step.text);
    add("by", step.by);
    add("command", step.command);
    return out;
}

Json plan_entry(const Report& report, const Cause& cause) {
    const CheckResult& check = report.checks[cause.finding];
    Json out = {{"check", check.id},      {"result", name(cause.worst)}, {"found", check.found},
                {"source", check.source}, {"steps", Json::array()},      {"follow", Json::array()}};
    for (const Step& step : cause.mend.steps)
        out["steps"].push_back(step_in_json(step));
    for (const size_t other : cause.follow)
        out["follow"].push_back(report.checks[other].id);
    return out;
}

/// As docs/validate.schema.json has it. Fields are only ever added.
std::string render(const Report& report, const TextStyle&) {
    Json out = {{"version", 1},
                {"platform", report.platform},
                {"machine", report.machine},
                {"module", report.module},
                {"kernel", report.kernel},
                {"level", name(report.level)},
                {"hypervisor", report.hypervisor},
                {"container", report.container},
                {"wanted", name(report.wanted)},
                {"verdict", Json::object()},
                {"plan", Json::array()},
                {"checks", Json::array()}};
    for (const Horizon horizon : all_horizons)
        out["verdict"][name(horizon)] = name(report.at(horizon));
    for (const Cause& cause : report.plan)
        out["plan"].push_back(plan_entry(report, cause));
    for (const CheckResult& check : report.checks)
        out["checks"].push_back({{"id", check.id},
                                 {"result", name(check.result)},
                                 {"title", check.title},
                                 {"horizons", names_of(check.horizons)},
                                 {"expected", check.expected},
                                 {"found", check.found},
                                 {"source", check.source},
                                 {"why", check.why},
                                 {"mend", in_words(check.mend)},
                                 {"fix", in_words(check.mend)},
                                 {"cause", check.cause},
                                 {"reference", check.reference}});
    return json_text(out);
}

std::string list_checks() {
    Json out = Json::array();
    for (const Check& entry : checks())
        out.push_back({{"id", entry.id},
                       {"title", entry.title},
                       {"severity", name(entry.severity)},
                       {"platforms", platforms_of(entry.platforms)},
                       {"horizons", names_of(entry.horizons)},
                       {"why", entry.why},
                       {"fix", entry.mend},
                       {"reference", entry.reference}});
    return json_text(out);
}

constexpr ReportFormat entries[] = {
    {.name = "json", .render = render, .list = list_checks, .saved_as = "validate.json"}};

} // namespace

extern const Entries<ReportFormat> format_json = entries;

} // namespace virt_nested
