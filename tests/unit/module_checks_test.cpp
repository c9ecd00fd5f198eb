// SPDX-License-Identifier: GPL-2.0-or-later
// The checks on the module: why it is not there, what else is, and what it is given beside nested.
#include "tests/unit/captured_host.h"
#include "tests/unit/machine.h"
#include "validator/facts/kernel_config.h"

#include <gtest/gtest.h>

#include <utility>

using namespace virt_nested;
using test::finding;
using test::Folder;
using test::IntelHost;

namespace {

constexpr const char* release = "6.1.0-50-amd64";

/// A host whose module is not loaded, and nothing says why.
class NotLoaded : public IntelHost {
  public:
    NotLoaded() {
        std::filesystem::remove_all(path() + "/sys/module/kvm_intel");
        std::filesystem::remove(path() + "/dev/kvm");
    }
    void without_files() const { std::filesystem::remove_all(path() + "/lib/modules"); }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string cpu(const std::string& vendor, const std::string& flags, const std::string& more = {}) {
    return "processor\t: 0\nvendor_id\t: " + vendor + "\nflags\t\t: " + flags + "\n" + more + "\n";
}

Report of(const Folder& folder) {
    return validate(Sysroot(folder.path()), {});
}

Folder papr(const std::string& outer, const std::string& log = {}) {
    return Folder{{"proc/cpuinfo", "processor\t: 0\ncpu\t\t: POWER10 (architected), altivec "
                                   "supported\nrevision\t: 2.0\n\nplatform\t: pSeries\nMMU\t\t: "
                                   "Radix\n"},
                  {"proc/cmdline", "ro\n"},
                  {"proc/sys/kernel/osrelease", "7.2.0\n"},
                  {"proc/device-tree/hypervisor/compatible", outer},
                  {"lib/modules/7.2.0/modules.builtin", ""},
                  {"lib/modules/7.2.0/modules.dep", "kernel/arch/powerpc/kvm/kvm-hv.ko:\n"},
                  {"var/log/dmesg", log}};
}

} // namespace

TEST(MissingModule, TheRunningKernelsAreGone) {
    const NotLoaded host;
    host.without_files();
    host.write("lib/modules/6.1.0-51-amd64/modules.dep",
               "kernel/arch/x86/kvm/kvm-intel.ko: kernel/arch/x86/kvm/kvm.ko\n");
    const CheckResult module = finding(host.report(), "kvm-module");
    EXPECT_EQ(module.result, Outcome::fail);
    EXPECT_TRUE(contains(module.found, "the running kernel 6.1.0-50-amd64 has no modules"));
    EXPECT_TRUE(contains(module.why, "replaced by an upgrade")) << module.why;
    EXPECT_TRUE(contains(module.why, "has only 6.1.0-51-amd64")) << module.why;
    EXPECT_EQ(in_words(module.mend), "reboot, into the kernel that is installed");
}

TEST(MissingModule, NothingIsClaimedWithoutAnyModules) {
    const NotLoaded host;
    host.without_files();
    EXPECT_EQ(in_words(finding(host.report(), "kvm-module").mend), "run: modprobe kvm_intel");
    host.write("lib/modules/left-behind/README", "");
    EXPECT_EQ(in_words(finding(host.report(), "kvm-module").mend), "run: modprobe kvm_intel");
}

TEST(MissingModule, AKernelWithoutItIsToldByItsConfiguration) {
    const NotLoaded host;
    host.write(std::string("lib/modules/") + release + "/modules.dep", "kernel/fs/ext4/ext4.ko:\n");
    std::string mend = in_words(finding(host.report(), "kvm-module").mend);
    EXPECT_TRUE(contains(mend, "if a package of this kernel's modules has it")) << mend;
    EXPECT_TRUE(contains(mend, "boot a kernel that has kvm_intel")) << mend;
    host.write("etc/os-release", "ID=ubuntu\n");
    mend = in_words(finding(host.report(), "kvm-module").mend);
    EXPECT_TRUE(contains(mend, "install linux-modules-extra-6.1.0-50-amd64;")) << mend;
    host.write(std::string("boot/config-") + release,
               "CONFIG_64BIT=y\nCONFIG_KVM=m\nCONFIG_KVM_INTEL=m\n");
    EXPECT_EQ(in_words(finding(host.report(), "kvm-module").mend),
              "install linux-modules-extra-6.1.0-50-amd64");
    host.write(std::string("boot/config-") + release,
               "CONFIG_64BIT=y\nCONFIG_KVM=m\n# CONFIG_KVM_INTEL is not set\n");
    const CheckResult module = finding(host.report(), "kvm-module");
    EXPECT_TRUE(contains(module.found, "was built without kvm_intel")) << module.found;
    EXPECT_EQ(in_words(module.mend), "boot a kernel that has kvm_intel");
    host.without_files();
    EXPECT_EQ(in_words(finding(host.report(), "kvm-module").mend),
              "boot a kernel that has kvm_intel");
}

TEST(KernelConfig, LinesAsKconfigWritesThem) {
    EXPECT_TRUE(built_with("CONFIG_KVM_INTEL=m\n", "CONFIG_KVM_INTEL"));
    EXPECT_TRUE(built_with("CONFIG_KVM=y", "CONFIG_KVM"));
    EXPECT_FALSE(built_with("# CONFIG_KVM is not set\nCONFIG_KVM_INTEL=m\n", "CONFIG_KVM"));
    EXPECT_FALSE(built_with("", "CONFIG_KVM"));
    const Folder cut{{"boot/config-6.1", "# Automatically generated file"}};
    EXPECT_FALSE(built_with(Sysroot(cut.path()), "6.1", "CONFIG_KVM", true).has_value());
}

TEST(ModulesDisabled, NothingIsToBeLoadedBeforeABoot) {
    const NotLoaded host;
    host.write("proc/sys/kernel/modules_disabled", "0\n");
    EXPECT_EQ(in_words(finding(host.report(), "kvm-module").mend), "run: modprobe kvm_intel");
    host.write("proc/sys/kernel/modules_disabled", "1\n");
    const std::string mend = in_words(finding(host.report(), "kvm-module").mend);
    EXPECT_TRUE(mend.starts_with("reboot: kernel.modules_disabled is 1")) << mend;
    EXPECT_FALSE(contains(mend, "modprobe")) << mend;
}

TEST(PowerPartition, OfPowerVmCannotNestLoadedOrNot) {
    const Folder folder = papr("ibm,powervm");
    const Report report = of(folder);
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::fail);
    EXPECT_EQ(report.at(Horizon::next_boot), Outcome::fail);
    EXPECT_EQ(finding(report, "power-outer-host").result, Outcome::fail);
}

TEST(PowerPartition, OfKvmIsAskedByTheModuleAlone) {
    const Folder folder = papr("linux,kvm");
    Report report = of(folder);
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::undetermined);
    EXPECT_EQ(report.at(Horizon::next_boot), Outcome::undetermined);
    const Folder refused =
        papr("linux,kvm", "[ 9.1] kvm-hv: Could not configure parent hypervisor capabilities "
                          "(rc=-4)\n");
    report = of(refused);
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::fail);
}

TEST(Companions, WhatTheCpuHasNotGotIsNoFault) {
    const Folder amd{{"proc/cpuinfo", cpu("AuthenticAMD", "fpu svm npt nrip_save")},
                     {"dev/kvm", "nesting=1\n"},
                     {"sys/module/kvm_amd/initstate", "live\n"},
                     {"sys/module/kvm_amd/parameters/nested", "1\n"},
                     {"sys/module/kvm_amd/parameters/vgif", "0\n"},
                     {"sys/module/kvm_amd/parameters/vls", "0\n"},
                     {"sys/module/kvm_amd/parameters/nrips", "0\n"}};
    const Report report = of(amd);
    EXPECT_EQ(finding(report, "parameter-vgif").result, Outcome::skip);
    EXPECT_TRUE(contains(finding(report, "parameter-vgif").found, "the CPU has no vgif"));
    EXPECT_EQ(finding(report, "parameter-vls").result, Outcome::skip);
    EXPECT_EQ(finding(report, "parameter-nrips").result, Outcome::warn) << "the CPU has it";
}

TEST(Companions, AnOptionThatTurnsItOffIsNamed) {
    const IntelHost host;
    host.write("sys/module/kvm_intel/parameters/enable_apicv", "N\n");
    EXPECT_EQ(finding(host.report(), "parameter-apicv").result, Outcome::skip)
        << "no vmx flags, no option";
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel enable_apicv=0\n");
    CheckResult apicv = finding(host.report(), "parameter-apicv");
    EXPECT_EQ(apicv.result, Outcome::warn);
    EXPECT_TRUE(contains(in_words(apicv.mend), "'enable_apicv=0' in ")) << in_words(apicv.mend);
    host.write("proc/cpuinfo", cpu("GenuineIntel", "fpu vmx ept", "vmx flags\t: ept vpid\n"));
    EXPECT_EQ(finding(host.report(), "parameter-apicv").result, Outcome::skip);
    host.write("proc/cpuinfo", cpu("GenuineIntel", "fpu vmx ept", "vmx flags\t: ept apicv\n"));
    host.write("etc/modprobe.d/kvm.conf", "");
    EXPECT_EQ(finding(host.report(), "parameter-apicv").result, Outcome::warn);
}

TEST(RivalHypervisor, NeedsByItsVersionAndTheKernels) {
    struct Case {
        const char* version;
        const char* kernel;
        const char* at_load;
        Outcome result;
        const char* mend; ///< part of it
    };
    for (const Case& c : {
             Case{"7.2.10_OSE r169651 (0x00330004)", "6.18.2", "Y", Outcome::pass, ""},
             Case{"7.2.10_OSE r169651 (0x00330004)", "6.18.2", "N", Outcome::warn, "be 1"},
             Case{"7.2.14 r1", "7.1.0", "Y", Outcome::pass, ""},
             Case{"8.0.0 r1", "7.1.0", "N", Outcome::warn, "be 1"},
             Case{"7.2.10 r1", "6.12.95", "Y", Outcome::warn, "enable_virt_at_load=0"},
             Case{"7.2.8 r1", "6.18.2", "Y", Outcome::warn, "enable_virt_at_load=0"},
             Case{"7.2.8 r1", "6.18.2", "N", Outcome::pass, ""},
             Case{"7.1.12_Ubuntu r1", "6.14.0", "Y", Outcome::warn, "enable_virt_at_load=0"},
             Case{"", "6.18.2", "Y", Outcome::warn, "from 7.2.10 on it must be 1"},
             Case{"nonsense", "6.18.2", "Y", Outcome::warn, "from 7.2.10 on it must be 1"},
             Case{"7.0.16 r1", "6.1.0", "", Outcome::warn, "at a time"},
         }) {
        const IntelHost host;
        host.write("proc/sys/kernel/osrelease", std::string(c.kernel) + "\n");
        host.write("sys/module/vboxdrv/initstate", "live\n");
        host.write("sys/module/vboxdrv/version", std::string(c.version) + "\n");
        if (*c.at_load)
            host.write("sys/module/kvm/parameters/enable_virt_at_load",
                       std::string(c.at_load) + "\n");
        const CheckResult said = finding(host.report(), "rival-hypervisor");
        EXPECT_EQ(said.result, c.result) << c.version << " on " << c.kernel << ": " << said.found;
        EXPECT_TRUE(c.result == Outcome::pass || contains(in_words(said.mend), c.mend))
            << in_words(said.mend);
    }
}

TEST(RivalHypervisor, TheOptionInItsWayIsNamed) {
    const IntelHost host;
    host.write("proc/sys/kernel/osrelease", "6.18.2\n");
    host.write("sys/module/vboxdrv/version", "7.2.10 r1\n");
    host.write("sys/module/kvm/parameters/enable_virt_at_load", "N\n");
    host.write("etc/modprobe.d/virtualbox.conf", "options kvm enable_virt_at_load=0\n");
    const std::string mend = in_words(finding(host.report(), "rival-hypervisor").mend);
    EXPECT_TRUE(contains(mend, "'enable_virt_at_load=0' in ")) << mend;
    EXPECT_TRUE(contains(mend, "virtualbox.conf:1; then reboot")) << mend;
}

TEST(RivalHypervisor, TheDefaultCountsWhereSysfsDoesNotSay) {
    const IntelHost host;
    host.write("proc/sys/kernel/osrelease", "7.1.0-generic\n");
    host.write("sys/module/vboxdrv/version", "7.2.10 r169000 (0x00330004)\n");
    CheckResult said = finding(host.report(), "rival-hypervisor");
    EXPECT_EQ(said.result, Outcome::pass) << said.found;
    EXPECT_TRUE(said.told);
    EXPECT_TRUE(contains(said.found, "nothing is to be done")) << said.found;
    host.write("proc/cmdline", "root=/dev/sda1 kvm.enable_virt_at_load=0\n");
    said = finding(host.report(), "rival-hypervisor");
    EXPECT_EQ(said.result, Outcome::warn) << said.found;
    EXPECT_FALSE(contains(in_words(said.mend), "lets both load")) << in_words(said.mend);
    host.write("proc/sys/kernel/osrelease", "6.12.95\n");
    EXPECT_EQ(finding(host.report(), "rival-hypervisor").result, Outcome::pass);
}

TEST(EmulatedGuests, HoldNoModule) {
    const IntelHost host;
    host.write("sys/module/kvm_intel/parameters/nested", "N\n");
    host.write("dev/kvm", "nesting=0\n");
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    const std::string flags(20'000, ' ');
    host.write("run/libvirt/qemu/tcg.xml", "<domstatus state='running'>" + flags +
                                               "<domain type='qemu' id='1'><name>tcg</name>");
    host.write("sys/module/kvm_intel/refcnt", "3\n");
    std::string mend = in_words(finding(host.report(), "module-reload").mend);
    EXPECT_TRUE(mend.starts_with("stop what holds kvm_intel (refcnt 3")) << mend;
    host.write("run/libvirt/qemu/web1.xml", "<domstatus state='running'>" + flags +
                                                "<domain type='kvm' id='2'><name>web1</name>");
    mend = in_words(finding(host.report(), "module-reload").mend);
    EXPECT_TRUE(contains(mend, "guests that hold kvm_intel (web1)")) << mend;
    host.write("sys/module/kvm_intel/refcnt", "0\n");
    mend = in_words(finding(host.report(), "module-reload").mend);
    EXPECT_EQ(mend, "run: modprobe -r kvm_intel && modprobe kvm_intel");
}

TEST(XenDom0, IsToldInOneLineAndNeverToAskAnOuterHost) {
    const NotLoaded host;
    host.write("proc/xen/capabilities", "control_d\n");
    host.write("proc/cpuinfo", cpu("GenuineIntel", "fpu hypervisor"));
    const Report report = host.report();
    const CheckResult said = finding(report, "kvm-nesting");
    EXPECT_EQ(said.result, Outcome::fail);
    EXPECT_EQ(said.found, "this machine was booted with Xen, and this is its dom0");
    for (const CheckResult& check : report.checks)
        EXPECT_FALSE(contains(in_words(check.mend), "outer host"))
            << check.id << ": " << in_words(check.mend);
}
