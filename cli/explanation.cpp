// SPDX-License-Identifier: GPL-2.0-or-later
// A judgement in words and in JSON, from one list of facts.
#include "cli/explanation.h"

#include "cli/output.h"
#include "core/text.h"

#include <nlohmann/json.hpp>

#include <array>
#include <iostream>

namespace virt_nested {

namespace {

using Json = nlohmann::ordered_json;

struct NamedFact {
    std::string name;
    Fact fact;
};

std::string label_words(const Judgement& judgement) {
    if (!judgement.readable)
        return "unreadable";
    return judgement.domain.label.problem.empty() ? name(judgement.domain.label.policy) : "invalid";
}

std::vector<NamedFact> host_facts(const Host& host) {
    const Platform* platform = host.platform;
    const std::string module =
        platform && !platform->module.empty() ? std::string(platform->module) : "the kvm module";
    std::vector<NamedFact> out = {
        {module, host.module},
        {module + ".nested", host.parameter},
        {"/dev/kvm", host.kvm.device},
        {"KVM offers " + (platform ? std::string(platform->feature) : "nesting"), host.nests},
        {"nested paging", host.nested_paging}};
    if (platform && !platform->cpu_flag.empty())
        out.insert(out.begin(), {"CPU flag " + std::string(platform->cpu_flag), host.cpu});
    return out;
}

/// What the definition gives, as a fact like the others.
NamedFact definition_fact(const Judgement& judgement, const Config& config) {
    const Platform* platform = platform_of_guest(judgement.domain, judgement.host);
    if (!platform)
        return {"the definition delivers",
                {State::undetermined, {}, "definition", "unknown platform"}};
    const Delivery gives = delivery(judgement.domain, *platform, config.vouched);
    const std::string what = "the definition delivers " + std::string(platform->feature);
    if (gives.undetermined)
        return {what, {State::undetermined, {}, "definition", gives.why}};
    if (gives.how == Delivers::possibly)
        return {what, {State::undetermined, "possibly", "definition", gives.why}};
    return {
        what,
        {gives.how == Delivers::certainly ? State::on : State::off, gives.why, "definition", {}}};
}

std::vector<NamedFact> facts(const Judgement& judgement, const Config& config) {
    std::vector<NamedFact> out;
    if (judgement.readable)
        out.push_back(definition_fact(judgement, config));
    for (NamedFact& fact : host_facts(judgement.host))
        out.push_back(std::move(fact));
    return out;
}

std::string fact_line(const NamedFact& named) {
    const Fact& fact = named.fact;
    std::string line = "  " + named.name + ": " + name(fact.state);
    if (!fact.found.empty() && fact.found != name(fact.state))
        line += ", " + fact.found;
    // Most reasons begin with the file that could not be read.
    if (!fact.source.empty() && !fact.reason.starts_with(fact.source))
        line += " (" + fact.source + ")";
    return line + (fact.reason.empty() ? "" : ": " + fact.reason) + "\n";
}

const char* outcome_words(const Verdict& verdict) {
    if (verdict.would_refuse)
        return "passes, for mode = report refuses nothing; would be refused";
    return verdict.refuse ? "refused" : "passes";
}

std::string text_of(const Judgement& judgement, const Config& config) {
    const Verdict& verdict = judgement.verdict;
    std::string out = "'" + printable(judgement.domain.name) + "' at " + name(judgement.phase) +
                      ": " + outcome_words(verdict) +
                      (verdict.undetermined ? ", undetermined" : "") + "\n";
    out += "reason: " + verdict.reason + "\n";
    if (!verdict.mend.empty())
        out += "mend: " + verdict.mend + "\n";
    if (!verdict.decision.empty())
        out += "decide: " + verdict.decision + "\n";
    out += "label: " + label_words(judgement) + "\n";
    for (const std::string& warning : verdict.warnings)
        out += "warning: " + warning + "\n";
    for (const ConfigProblem& problem : config.problems)
        out += "warning: " + problem.in_words() + "\n";
    out += "facts:\n";
    for (const NamedFact& fact : facts(judgement, config))
        out += fact_line(fact);
    return out;
}

std::string json_of(const Judgement& judgement, const Config& config) {
    const Verdict& verdict = judgement.verdict;
    Json out = {{"verdict", verdict.refuse ? "refuse" : "pass"},
                {"undetermined", verdict.undetermined},
                {"phase", name(judgement.phase)},
                {"label", label_words(judgement)},
                {"domain", judgement.domain.name},
                {"reason", verdict.reason},
                {"mend", verdict.mend},
                {"fix", verdict.mend},
                {"decision", verdict.decision},
                {"would_refuse", verdict.would_refuse},
                {"warnings", verdict.warnings},
                {"facts", Json::array()}};
    for (const ConfigProblem& problem : config.problems)
        out["warnings"].push_back(problem.in_words());
    for (const NamedFact& named : facts(judgement, config))
        out["facts"].push_back({{"name", named.name},
                                {"state", name(named.fact.state)},
                                {"found", named.fact.found},
                                {"source", named.fact.source},
                                {"reason", named.fact.reason}});
    return json_text(out);
}

using ExplanationFormat = Format<Judgement, Config>;

std::span<const ExplanationFormat* const> formats() {
    static constexpr ExplanationFormat text = {.name = "text", .render = text_of};
    static constexpr ExplanationFormat json = {.name = "json", .render = json_of};
    static constexpr std::array all = {&text, &json};
    return all;
}

} // namespace

Options explain_options() {
    std::vector<std::string> phases;
    for (const Phase phase : all_phases)
        phases.emplace_back(name(phase));
    Options options;
    add_choice(options,
               {.name = "phase",
                .value = "PHASE",
                .choices = std::move(phases),
                .words = "hook operation to decide",
                .otherwise = {},
                .behind = " (default: prepare; for a guest, what its next start begins with)"});
    add_text(
        options, "root", root_value,
        "judge for the machine captured below DIR, or in FILE; nothing live is asked of the host");
    add_text(options, "config", "FILE", "configuration instead of the host's");
    add_format(options, formats());
    add_connect(options, "for a guest: connection");
    add_flag(options, "live", "for a guest: judge it as it runs");
    return options;
}

Phase phase_of(const Parsed& parsed, Phase otherwise) {
    return phase_of(parsed.text("phase")).value_or(otherwise);
}

int explain(const Judgement& judgement, const Config& config, const Parsed& parsed) {
    std::cout << format_of(parsed, formats()).render(judgement, config);
    return judgement.verdict.refuse         ? exit_fail
           : judgement.verdict.would_refuse ? exit_warn
                                            : exit_pass;
}

} // namespace virt_nested
