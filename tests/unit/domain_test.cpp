// SPDX-License-Identifier: GPL-2.0-or-later
// What is read out of a domain XML, and what is refused as none.
#include "core/domain.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace virt_nested;

namespace {

constexpr const char* uri = "urn:virt-nested:domain:1";

Domain read(const std::string& xml) {
    const Result<Domain> domain = parse_domain(xml);
    EXPECT_TRUE(domain) << (domain ? "" : domain.error().what) << "\n" << xml;
    return domain ? *domain : Domain();
}

std::string refused(const std::string& xml) {
    const Result<Domain> domain = parse_domain(xml);
    EXPECT_FALSE(domain) << xml.substr(0, 400);
    return domain ? "" : domain.error().what;
}

Label label(const std::string& metadata) {
    return read("<domain type='kvm'><metadata>" + metadata + "</metadata></domain>").label;
}

std::string problem(const std::string& metadata) {
    return label(metadata).problem;
}

std::string nested(const std::string& rest) {
    return "<n:nested xmlns:n='urn:virt-nested:domain:1' " + rest;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST(DomainXml, WhatLibvirtSends) {
    const Domain domain =
        read(R"(<domain type='kvm' id='7' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>web&amp;1</name><uuid>c7a5fdbd-cdaf-9455-926a-d65c16db1809</uuid>
  <metadata><n:nested xmlns:n='urn:virt-nested:domain:1' policy='require'/></metadata>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <features><acpi/><nested-hv state='on'/><virtualization/></features>
  <cpu mode='custom' match='exact' check='full'>
    <model fallback='forbid'>EPYC</model>
    <feature policy='require' name='svm'/><feature policy='disable' name='npt'/><feature name='aes'/>
  </cpu>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices>
  <launchSecurity type='sev'/>
  <q:commandline><q:arg value='-smbios'/><q:arg value='-cpu'/></q:commandline>
</domain>)");
    EXPECT_EQ(domain.type, "kvm");
    EXPECT_EQ(domain.name, "web&1");
    EXPECT_EQ(domain.uuid, "c7a5fdbd-cdaf-9455-926a-d65c16db1809");
    EXPECT_EQ(domain.arch, "x86_64");
    EXPECT_EQ(domain.machine, "pc-q35-7.2");
    EXPECT_EQ(domain.emulator, "/usr/bin/qemu-system-x86_64");
    EXPECT_TRUE(domain.running);
    EXPECT_EQ(domain.cpu.mode, CpuMode::custom);
    EXPECT_EQ(domain.cpu.model, "EPYC");
    EXPECT_EQ(domain.cpu.match, "exact");
    EXPECT_EQ(domain.cpu.check, "full");
    ASSERT_EQ(domain.cpu.features.size(), 3U);
    EXPECT_EQ(domain.cpu.feature("svm")->policy, FeaturePolicy::require);
    EXPECT_EQ(domain.cpu.feature("npt")->policy, FeaturePolicy::disable);
    EXPECT_EQ(domain.cpu.feature("aes")->policy, FeaturePolicy::require);
    EXPECT_EQ(domain.cpu.feature("sv"), nullptr);
    EXPECT_EQ(domain.nested_hv, Switch::on);
    EXPECT_EQ(domain.virtualization, Switch::on);
    EXPECT_EQ(domain.launch_security, "sev");
    EXPECT_EQ(domain.qemu, (std::vector<QemuPiece>{{QemuPiece::argument, "", "-smbios"},
                                                   {QemuPiece::argument, "", "-cpu"}}));
    EXPECT_EQ(domain.label.policy, LabelPolicy::require);
}

TEST(DomainXml, OnlyInItsOwnPlaceDoesAnElementCount) {
    const Domain domain = read(
        "<domain type='kvm'><devices><cpu mode='host-passthrough'/><name>x</name>"
        "<disk><feature name='svm'/></disk></devices>"
        "<x:cpu xmlns:x='urn:x' mode='maximum'/>"
        "<metadata><a:app xmlns:a='urn:a'><a:cpu mode='maximum'/></a:app></metadata></domain>");
    EXPECT_EQ(domain.cpu.mode, CpuMode::none);
    EXPECT_FALSE(domain.cpu.element);
    EXPECT_EQ(domain.name, "");
    EXPECT_TRUE(domain.cpu.features.empty());
}

TEST(DomainXml, TextThatTheParserHandsOverInPieces) {
    EXPECT_EQ(read("<domain><name>a&lt;b<!-- c -->d<![CDATA[&e]]></name></domain>").name, "a<bd&e");
}

TEST(DomainXml, OneByteAtATime) {
    const std::string xml = "<domain type='kvm'><name>web1</name><metadata>" +
                            nested("policy='forbid'/>") + "</metadata></domain>";
    size_t at = 0;
    const Result<Domain> domain = parse_domain([&](char* buffer, size_t) {
        if (at == xml.size())
            return 0L;
        *buffer = xml[at++];
        return 1L;
    });
    ASSERT_TRUE(domain);
    EXPECT_EQ(domain->label.policy, LabelPolicy::forbid);
    EXPECT_EQ(domain->name, "web1");
}

TEST(DomainXml, EveryTruncationIsRefused) {
    const std::string xml = "<domain type='kvm'><name>w</name><metadata>" +
                            nested("policy='require'/>") + "</metadata></domain>";
    for (size_t size = 0; size < xml.size(); ++size)
        EXPECT_FALSE(parse_domain(std::string_view(xml).substr(0, size))) << size;
    EXPECT_TRUE(parse_domain(xml));
    EXPECT_TRUE(parse_domain(xml + "\n"));
    EXPECT_FALSE(parse_domain(xml + "<domain/>"));
}

TEST(DomainXml, AReadErrorIsNoDomain) {
    int calls = 0;
    const Result<Domain> domain = parse_domain([&](char* buffer, size_t) {
        constexpr std::string_view begins = "<domain>";
        std::copy_n(begins.begin(), begins.size(), buffer);
        return calls++ == 0 ? 8L : -1L;
    });
    EXPECT_FALSE(domain);
}

TEST(DomainXml, NoneAtAll) {
    EXPECT_FALSE(refused("").empty());
    EXPECT_TRUE(has(refused("no xml"), "not well-formed"));
    EXPECT_TRUE(has(refused(std::string("\0\0", 2)), "not well-formed"));
    EXPECT_TRUE(has(refused("<network/>"), "the root element is 'network', not 'domain'"));
    EXPECT_TRUE(has(refused("<x:domain xmlns:x='urn:x'/>"), "not 'domain'"));
    EXPECT_TRUE(has(refused("<domain><name>a</domain>"), "line 1"));
    EXPECT_TRUE(has(refused("<domain>\n\n<name>a</nam></domain>"), "line 3"));
    EXPECT_TRUE(has(refused("<domain><name>&undefined;</name></domain>"), "not well-formed"));
    EXPECT_FALSE(refused("<domain a='1' a='2'/>").empty());
    EXPECT_FALSE(refused("<domain><name>\xff\xfe</name></domain>").empty());
}

TEST(DomainXml, DocumentTypesAreRefusedBeforeTheyAreRead) {
    for (const char* document_type :
         {"<!DOCTYPE domain>", "<!DOCTYPE domain SYSTEM 'http://example.invalid/x.dtd'>",
          "<!DOCTYPE domain [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]>",
          "<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
          "<!DOCTYPE domain [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]>"})
        EXPECT_TRUE(has(refused(std::string(document_type) + "<domain><name>&x;</name></domain>"),
                        "document type"))
            << document_type;
}

TEST(DomainXml, DeepNestingAndManyFeaturesAreBounded) {
    std::string deep;
    for (int i = 0; i < 100000; ++i)
        deep += "<a>";
    const Result<Domain> domain = parse_domain("<domain>" + deep);
    ASSERT_FALSE(domain);
    EXPECT_TRUE(has(domain.error().what, "deeper than 256"));
    std::string many = "<domain><cpu mode='custom'>";
    for (int i = 0; i < 10000; ++i)
        many += "<feature name='f" + std::to_string(i) + "'/>";
    const Cpu cpu = read(many + "</cpu></domain>").cpu;
    EXPECT_EQ(cpu.features.size(), 4096U);
    EXPECT_NE(cpu.unknown, "") << "what was left out may be the feature that matters";
}

TEST(DomainXml, LongTextIsCutNotKept) {
    EXPECT_EQ(read("<domain><name>" + std::string(100000, 'n') + "</name></domain>").name.size(),
              4096U);
}

TEST(DomainXml, NumericEntitiesInAttributes) {
    EXPECT_EQ(read("<domain type='k&#118;m'/>").type, "kvm");
    EXPECT_EQ(read("<domain><cpu mode='custom'><feature name='s&#x76;m'/></cpu></domain>")
                  .cpu.features.front()
                  .name,
              "svm");
}

TEST(DomainXml, NamesThatAreMoreThanNames) {
    const auto unknown = [](const std::string& cpu) {
        return read("<domain><cpu mode='custom'>" + cpu + "</cpu></domain>").cpu.unknown;
    };
    for (const char* good : {"<model>EPYC-Milan-v2</model>", "<model>POWER9_v2.0</model>",
                             "<model/>", "<feature name='sse4.1'/>", "<feature name='a+b_c-d.e'/>"})
        EXPECT_EQ(unknown(good), "") << good;
    EXPECT_EQ(unknown("<model>power9,cap-nested-hv=on</model>"),
              "<cpu> names the model 'power9,cap-nested-hv=on', which is more than a name");
    EXPECT_EQ(unknown("<feature name='aen=on,sief2'/>"),
              "<cpu> names the feature 'aen=on,sief2', which is more than a name");
    EXPECT_EQ(unknown("<feature policy='require'/>"),
              "<cpu> names the feature '', which is no name");
    for (const char* bad : {"<model>a b</model>", "<model>a\xc3\xa4</model>",
                            "<feature name='svm '/>", "<feature name='a&#10;'/>"})
        EXPECT_NE(unknown(bad), "") << bad;
}

TEST(DomainXml, APrefixThatNobodyDeclaredIsNoName) {
    EXPECT_TRUE(has(refused("<domain><x:cpu mode='maximum'/></domain>"), "not declared"));
    EXPECT_TRUE(has(refused("<domain><cpu x:mode='maximum'/></domain>"), "not declared"));
}

TEST(DomainXml, ANamespaceThatIsNoUriIsOneAllTheSame) {
    for (const char* name : {"unraid", "no URI at all", "%%"}) {
        const Domain domain = read("<domain><metadata><a xmlns='" + std::string(name) +
                                   "'/></metadata><name>n</name></domain>");
        EXPECT_EQ(domain.name, "n") << name;
    }
}

TEST(DomainXml, TheSourceIsReadToItsEndWhateverItHolds) {
    for (const std::string head : {"<domain>", "<domain/>", "<domain><a></b>", "no xml",
                                   "<!DOCTYPE domain><domain/>", "<network/>"}) {
        std::string text = head + std::string(100000, ' ');
        size_t at = 0;
        bool ended = false;
        const Result<Domain> domain = parse_domain([&](char* buffer, size_t size) {
            EXPECT_FALSE(ended) << "it had come to its end";
            const size_t step = std::min({size, size_t{1000}, text.size() - at});
            std::copy_n(text.begin() + static_cast<long>(at), step, buffer);
            at += step;
            ended = step == 0;
            return static_cast<long>(step);
        });
        EXPECT_EQ(static_cast<bool>(domain), head == "<domain/>") << head;
        EXPECT_TRUE(ended && at == text.size()) << head;
    }
}

TEST(LabelXml, EachPolicy) {
    EXPECT_EQ(label(nested("policy='require'/>")).policy, LabelPolicy::require);
    EXPECT_EQ(label(nested("policy='forbid'/>")).policy, LabelPolicy::forbid);
    EXPECT_EQ(label(nested("policy='allow'/>")).policy, LabelPolicy::allow);
    EXPECT_FALSE(label("").present());
}

TEST(LabelXml, ByNamespaceWhateverThePrefix) {
    EXPECT_EQ(label(std::string("<nested xmlns='") + uri + "' policy='require'/>").policy,
              LabelPolicy::require);
    EXPECT_EQ(label(std::string("<zz:nested xmlns:zz='") + uri + "' policy='forbid'/>").policy,
              LabelPolicy::forbid);
    // declared further out, and between other people's metadata
    const Domain domain =
        read(std::string("<domain xmlns:q='") + uri +
             "'><metadata><a:b xmlns:a='urn:a'/><q:nested policy='allow'/></metadata></domain>");
    EXPECT_EQ(domain.label.policy, LabelPolicy::allow);
}

TEST(LabelXml, AnotherNamespaceIsNoLabel) {
    EXPECT_FALSE(label("<nested policy='require'/>").present());
    for (const char* other :
         {"urn:virt-nestedx:1", "urn:virt-nested", "x urn:virt-nested:domain:1", "urn:else"})
        EXPECT_FALSE(
            label("<n:nested xmlns:n='" + std::string(other) + "' policy='require'/>").present())
            << other;
    // the prefix that we print, bound to somebody else
    EXPECT_FALSE(label("<vn:nested xmlns:vn='urn:else' policy='require'/>").present());
    // where only people read
    for (const char* words : {"<!-- urn:virt-nested:domain:1 -->",
                              "<a:x xmlns:a='urn:a'>urn:virt-nested:domain:2</a:x>",
                              "<a:x xmlns:a='urn:a' see='urn:virt-nested:domain:1'/>",
                              "<a:x xmlns:a='urn:a' xmlns:n='urn:virt-nested:domain:2'/>"})
        EXPECT_FALSE(label(words).present()) << words;
    EXPECT_FALSE(read("<domain><title>urn:virt-nested:domain:1</title></domain>").label.present());
}

TEST(LabelXml, OtherVersionsAreNotUnderstood) {
    for (const char* other :
         {"urn:virt-nested:domain:2", "urn:virt-nested:domain:1x", "URN:VIRT-NESTED:DOMAIN:1",
          "urn:virt-nested:domain:1 ", " urn:virt-nested:domain:1", "&#10;urn:virt-nested:x&#9;",
          "Urn:Virt-Nested:", "urn:virt-nested:domain"})
        for (const char* element : {"nested", "else"}) {
            const std::string written =
                "<n:" + std::string(element) + " xmlns:n='" + other + "' policy='require'/>";
            const Label direct = label(written);
            EXPECT_TRUE(has(direct.problem, "the namespace '")) << written << direct.problem;
            EXPECT_TRUE(has(direct.problem, element)) << direct.problem;
            EXPECT_EQ(direct.fault, LabelFault::version) << written;
            const Label beside = label(nested("policy='allow'/>") + written);
            EXPECT_EQ(beside.fault, LabelFault::version) << written;
            EXPECT_FALSE(beside.problem.empty());
            const Label deep = label("<a:b xmlns:a='urn:a'><a:c>" + written + "</a:c></a:b>");
            EXPECT_FALSE(deep.problem.empty()) << written;
            EXPECT_EQ(deep.fault, LabelFault::place) << written;
        }
    EXPECT_EQ(label("<n:nested xmlns:n='urn:virt-nested:domain:2'/>").uri,
              "urn:virt-nested:domain:2");
}

TEST(LabelXml, TheFaultSaysWhatMendsIt) {
    EXPECT_EQ(label(nested("policy='require'/>")).fault, LabelFault::none);
    EXPECT_EQ(label(nested("policy='maybe' a='b'><c/>d</n:nested>")).fault, LabelFault::words);
    EXPECT_EQ(label("<n:x xmlns:n='urn:virt-nested:domain:1'/>").fault, LabelFault::words);
    EXPECT_EQ(label("<a:w xmlns:a='urn:a'>" + nested("policy='require'/>") + "</a:w>").fault,
              LabelFault::place);
    EXPECT_EQ(
        label("<a:w xmlns:a='urn:a' xmlns:n='urn:virt-nested:domain:1' n:policy='forbid'/>").fault,
        LabelFault::place);
    EXPECT_EQ(label("<n:a xmlns:n='urn:virt-nested:domain:2'/>"
                    "<n:b xmlns:n='urn:virt-nested:domain:3'/>")
                  .fault,
              LabelFault::place)
        << "no one command takes both away";
    EXPECT_EQ(label(nested("policy='maybe'/>") + "<n:b xmlns:n='urn:virt-nested:domain:3'/>").fault,
              LabelFault::place);
}

TEST(LabelXml, WhatIsWrongIsNamed) {
    EXPECT_TRUE(has(problem(nested("policy='maybe'/>")), "policy 'maybe'"));
    EXPECT_TRUE(has(problem(nested("policy='Require'/>")), "policy 'Require'"));
    EXPECT_TRUE(has(problem(nested("policy=' require'/>")), "policy ' require'"));
    EXPECT_TRUE(has(problem(nested("policy=''/>")), "policy ''"));
    EXPECT_TRUE(has(problem(nested("/>")), "no attribute 'policy'"));
    EXPECT_TRUE(has(problem(nested("n:policy='require'/>")), "attribute 'policy'"));
    EXPECT_TRUE(has(problem(nested("policy='require' mode='x'/>")), "attribute 'mode'"));
    EXPECT_TRUE(has(problem(nested("policy='require'>text</n:nested>")), "text"));
    EXPECT_TRUE(has(problem(nested("policy='require'><n:child/></n:nested>")), "child"));
    EXPECT_TRUE(has(problem(nested("policy='require'><child/></n:nested>")), "child 'child'"));
    EXPECT_TRUE(has(problem("<n:other xmlns:n='urn:virt-nested:domain:1'/>"), "element 'other'"));
    EXPECT_TRUE(
        has(problem(nested("policy='require'/>") + nested("policy='require'/>")), "two labels"));
    EXPECT_TRUE(has(problem("<a:w xmlns:a='urn:a'>" + nested("policy='require'/>") + "</a:w>"),
                    "not a direct child of <metadata>"));
    EXPECT_TRUE(has(read("<domain>" + nested("policy='require'/>") + "</domain>").label.problem,
                    "not a direct child of <metadata>"));
    EXPECT_TRUE(has(problem(nested("policy='a&#10;b&#9;'/>")), "policy 'a\\x0ab\\x09'"));
}

TEST(LabelXml, SpaceInsideIsNoText) {
    const Label spaced = label(nested("policy='require'>\n  </n:nested>"));
    EXPECT_EQ(spaced.problem, "");
    EXPECT_EQ(spaced.policy, LabelPolicy::require);
}
