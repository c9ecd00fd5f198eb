// SPDX-License-Identifier: GPL-2.0-or-later
// What loads the module in an initramfs, and what that means for the next boot.
#include "tests/unit/captured_host.h"
#include "tests/unit/image.h"
#include "validator/boot/image/early_load.h"

#include <gtest/gtest.h>

using namespace virt_nested;
using test::finding;
using test::IntelHost;
using test::newc;

namespace {

const Platform& row(PlatformId id) {
    return *std::find_if(platforms().begin(), platforms().end(),
                         [&](const Platform& one) { return one.id == id; });
}

EarlyLoad load_of(const InitramfsContent& content, const std::string& cmdline = {},
                  PlatformId id = PlatformId::intel) {
    const KmodProfile profile = kmod_profile(30);
    return early_load(content, parse_cmdline(cmdline, profile), row(id), profile);
}

/// An image of an Intel host with the module, its option, and more.
Report with_image(const IntelHost& host, const std::string& option, const std::string& more) {
    host.write("boot/initrd.img-6.1.0-50-amd64",
               test::packed(more + test::kvm_image(option), "zstd"));
    return host.report();
}

} // namespace

TEST(EarlyLoad, UdevLoadsByAliasOnX86Alone) {
    EXPECT_TRUE(load_of({}).loads);
    EXPECT_EQ(load_of({}).by, "udev");
    EXPECT_FALSE(load_of({}, "", PlatformId::power).loads);
    EXPECT_FALSE(load_of({}, "", PlatformId::z).loads);
}

TEST(EarlyLoad, ModulesLoadNamesItElsewhere) {
    InitramfsContent content;
    content.loads = {{"/usr/lib/modules-load.d/kvm.conf", "# for guests\n;\n  kvm-hv \n"}};
    const EarlyLoad power = load_of(content, "", PlatformId::power);
    EXPECT_TRUE(power.loads);
    EXPECT_EQ(power.by, "'kvm-hv' (/usr/lib/modules-load.d/kvm.conf:3)");
    EXPECT_FALSE(load_of(content, "", PlatformId::z).loads);
    // A file of the same name in /etc masks it; another suffix is not read.
    content.loads.push_back({"/etc/modules-load.d/kvm.conf", ""});
    content.loads.push_back({"/etc/modules-load.d/kvm.txt", "kvm_hv\n"});
    EXPECT_FALSE(load_of(content, "", PlatformId::power).loads);
    EXPECT_TRUE(load_of(content, "modules_load=a,kvm-hv", PlatformId::power).loads);
}

TEST(EarlyLoad, DracutsOwnArguments) {
    InitramfsContent content;
    content.cmdline = {{"/etc/cmdline.d/20-kvm.conf", " rd.driver.blacklist=nouveau,kvm-intel \n"}};
    const EarlyLoad held = load_of(content);
    EXPECT_FALSE(held.loads);
    ASSERT_TRUE(held.held);
    EXPECT_EQ(held.held->text, "rd.driver.blacklist=nouveau,kvm-intel");
    EXPECT_EQ(shown(held.held->origin), "/etc/cmdline.d/20-kvm.conf:1");
    // By name it is loaded all the same.
    EXPECT_TRUE(load_of(content, "rd.driver.pre=kvm_intel").loads);
    content.cmdline[0].text = "rd.driver.post=kvm_intel\n";
    EXPECT_TRUE(load_of(content).loads);
    EXPECT_FALSE(load_of({}, "quiet rd.driver.blacklist=kvm_intel").loads);
    EXPECT_TRUE(load_of({}, "quiet rd.driver.blacklist=kvm_intel_not").loads);
}

TEST(EarlyLoad, ConfModulesCarriesOptions) {
    InitramfsContent content;
    content.loads = {{"/conf/modules", "# made by mkinitramfs\n\nkvm_intel ept=1 nested=0\n"}};
    content.cmdline = {{"/etc/cmdline", "rd.driver.blacklist=kvm_intel\n"}};
    const EarlyLoad early = load_of(content);
    EXPECT_TRUE(early.loads);
    EXPECT_EQ(early.options, "ept=1 nested=0");
    ASSERT_EQ(early.settings.size(), 1U);
    EXPECT_EQ(early.settings[0].value, "0");
    EXPECT_EQ(shown(early.settings[0].origin), "/conf/modules:3");
}

TEST(NextBoot, OptionsInConfModulesBeatTheRest) {
    const IntelHost host;
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    host.write("proc/cmdline", "ro kvm_intel.nested=1\n");
    const Report report = with_image(host, "options kvm_intel nested=1\n",
                                     newc("conf/modules", "kvm_intel nested=0\n"));
    const CheckResult said = finding(report, "next-boot");
    EXPECT_EQ(said.result, Outcome::fail);
    EXPECT_EQ(said.found, "nested=0, in the initramfs");
    EXPECT_EQ(said.source, host.path() + "/boot/initrd.img-6.1.0-50-amd64: /conf/modules:1");
    EXPECT_EQ(finding(report, "initramfs-stale").found,
              "inside: 'nested=1 nested=0', outside: 'nested=1'");
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::pass);
}

TEST(NextBoot, ImageThatDoesNotLoadTheModuleLeavesItToTheLiveFiles) {
    const IntelHost host;
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    const Report report =
        with_image(host, "options kvm_intel nested=0\n",
                   newc("etc/cmdline.d/kvm.conf", "rd.driver.blacklist=kvm_intel\n"));
    EXPECT_EQ(finding(report, "next-boot").result, Outcome::pass);
    EXPECT_EQ(finding(report, "initramfs-stale").result, Outcome::skip);
    EXPECT_NE(
        finding(report, "initramfs")
            .found.find("'rd.driver.blacklist=kvm_intel' (/etc/cmdline.d/kvm.conf:1) keeps it "
                        "from being loaded there"),
        std::string::npos);
}

TEST(NextBoot, ModuleParametersAmongDracutsArgumentsAreLost) {
    const IntelHost host;
    const Report report = with_image(host, "options kvm_intel nested=0\n",
                                     newc("etc/cmdline.d/kvm.conf", "ro kvm-intel.nested=1\n"));
    EXPECT_EQ(finding(report, "next-boot").result, Outcome::fail);
    const auto lost =
        std::find_if(report.checks.begin(), report.checks.end(), [](const CheckResult& check) {
            return check.id == "initramfs" && check.result == Outcome::warn;
        });
    ASSERT_NE(lost, report.checks.end());
    EXPECT_EQ(lost->found, "kvm-intel.nested=1 has no effect there");
    EXPECT_EQ(lost->source,
              host.path() + "/boot/initrd.img-6.1.0-50-amd64: /etc/cmdline.d/kvm.conf:1");
}

TEST(NextBoot, ImageWithTheModuleAndWithoutOptionsHasTheKernelsDefault) {
    const IntelHost host;
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=0\n");
    const Report report = with_image(host, "# nothing\n", "");
    EXPECT_EQ(finding(report, "next-boot").result, Outcome::pass);
    EXPECT_EQ(finding(report, "next-boot").found,
              "no option; the kernel's default is on, in the initramfs");
}
