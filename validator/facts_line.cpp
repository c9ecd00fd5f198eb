// SPDX-License-Identifier: GPL-2.0-or-later
// A host's facts as JSON. Fields are only ever added.
#include "validator/facts_line.h"

#include "cli/output.h"
#include "core/text.h"
#include "validator/checks/check.h"
#include "version.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>

namespace virt_nested {

namespace {

using Json = nlohmann::ordered_json;

/// Texts from outside may be of any length.
std::string clipped(const std::string& text, size_t most = 64) {
    return printable(text, most);
}

Json known(const Fact& fact) {
    return fact.undetermined() ? Json() : Json(fact.on());
}

/// Of the last libvirt that kept what QEMU can.
Json libvirt_version(const LibvirtFacts& libvirt) {
    const int newest =
        std::accumulate(libvirt.capabilities.begin(), libvirt.capabilities.end(), 0,
                        [](int a, const CachedCapabilities& b) { return std::max(a, b.libvirt); });
    return newest > 0 ? Json(libvirt_version_text(newest)) : Json();
}

Json acts_of(const Mend& mend) {
    constexpr size_t most = 8;
    Json out = Json::array();
    for (const Step& step : mend.steps) {
        const char* act = name(step.act);
        if (out.size() < most && std::find(out.begin(), out.end(), act) == out.end())
            out.push_back(act);
    }
    return out;
}

void add_causes(const Report& report, Json& out) {
    constexpr size_t most = 12;
    Json causes = Json::array();
    for (const Cause& cause : report.plan)
        if (causes.size() < most)
            causes.push_back({{"check", report.checks[cause.finding].id},
                              {"result", name(cause.worst)},
                              {"mends", acts_of(cause.mend)}});
    out["causes"] = causes;
    out["causes_left"] = report.plan.size() - causes.size();
}

/// Whether libvirt runs it, by the check that tells; null: there is no libvirt here, or it could
/// not be read.
Json hook_in_place(const Report& report) {
    Json out;
    for (const CheckResult& check : report.checks) {
        if (check.id != "hook-installed" || check.result == Outcome::undetermined ||
            check.result == Outcome::skip)
            continue;
        out = check.result == Outcome::pass;
        if (check.result == Outcome::pass)
            break;
    }
    return out;
}

/// Seconds since the oldest of the next boot's images was looked into; null: they were read now.
Json age_of_images(const BootFacts& boot, int64_t now) {
    Json out;
    for (const InitramfsImage& image : boot.images)
        if (image.next_boot && image.content && image.content->kept_since) {
            const int64_t age = std::max<int64_t>(0, now - *image.content->kept_since);
            out = out.is_null() ? age : std::max(age, out.get<int64_t>());
        }
    return out;
}

/// The last that was kept, with its date: it may be of another kernel, or of another time of this
/// one's.
Json kept_proof(const std::optional<prove::Kept>& kept) {
    if (!kept)
        return {};
    const prove::Proof& proof = kept->proof;
    const auto number = [](const std::optional<uint64_t>& ns) { return ns ? Json(*ns) : Json(); };
    Json out = {{"proven", nullptr}, {"nested_paging", nullptr}};
    if (proof.answer != prove::Answer::not_tried)
        out["proven"] = proof.answer == prove::Answer::proven;
    if (proof.nested_paging)
        out["nested_paging"] = *proof.nested_paging;
    out["median_ns"] = number(proof.median_ns);
    out["l1_exit_ns"] = number(proof.l1_exit_ns);
    out["kernel"] = clipped(kept->made.kernel);
    out["time"] = kept->made.time;
    return out;
}

void add_guests(const Result<std::string>& guests, Json& out) {
    constexpr size_t most = 256;
    const Json counts =
        guests ? Json::parse(*guests, nullptr, false) : Json(Json::value_t::discarded);
    const bool understood = counts.is_object() && guests->size() < 1024;
    out["guests"] = understood ? counts : Json();
    if (!understood)
        out["guests_why"] =
            guests ? "virt-nested-guests printed no counts" : clipped(guests.error().what, most);
}

} // namespace

std::string facts_line(const Facts& facts, const Report& report,
                       const std::optional<Result<std::string>>& guests, int64_t now) {
    const Platform* platform = facts.platform();
    Json out = {{"version", 1},
                {"virt_nested", VIRT_NESTED_VERSION},
                {"platform", report.platform},
                {"machine", clipped(report.machine)},
                {"module", report.module},
                {"feature", platform ? std::string(platform->feature) : std::string()},
                {"kernel", clipped(report.kernel)},
                {"libvirt", libvirt_version(facts.libvirt)},
                {"level", name(report.level)},
                {"hypervisor", clipped(report.hypervisor)},
                {"container", clipped(report.container)},
                {"wanted", name(report.wanted)},
                {"offered", known(facts.host.nests)},
                {"nested_paging", known(facts.host.nested_paging)},
                {"verdict", Json::object()}};
    for (const Horizon horizon : all_horizons)
        out["verdict"][name(horizon)] = name(report.at(horizon));
    add_causes(report, out);
    out["hook"] = {{"installed", hook_in_place(report)},
                   {"mode", facts.config.mode == Mode::report ? "report" : "enforce"}};
    out["images_age"] = age_of_images(facts.boot, now);
    out["proof"] = kept_proof(facts.kept_proof);
    if (guests)
        add_guests(*guests, out);
    return json_line(out);
}

} // namespace virt_nested
