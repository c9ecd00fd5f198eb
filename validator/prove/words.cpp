// SPDX-License-Identifier: GPL-2.0-or-later
// A proof for people and for programs.
#include "cli/output.h"
#include "cli/result.h"
#include "validator/prove/proof.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>

namespace virt_nested::prove {

namespace {

using Json = nlohmann::ordered_json;

/// One digit behind the point, of whatever locale.
std::string tenths(uint64_t value, uint64_t of) {
    const uint64_t rounded = (value * 10 + of / 2) / of;
    return std::to_string(rounded / 10) + "." + std::to_string(rounded % 10);
}

std::string microseconds(uint64_t ns) {
    return tenths(ns, 1000) + " us";
}

std::string costs(const Proof& proof) {
    if (!proof.median_ns || !proof.best_ns)
        return {};
    std::string out = "an exit of L2 to L1 and back: median " + microseconds(*proof.median_ns) +
                      ", best " + microseconds(*proof.best_ns);
    if (proof.l1_exit_ns)
        out += "; an exit of L1: " + microseconds(*proof.l1_exit_ns) + " (" +
               tenths(*proof.median_ns, *proof.l1_exit_ns) + " times)";
    return out + "\n";
}

const char* word(std::optional<bool> on) {
    if (!on)
        return "not known";
    return *on ? "on" : "off";
}

/// No figure is put to any of them: that depends on the CPU, and on what the hypervisor does.
std::string helps(const Proof& proof) {
    std::string out;
    bool any_off = false;
    for (const HelpSeen& help : proof.helps) {
        out += (out.empty() ? "what helps: " : "; ") + help.name + " is " + word(help.on) + " (" +
               help.parameter + ": " + help.does + ")";
        any_off = any_off || help.on == false;
    }
    if (any_off)
        out += "; off is no fault where the hardware has no such thing";
    return out.empty() ? out : out + "\n";
}

Json or_null(const std::optional<uint64_t>& number) {
    return number ? Json(*number) : Json();
}

Json json_of(const std::vector<HelpSeen>& helps) {
    Json out = Json::array();
    for (const HelpSeen& help : helps)
        out.push_back({{"name", help.name},
                       {"parameter", help.parameter},
                       {"does", help.does},
                       {"on", help.on ? Json(*help.on) : Json()}});
    return out;
}

template<typename T>
std::optional<T> member(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? std::nullopt
                                                     : std::optional(found->get<T>());
}

std::vector<HelpSeen> helps_of(const Json& told) {
    std::vector<HelpSeen> out;
    for (const Json& help : member<std::vector<Json>>(told, "helps").value_or(std::vector<Json>()))
        out.push_back({help.at("name").get<std::string>(), help.at("parameter").get<std::string>(),
                       help.at("does").get<std::string>(), member<bool>(help, "on")});
    return out;
}

} // namespace

std::string text(const Proof& proof) {
    switch (proof.answer) {
    case Answer::not_proven:
        return "not proven: " + proof.reason + "\n";
    case Answer::not_tried:
        return "cannot be tried: " + proof.reason + "\n";
    case Answer::proven:
        break;
    }
    return "proven: an L2 ran here, with " + proof.feature +
           (proof.nested_paging.value_or(false) ? ", with" : ", without") +
           " nested paging; L1 took " + std::to_string(proof.exits) + " exits of it\n" +
           costs(proof) + helps(proof);
}

std::string json(const Proof& proof, const Made& made) {
    const bool tried = proof.answer != Answer::not_tried;
    return json_text({{"version", 1},
                      {"proven", tried ? Json(proof.answer == Answer::proven) : Json()},
                      {"reason", virt_nested::or_null(proof.reason)},
                      {"feature", virt_nested::or_null(proof.feature)},
                      {"nested_paging", proof.nested_paging ? Json(*proof.nested_paging) : Json()},
                      {"exits", proof.exits},
                      {"complete", proof.complete},
                      {"median_ns", or_null(proof.median_ns)},
                      {"best_ns", or_null(proof.best_ns)},
                      {"l1_exit_ns", or_null(proof.l1_exit_ns)},
                      {"helps", json_of(proof.helps)},
                      {"platform", virt_nested::or_null(made.platform)},
                      {"kernel", made.kernel},
                      {"time", made.time}});
}

std::optional<Kept> kept(std::string_view json) {
    try {
        const Json told = Json::parse(json);
        if (member<int>(told, "version") != 1)
            return std::nullopt;
        const std::optional<bool> proven = member<bool>(told, "proven");
        Kept out;
        out.proof.answer = !proven   ? Answer::not_tried
                           : *proven ? Answer::proven
                                     : Answer::not_proven;
        out.proof.reason = member<std::string>(told, "reason").value_or("");
        out.proof.feature = member<std::string>(told, "feature").value_or("");
        out.proof.nested_paging = member<bool>(told, "nested_paging");
        out.proof.exits = member<uint32_t>(told, "exits").value_or(0);
        out.proof.complete = member<bool>(told, "complete").value_or(false);
        out.proof.median_ns = member<uint64_t>(told, "median_ns");
        out.proof.best_ns = member<uint64_t>(told, "best_ns");
        out.proof.l1_exit_ns = member<uint64_t>(told, "l1_exit_ns");
        out.proof.helps = helps_of(told);
        out.made.platform = member<std::string>(told, "platform").value_or("");
        out.made.kernel = member<std::string>(told, "kernel").value_or("");
        out.made.time = member<int64_t>(told, "time").value_or(0);
        return out;
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
}

} // namespace virt_nested::prove
