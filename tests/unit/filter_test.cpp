// SPDX-License-Identifier: GPL-2.0-or-later
// The filter, and what it writes down in the label: taken back again, the definition is as before.
#include "core/delivery.h"
#include "core/filter.h"
#include "core/relabel.h"
#include "core/text.h"

#include <gtest/gtest.h>

namespace virt_nested {
namespace {

const std::string label_of(const std::string& attributes) {
    return "<vn:nested xmlns:vn='urn:virt-nested:domain:1' " + attributes + "/>";
}

std::string guest(const std::string& label, const std::string& cpu,
                  const std::string& arch = "x86_64", const std::string& features = "<acpi/>") {
    return "<?xml version=\"1.0\"?>\n<!-- a comment -->\n<domain type='kvm'>\n  "
           "<name>web1</name>\n" +
           (label.empty() ? "" : "  <metadata>\n    " + label + "\n  </metadata>\n") +
           "  <os>\n    <type arch='" + arch + "' machine='" +
           (arch == "ppc64le" ? "pseries" : "virt") + "'>hvm</type>\n  </os>\n" +
           (features.empty() ? "" : "  <features>\n    " + features + "\n  </features>\n") +
           (cpu.empty() ? "" : "  " + cpu + "\n") +
           "  <devices>\n    <graphics type=\"vnc\" passwd='&#115;&amp;'/>\n  </devices>\n"
           "</domain>\n<!-- behind it -->";
}

TargetHost host(PlatformId id) {
    TargetHost out;
    out.platform = &platform(id);
    return out;
}

Edit filtered(const std::string& xml, PlatformId id, const FilterWish& wish = {}) {
    const EditResult result = filter_definition(xml, host(id), wish);
    if (const auto* problem = std::get_if<EditProblem>(&result)) {
        ADD_FAILURE() << problem->what << "\n" << xml;
        return {};
    }
    return std::get<Edit>(result);
}

EditProblem problem(const std::string& xml, const TargetHost& target, const FilterWish& wish = {}) {
    const EditResult result = filter_definition(xml, target, wish);
    if (const auto* found = std::get_if<EditProblem>(&result))
        return *found;
    ADD_FAILURE() << "no problem with\n" << xml;
    return {};
}

TEST(Filter, ByteForByteWhereNothingIsToBeDone) {
    const std::string svm = "<cpu mode='host-model'><feature policy='require' name='svm'/></cpu>";
    for (const std::string& xml :
         {guest("", "<cpu mode='host-passthrough'/>"),
          guest(label_of("policy='allow'"), "<cpu mode='host-passthrough'/>"),
          guest(label_of("policy='require'"), svm), guest(label_of("policy='forbid'"), "")}) {
        const Edit edit = filtered(xml, PlatformId::amd);
        EXPECT_FALSE(edit.changed);
        EXPECT_EQ(edit.xml, xml);
    }
}

/// All that the edit can meet, by platform.
std::vector<std::pair<PlatformId, std::string>> definitions(const std::string& label) {
    std::vector<std::pair<PlatformId, std::string>> out;
    const std::string libvirts_own = "<cpu mode='custom' match='exact' check='none'>\n    <model "
                                     "fallback='forbid'>qemu64</model>\n  </cpu>";
    for (const PlatformId id : {PlatformId::intel, PlatformId::amd})
        for (const std::string& cpu : std::vector<std::string>{
                 "", libvirts_own, "<cpu mode='host-passthrough' check='none' migratable='on'/>",
                 "<cpu mode='host-passthrough'/>", "<cpu mode='maximum'/>",
                 "<cpu mode='host-model'/>",
                 "<cpu>\n    <topology sockets='1' cores='2' threads='1'/>\n  </cpu>",
                 "<cpu mode='custom'><model>kvm64</model></cpu>",
                 "<cpu mode='custom'>\n    <model>EPYC</model>\n    <feature policy='optional' "
                 "name='" +
                     std::string(platform(id).feature) + "'/>\n  </cpu>"})
            out.emplace_back(id, guest(label, cpu));
    for (const char* features : {"", "<acpi/>"})
        out.emplace_back(PlatformId::power, guest(label, "", "ppc64le", features));
    out.emplace_back(PlatformId::arm64, guest(label, "<cpu mode='host-passthrough'/>", "aarch64"));
    out.emplace_back(PlatformId::z, guest(label, "<cpu mode='host-model'/>", "s390x"));
    return out;
}

/// The same to libvirt, wherever attributes stand.
void expect_same(const std::string& xml, const std::string& other) {
    const Result<Domain> a = parse_domain(xml);
    const Result<Domain> b = parse_domain(other);
    ASSERT_TRUE(a && b) << other;
    const auto said = [](const Domain& domain) {
        const Cpu& cpu = domain.cpu;
        std::string out = std::string(name(cpu.mode)) + "," + cpu.model + "," + cpu.match + "," +
                          cpu.check + "," + std::to_string(cpu.element);
        for (const CpuFeature& feature : cpu.features)
            out += "," + feature.name + name(feature.policy);
        return out + listed(said_of_nesting(domain)) + domain.label.injected;
    };
    EXPECT_EQ(said(*a), said(*b)) << other;
    EXPECT_EQ(xml.size(), other.size()) << other;
}

TEST(Filter, DeliversIsIdempotentAndIsTakenBack) {
    for (const std::string policy : {"require", "forbid"}) {
        size_t changed = 0;
        for (const auto& [id, xml] : definitions(label_of("policy='" + policy + "'"))) {
            const Edit edit = filtered(xml, id);
            const Result<Domain> domain = parse_domain(edit.xml);
            ASSERT_TRUE(domain) << edit.xml;
            EXPECT_EQ(delivery(*domain, platform(id)).how,
                      policy == "require" ? Delivers::certainly : Delivers::no)
                << edit.xml;
            EXPECT_EQ(domain->label.problem, "");
            EXPECT_EQ(domain->label.injected.empty(), !edit.changed) << edit.xml;
            EXPECT_EQ(filtered(edit.xml, id).xml, edit.xml) << "a second time";
            const Result<TakenBack> back = take_back(edit.xml);
            ASSERT_TRUE(back) << back.error().what;
            EXPECT_EQ(listed(back->kept), "");
            EXPECT_EQ(back->what.empty(), !edit.changed);
            const Result<TakenBack> bare = take_back(xml);
            ASSERT_TRUE(bare);
            expect_same(bare->xml, back->xml);
            changed += edit.changed;
        }
        EXPECT_GE(changed, 8U) << policy;
    }
}

TEST(Filter, TouchesOnlyWhatTheLabelDemands) {
    const std::string xml = guest(label_of("policy='require'"), "<cpu  mode='host-model'/>");
    std::string wanted = xml;
    const auto put = [&](const std::string& old, const std::string& text) {
        wanted.replace(wanted.find(old), old.size(), text);
    };
    put("<cpu  mode='host-model'/>",
        "<cpu  mode='host-model'>\n    <feature policy='require' name='vmx'/>\n  </cpu>");
    put("policy='require'/>", "policy='require' injected='feature.vmx=require'/>");
    EXPECT_EQ(filtered(xml, PlatformId::intel).xml, wanted);
    // As Go writes it: one line, no empty tags.
    EXPECT_EQ(filtered("<domain type=\"kvm\"><features><acpi></acpi></features><cpu "
                       "mode=\"host-model\"></cpu></domain>",
                       PlatformId::intel, {LabelPolicy::require, false})
                  .xml,
              "<domain type=\"kvm\"><features><acpi></acpi></features><cpu "
              "mode=\"host-model\"><feature policy=\"require\" name=\"vmx\"/></cpu></domain>");
}

TEST(Filter, ThePolicyIsForDefinitionsWithoutALabel) {
    const std::string cpu = "<cpu mode='host-model'/>";
    const FilterWish required{LabelPolicy::require, false};
    const Edit edit = filtered(guest("", cpu), PlatformId::intel, required);
    EXPECT_TRUE(edit.changed);
    EXPECT_EQ(edit.xml.find("urn:virt-nested"), std::string::npos) << "no label is made";
    EXPECT_EQ(filtered(edit.xml, PlatformId::intel, required).xml, edit.xml);
    EXPECT_NE(filtered(guest(label_of("policy='forbid'"), cpu), PlatformId::intel, required)
                  .xml.find("policy='disable'"),
              std::string::npos)
        << "the label wins";
    EXPECT_FALSE(
        filtered(guest(label_of("policy='allow'"), cpu), PlatformId::intel, required).changed);
}

TEST(Filter, WhatCannotBeDone) {
    const TargetHost amd = host(PlatformId::amd);
    const std::string off = "<cpu mode='host-model'><feature policy='disable' name='svm'/></cpu>";
    const std::string require = label_of("policy='require'");
    EXPECT_EQ(problem(guest(require, off), amd).kind, EditProblem::contradiction);
    EXPECT_TRUE(filtered(guest(require, off), PlatformId::amd, {LabelPolicy::none, true}).changed);
    for (const char* attributes :
         {"policy='maybe'", "", "policy='require' injected='more'", "policy='require' level='2'"})
        EXPECT_EQ(problem(guest(label_of(attributes), off), amd).kind, EditProblem::not_understood)
            << attributes;
    EXPECT_EQ(problem("<domain type='kvm'/><domain type='kvm'/>", amd).kind,
              EditProblem::undetermined);
    EXPECT_NE(problem("<domain type='kvm'/><domain type='kvm'/>", amd).what.find("more behind"),
              std::string::npos);
    EXPECT_EQ(problem("<pool/>", amd).kind, EditProblem::undetermined);
    EXPECT_EQ(problem(guest(require, "<cpu mode='host-model'/>", "loongarch64"), amd).kind,
              EditProblem::undetermined);
    EXPECT_EQ(problem(guest(require, "<cpu mode='host-model'/>"), host(PlatformId::z)).kind,
              EditProblem::undetermined)
        << "Intel or AMD?";
    EXPECT_EQ(problem(guest(require, "<cpu mode='host-model'/>"), {nullptr, "no idea", 0, {}}).what,
              "the platform of the host is not known: no idea");
}

TEST(Filter, AnotherArchitectureIsForAnotherHost) {
    const std::string require = label_of("policy='require'");
    EXPECT_NE(filtered(guest(require, "", "ppc64le"), PlatformId::intel).xml.find("nested-hv"),
              std::string::npos);
    const Edit arm = filtered(guest(require, "", "aarch64"), PlatformId::intel);
    EXPECT_NE(arm.xml.find("<virtualization/>"), std::string::npos);
    ASSERT_EQ(arm.warnings.size(), 1U);
    EXPECT_NE(arm.warnings[0].find("12.1.0"), std::string::npos);
}

// --- what is written down

TEST(Injected, WordsAreUnderstoodOrNamed) {
    for (const char* good :
         {"", "feature.svm=require", "feature.svm=disable/optional check=full/none",
          "mode=host-passthrough/custom match=/exact model=/qemu64,forbid check=full/none",
          "mode=host-passthrough", "nested-hv=on/off", "virtualization=on", "virtualization=/on"}) {
        const Result<InjectedItems> items = parse_injected(good);
        ASSERT_TRUE(items) << good << items.error().what;
        EXPECT_EQ(injected_text(*items), good);
    }
    for (const char* bad :
         {"x", "=", "feature.svm", "feature.=require", "feature.svm=", "feature.svm=maybe",
          "feature.s,v=require", "check=partial", "check=", "check=full/full", "mode=custom",
          "model=x", "model=/a,b", "model=/,forbid", "match=exact", "nested-hv=maybe",
          "virtualization=", "feature.svm=require feature.svm=force", "check=full/none/none"}) {
        const Result<InjectedItems> items = parse_injected(bad);
        EXPECT_FALSE(items) << bad;
    }
    std::string many;
    for (int i = 0; i < 100000; ++i)
        many += " feature.a" + std::to_string(i) + "=require";
    EXPECT_EQ(parse_injected(many).error().what, "'feature.a64=require' is one word too many");
    EXPECT_EQ(parse_injected("check=full x\x1b=1").error().what, "'x\\x1b=1' is not understood");
}

TEST(Injected, TheHookNamesWhatItDoesNotUnderstand) {
    const auto label = [](const std::string& attributes) {
        const Result<Domain> domain = parse_domain(guest(label_of(attributes), ""));
        return domain ? domain->label : Label();
    };
    EXPECT_EQ(label("policy='require' injected='check=full'").problem, "");
    EXPECT_EQ(label("policy='require' injected='check=full'").injected, "check=full");
    EXPECT_EQ(label("policy='require' injected='all of it'").problem,
              "in the label's attribute 'injected', 'all' is not understood");
    EXPECT_EQ(label("policy='require' injected='all of it'").fault, LabelFault::words);
}

TEST(Injected, WhatIsChangedTwiceBeganWhereItBegan) {
    InjectedItems items;
    remember(items, {"feature.svm", "require", "optional"});
    remember(items, {"feature.svm", "disable", "require"});
    EXPECT_EQ(injected_text(items), "feature.svm=disable/optional");
    remember(items, {"feature.svm", "require", "force"});
    EXPECT_EQ(injected_text(items), "feature.svm=require/force") << "somebody else was there";
    remember(items, {"feature.svm", "force", "require"});
    EXPECT_EQ(injected_text(items), "");
}

TEST(Injected, WhatCannotBeToldIsNotAndStays) {
    for (const std::string cpu :
         {"<cpu mode='custom' match='exact' check='none'><model "
          "fallback='odd'>qemu64</model></cpu>",
          "<cpu mode='custom'><model vendor_id='x'>qemu64</model></cpu>",
          "<cpu mode='custom'><model>qemu64</model><vendor>AMD</vendor></cpu>"}) {
        const Edit edit = filtered(guest(label_of("policy='require'"), cpu), PlatformId::amd);
        const Result<Domain> domain = parse_domain(edit.xml);
        ASSERT_TRUE(domain);
        EXPECT_EQ(domain->label.problem, "");
        EXPECT_EQ(domain->label.injected, "feature.svm=require check=full");
        const Result<TakenBack> back = take_back(edit.xml);
        ASSERT_TRUE(back);
        EXPECT_NE(back->xml.find("mode='host-passthrough'"), std::string::npos) << back->xml;
    }
}

TEST(TakeBack, OnlyWhatIsStillAsItWasWritten) {
    const auto back = [](const std::string& injected, const std::string& cpu) {
        const Result<TakenBack> out =
            take_back(guest(label_of("policy='require' injected='" + injected + "'"), cpu));
        EXPECT_TRUE(out) << out.error().what;
        return out ? *out : TakenBack();
    };
    const std::string changed = "<cpu mode='host-model'><feature policy='force' name='svm'/></cpu>";
    EXPECT_EQ(back("feature.svm=require", changed).kept,
              std::vector<std::string>{"svm policy='force'"});
    EXPECT_EQ(back("feature.svm=require", changed).xml, guest("", changed));
    EXPECT_EQ(back("feature.svm=require", "<cpu mode='host-model'/>").kept.size(), 0U)
        << "somebody took it away";
    EXPECT_EQ(back("", changed).xml, guest("", changed)) << "nothing was written";
    // A CPU that somebody has given a feature since cannot go, nor one of another mode.
    const std::string more =
        "<cpu mode='host-passthrough'><feature policy='require' name='aes'/></cpu>";
    EXPECT_EQ(back("mode=host-passthrough", more).xml, guest("", more));
    EXPECT_EQ(back("mode=host-passthrough", "<cpu mode='host-model'/>").kept,
              std::vector<std::string>{"CPU mode 'host-model'"});
    EXPECT_EQ(back("mode=host-passthrough/custom match=/exact model=/qemu64,forbid check=full/none",
                   "<cpu mode='host-passthrough' check='full' migratable='on'/>")
                  .xml,
              guest("", "<cpu mode='custom' check='none' match='exact'>\n    <model "
                        "fallback='forbid'>qemu64</model>\n  </cpu>"));
    const Result<TakenBack> arm = take_back(
        guest(label_of("policy='forbid' injected='virtualization=/on'"), "", "aarch64", ""));
    ASSERT_TRUE(arm);
    EXPECT_NE(arm->xml.find("<virtualization/>"), std::string::npos)
        << "its <features> are gone, too: " << arm->xml;
    const Result<TakenBack> two = take_back("<domain><metadata/><metadata>" +
                                            label_of("policy='require'") + "</metadata></domain>");
    ASSERT_TRUE(two);
    EXPECT_EQ(two->xml.find("urn:"), std::string::npos) << two->xml;
    EXPECT_FALSE(take_back(guest(label_of("policy='maybe'"), "")));
    EXPECT_FALSE(take_back("<domain"));
}

} // namespace
} // namespace virt_nested
