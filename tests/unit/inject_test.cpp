// SPDX-License-Identifier: GPL-2.0-or-later
// What a label writes into a definition: each CPU mode, each platform. Hosts that nest are rows of
// the table here; no host of the test machine is asked.
#include "cli/diff.h"
#include "core/edit.h"
#include "core/policy.h"
#include "core/relabel.h"
#include "core/text.h"
#include "core/xml.h"

#include <gtest/gtest.h>

namespace virt_nested {
namespace {

std::string guest(const std::string& cpu, const std::string& type = "kvm",
                  const std::string& features = "<acpi/>", const std::string& arch = "x86_64",
                  const std::string& machine = "q35") {
    return "<domain type='" + type +
           "'>\n  <name>web1</name>\n  <memory unit='KiB'>65536</memory>\n  <os>\n    <type "
           "arch='" +
           arch + "' machine='" + machine + "'>hvm</type>\n  </os>\n  <features>\n    " + features +
           "\n  </features>\n" + (cpu.empty() ? "" : "  " + cpu + "\n") +
           "  <devices>\n    <graphics type='vnc' passwd='s&amp;cret'/>\n  </devices>\n</domain>\n";
}

Wish require(bool by_person = false) {
    return {LabelPolicy::require, by_person, false, 9000000};
}
Wish forbid() {
    return {LabelPolicy::forbid, false, false, 9000000};
}

const Platform& row(PlatformId id) {
    return platform(id);
}

Edit edited(const std::string& xml, PlatformId id, const Wish& wish) {
    const EditResult result = edit_definition(xml, row(id), wish);
    if (const auto* problem = std::get_if<EditProblem>(&result)) {
        ADD_FAILURE() << problem->what << "\n" << xml;
        return {};
    }
    return std::get<Edit>(result);
}

EditProblem problem(const std::string& xml, PlatformId id, const Wish& wish) {
    const EditResult result = edit_definition(xml, row(id), wish);
    if (const auto* found = std::get_if<EditProblem>(&result))
        return *found;
    ADD_FAILURE() << "no problem with\n" << xml;
    return {};
}

std::string custom(const std::string& model, const std::string& features = {}) {
    return "<cpu mode='custom' match='exact' check='partial'>\n    <model fallback='allow'>" +
           model + "</model>\n    <topology sockets='1' cores='2' threads='1'/>\n    " + features +
           "\n  </cpu>";
}

/// Every edit that `require` makes: the definition delivers afterwards, and a second one changes
/// nothing.
void expect_delivers(const std::string& xml, PlatformId id, bool by_person = false) {
    const Edit edit = edited(xml, id, require(by_person));
    const Result<Domain> domain = parse_domain(edit.xml);
    ASSERT_TRUE(domain) << domain.error().what << edit.xml;
    const Delivery gives = delivery(*domain, row(id));
    EXPECT_EQ(gives.how, Delivers::certainly) << gives.why << edit.xml;
    const Edit again = edited(edit.xml, id, require(by_person));
    EXPECT_FALSE(again.changed) << edit.xml;
    EXPECT_EQ(again.xml, edit.xml);
}

TEST(Require, EveryModeDeliversAndASecondTimeChangesNothing) {
    for (const PlatformId id : {PlatformId::intel, PlatformId::amd}) {
        const std::string feature(row(id).feature);
        for (const std::string mode : {"host-passthrough", "maximum", "host-model"}) {
            expect_delivers(guest("<cpu mode='" + mode + "'/>"), id);
            expect_delivers(guest("<cpu mode='" + mode + "'><feature policy='optional' name='" +
                                  feature + "'/></cpu>"),
                            id);
            expect_delivers(guest("<cpu mode='" + mode +
                                  "' check='none'>\n    <topology sockets='1' "
                                  "cores='1' threads='1'/>\n  </cpu>"),
                            id);
        }
        for (const std::string model : {"kvm64", "EPYC", "Haswell-noTSX", "Opteron_G3"}) {
            expect_delivers(guest(custom(model)), id);
            for (const std::string policy : {"require", "force", "optional"})
                expect_delivers(guest(custom(model, "<feature policy='" + policy + "' name='" +
                                                        feature + "'/>")),
                                id);
        }
        expect_delivers(guest(""), id, true);
        expect_delivers(guest("<cpu><topology sockets='1' cores='2' threads='1'/></cpu>"), id,
                        true);
    }
    expect_delivers(guest("<cpu mode='maximum'/>", "qemu"), PlatformId::amd);
    expect_delivers(guest("<cpu mode='host-model'/>", "qemu"), PlatformId::amd);
    expect_delivers(guest(custom("kvm64"), "qemu"), PlatformId::amd);
    expect_delivers(
        guest("<cpu mode='host-passthrough'/>", "kvm", "<acpi/>", "s390x", "s390-ccw-virtio"),
        PlatformId::z);
    expect_delivers(guest(custom("z14"), "kvm", "<acpi/>", "s390x", "s390-ccw-virtio"),
                    PlatformId::z);
    expect_delivers(guest("", "kvm", "<acpi/>", "ppc64le", "pseries-6.2"), PlatformId::power);
}

TEST(Require, IntoHostPassthroughWithTheCheckThatLibvirtEnforces) {
    const Edit edit =
        edited(guest("<cpu mode='host-passthrough' check='none'/>"), PlatformId::amd, require());
    EXPECT_NE(edit.xml.find("<cpu mode='host-passthrough' check='full'>\n"
                            "    <feature policy='require' name='svm'/>\n  </cpu>"),
              std::string::npos)
        << edit.xml;
}

TEST(Require, WhatTheSiteVouchesForIsNoDoubt) {
    const std::string xml =
        guest("<cpu mode='host-passthrough'/><q:commandline xmlns:q='http://libvirt.org/schemas/"
              "domain/qemu/1.0'><q:arg value='-qmp'/><q:arg value='unix:/run/x'/></q:commandline>"
              "<devices><emulator>/opt/qemu/bin/qemu</emulator></devices>");
    const EditProblem doubt = problem(xml, PlatformId::amd, require());
    EXPECT_EQ(doubt.kind, EditProblem::undetermined);
    EXPECT_NE(doubt.what.find("run: virsh edit web1; take -qmp out"), std::string::npos)
        << doubt.what;
    Wish wish = require();
    wish.vouched = {{"/opt/qemu/bin"}, {"-qmp", "unix:/run/*"}};
    EXPECT_TRUE(edited(xml, PlatformId::amd, wish).changed);
}

TEST(Require, AnElementThatIsOffIsAContradiction) {
    const std::string xml = guest("<cpu mode='host-passthrough'/>", "kvm",
                                  "<virtualization state='off'/>", "aarch64", "virt");
    Wish wish = require();
    EXPECT_EQ(problem(xml, PlatformId::arm64, wish).kind, EditProblem::contradiction);
    wish.override_contradiction = true;
    const Edit edit = edited(xml, PlatformId::arm64, wish);
    const Result<Domain> after = parse_domain(edit.xml);
    ASSERT_TRUE(after);
    EXPECT_EQ(delivery(*after, row(PlatformId::arm64)).how, Delivers::certainly) << edit.xml;
}

TEST(Require, LeavesTheCheckWhereOtherFeaturesWouldBeginToBeEnforced) {
    const Edit edit = edited(guest("<cpu mode='host-passthrough' check='none'><feature "
                                   "policy='require' name='aes'/></cpu>"),
                             PlatformId::intel, require());
    EXPECT_EQ(edit.xml.find("check='full'"), std::string::npos);
    EXPECT_NE(edit.xml.find("name='vmx'"), std::string::npos);
    ASSERT_EQ(edit.warnings.size(), 1U);
    EXPECT_NE(edit.warnings[0].find("check='full' is left out"), std::string::npos);
    const Edit disabled = edited(guest("<cpu mode='host-passthrough'><feature policy='disable' "
                                       "name='arch-capabilities'/></cpu>"),
                                 PlatformId::intel, require());
    EXPECT_NE(disabled.xml.find("check='full'"), std::string::npos) << disabled.xml;
}

TEST(Require, SvmBringsNptWhereTheModelLacksIt) {
    for (const auto& [model, npt] : std::vector<std::pair<std::string, bool>>{
             {"kvm64", true}, {"Opteron_G3", true}, {"EPYC-Milan", false}, {"phenom", false}}) {
        const Edit edit = edited(guest(custom(model)), PlatformId::amd, require());
        EXPECT_EQ(edit.xml.find("name='npt'") != std::string::npos, npt) << model;
    }
    const Edit off = edited(guest(custom("kvm64", "<feature policy='disable' name='npt'/>")),
                            PlatformId::amd, require());
    EXPECT_NE(off.xml.find("<feature policy='disable' name='npt'/>"), std::string::npos);
    EXPECT_EQ(off.warnings.size(), 1U);
    const Edit intel = edited(guest(custom("kvm64")), PlatformId::intel, require());
    EXPECT_EQ(intel.xml.find("npt"), std::string::npos);
}

TEST(Require, NoFeatureTwice) {
    const Edit edit = edited(guest(custom("EPYC", "<feature policy='optional' name='svm'/>")),
                             PlatformId::amd, require());
    const size_t first = edit.xml.find("name='svm'");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(edit.xml.find("name='svm'", first + 1), std::string::npos) << edit.xml;
    EXPECT_EQ(edit.what, std::vector<std::string>{"svm policy='require' instead of 'optional'"});
    // vmx-* are other features.
    const Edit near = edited(guest(custom("Haswell", "<feature policy='disable' name='vmx-ept'/>")),
                             PlatformId::intel, require());
    EXPECT_EQ(near.what, std::vector<std::string>{"vmx policy='require' added"});
}

TEST(Require, AContradictionNamesBoth) {
    for (const std::string policy : {"disable", "forbid"}) {
        const std::string xml =
            guest("<cpu mode='host-model'><feature policy='" + policy + "' name='svm'/></cpu>");
        const EditProblem found = problem(xml, PlatformId::amd, require());
        EXPECT_EQ(found.kind, EditProblem::contradiction);
        EXPECT_EQ(found.what,
                  "the label says require, but the definition says svm policy='" + policy + "'");
        Wish strong = require(true);
        strong.override_contradiction = true;
        EXPECT_EQ(edited(xml, PlatformId::amd, strong).what,
                  std::vector<std::string>{"svm policy='require' instead of '" + policy + "'"});
    }
}

TEST(Require, ChoosesACpuOnlyForAPerson) {
    const std::string topology = "<topology sockets='1' cores='2' threads='1'/>";
    for (const std::string& cpu :
         std::vector<std::string>{std::string(), "<cpu>" + topology + "</cpu>",
                                  "<cpu mode='custom' match='exact' check='none'><model "
                                  "fallback='forbid'>qemu64</model>" +
                                      topology + "</cpu>"}) {
        EXPECT_EQ(problem(guest(cpu), PlatformId::intel, require()).kind,
                  EditProblem::needs_person);
        const Edit edit = edited(guest(cpu), PlatformId::intel, require(true));
        const Result<Domain> domain = parse_domain(edit.xml);
        ASSERT_TRUE(domain);
        EXPECT_EQ(domain->cpu.mode, CpuMode::host_passthrough);
        EXPECT_EQ(domain->cpu.check, "full");
        EXPECT_EQ(domain->cpu.model, "");
        EXPECT_EQ(domain->cpu.match, "");
        EXPECT_EQ(edit.xml.find("cores='2'") != std::string::npos, !cpu.empty()) << edit.xml;
    }
    // Emulated, qemu64 has svm as it is.
    EXPECT_FALSE(edited(guest("<cpu mode='custom'><model>qemu64</model></cpu>", "qemu"),
                        PlatformId::amd, require())
                     .changed);
}

TEST(Require, WhatNoDefinitionCanGive) {
    EXPECT_EQ(problem(guest("<cpu mode='maximum'/>", "qemu"), PlatformId::intel, require()).kind,
              EditProblem::impossible)
        << "the row of an emulated guest on x86 is AMD's; Intel's own has no emulation";
    const std::string secure = guest("<cpu mode='host-model'/><launchSecurity type='s390-pv'/>",
                                     "kvm", "<acpi/>", "s390x", "s390-ccw-virtio");
    EXPECT_EQ(problem(secure, PlatformId::z, require()).kind, EditProblem::impossible);
    for (const auto& [type, id] :
         {std::pair("tdx", PlatformId::intel), std::pair("sev", PlatformId::amd),
          std::pair("sev-snp", PlatformId::amd)}) {
        const EditProblem none =
            problem(guest("<cpu mode='host-passthrough'/><launchSecurity type='" +
                          std::string(type) + "'/>"),
                    id, require());
        EXPECT_EQ(none.kind, EditProblem::impossible);
        EXPECT_NE(none.what.find("take <launchSecurity> out"), std::string::npos) << none.what;
    }
    EXPECT_EQ(
        problem(guest("", "kvm", "<acpi/>", "ppc64le", "powernv9"), PlatformId::power, require())
            .kind,
        EditProblem::impossible);
    const EditProblem arm =
        problem(guest("<cpu mode='host-passthrough'/>", "kvm", "<acpi/>", "aarch64", "virt"),
                PlatformId::arm64, require());
    EXPECT_EQ(arm.kind, EditProblem::impossible);
    EXPECT_NE(arm.what.find("12.1.0"), std::string::npos);
    const std::string line =
        "<domain type='kvm' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>"
        "<name>a</name><os><type arch='x86_64'>hvm</type></os><cpu mode='host-model'/>"
        "<q:commandline><q:arg value='-cpu'/></q:commandline></domain>";
    EXPECT_EQ(problem(line, PlatformId::amd, require()).kind, EditProblem::undetermined);
    EXPECT_EQ(problem("<domain", PlatformId::amd, require()).kind, EditProblem::undetermined);
}

TEST(Require, OtherArchitectures) {
    const Edit power =
        edited(guest("", "kvm", "<acpi/>", "ppc64le", "pseries"), PlatformId::power, require());
    EXPECT_NE(power.xml.find("<acpi/>\n    <nested-hv state='on'/>"), std::string::npos)
        << power.xml;
    EXPECT_EQ(problem(guest("", "kvm", "<nested-hv state='off'/>", "ppc64le", "pseries"),
                      PlatformId::power, require())
                  .kind,
              EditProblem::contradiction);
    const Edit z =
        edited(guest(custom("z14"), "kvm", "<acpi/>", "s390x", "x"), PlatformId::z, require());
    EXPECT_EQ(z.what, std::vector<std::string>{"sief2 policy='require' added"});
    Wish modern = require();
    modern.libvirt_version = 12001000;
    const Edit arm =
        edited(guest("<cpu mode='host-passthrough'/>", "kvm", "<acpi/>", "aarch64", "virt"),
               PlatformId::arm64, modern);
    EXPECT_NE(arm.xml.find("<virtualization/>"), std::string::npos);
}

TEST(Forbid, DisablesOnlyWhatCouldBeExposed) {
    const Edit host = edited(guest("<cpu mode='host-passthrough'/>"), PlatformId::intel, forbid());
    EXPECT_EQ(host.what, std::vector<std::string>{"vmx policy='disable' added"});
    EXPECT_FALSE(edited(host.xml, PlatformId::intel, forbid()).changed);
    EXPECT_TRUE(edited(guest("<cpu mode='host-model'/>"), PlatformId::intel, forbid()).changed);
    EXPECT_FALSE(edited(guest("<cpu mode='host-model'/>"), PlatformId::amd, forbid()).changed);
    EXPECT_FALSE(edited(guest(custom("EPYC")), PlatformId::amd, forbid()).changed);
    EXPECT_FALSE(edited(guest(""), PlatformId::amd, forbid()).changed);
    EXPECT_EQ(edited(guest(custom("EPYC", "<feature policy='optional' name='svm'/>")),
                     PlatformId::amd, forbid())
                  .what,
              std::vector<std::string>{"svm policy='disable' instead of 'optional'"});
    EXPECT_FALSE(edited(guest("<cpu mode='maximum'/>", "qemu"), PlatformId::amd, forbid()).changed)
        << "nothing of the host's CPU reaches an emulated guest";
}

TEST(Forbid, AContradictionNamesBoth) {
    EXPECT_EQ(
        problem(guest(custom("EPYC", "<feature name='svm'/>")), PlatformId::amd, forbid()).what,
        "the label says forbid, but the definition says svm policy='require'");
    EXPECT_EQ(problem(guest("", "kvm", "<nested-hv state='on'/>", "ppc64le", "pseries"),
                      PlatformId::power, forbid())
                  .kind,
              EditProblem::contradiction);
}

TEST(Said, WhatStaysInADefinitionWhoseLabelGoes) {
    const auto said = [](const std::string& xml) {
        const Result<Domain> domain = parse_domain(xml);
        EXPECT_TRUE(domain);
        return listed(said_of_nesting(domain ? *domain : Domain()));
    };
    EXPECT_EQ(said(guest("")), "");
    EXPECT_EQ(said(guest(custom("kvm64"))), "");
    for (const PlatformId id : {PlatformId::intel, PlatformId::amd, PlatformId::z}) {
        const std::string injected =
            edited(guest(custom("kvm64"), "kvm", "<acpi/>", std::string(row(id).guests.front())),
                   id, require())
                .xml;
        EXPECT_NE(said(injected).find(std::string(row(id).feature) + " policy='require'"),
                  std::string::npos)
            << injected;
    }
    EXPECT_EQ(said(edited(guest("<cpu mode='host-passthrough'/>"), PlatformId::amd, forbid()).xml),
              "CPU mode 'host-passthrough' and svm policy='disable'");
    EXPECT_EQ(said(guest("", "kvm", "<nested-hv state='on'/>", "ppc64le", "pseries")),
              "<nested-hv state='on'/>");
    EXPECT_EQ(said(guest("", "kvm", "<virtualization/>", "aarch64", "virt")), "<virtualization/>");
}

TEST(Edit, TouchesNothingElse) {
    const std::string before =
        guest(custom("kvm64", "<!-- kept --><feature policy='disable' name='x2apic'/>")) + "\n";
    const Edit edit = edited(before, PlatformId::intel, require());
    const Result<XmlDocument> same = XmlDocument::parse(before);
    ASSERT_TRUE(same);
    const std::string diff = unified_diff(same->text(), edit.xml, "a", "b");
    size_t changed = 0;
    for (const std::string_view line : lines(diff))
        changed += (line.starts_with('+') || line.starts_with('-')) && !line.starts_with("+++") &&
                   !line.starts_with("---");
    EXPECT_EQ(changed, 1U) << diff;
    EXPECT_NE(edit.xml.find("passwd='s&amp;cret'"), std::string::npos);
    EXPECT_NE(edit.xml.find("<!-- kept -->"), std::string::npos);
}

TEST(Edit, KeepsUnicodeAndForeignNamespaces) {
    const std::string xml =
        "<domain type='kvm'><name>w\xC3\xA4"
        "b</name><metadata><o:x "
        "xmlns:o='urn:o' a='1'/></metadata><os><type arch='x86_64'>hvm</type></os>"
        "<cpu mode='host-model'/></domain>";
    const Edit edit = edited(xml, PlatformId::intel, require());
    EXPECT_NE(edit.xml.find("<name>w\xC3\xA4"
                            "b</name>"),
              std::string::npos)
        << edit.xml;
    EXPECT_NE(edit.xml.find("<o:x xmlns:o='urn:o' a='1'/>"), std::string::npos) << edit.xml;
}

TEST(WithLabel, SetsChangesAndTakesAway) {
    const std::string bare = guest("");
    const Result<std::string> set = with_label(bare, LabelPolicy::forbid);
    ASSERT_TRUE(set);
    EXPECT_EQ(parse_domain(*set)->label.policy, LabelPolicy::forbid) << *set;
    const Result<std::string> changed = with_label(*set, LabelPolicy::require);
    ASSERT_TRUE(changed);
    EXPECT_EQ(parse_domain(*changed)->label.policy, LabelPolicy::require);
    EXPECT_EQ(parse_domain(*changed)->label.problem, "");
    const Result<std::string> none = with_label(*changed, LabelPolicy::none);
    ASSERT_TRUE(none);
    EXPECT_FALSE(parse_domain(*none)->label.present());
}

TEST(UnifiedDiff, IsWhatDiffWouldWrite) {
    EXPECT_EQ(unified_diff("a\nb\n", "a\nb\n", "x", "y"), "");
    EXPECT_EQ(
        unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "x", "y"),
        "--- x\n+++ y\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    EXPECT_EQ(unified_diff("", "a\n", "x", "y"), "--- x\n+++ y\n@@ -0,0 +1 @@\n+a\n");
    std::string far_old;
    std::string far_new;
    for (int i = 1; i <= 20; ++i) {
        far_old += std::to_string(i) + "\n";
        far_new += (i == 2 || i == 18 ? "x" : std::to_string(i)) + "\n";
    }
    EXPECT_EQ(
        unified_diff(far_old, far_new, "x", "y"),
        "--- x\n+++ y\n@@ -1,5 +1,5 @@\n 1\n-2\n+x\n 3\n 4\n 5\n@@ -15,6 +15,6 @@\n 15\n 16\n "
        "17\n-18\n+x\n 19\n 20\n");
    EXPECT_EQ(unified_diff("a\n", "\x1B[2J\n", "x", "y"),
              "--- x\n+++ y\n@@ -1 +1 @@\n-a\n+\\x1b[2J\n");
}

TEST(Edit, RiscVOnlyUnderEmulation) {
    const Platform& riscv = *platform_of_machine("riscv64");
    const auto edit = [&](const std::string& type, const std::string& cpu) {
        return edit_definition(guest(cpu, type, "<acpi/>", "riscv64", "virt"), riscv,
                               require(true));
    };
    const EditResult kvm = edit("kvm", "<cpu mode='host-passthrough'/>");
    ASSERT_TRUE(std::holds_alternative<EditProblem>(kvm));
    EXPECT_EQ(std::get<EditProblem>(kvm).kind, EditProblem::impossible);
    for (const char* cpu : {"", "<cpu mode='custom'><model>sifive-u54</model></cpu>"}) {
        const EditResult emulated = edit("qemu", cpu);
        ASSERT_TRUE(std::holds_alternative<Edit>(emulated)) << cpu;
        const Result<Domain> after = parse_domain(std::get<Edit>(emulated).xml);
        ASSERT_TRUE(after);
        EXPECT_EQ(delivery(*after, riscv).how, Delivers::certainly) << cpu;
        EXPECT_EQ(std::get<Edit>(emulated).xml.find("host-passthrough"), std::string::npos);
    }
}

} // namespace
} // namespace virt_nested
