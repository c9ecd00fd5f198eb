// SPDX-License-Identifier: GPL-2.0-or-later
// The one line of `virt-nested facts`.
#include "tests/unit/captured_host.h"
#include "validator/facts_line.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace virt_nested;
using nlohmann::json;
using test::IntelHost;

namespace {

constexpr int64_t now = 1'000'000;

std::string line(const Facts& facts, const std::optional<Result<std::string>>& guests = {}) {
    return facts_line(facts, report_on(facts, {}), guests, now);
}

Facts facts_of(const IntelHost& host) {
    return gather(Sysroot(host.path()), {});
}

} // namespace

TEST(FactsLine, SaysWhatValidateSays) {
    const IntelHost host;
    host.write("etc/modprobe.d/k.conf", "options kvm_intel nested=0\n");
    const std::string text = line(facts_of(host));
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    const json told = json::parse(text);
    EXPECT_EQ(told["platform"], "Intel");
    EXPECT_EQ(told["feature"], "vmx");
    EXPECT_EQ(told["offered"], true);
    EXPECT_EQ(told["verdict"]["now"], "pass");
    EXPECT_EQ(told["verdict"]["next_boot"], "fail");
    EXPECT_EQ(told["causes"].size(), 1U);
    EXPECT_EQ(told["causes"][0]["check"], "next-load");
    EXPECT_EQ(told["causes"][0]["mends"], json({"replace"}));
    EXPECT_FALSE(told.contains("guests"));
}

TEST(FactsLine, WhatWasNotToldIsNull) {
    const IntelHost host;
    host.write("dev/kvm", "");
    Facts facts = facts_of(host);
    facts.host.nests = Fact::undetermined_because("a reason", "");
    const json told = json::parse(line(facts));
    EXPECT_TRUE(told["offered"].is_null());
    EXPECT_TRUE(told["libvirt"].is_null());
    EXPECT_TRUE(told["hook"]["installed"].is_null());
    EXPECT_TRUE(told["images_age"].is_null());
}

TEST(FactsLine, TheHookIsThereAndRefusesOrReports) {
    const IntelHost host;
    host.write("etc/libvirt/qemu.conf", "");
    EXPECT_EQ(json::parse(line(facts_of(host)))["hook"],
              json({{"installed", false}, {"mode", "enforce"}}));
    host.write("etc/virt-nested/virt-nested.conf", "mode = report\n");
    EXPECT_EQ(json::parse(line(facts_of(host)))["hook"]["mode"], "report");
}

TEST(FactsLine, TheAgeIsThatOfTheOldestImageOfTheNextBoot) {
    const IntelHost host;
    Facts facts = facts_of(host);
    const auto image = [&](bool next_boot, std::optional<int64_t> since) {
        InitramfsImage one;
        one.next_boot = next_boot;
        InitramfsContent content;
        content.kept_since = since;
        one.content = content;
        facts.boot.images.push_back(one);
    };
    image(false, 1);
    image(true, std::nullopt);
    EXPECT_TRUE(json::parse(line(facts))["images_age"].is_null());
    image(true, now - 5);
    image(true, now - 90);
    EXPECT_EQ(json::parse(line(facts))["images_age"], 90);
}

TEST(FactsLine, GuestsAreCountsOrAReason) {
    const IntelHost host;
    const Facts facts = facts_of(host);
    const std::string counts = R"({"total":1,"exposed":0,"labels":{}})";
    EXPECT_EQ(json::parse(line(facts, counts + "\n"))["guests"], json::parse(counts));
    for (const std::string& bad : {std::string(), std::string("[]"), std::string("{\"total\":"),
                                   "{\"a\":\"" + std::string(9000, 'x') + "\"}"}) {
        const json told = json::parse(line(facts, bad));
        EXPECT_TRUE(told["guests"].is_null()) << bad.substr(0, 10);
        EXPECT_EQ(told["guests_why"], "virt-nested-guests printed no counts");
    }
    const json told = json::parse(line(facts, Error{0, "no connection"}));
    EXPECT_TRUE(told["guests"].is_null());
    EXPECT_EQ(told["guests_why"], "no connection");
}

TEST(FactsLine, StaysShortWhateverTheHostHas) {
    const IntelHost host;
    Facts facts = facts_of(host);
    const std::string endless(100'000, '"');
    Report report = report_on(facts, {});
    report.kernel = report.hypervisor = report.container = report.machine = endless;
    Mend all;
    for (int act = 0; act <= static_cast<int>(Act::impossible); ++act) {
        Step step;
        step.act = static_cast<Act>(act);
        all.steps.push_back(step);
    }
    CheckResult check;
    check.id = std::string(40, 'i');
    report.checks = {check};
    for (int i = 0; i < 500; ++i)
        report.plan.push_back({0, Outcome::undetermined, all, {}});
    const std::string text = facts_line(facts, report, Result<std::string>(Error{0, endless}), now);
    EXPECT_LT(text.size(), 4096U);
    EXPECT_EQ(json::parse(text)["causes_left"], 488);
}
