// SPDX-License-Identifier: GPL-2.0-or-later
// The validation as a whole: what each horizon rests on, and what the configuration makes of it.
#include "cli/exit_status.h"
#include "tests/unit/captured_host.h"
#include "validator/checks/outlook.h"

#include <gtest/gtest.h>

#include <set>

using namespace virt_nested;
using test::finding;
using test::IntelHost;

TEST(KernelDefault, ByPlatformVendorAndVersion) {
    const auto of = [](PlatformId id, const std::string& kernel) {
        return default_of(platform(id), kernel).state;
    };
    for (const PlatformId id : {PlatformId::intel, PlatformId::amd}) {
        EXPECT_EQ(of(id, "3.10.0-1160.el7.x86_64"), State::off);
        for (const char* kernel : {"4.18.0-553.el8_10.x86_64", "6.6.87.2-microsoft-standard-WSL2",
                                   "5.15.0-Microsoft", "", "next"})
            EXPECT_EQ(of(id, kernel), State::undetermined) << kernel;
        EXPECT_EQ(of(id, "6.1.0-50-amd64"), State::on);
    }
    EXPECT_EQ(of(PlatformId::intel, "4.19.0"), State::off);
    EXPECT_EQ(of(PlatformId::intel, "4.20.0"), State::on);
    EXPECT_EQ(of(PlatformId::amd, "4.19.0"), State::on);
    EXPECT_EQ(of(PlatformId::power, ""), State::on);
    EXPECT_EQ(of(PlatformId::z, ""), State::off);
}

TEST(Validate, HealthyHostPasses) {
    const IntelHost host;
    const Report report = host.report();
    EXPECT_EQ(report.platform, "Intel");
    EXPECT_EQ(report.level, Level::l0);
    for (const Horizon horizon : all_horizons)
        EXPECT_EQ(report.at(horizon), Outcome::pass) << name(horizon);
    EXPECT_EQ(exit_status(report, at_now | at_load | at_boot), exit_pass);
}

TEST(Validate, ThatTheHookRefusesNothingIsAWarning) {
    const IntelHost host;
    host.write("etc/virt-nested/virt-nested.conf", "mode = report\n");
    const Report report = host.report();
    EXPECT_EQ(finding(report, "configuration").result, Outcome::warn);
    EXPECT_NE(finding(report, "configuration").found.find("mode = report"), std::string::npos);
    EXPECT_EQ(exit_status(report, at_now), exit_warn);
}

TEST(Validate, OffNowAndOnAtTheNextLoad) {
    const IntelHost host;
    host.write("sys/module/kvm_intel/parameters/nested", "N\n");
    host.write("dev/kvm", "nesting=0\n");
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    const Report report = host.report();
    EXPECT_EQ(report.at(Horizon::now), Outcome::fail);
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::pass);
    EXPECT_EQ(report.at(Horizon::next_boot), Outcome::pass);
    EXPECT_EQ(in_words(finding(report, "module-reload").mend),
              "run: modprobe -r kvm_intel && modprobe kvm_intel");
    EXPECT_EQ(exit_status(report, at_now), exit_fail);
    EXPECT_EQ(exit_status(report, at_boot), exit_pass);
}

TEST(Validate, CommandLineBeatsFileAndIsNamed) {
    const IntelHost host;
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    host.write("proc/cmdline", "ro kvm-intel.nested=0\n");
    const Report report = host.report();
    EXPECT_EQ(report.at(Horizon::now), Outcome::pass);
    EXPECT_EQ(finding(report, "module-reload").result, Outcome::skip);
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::fail);
    EXPECT_NE(finding(report, "next-load").source.find("/proc/cmdline"), std::string::npos);
    EXPECT_NE(finding(report, "overridden-setting").found.find("kvm.conf:1"), std::string::npos);
}

TEST(Validate, NotLoadedIsNotOff) {
    const IntelHost host;
    std::filesystem::remove_all(host.path() + "/sys/module/kvm_intel");
    std::filesystem::remove(host.path() + "/dev/kvm");
    const Report report = host.report();
    EXPECT_EQ(finding(report, "nested-parameter").result, Outcome::skip);
    EXPECT_EQ(finding(report, "kvm-module").result, Outcome::fail);
    EXPECT_EQ(report.at(Horizon::now), Outcome::fail);
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::pass);
}

TEST(Validate, UndeterminedIsItsOwnResult) {
    const IntelHost host;
    host.write("dev/kvm", "error=Permission denied\n");
    const Report report = host.report();
    EXPECT_EQ(report.at(Horizon::now), Outcome::undetermined);
    EXPECT_EQ(exit_status(report, at_now), exit_undetermined);
}

TEST(Validate, SiteThatWantsItOffPassesWhenOff) {
    const IntelHost host;
    host.write("etc/virt-nested/virt-nested.conf", "host = off\n");
    std::filesystem::permissions(host.path() + "/etc/virt-nested/virt-nested.conf",
                                 std::filesystem::perms(0644));
    EXPECT_EQ(host.report().at(Horizon::now), Outcome::fail);
    host.write("dev/kvm", "nesting=0\n");
    host.write("sys/module/kvm_intel/parameters/nested", "N\n");
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=0\n");
    const Report report = host.report();
    for (const Horizon horizon : all_horizons)
        EXPECT_EQ(report.at(horizon), Outcome::pass) << name(horizon);
}

TEST(Validate, WaivedCheckIsShownAndDoesNotCount) {
    const IntelHost host;
    host.write("proc/cmdline", "ro kvm-intel.nested=0\n");
    ValidateOptions options;
    options.waived["next-boot"] = "rebuilt tonight";
    const Report report = host.report(options);
    EXPECT_EQ(finding(report, "next-boot").found, "waived: rebuilt tonight");
    EXPECT_EQ(report.at(Horizon::next_boot), Outcome::pass);
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::fail);
}

TEST(Checks, IdsAreStableWords) {
    std::set<std::string_view> seen;
    for (const Check& entry : checks()) {
        EXPECT_TRUE(seen.insert(entry.id).second) << entry.id;
        EXPECT_EQ(entry.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"),
                  std::string_view::npos)
            << entry.id;
        EXPECT_FALSE(entry.title.empty() || entry.why.empty() || entry.mend.empty() ||
                     entry.reference.empty())
            << entry.id;
    }
}

TEST(RivalHypervisor, SaysWhetherKvmTakesTheProcessorAtItsLoad) {
    const IntelHost host;
    host.write("sys/module/vboxdrv/initstate", "live\n");
    EXPECT_EQ(finding(host.report(), "rival-hypervisor").found, "vboxdrv loaded");
    host.write("sys/module/kvm/parameters/enable_virt_at_load", "Y\n");
    EXPECT_EQ(finding(host.report(), "rival-hypervisor").found,
              "vboxdrv loaded, kvm.enable_virt_at_load Y");
}
