// SPDX-License-Identifier: GPL-2.0-or-later
// A report as JSON.
#include "core/text.h"
#include "validator/render/render.h"

#include <nlohmann/json.hpp>

#include <array>

namespace virt_nested {

namespace {

using Json = nlohmann::ordered_json;

/// JSON strings must be valid UTF-8; what is not becomes the replacement character.
std::string dump(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json names_of(Horizons set) {
    Json out = Json::array();
    for (const Horizon horizon : all_horizons)
        if ((set & only(horizon)) != 0)
            out.push_back(name(horizon));
    return out;
}

Json platforms_of(Platforms set) {
    Json out = Json::array();
    for (const Platform& row : platforms())
        if (set == 0 || (set & on(row.id)) != 0)
            out.push_back(row.name);
    return out;
}

} // namespace

std::string render_json(const Report& report) {
    constexpr std::array<const char*, 3> intents = {"on", "off", "any"};
    Json out = {{"version", 1},
                {"platform", report.platform},
                {"machine", report.machine},
                {"module", report.module},
                {"kernel", report.kernel},
                {"level", name(report.level)},
                {"hypervisor", report.hypervisor},
                {"container", report.container},
                {"wanted", intents[static_cast<size_t>(report.wanted)]},
                {"verdict", Json::object()},
                {"checks", Json::array()}};
    for (const Horizon horizon : all_horizons)
        out["verdict"][name(horizon)] = name(report.at(horizon));
    for (const CheckResult& check : report.checks)
        out["checks"].push_back({{"id", check.id},
                                 {"result", name(check.result)},
                                 {"title", check.title},
                                 {"horizons", names_of(check.horizons)},
                                 {"expected", check.expected},
                                 {"found", check.found},
                                 {"source", check.source},
                                 {"why", check.why},
                                 {"fix", check.fix},
                                 {"reference", check.reference}});
    return dump(out);
}

std::string list_checks_json() {
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
    return dump(out);
}

} // namespace virt_nested
