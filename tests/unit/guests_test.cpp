// SPDX-License-Identifier: GPL-2.0-or-later
// The libvirt half, against libvirt's own test driver (state lives and dies with the process), and
// its pure parts. Remote hosts that nest are documents written here, not hosts.
#include "core/hook_files.h"
#include "core/relabel.h"
#include "core/text.h"
#include "guests/canary.h"
#include "guests/capabilities.h"
#include "guests/define_guard.h"
#include "guests/inventory.h"
#include "guests/label.h"
#include "guests/render.h"
#include "guests/schedule.h"
#include "tests/unit/folder.h"

#include <gtest/gtest.h>
#include <libvirt/virterror.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

namespace virt_nested {
namespace {

using namespace std::chrono_literals;

Connection test_driver() {
    prepare_libvirt();
    Result<Connection> connection = Connection::open("test:///default", false);
    EXPECT_TRUE(connection) << connection.error().what;
    return std::move(*connection);
}

std::string label_in(virDomainPtr domain, unsigned flags) {
    const Result<std::string> xml = xml_of(domain, flags);
    const Result<Domain> parsed = parse_domain(xml ? *xml : "");
    return parsed ? name(parsed->label.policy) + parsed->label.problem : "unreadable";
}

TEST(Label, EverywhereOrWhereAsked) {
    const Connection connection = test_driver();
    const Result<DomainPtr> domain = connection.find("test");
    ASSERT_TRUE(domain);
    const auto live = [&] { return label_in(domain->get(), 0); };
    const auto config = [&] { return label_in(domain->get(), VIR_DOMAIN_XML_INACTIVE); };
    EXPECT_TRUE(set_label(domain->get(), LabelPolicy::require, {}).changed);
    EXPECT_EQ(live(), "require");
    EXPECT_EQ(config(), "require");
    EXPECT_FALSE(set_label(domain->get(), LabelPolicy::require, {}).changed) << "it was there";
    EXPECT_TRUE(set_label(domain->get(), LabelPolicy::forbid, {false, true, false}).done);
    EXPECT_EQ(live(), "require");
    EXPECT_EQ(config(), "forbid");
    EXPECT_TRUE(set_label(domain->get(), LabelPolicy::allow, {true, false, false}).done);
    EXPECT_EQ(live(), "allow");
    EXPECT_EQ(config(), "forbid");
    EXPECT_TRUE(set_label(domain->get(), LabelPolicy::none, {}).changed);
    EXPECT_EQ(live(), "none");
    EXPECT_EQ(config(), "none");
    const Labelled again = set_label(domain->get(), LabelPolicy::none, {});
    EXPECT_TRUE(again.done);
    EXPECT_FALSE(again.changed);
}

TEST(Label, ReplacesOneThatTheHookWouldNotUnderstand) {
    const Connection connection = test_driver();
    const Result<DomainPtr> domain = connection.find("test");
    ASSERT_TRUE(domain);
    ASSERT_EQ(virDomainSetMetadata(domain->get(), VIR_DOMAIN_METADATA_ELEMENT,
                                   "<nested policy='require' level='2'/>", "x",
                                   std::string(label_uri).c_str(), VIR_DOMAIN_AFFECT_CONFIG),
              0);
    EXPECT_TRUE(set_label(domain->get(), LabelPolicy::require, {false, true, false}).changed);
    EXPECT_EQ(label_in(domain->get(), VIR_DOMAIN_XML_INACTIVE), "require");
}

TEST(Label, SaysWhyNot) {
    prepare_libvirt();
    const Result<Connection> reader = Connection::open("test:///default", true);
    ASSERT_TRUE(reader);
    const Result<DomainPtr> domain = reader->find("test");
    ASSERT_TRUE(domain);
    const Labelled refused = set_label(domain->get(), LabelPolicy::require, {});
    EXPECT_FALSE(refused.done);
    EXPECT_NE(refused.what.find("read only"), std::string::npos) << refused.what;
    EXPECT_FALSE(reader->find("no such guest"));
    const Result<Connection> none = Connection::open("nonsense:///\x1b[2J", true);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().what.find('\x1b'), std::string::npos) << none.error().what;
}

TEST(DefineGuard, AGuestThatWasUndefinedStaysSo) {
    const Connection connection = test_driver();
    DefineGuard guard(connection);
    const std::string uuid = "11111111-2222-4333-8444-555555555555";
    const std::string xml =
        "<domain type='test'><name>w\xC3\xA4"
        "b 1 'x'</name><uuid>" +
        uuid + "</uuid><memory>65536</memory><os><type arch='i686'>hvm</type></os></domain>";
    ASSERT_TRUE(DomainPtr(virDomainDefineXML(connection.get(), xml.c_str())));
    EXPECT_TRUE(guard.define(uuid, xml)) << "a change is a change";
    virDomainUndefine(connection.find(uuid)->get());
    const Result<DomainPtr> late = guard.define(uuid, xml);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, VIR_ERR_NO_DOMAIN);
    EXPECT_FALSE(connection.find(uuid));
    const Result<DomainPtr> refused = guard.define(uuid, "<domain type='test'/>");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what, "");
}

// --- what documents say of a host -------------------------------------------------------------

std::string capabilities(const std::string& arch, const std::string& vendor) {
    return "<capabilities><host><cpu><arch>" + arch + "</arch>" +
           (vendor.empty() ? "" : "<vendor>" + vendor + "</vendor>") +
           "</cpu></host><guest><os_type>hvm</os_type><arch name='" + arch +
           "'><domain type='qemu'/><domain type='kvm'/></arch></guest></capabilities>";
}

TEST(PlatformOf, TheConnectionsOwnWord) {
    const std::vector<std::tuple<std::string, std::string, PlatformId>> known = {
        {"x86_64", "Intel", PlatformId::intel}, {"x86_64", "AMD", PlatformId::amd},
        {"x86_64", "Hygon", PlatformId::amd},   {"ppc64le", "", PlatformId::power},
        {"s390x", "", PlatformId::z},           {"aarch64", "ARM", PlatformId::arm64},
        {"riscv64", "", PlatformId::unnamed}};
    for (const auto& [arch, vendor, id] : known) {
        const Result<const Platform*> found = platform_of(capabilities(arch, vendor));
        ASSERT_TRUE(found) << arch << vendor;
        EXPECT_EQ((*found)->id, id);
    }
    EXPECT_FALSE(platform_of(capabilities("x86_64", "")));
    EXPECT_FALSE(platform_of(capabilities("x86_64", "Other")));
    EXPECT_FALSE(platform_of(capabilities("loongarch64", "")));
    EXPECT_FALSE(platform_of("<capabilities/>"));
    EXPECT_FALSE(platform_of("no xml"));
}

std::string domain_capabilities(const std::string& model, const std::string& features) {
    return "<domainCapabilities><cpu><mode name='host-model' supported='yes'><model>" + model +
           "</model>" + features + "</mode></cpu></domainCapabilities>";
}

TEST(NestsByCapabilities, OnlyWhatTheHostModelTells) {
    const Platform& intel = platform(PlatformId::intel);
    const Platform& amd = platform(PlatformId::amd);
    const auto state = [](const std::string& xml, const Platform& row) {
        return nests_by_capabilities(xml, row).state;
    };
    EXPECT_EQ(
        state(domain_capabilities("Broadwell", "<feature policy='require' name='vmx'/>"), intel),
        State::on);
    EXPECT_EQ(state(domain_capabilities("Broadwell", "<feature policy='require' name='vmx-ept'/>"),
                    intel),
              State::off);
    EXPECT_EQ(state(domain_capabilities("EPYC-Genoa", ""), amd), State::on);
    EXPECT_EQ(
        state(domain_capabilities("EPYC-Milan", "<feature policy='disable' name='svm'/>"), amd),
        State::off);
    EXPECT_EQ(state(domain_capabilities("kvm64", ""), amd), State::off);
    EXPECT_EQ(state("<domainCapabilities/>", amd), State::undetermined);
    EXPECT_EQ(state("", *platform_of_machine("riscv64")), State::off);
    EXPECT_EQ(state("", intel), State::undetermined);
    EXPECT_EQ(state(domain_capabilities("POWER9", ""), platform(PlatformId::power)),
              State::undetermined);
}

// --- the inventory -----------------------------------------------------------------------------

HostSide host(PlatformId id, State nests, bool local = true) {
    HostSide side;
    side.uri = local ? "qemu:///system" : "qemu+ssh://far/system";
    side.hypervisor = "QEMU";
    side.local = local;
    side.host.platform = &platform(id);
    side.host.nests = {nests, "as the test says", "test", {}};
    side.host.parameter = side.host.nests;
    return side;
}

std::string xml(const std::string& cpu, const std::string& label = {},
                const std::string& type = "kvm") {
    return "<domain type='" + type + "'><name>g</name>" +
           (label.empty() ? ""
                          : "<metadata>" +
                                label_element(label == "require" ? LabelPolicy::require
                                                                 : LabelPolicy::forbid) +
                                "</metadata>") +
           "<os><type arch='x86_64'>hvm</type></os>" + cpu + "</domain>";
}

GuestTexts running_guest(const std::string& live, const std::string& definition = {}) {
    GuestTexts texts;
    texts.name = "g";
    texts.running = true;
    texts.live = live;
    texts.definition = definition.empty() ? live : definition;
    return texts;
}

const std::string passthrough = "<cpu mode='host-passthrough' check='none'/>";
const std::string got = "<cpu mode='custom' check='full'><model>EPYC</model><feature "
                        "policy='require' name='svm'/></cpu>";
const std::string dropped = "<cpu mode='custom' check='full'><model>EPYC</model><feature "
                            "policy='disable' name='svm'/></cpu>";

TEST(Inventory, WhatTheRunningGuestHasNow) {
    const auto now = [](const std::string& live, State nests) {
        return row_of(running_guest(live), host(PlatformId::amd, nests)).now;
    };
    EXPECT_EQ(now(xml(passthrough), State::on), State::on);
    EXPECT_EQ(now(xml(passthrough), State::off), State::off);
    EXPECT_EQ(now(xml(passthrough), State::undetermined), State::undetermined);
    EXPECT_EQ(now(xml(got), State::undetermined), State::on) << "libvirt wrote down what QEMU gave";
    EXPECT_EQ(now(xml(dropped), State::on), State::off);
    EXPECT_EQ(now(xml("<cpu mode='custom' check='none'><model>EPYC</model></cpu>"), State::on),
              State::off);
    GuestTexts off;
    off.definition = xml(passthrough);
    EXPECT_EQ(row_of(off, host(PlatformId::amd, State::on)).now, State::absent);
}

TEST(Inventory, Exposed) {
    const auto exposed = [](const GuestTexts& texts, State nests) {
        return row_of(texts, host(PlatformId::amd, nests)).exposed;
    };
    GuestTexts off;
    off.definition = xml(passthrough);
    EXPECT_TRUE(exposed(off, State::on));
    EXPECT_FALSE(exposed(off, State::off));
    EXPECT_TRUE(exposed(off, State::undetermined)) << "it cannot be ruled out";
    EXPECT_TRUE(exposed(running_guest(xml(got), xml(dropped)), State::on)) << "it has it now";
    EXPECT_FALSE(exposed(running_guest(xml(dropped)), State::on));
    EXPECT_FALSE(exposed(running_guest(xml("<cpu mode='maximum'/>", "", "qemu")), State::on));
    GuestTexts unreadable;
    unreadable.problem = "access denied";
    EXPECT_TRUE(exposed(unreadable, State::on));
}

TEST(Inventory, WhatAStartWouldDo) {
    GuestTexts guest;
    guest.definition = xml("<cpu mode='host-model'/>", "require");
    GuestRow row = row_of(guest, host(PlatformId::amd, State::on));
    EXPECT_EQ(row.start, State::off);
    EXPECT_EQ(row.start_fix, "virt-nested inject g");
    guest.definition = xml(passthrough, "require");
    EXPECT_EQ(row_of(guest, host(PlatformId::amd, State::on)).start, State::on);
    EXPECT_EQ(row_of(guest, host(PlatformId::amd, State::off)).start, State::off);
    guest.saved = true;
    guest.image = xml(dropped, "require");
    row = row_of(guest, host(PlatformId::amd, State::on));
    EXPECT_EQ(row.start, State::off) << "the image's CPU counts";
    EXPECT_EQ(row.state, "saved");
}

TEST(Inventory, ARemoteHostIsNeverAssumed) {
    GuestTexts guest;
    guest.definition = xml(passthrough);
    EXPECT_EQ(row_of(guest, host(PlatformId::amd, State::on, false)).start, State::undetermined)
        << "its configuration may have a rule for unlabelled guests";
    guest.definition = xml(passthrough, "require");
    EXPECT_EQ(row_of(guest, host(PlatformId::amd, State::undetermined, false)).start,
              State::undetermined);
    EXPECT_EQ(row_of(guest, host(PlatformId::amd, State::off, false)).start, State::off);
}

TEST(Inventory, RenderedHarmlessAndParsable) {
    GuestTexts guest;
    guest.name = "a \"b\"\\\n\x1b[31m\xff";
    guest.uuid = "u";
    guest.definition = xml(got, "require");
    const HostSide side = host(PlatformId::amd, State::on);
    HostAnswer answer;
    answer.side = side;
    answer.rows = {row_of(guest, side)};
    const Inventory inventory{{answer}};
    const auto shown = [&](const std::string& wanted) {
        for (const InventoryFormat* format : inventory_formats())
            if (wanted == format->name)
                return format->render(inventory);
        return std::string();
    };
    EXPECT_EQ(shown("text").find('\x1b'), std::string::npos);
    const auto json = nlohmann::json::parse(shown("json"));
    EXPECT_EQ(json["guests"][0]["label"], "require");
    EXPECT_EQ(json["guests"][0]["has_now"], nullptr);
    const std::string metrics = shown("prometheus");
    EXPECT_NE(metrics.find("virt_nested_guest_delivers{guest=\"a \\\"b\\\"\\\\\\\\\\\\x0a"),
              std::string::npos)
        << metrics;
    EXPECT_EQ(metrics.find("virt_nested_guest_has_feature{"), std::string::npos)
        << "it does not run: no sample";
    for (const std::string_view line : lines(metrics))
        EXPECT_TRUE(line.starts_with("# ") || line.ends_with(" 0") || line.ends_with(" 1")) << line;
}

// --- the watch's calendar ------------------------------------------------------------------------

TEST(Schedule, AStormIsOneLook) {
    Schedule schedule;
    const Schedule::Time start{};
    for (int i = 0; i < 10; ++i)
        schedule.touch("a", start + i * 20ms);
    EXPECT_FALSE(schedule.take(start + 200ms));
    EXPECT_EQ(schedule.take(start + 430ms), "a");
    EXPECT_FALSE(schedule.take(start + 1h));
    EXPECT_FALSE(schedule.next());
}

TEST(Schedule, AGuestThatNeverRestsIsLookedAtAllTheSame) {
    Schedule schedule;
    const Schedule::Time start{};
    int looks = 0;
    for (int i = 0; i < 100; ++i) {
        schedule.touch("a", start + i * 100ms);
        looks += schedule.take(start + i * 100ms).has_value();
    }
    EXPECT_EQ(looks, 4) << "every 8 x 250 ms in 10 s";
}

TEST(Schedule, AFightIsBoundedAndToldOnce) {
    Schedule schedule;
    Schedule::Time now{};
    const Schedule::Time end = now + 5h;
    int writes = 0;
    int told = 0;
    // Another editor undoes each write at once.
    while (now < end) {
        schedule.touch("a", now);
        now = *schedule.next();
        ASSERT_EQ(schedule.take(now), "a");
        schedule.wrote("a", now);
        ++writes;
        told += schedule.fight_begins("a");
        if (writes == 12) {
            EXPECT_EQ(schedule.quiet_of("a", now), Schedule::longest_quiet);
        }
    }
    EXPECT_LE(writes, 5 * 17);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(schedule.quiet_of("a", now + 2h), Schedule::quiet) << "forgotten";
    schedule.touch("a", now);
    schedule.urgent("a", now);
    EXPECT_EQ(schedule.take(now), "a") << "somebody tried to start it";
    schedule.touch("b", now);
    schedule.forget("b");
    EXPECT_FALSE(schedule.take(now + 1h));
}

// --- the canary ----------------------------------------------------------------------------------

TEST(Canary, IsWhatTheHookRefusesByName) {
    const Result<std::string> made = canary_xml(capabilities("s390x", ""), "0123456789abcdef");
    ASSERT_TRUE(made);
    const Result<Domain> domain = parse_domain(*made);
    ASSERT_TRUE(domain);
    EXPECT_EQ(domain->arch, "s390x");
    EXPECT_EQ(domain->type, "qemu");
    EXPECT_EQ(domain->name.find("0123456789abcdef"), std::string::npos)
        << "libvirt puts the name into messages of other hooks too";
    EXPECT_NE(domain->label.problem.find("0123456789abcdef"), std::string::npos);
    const Verdict verdict = decide(Phase::prepare, *domain, {}, {});
    EXPECT_TRUE(verdict.refuse);
    EXPECT_NE(refusal(domain->name, verdict).find("selftest-0123456789abcdef"), std::string::npos);
    EXPECT_TRUE(is_canary(*made));
    EXPECT_FALSE(is_canary(xml(passthrough, "require")));
    EXPECT_FALSE(canary_xml("<capabilities/>", "1"));
}

TEST(Canary, WhatIsBroken) {
    const test::Folder folder{};
    const Sysroot root(folder.path());
    const auto verdict = [&](bool started, bool by_hook, const std::string& message) {
        return judge_canary({started, by_hook, message, "NONCE", true, "qemu:///system"}, root);
    };
    const std::string hook = folder.path() + "/etc/libvirt/hooks/qemu.d/99-virt-nested";
    EXPECT_EQ(verdict(false, true, "... policy 'selftest-NONCE' is none of").status, exit_pass);
    EXPECT_EQ(verdict(false, false, "NONCE").status, exit_undetermined);
    EXPECT_NE(verdict(true, false, "").what.find("there is no hook of ours"), std::string::npos);
    folder.link("../../../../usr/bin/virt-nested-hook", "etc/libvirt/hooks/qemu.d/99-virt-nested");
    EXPECT_NE(verdict(true, false, "").what.find("leads nowhere"), std::string::npos);
    folder.write("usr/bin/virt-nested-hook", "x");
    EXPECT_NE(verdict(true, false, "").what.find("is not executable"), std::string::npos);
    ::chmod((folder.path() + "/usr/bin/virt-nested-hook").c_str(), 0755);
    EXPECT_NE(verdict(true, false, "").what.find("reload"), std::string::npos);
    EXPECT_EQ(verdict(true, false, "").status, exit_fail);
    const auto child = [&](const std::string& path, const std::string& end) {
        return verdict(false, true,
                       "Child process (LC_ALL=C PATH=/bin " + path +
                           " n prepare begin -) unexpected " + end)
            .what;
    };
    EXPECT_NE(child(hook, "exit status 126: denied").find("could not be executed"),
              std::string::npos);
    EXPECT_NE(child("/etc/libvirt/hooks/qemu", "exit status 1: busy")
                  .find("another hook stands in the way: /etc/libvirt/hooks/qemu"),
              std::string::npos);
    EXPECT_NE(child(hook, "exit status 1: odd").find("in another way"), std::string::npos);
}

TEST(Canary, ThatStartsForModeReportSaysSo) {
    const test::Folder folder{{"usr/bin/virt-nested-hook", "x"}};
    const Sysroot root(folder.path());
    const auto verdict = [&](bool local) {
        return judge_canary({true, false, "", "NONCE", local, "qemu:///system", true}, root);
    };
    EXPECT_EQ(verdict(true).status, exit_fail) << "there is no hook at all";
    folder.link("../../../../usr/bin/virt-nested-hook", "etc/libvirt/hooks/qemu.d/99-virt-nested");
    ::chmod((folder.path() + "/usr/bin/virt-nested-hook").c_str(), 0755);
    EXPECT_EQ(verdict(true).status, exit_warn);
    EXPECT_NE(verdict(true).what.find("mode = report"), std::string::npos);
    EXPECT_EQ(verdict(false).status, exit_fail) << "the configuration is another machine's";
}

TEST(Canary, AWrapperIsOurHookToo) {
    const test::Folder folder(
        {{"etc/libvirt/hooks/qemu", "#!/bin/sh\nexec /usr/bin/virt-nested-hook \"$@\"\n"},
         {"usr/sbin/virtqemud", ""}});
    const std::string hook = folder.path() + "/etc/libvirt/hooks/qemu";
    const auto started = [&] {
        return judge_canary({true, false, "", "NONCE", true, "qemu:///system"},
                            Sysroot(folder.path()))
            .what;
    };
    EXPECT_NE(started().find("; install the package virt-nested-libvirt"), std::string::npos);
    folder.write("usr/bin/virt-nested-hook", "");
    folder.write("usr/bin/virt-nested-judge", "");
    EXPECT_NE(started().find("; run: " + link_hook_command(hook_places(), "virtqemud")),
              std::string::npos);
    ::chmod(hook.c_str(), 0755);
    EXPECT_NE(started().find(hook + " is there and executable"), std::string::npos);
    EXPECT_NE(started().find("systemctl reload virtqemud"), std::string::npos);
}

} // namespace
} // namespace virt_nested
