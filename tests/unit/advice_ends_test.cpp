// SPDX-License-Identifier: GPL-2.0-or-later
// Every command that a refusal names ends it: carried out on every definition of
// decision_table.txt, and judged again.
#include "core/edit.h"
#include "core/policy.h"
#include "core/relabel.h"
#include "tests/unit/machine.h"
#include "tests/unit/table.h"

#include <gtest/gtest.h>

#include <map>

namespace virt_nested {
namespace {

struct Machine {
    const char* name;
    PlatformId id;
    const char* arch;
    const char* type;
    const char* feature;
};
constexpr Machine machines[] = {
    {"intel", PlatformId::intel, "x86_64", "kvm", "vmx"},
    {"amd", PlatformId::amd, "x86_64", "kvm", "svm"},
    {"power", PlatformId::power, "ppc64le", "kvm", "nested-hv"},
    {"z", PlatformId::z, "s390x", "kvm", "sief2"},
    {"arm64", PlatformId::arm64, "aarch64", "kvm", "virtualization"},
    {"tcg-x86", PlatformId::intel, "x86_64", "qemu", "svm"},
    {"tcg-ppc64", PlatformId::intel, "ppc64", "qemu", "nested-hv"},
    {"tcg-s390x", PlatformId::intel, "s390x", "qemu", "sief2"},
    {"tcg-aarch64", PlatformId::amd, "aarch64", "qemu", "virtualization"}};

Host read_machine(PlatformId id, State nests) {
    test::Folder root{{"proc/cpuinfo", test::cpuinfo(id)}};
    if (const std::string parameter = test::parameter_path(platform(id)); !parameter.empty())
        root.write(parameter, nests == State::off ? "0\n" : "1\n");
    return read_host(Sysroot(root.path()), test::ToldKvm(nests));
}

const Host& host(PlatformId id, State nests) {
    static std::map<std::pair<PlatformId, State>, Host> known;
    const auto [found, is_new] = known.try_emplace({id, nests});
    if (is_new)
        found->second = read_machine(id, nests);
    return found->second;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

std::string guest(const Machine& machine, const std::string& body, const std::string& label) {
    const bool power = std::string_view(machine.arch).starts_with("ppc64");
    return std::string("<domain type='") + machine.type + "'><name>g</name>" +
           (label.empty() ? ""
                          : "<metadata><n:nested xmlns:n='urn:virt-nested:domain:1' policy='" +
                                label + "'/></metadata>") +
           "<os><type arch='" + machine.arch + (power ? "' machine='pseries-9.1" : "") +
           "'>hvm</type></os>" +
           replaced(replaced(body, "FEATURE", machine.feature), "OTHER", "other") + "</domain>";
}

Verdict judged(const std::string& xml, const Host& host, const Config& config, Phase phase) {
    const Result<Domain> domain = parse_domain(xml);
    EXPECT_TRUE(domain) << xml;
    return domain ? decide(phase, *domain, host, config) : Verdict();
}

/// What `virt-nested inject` and `virt-nested label` make of a definition.
std::string carried_out(const std::string& mend, std::string xml, const Host& host) {
    if (mend.starts_with("virt-nested label")) {
        const Result<std::string> labelled = with_label(xml, LabelPolicy::forbid);
        EXPECT_TRUE(labelled);
        xml = labelled.value_or(xml);
    }
    const Result<Domain> domain = parse_domain(xml);
    Wish wish{domain->label.policy, true, mend.find("--override") != std::string::npos, 12001000};
    const EditResult result = edit_definition(xml, *platform_of_guest(*domain, host), wish);
    if (const auto* problem = std::get_if<EditProblem>(&result)) {
        ADD_FAILURE() << mend << ": " << problem->what;
        return xml;
    }
    return std::get<Edit>(result).xml;
}

size_t hold(const Machine& machine, const std::string& body, const std::string& label) {
    size_t tried = 0;
    Config config;
    config.unlabelled = UnlabelledRule::forbid;
    const Host& nests = host(machine.id, State::on);
    for (const State state : {State::on, State::off})
        for (const Phase phase : {Phase::prepare, Phase::start, Phase::migrate}) {
            const std::string xml = guest(machine, body, label);
            const Verdict verdict = judged(xml, host(machine.id, state), config, phase);
            if (!verdict.refuse)
                continue;
            SCOPED_TRACE(refusal(machine.name, verdict) + "\n" + xml);
            EXPECT_FALSE(verdict.mend.empty() && verdict.decision.empty());
            std::string mend = verdict.mend;
            const std::string enable = "virt-nested enable --now";
            if (mend.starts_with(enable))
                mend.erase(0, std::min(mend.size(), enable.size() + 4));
            if (verdict.mend.empty() || mend.starts_with("virsh edit"))
                continue; // words say what to do
            if (phase == Phase::migrate && state == State::off && !verdict.decision.empty())
                continue; // one part of it is for another host
            ++tried;
            const std::string after = mend.empty() ? xml : carried_out(mend, xml, nests);
            EXPECT_FALSE(judged(after, nests, config, phase).refuse)
                << refusal("again", judged(after, nests, config, phase)) << "\n"
                << after;
        }
    return tried;
}

TEST(Advice, EveryCommandEndsTheRefusal) {
    const test::Tables tables =
        test::read_tables(std::string(VN_TEST_DATA) + "/unit/decision_table.txt");
    size_t tried = 0;
    for (const Machine& machine : machines)
        for (const test::Row& row : tables.at("definitions"))
            for (const char* label : {"require", "forbid", ""})
                tried += hold(machine, row[1], label);
    EXPECT_GT(tried, 500U);
}

} // namespace
} // namespace virt_nested
