// SPDX-License-Identifier: GPL-2.0-or-later
// The decision, exhaustively: every label, configuration, phase, host, definition and platform of
// decision_table.txt.
#include "core/policy.h"
#include "tests/unit/machine.h"
#include "tests/unit/table.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>

using namespace virt_nested;
using test::Row;

namespace {

const test::Tables& tables() {
    static const test::Tables read =
        test::read_tables(std::string(VN_TEST_DATA) + "/unit/decision_table.txt");
    return read;
}

/// The columns of [definitions], after name and XML.
struct Column {
    const char* name;
    PlatformId id;
    const char* arch;
    bool emulated;
    const char* feature;
    const char* other;
};
constexpr std::array<Column, 9> columns = {{
    {"intel", PlatformId::intel, "x86_64", false, "vmx", "svm"},
    {"amd", PlatformId::amd, "x86_64", false, "svm", "vmx"},
    {"power", PlatformId::power, "ppc64le", false, "nested-hv", "svm"},
    {"z", PlatformId::z, "s390x", false, "sief2", "sie"},
    {"arm64", PlatformId::arm64, "aarch64", false, "virtualization", "svm"},
    {"tcg-x86", PlatformId::intel, "x86_64", true, "svm", "vmx"},
    {"tcg-ppc64", PlatformId::intel, "ppc64", true, "nested-hv", "svm"},
    {"tcg-s390x", PlatformId::intel, "s390x", true, "sief2", "sie"},
    {"tcg-aarch64", PlatformId::intel, "aarch64", true, "virtualization", "svm"},
}};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

std::string label_xml(const std::string& label) {
    if (label == "none")
        return {};
    return "<metadata><n:nested xmlns:n='urn:virt-nested:domain:1' policy='" +
           (label == "invalid" ? "maybe" : label) + "'/></metadata>";
}

Domain guest(const Column& column, const std::string& xml, const std::string& label) {
    const std::string body =
        replaced(replaced(xml, "FEATURE", column.feature), "OTHER", column.other);
    const Result<Domain> domain =
        parse_domain(std::string("<domain type='") + (column.emulated ? "qemu" : "kvm") +
                     "'><name>g</name>" + label_xml(label) + "<os><type arch='" + column.arch +
                     "'>hvm</type></os>" + body + "</domain>");
    EXPECT_TRUE(domain) << body;
    return domain ? *domain : Domain();
}

/// The host of a row of [hosts], read from a folder as a real one is.
Host host(const Column& column, const Row& row) {
    const Platform& platform_row = platform(column.id);
    test::Folder root{};
    root.write("proc/cpuinfo", row[0] == "unknown CPU"
                                   ? "processor\t: 0\nvendor_id\t: Nobody\nflags\t\t: fpu\n\n"
                                   : test::cpuinfo(column.id));
    const std::string parameter = test::parameter_path(platform_row);
    if (row[1] == "error") // an answer, so that the parameter does not stand in
        root.write("dev/kvm", "error=told so\n");
    if (!parameter.empty() && row[2] != "missing")
        root.write(parameter, row[2] == "on" ? "1\n" : "0\n");
    const std::map<std::string, State> answers = {{"1", State::on},
                                                  {"0", State::off},
                                                  {"missing", State::absent},
                                                  {"error", State::undetermined}};
    return read_host(Sysroot(root.path()), test::ToldKvm(answers.at(row[1])));
}

Config config(const std::string& unlabelled, const std::string& honour,
              const std::string& undetermined) {
    Config out = parse_config("unlabelled = " + unlabelled + "\nhonour_allow = " + honour +
                                  "\nundetermined = " + undetermined + "\n",
                              "table");
    EXPECT_TRUE(out.problems.empty());
    return out;
}

/// The one row that speaks of these words; none and two are both wrong.
const Row& only_row(const std::string& section, const std::vector<std::string>& words) {
    static std::map<std::string, const Row*> found_before;
    std::string shown = section;
    for (const std::string& word : words)
        shown += " | " + word;
    const Row*& found = found_before[shown];
    if (found)
        return *found;
    for (const Row& row : tables().at(section)) {
        bool all = true;
        for (size_t i = 0; i < words.size(); ++i)
            all = all && test::matches(row[i], words[i]);
        if (all && found)
            throw std::runtime_error("two rows for " + shown);
        if (all)
            found = &row;
    }
    if (!found)
        throw std::runtime_error("no row for " + shown);
    return *found;
}

std::string said(const Verdict& verdict) {
    if (verdict.refuse)
        return "refuse";
    // What a refusal would have said; advice on nested paging is none.
    for (const std::string& warning : verdict.warnings)
        if (warning.starts_with(verdict.reason))
            return "warn";
    return "pass";
}

bool one_harmless_line(const std::string& text) {
    return !text.empty() && text.find('\n') == std::string::npos && printable(text, 4096) == text;
}

/// Calls `test` for each column and row of [definitions].
void each_definition(
    const std::function<void(const Column&, const Row&, const std::string&)>& test) {
    const std::vector<Row>& rows = tables().at("definitions");
    for (size_t i = 0; i < columns.size(); ++i)
        for (const Row& row : rows) {
            ASSERT_EQ(row.size(), columns.size() + 2) << row[0];
            test(columns[i], row, row[i + 2]);
        }
}

} // namespace

TEST(Delivery, AsTheTableSays) {
    each_definition([](const Column& column, const Row& row, const std::string& expected) {
        SCOPED_TRACE(std::string(column.name) + ": " + row[0]);
        const Delivery gives = delivery(guest(column, row[1], "none"), platform(column.id));
        const std::map<std::string, Delivers> answers = {{"no", Delivers::no},
                                                         {"possibly", Delivers::possibly},
                                                         {"certainly", Delivers::certainly}};
        const bool doubted = expected == "?" || expected == "?!";
        EXPECT_EQ(gives.undetermined, doubted);
        EXPECT_EQ(certain_in_spite_of(gives, guest(column, row[1], "none"), platform(column.id))
                      .has_value(),
                  expected == "?!");
        if (!doubted) {
            EXPECT_EQ(gives.how, answers.at(expected));
        }
        EXPECT_TRUE(one_harmless_line(gives.why)) << gives.why;
    });
}

namespace {

/// A configuration in the words of the table.
struct Site {
    std::string unlabelled, honour, undetermined;
    Config config;
    Config reporting; ///< the same with mode = report
};

const std::vector<Site>& sites() {
    static const std::vector<Site> all = [] {
        std::vector<Site> out;
        for (const char* unlabelled : {"allow", "warn", "forbid"})
            for (const char* honour : {"yes", "no"})
                for (const char* undetermined : {"refuse", "allow"}) {
                    const Config enforcing = config(unlabelled, honour, undetermined);
                    Config reporting = enforcing;
                    reporting.mode = Mode::report;
                    out.push_back({unlabelled, honour, undetermined, enforcing, reporting});
                }
        return out;
    }();
    return all;
}

/// mode = report gives the same verdict, refuses nothing, and says what it would have refused.
void reports_the_same(const Verdict& verdict, const Verdict& reported) {
    EXPECT_FALSE(reported.refuse);
    EXPECT_FALSE(verdict.would_refuse);
    EXPECT_EQ(reported.would_refuse, verdict.refuse);
    EXPECT_EQ(reported.undetermined, verdict.undetermined);
    EXPECT_EQ(reported.reason, verdict.reason);
    EXPECT_EQ(reported.mend, verdict.mend);
    EXPECT_EQ(reported.decision, verdict.decision);
    std::vector<std::string> warnings = verdict.warnings;
    if (verdict.refuse)
        warnings.push_back("would be refused: " + verdict.reason +
                           in_words({verdict.mend, verdict.decision}));
    EXPECT_EQ(reported.warnings, warnings);
}

/// An emulated program takes twenty times as long, and no byte order decides a case: the first and
/// the last row.
std::vector<Row> hosts_to_hold() {
    const std::vector<Row>& all = tables().at("hosts");
#if defined(VN_EMULATED)
    return {all.front(), all.back()};
#else
    return all;
#endif
}

/// One definition with one label on one host: every configuration and phase. Returns how many.
size_t hold(const Domain& domain, const std::string& label, const Host& machine,
            const std::string& host_class, const std::string& gives) {
    size_t held = 0;
    for (const Site& site : sites())
        for (const char* phase :
             {"prepare", "start", "started", "migrate", "restore", "reconnect"}) {
            const std::string rule =
                only_row("rules", {label, site.unlabelled, site.honour}).back();
            const std::string expected =
                only_row("decisions", {rule, site.undetermined, phase, host_class, gives}).back();
            const Verdict verdict = decide(*phase_of(phase), domain, machine, site.config);
            reports_the_same(verdict, decide(*phase_of(phase), domain, machine, site.reporting));
            ++held;
            const auto where = [&] {
                return "label " + label + ", unlabelled = " + site.unlabelled +
                       ", honour_allow = " + site.honour + ", undetermined = " + site.undetermined +
                       ", " + phase + ": " + verdict.reason;
            };
            EXPECT_EQ(said(verdict), expected) << where();
            EXPECT_TRUE(one_harmless_line(verdict.reason)) << where();
            EXPECT_TRUE(!verdict.refuse || one_harmless_line(verdict.mend + verdict.decision))
                << "a refusal says what ends it: " << where();
            if (!needs_host(domain, site.config)) {
                EXPECT_EQ(said(decide(*phase_of(phase), domain, Host(), site.config)), expected)
                    << "without a look at the host: " << where();
            }
        }
    return held;
}

} // namespace

TEST(Decision, EveryCombinationAsTheTableSays) {
    std::map<std::string, Host> machines;
    for (const Column& column : columns)
        for (const Row& row : tables().at("hosts"))
            machines[column.name + row[0]] = host(column, row);
    size_t combinations = 0;
    each_definition([&](const Column& column, const Row& row, const std::string& gives) {
        for (const char* label : {"require", "forbid", "allow", "none", "invalid"}) {
            const Domain domain = guest(column, row[1], label);
            for (const Row& host_row : hosts_to_hold()) {
                SCOPED_TRACE(std::string(column.name) + ", " + row[0] + ", host: " + host_row[0]);
                const Host& machine = machines[column.name + host_row[0]];
                const bool judged = machine.platform || column.emulated;
                const std::string host_class =
                    column.emulated && gives != "?" ? "emulated" : host_row[3];
                combinations += hold(domain, label, machine, host_class, judged ? gives : "?");
            }
        }
    });
    // 5 labels x 12 configurations x 6 phases, for each definition, platform and host.
    EXPECT_EQ(combinations, tables().at("definitions").size() * columns.size() *
                                hosts_to_hold().size() * 5 * 12 * 6);
}

TEST(Decision, EmulatedGuestsOfOtherArchitectures) {
    const Column column = {"tcg-loongarch64", PlatformId::amd, "loongarch64", true, "lvz", "svm"};
    const Host machine = host(column, tables().at("hosts").front());
    EXPECT_TRUE(decide(Phase::prepare, guest(column, "", "require"), machine, Config()).refuse);
    EXPECT_FALSE(decide(Phase::prepare, guest(column, "", "forbid"), machine, Config()).refuse);
    EXPECT_FALSE(decide(Phase::prepare, guest(column, "", "none"), machine,
                        config("forbid", "yes", "refuse"))
                     .refuse);
}

TEST(Decision, KvmGuestsOfAnotherArchitectureThanTheHosts) {
    const Column column = {"", PlatformId::amd, "aarch64", false, "svm", "vmx"};
    const Host machine = host(column, tables().at("hosts").front());
    EXPECT_TRUE(decide(Phase::prepare, guest(column, "", "require"), machine, Config()).refuse);
}

TEST(RiscV, KvmCannotNestAndEmulationCan) {
    test::Folder root{{"proc/cpuinfo", "processor\t: 0\nisa\t\t: rv64imafdch_zicsr\n\n"}};
    const Host machine = read_host(Sysroot(root.path()), test::ToldKvm(State::on));
    const auto judged = [&](bool emulated, const std::string& xml, const std::string& label) {
        const Column column = {"riscv", PlatformId::unnamed, "riscv64", emulated, "h", "svm"};
        return decide(Phase::prepare, guest(column, xml, label), machine, Config());
    };
    const std::string required = "<cpu mode='custom'><model>rv64</model>"
                                 "<feature policy='require' name='h'/></cpu>";
    const Verdict refused = judged(false, required, "require");
    EXPECT_TRUE(refused.refuse);
    EXPECT_FALSE(refused.undetermined);
    EXPECT_EQ(refused.reason, "labelled require, but KVM on RISC-V does not offer nesting yet");
    EXPECT_EQ(refused.mend, "") << "nothing on this host can help";
    EXPECT_NE(refused.decision, "");
    EXPECT_FALSE(judged(false, "<cpu mode='host-passthrough'/>", "forbid").refuse);
    for (const char* xml :
         {"<cpu mode='custom'><model>rv64</model></cpu>", "<cpu mode='maximum'/>"})
        EXPECT_FALSE(judged(true, xml, "require").refuse) << xml;
    EXPECT_FALSE(judged(true, required, "require").refuse);
    for (const char* xml : {"", "<cpu mode='custom'><model>sifive-u54</model></cpu>"})
        EXPECT_TRUE(judged(true, xml, "require").refuse) << xml;
    EXPECT_FALSE(judged(true, "", "forbid").refuse);
}

TEST(Paging, AdviceOnlyWhereItIsMissing) {
    const Column& amd = columns[1];
    const Host machine = host(amd, tables().at("hosts").front());
    const auto advice = [&](const std::string& model, const std::string& features) {
        const Domain domain =
            guest(amd,
                  "<cpu mode='custom'><model>" + model +
                      "</model><feature policy='require' name='svm'/>" + features + "</cpu>",
                  "require");
        const Verdict verdict = decide(Phase::prepare, domain, machine, Config());
        EXPECT_FALSE(verdict.refuse) << verdict.reason;
        return verdict.warnings.size();
    };
    EXPECT_EQ(advice("kvm64", ""), 1U);
    EXPECT_EQ(advice("EPYC", ""), 0U);
    EXPECT_EQ(advice("qemu64", ""), 1U);
    EXPECT_EQ(advice("kvm64", "<feature policy='require' name='npt'/>"), 0U);
    EXPECT_EQ(advice("EPYC", "<feature policy='disable' name='npt'/>"), 1U);
}

TEST(Paging, AHostWithoutItWarns) {
    test::Folder root{{"proc/cpuinfo", test::cpuinfo(PlatformId::intel)}};
    const Host machine = read_host(Sysroot(root.path()), test::ToldKvm(State::on, State::off));
    const Domain domain = guest(columns[0], "<cpu mode='host-passthrough'/>", "require");
    const Verdict verdict = decide(Phase::prepare, domain, machine, Config());
    EXPECT_FALSE(verdict.refuse);
    ASSERT_EQ(verdict.warnings.size(), 1U);
    EXPECT_NE(verdict.warnings[0].find("shadow paging"), std::string::npos);
}

TEST(Forbid, ADoubtBesideWhatIsCertainLetsNothingPass) {
    test::Folder root{{"proc/cpuinfo", test::cpuinfo(PlatformId::amd)},
                      {"sys/module/kvm_amd/parameters/nested", "1\n"}};
    const Host machine = read_host(Sysroot(root.path()), test::ToldKvm(State::on));
    const Config lenient = config("allow", "yes", "allow");
    Domain domain = guest(columns[1], "<cpu mode='host-passthrough'/>", "forbid");
    domain.qemu.push_back({QemuPiece::argument, {}, "-x"});
    const Verdict sure = decide(Phase::prepare, domain, machine, lenient);
    EXPECT_TRUE(sure.refuse);
    EXPECT_FALSE(sure.undetermined);
    EXPECT_NE(sure.reason.find("host-passthrough gives svm"), std::string::npos) << sure.reason;
    EXPECT_NE(sure.reason.find("has -x"), std::string::npos) << sure.reason;
    EXPECT_NE(sure.mend.find("virsh edit"), std::string::npos) << sure.mend;
    EXPECT_NE(sure.mend.find("virt-nested inject"), std::string::npos) << sure.mend;
    // Without the certainty it is the site's to say.
    domain = guest(columns[1], "<cpu mode='custom'><model>EPYC</model></cpu>", "forbid");
    domain.qemu.push_back({QemuPiece::argument, {}, "-x"});
    EXPECT_FALSE(decide(Phase::prepare, domain, machine, lenient).refuse);
    EXPECT_TRUE(decide(Phase::prepare, domain, machine, Config()).refuse);
}

TEST(Refusal, SaysGuestReasonFactAndMend) {
    test::Folder root{{"proc/cpuinfo", test::cpuinfo(PlatformId::amd)},
                      {"sys/module/kvm_amd/parameters/nested", "0\n"}};
    const Host machine = read_host(Sysroot(root.path()), test::ToldKvm(State::off));
    const Domain domain = guest(columns[1], "<cpu mode='host-passthrough'/>", "require");
    EXPECT_EQ(refusal("web1", decide(Phase::prepare, domain, machine, Config())),
              "virt-nested: 'web1' refused: labelled require, but kvm_amd.nested is 0 (" +
                  root.path() +
                  "/sys/module/kvm_amd/parameters/nested); run: virt-nested enable --now");
}

TEST(Refusal, EscapesTheGuestsName) {
    Verdict verdict;
    verdict.reason = "labelled require";
    EXPECT_EQ(refusal("a\nb", verdict), "virt-nested: 'a\\x0ab' refused: labelled require");
    EXPECT_EQ(refusal("\x1b[2J%s", verdict), "virt-nested: '\\x1b[2J%s' refused: labelled require");
}

TEST(PhaseOf, NamesAndNothingElse) {
    for (const char* name : {"prepare", "start", "started", "migrate", "restore", "reconnect"})
        EXPECT_STREQ(virt_nested::name(*phase_of(name)), name);
    for (const char* other : {"stopped", "release", "attach", "", "PREPARE", "prepare "})
        EXPECT_FALSE(phase_of(other)) << other;
}

TEST(Unreadable, RefusedWhereTheLabelWasSeenOrTheSiteForbids) {
    const Config open;
    const Config strict = config("forbid", "yes", "refuse");
    EXPECT_TRUE(decide_unreadable(Phase::prepare, "cut off", true, open).refuse);
    EXPECT_FALSE(decide_unreadable(Phase::prepare, "cut off", false, open).refuse);
    EXPECT_EQ(decide_unreadable(Phase::prepare, "cut off", false, open).warnings.size(), 1U);
    EXPECT_TRUE(decide_unreadable(Phase::start, "cut off", false, strict).refuse);
    EXPECT_FALSE(decide_unreadable(Phase::reconnect, "cut off", true, strict).refuse);
    EXPECT_FALSE(decide_unreadable(Phase::restore, "cut off", true, strict).refuse);
    for (const bool seen : {false, true})
        reports_the_same(decide_unreadable(Phase::prepare, "cut off", seen, strict),
                         decide_unreadable(Phase::prepare, "cut off", seen, [&] {
                             Config reporting = strict;
                             reporting.mode = Mode::report;
                             return reporting;
                         }()));
}
