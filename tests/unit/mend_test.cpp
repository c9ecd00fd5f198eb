// SPDX-License-Identifier: GPL-2.0-or-later
// Mends in the words of the host's own kind and daemon.
#include "core/hook_files.h"
#include "core/text.h"
#include "tests/unit/captured_host.h"
#include "tests/unit/machine.h"
#include "validator/bringup/plan.h"
#include "validator/checks/mend.h"

#include <gtest/gtest.h>

#include <filesystem>

using namespace virt_nested;
using test::IntelHost;

namespace {

constexpr const char* nixos = "boot.extraModprobeConfig in configuration.nix: ";

std::string fix(const IntelHost& host, const std::string& id) {
    const Report report = host.report();
    for (const CheckResult& check : report.checks)
        if (check.id == id && !check.mend.empty())
            return in_words(check.mend);
    return {};
}

/// The plan's steps, in the root's own paths.
std::string planned(const test::Folder& host) {
    std::vector<std::string> out;
    for (const Cause& cause : validate(Sysroot(host.path()), {}).plan)
        if (!cause.mend.empty())
            out.push_back(in_words(cause.mend));
    std::string text = join(out, " | ");
    for (size_t at; (at = text.find(host.path())) != std::string::npos;)
        text.erase(at, host.path().size());
    return text;
}

void turned_off(const IntelHost& host) {
    host.write("sys/module/kvm_intel/parameters/nested", "N\n");
    host.write("dev/kvm", "nesting=0\nnested_paging=0\n");
}

/// GRUB of Debian, whose list has these arguments.
void booted_with(const test::Folder& host, const std::string& arguments,
                 const std::string& kernel = "6.1.0-50-amd64") {
    host.write("etc/os-release", "ID=debian\n");
    host.write("proc/cmdline", "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 " + arguments + "\n");
    host.write("boot/grub/grub.cfg",
               "menuentry 'a' {\nlinux /boot/vmlinuz-" + kernel + " " + arguments + "\n}\n");
    host.write("etc/default/grub", "GRUB_CMDLINE_LINUX=\"" + arguments + "\"\n");
}

} // namespace

TEST(Mend, NixosIsToldItsOwnWay) {
    const IntelHost host;
    host.write("etc/os-release", "ID=nixos\n");
    host.write("etc/modprobe.d/nixos.conf", "options kvm_intel nested=0\n");
    host.write("etc/modules-load.d/kvm.conf", "options kvm_intel ept=1\n");
    host.write("etc/libvirt/qemu.conf", "");
    EXPECT_EQ(fix(host, "modprobe-lines"), nixos + std::string("options kvm_intel ept=1"));
    EXPECT_EQ(fix(host, "next-load"),
              nixos + std::string("replace 'nested=0' with 'nested=1', which is in ") +
                  host.path() +
                  "/etc/modprobe.d/nixos.conf:1, then run: nixos-rebuild boot, then reboot");
    EXPECT_EQ(fix(host, "hook-installed"),
              "virtualisation.libvirtd.hooks.qemu in configuration.nix: " +
                  std::string(hook_places().program));
    host.write("etc/modprobe.d/nixos.conf", "blacklist kvm_intel\n");
    EXPECT_TRUE(fix(host, "module-blocked")
                    .starts_with(nixos + std::string("remove 'blacklist kvm_intel', which is in ")))
        << fix(host, "module-blocked");
    for (const CheckResult& check : host.report().checks)
        EXPECT_EQ(in_words(check.mend).find("/etc/modprobe.d/kvm.conf"), std::string::npos)
            << check.id;
}

TEST(Mend, AnotherHostIsToldToMoveTheLine) {
    const IntelHost host;
    host.write("etc/modules-load.d/kvm.conf", "options kvm_intel ept=1\n");
    EXPECT_EQ(fix(host, "modprobe-lines"), "move the line to /etc/modprobe.d/kvm.conf");
}

TEST(Mend, EnableIsForHostsThatKeepEtc) {
    const IntelHost host;
    host.write("sys/module/kvm_intel/parameters/nested", "N\n");
    host.write("dev/kvm", "nesting=0\n");
    host.write("etc/os-release", "ID=opensuse-microos\n");
    const auto turned_on = [&] {
        return in_words(mend_nested(gather(Sysroot(host.path()), {}), Turn::on));
    };
    EXPECT_EQ(turned_on(), "run: virt-nested enable");
    host.write("etc/os-release", "ID=fedora\n");
    host.write("usr/lib/bootc/install/00.toml", "");
    EXPECT_EQ(turned_on(),
              "put it into the image (Containerfile): options kvm_intel nested=1, then run: bootc "
              "upgrade, then reboot");
}

TEST(Mend, ModularDaemonsAreNamed) {
    const IntelHost host;
    host.write("usr/sbin/virtqemud", "");
    EXPECT_TRUE(fix(host, "hook-installed").starts_with("install virt-nested-libvirt, which"));
    EXPECT_TRUE(fix(host, "hook-installed").ends_with("systemctl reload virtqemud"));
    host.write("usr/bin/virt-nested-hook", "");
    EXPECT_TRUE(fix(host, "hook-installed").starts_with("install virt-nested-libvirt, which"));
    host.write("usr/bin/virt-nested-judge", "");
    EXPECT_TRUE(fix(host, "hook-installed").ends_with("&& systemctl reload virtqemud"));
    host.write("usr/sbin/libvirtd", "");
    EXPECT_TRUE(fix(host, "hook-installed").ends_with("&& systemctl reload libvirtd"));
}

TEST(Mend, AllThatSaysOtherwiseIsPutRightAtOnce) {
    const IntelHost host;
    turned_off(host);
    booted_with(host, "kvm-intel.nested=0");
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=0\n");
    EXPECT_EQ(planned(host),
              "remove kvm-intel.nested=0 from GRUB_CMDLINE_LINUX in /etc/default/grub:1, then run: "
              "update-grub, then replace 'nested=0' with 'nested=1' in /etc/modprobe.d/kvm.conf:1, "
              "then reboot");
    const Facts facts = gather(Sysroot(host.path()), {});
    const std::vector<std::string> lines =
        contradictions(Sysroot(host.path()), facts, facts.configuration.conf, "kvm_intel", true);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_NE(lines[1].find("/etc/modprobe.d/kvm.conf:1 says nested=0 for kvm_intel and has the "
                            "last word then; replace 'nested=0' with 'nested=1'"),
              std::string::npos)
        << lines[1];
}

TEST(Mend, WhatIsRunBehindAChangeComesBehindTheLastOfThem) {
    const IntelHost host;
    turned_off(host);
    booted_with(host, "kvm-intel.nested=0 kvm_intel.nested=N");
    EXPECT_EQ(planned(host),
              "remove kvm_intel.nested=N from GRUB_CMDLINE_LINUX in /etc/default/grub:1, then "
              "remove kvm-intel.nested=0 from GRUB_CMDLINE_LINUX in /etc/default/grub:1, then run: "
              "update-grub, then reboot");
}

TEST(Mend, OfAListOfNamesTheOthersStayAndTheKernelsOwnTakesABoot) {
    const IntelHost host;
    host.write("dev/kvm", "device=absent\n");
    std::filesystem::remove_all(host.path() + "/sys/module/kvm_intel");
    booted_with(host, "module_blacklist=nouveau,kvm_intel");
    EXPECT_EQ(planned(host),
              "replace module_blacklist=nouveau,kvm_intel with module_blacklist=nouveau in "
              "GRUB_CMDLINE_LINUX in /etc/default/grub:1, then run: update-grub, then reboot");
    booted_with(host, "clearcpuid=smap,vmx");
    host.write("proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t\t: fpu vpid\n\n");
    EXPECT_EQ(planned(host),
              "replace clearcpuid=smap,vmx with clearcpuid=smap in GRUB_CMDLINE_LINUX in "
              "/etc/default/grub:1, then run: update-grub, then reboot");
}

TEST(Mend, WhatTheModuleDoesNotLoadWithGoesFirst) {
    const test::Folder host{{"proc/cpuinfo", test::cpuinfo(PlatformId::z)},
                            {"proc/cmdline", "root=/dev/dasda1\n"},
                            {"proc/sys/kernel/osrelease", "6.1.0-50-s390x\n"},
                            {"dev/kvm", "nesting=0\n"},
                            {"sys/module/kvm/initstate", "live\n"},
                            {"sys/module/kvm/parameters/nested", "0\n"},
                            {"sys/module/kvm/parameters/hpage", "1\n"},
                            {"lib/modules/6.1.0-50-s390x/modules.dep", "kernel/kvm/kvm.ko:\n"},
                            {"etc/modprobe.d/kvm.conf", "options kvm hpage=1\n"}};
    EXPECT_EQ(planned(host), "remove 'hpage=1' in /etc/modprobe.d/kvm.conf:1, then run: "
                             "virt-nested enable, then run: modprobe -r kvm && modprobe kvm");
}

TEST(Mend, AnArgumentOfTheSameNameGivesItsPlace) {
    const test::Folder host{{"proc/cpuinfo", test::cpuinfo(PlatformId::arm64)},
                            {"proc/sys/kernel/osrelease", "6.17.0-arm64\n"},
                            {"dev/kvm", "nesting=0\n"}};
    booted_with(host, "kvm-arm.mode=protected", "6.17.0-arm64");
    EXPECT_EQ(planned(host),
              "replace kvm-arm.mode=protected with kvm-arm.mode=nested in GRUB_CMDLINE_LINUX in "
              "/etc/default/grub:1, then run: update-grub, then reboot");
}

TEST(Mend, TheHashMmuOfChoiceIsTheOneCause) {
    const test::Folder host{{"proc/cpuinfo",
                             "processor\t: 0\ncpu\t\t: POWER9, altivec supported\n\ntimebase\t: "
                             "512000000\nplatform\t: PowerNV\nMMU\t\t: Hash\n"},
                            {"proc/sys/kernel/osrelease", "6.1.0-50-powerpc64le\n"},
                            {"dev/kvm", "nesting=0\n"},
                            {"sys/module/kvm_hv/initstate", "live\n"},
                            {"sys/module/kvm_hv/parameters/nested", "Y\n"}};
    booted_with(host, "disable_radix");
    EXPECT_EQ(planned(host), "remove disable_radix from GRUB_CMDLINE_LINUX in "
                             "/etc/default/grub:1, then run: update-grub, then reboot");
}

TEST(Mend, WithoutFeatNv2NoOptionHelps) {
    const test::Folder host{{"proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\n\n"},
                            {"proc/sys/kernel/osrelease", "6.17.0-arm64\n"},
                            {"dev/kvm", "nesting=0\n"}};
    booted_with(host, "kvm-arm.mode=nested", "6.17.0-arm64");
    EXPECT_EQ(planned(host), needs_nv2);
}

TEST(Mend, NestedPagingThatTheCpuLacksIsNoMatterOfAReload) {
    const IntelHost host;
    host.write("proc/cpuinfo",
               "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: vmx vpid\n\n");
    host.write("dev/kvm", "nesting=1\nnested_paging=0\n");
    host.write("sys/module/kvm_intel/parameters/ept", "N\n");
    EXPECT_EQ(planned(host), "this CPU has no ept: move the guests to a host whose CPU has it");
}

TEST(Mend, TrueIsAWordOfLaterKernels) {
    const IntelHost host;
    host.write("etc/modprobe.d/a.conf", "options kvm_intel nested=true\n");
    EXPECT_EQ(host.report().at(Horizon::next_load), Outcome::warn) << "6.1 takes it";
    host.write("proc/sys/kernel/osrelease", "5.10.0\n");
    host.write("lib/modules/5.10.0/modules.builtin", "");
    host.write("lib/modules/5.10.0/modules.dep", "kernel/arch/x86/kvm/kvm-intel.ko:\n");
    EXPECT_EQ(host.report().at(Horizon::next_load), Outcome::fail);
    host.write("proc/sys/kernel/osrelease", "4.18.0-553.el8_10.x86_64\n");
    host.write("lib/modules/4.18.0-553.el8_10.x86_64/modules.builtin", "");
    host.write("lib/modules/4.18.0-553.el8_10.x86_64/modules.dep",
               "kernel/arch/x86/kvm/kvm-intel.ko:\n");
    EXPECT_NE(host.report().at(Horizon::next_load), Outcome::fail) << "a vendor may take it back";
}

TEST(Mend, PowerIsToldTheOneThingThatItLacks) {
    const auto host = [](const std::string& cpu, const std::string& arguments) {
        test::Folder out{{"proc/cpuinfo", "processor\t: 0\ncpu\t\t: " + cpu +
                                              ", altivec supported\n\ntimebase\t: "
                                              "512000000\nplatform\t: PowerNV\nMMU\t\t: Hash\n"},
                         {"proc/sys/kernel/osrelease", "6.1.0-50-powerpc64le\n"},
                         {"dev/kvm", "nesting=0\n"},
                         {"sys/module/kvm_hv/initstate", "live\n"},
                         {"sys/module/kvm_hv/parameters/nested", "Y\n"}};
        booted_with(out, arguments);
        return planned(out);
    };
    EXPECT_EQ(host("POWER8E (raw)", "quiet"), "move the guests to POWER9 or later");
    EXPECT_EQ(host("POWER8E (raw)", "disable_radix"), "move the guests to POWER9 or later");
    EXPECT_EQ(host("POWER9 (raw)", "disable_radix=1 quiet"),
              "remove disable_radix=1 from GRUB_CMDLINE_LINUX in /etc/default/grub:1, then run: "
              "update-grub, then reboot");
    EXPECT_EQ(host("POWER10 (raw)", "quiet"),
              "add disable_radix=no to GRUB_CMDLINE_LINUX in /etc/default/grub, then run: "
              "update-grub, then reboot");
    EXPECT_EQ(host("POWER9 (raw)", "disable_radix=yes disable_radix=no"),
              "the hardware or its partition must offer it")
        << "the last one counts";
}

TEST(Mend, AToolThatHasDoneItsWorkIsNotNamedAgainForAFileThatIsRight) {
    const IntelHost host;
    host.write("proc/cmdline", "initrd=\\EFI\\proxmox\\x root=x kvm_intel.nested=0\n");
    host.write("etc/kernel/proxmox-boot-uuids", "1\n");
    host.write("etc/kernel/cmdline", "root=x\n");
    const std::string plan = planned(host);
    EXPECT_TRUE(plan.starts_with(
        "run: proxmox-boot-tool refresh (no line of /etc/kernel/cmdline is seen to have "
        "kvm_intel.nested=0; where one has it, take it out first), then reboot"))
        << plan;
}

TEST(Mend, AHookThatIsNoProgramIsNotMadeExecutable) {
    const IntelHost host;
    host.write("etc/libvirt/hooks/qemu.d/99-virt-nested", "../../../../usr/bin/virt-nested-hook\n");
    EXPECT_EQ(fix(host, "hook-installed"), "install virt-nested anew: it is no program");
}

TEST(Mend, ALineThatTwoCausesNameIsChangedOnce) {
    const IntelHost host;
    host.write("dev/kvm", "device=absent\n");
    std::filesystem::remove_all(host.path() + "/sys/module/kvm_intel");
    host.write("etc/modprobe.d/k.conf", "blacklist kvm_intel\noptions kvm_intel nested=0\n");
    EXPECT_EQ(planned(host), "replace 'nested=0' with 'nested=1' in /etc/modprobe.d/k.conf:2 | "
                             "remove 'blacklist kvm_intel' in /etc/modprobe.d/k.conf:1, then run: "
                             "modprobe kvm_intel");
}

TEST(Mend, TheReloadComesBehindEveryChange) {
    const IntelHost host;
    turned_off(host);
    host.write("etc/modprobe.d/k.conf", "options kvm_intel nested=1\noptions kvm_intel ept=0\n");
    EXPECT_EQ(planned(host), "remove 'ept=0' in /etc/modprobe.d/k.conf:2, then run: modprobe -r "
                             "kvm_intel && modprobe kvm_intel");
}

TEST(Mend, OffIsNeverHadByAReloadThatEndsWithoutKvm) {
    const IntelHost host;
    host.write("etc/virt-nested/virt-nested.conf", "host = off\n");
    host.write("etc/modprobe.d/kvm.conf",
               "options kvm_intel nested=0\ninstall kvm_intel /bin/false\n");
    EXPECT_TRUE(fix(host, "kvm-nesting").starts_with("reboot: a reload would end without KVM"))
        << planned(host);
    // By its name a module on a black list is loaded all the same.
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=0\nblacklist kvm_intel\n");
    EXPECT_EQ(fix(host, "kvm-nesting"), "run: modprobe -r kvm_intel && modprobe kvm_intel");
}

TEST(Mend, EachSpellingOfAnArgumentGoes) {
    const IntelHost host;
    host.write("etc/os-release", "ID=rocky\n");
    host.write("proc/cmdline", "root=x kvm-intel.nested=0 kvm_intel.nested=0\n");
    const std::string plan = planned(host);
    EXPECT_NE(plan.find("--remove-args=kvm-intel.nested=0"), std::string::npos) << plan;
    EXPECT_NE(plan.find("--remove-args=kvm_intel.nested=0"), std::string::npos) << plan;
}

TEST(Mend, WhatCouldNotBeReadIsNoReasonToTurnNestingOn) {
    const IntelHost host;
    host.write("sys/module/kvm_intel/parameters/nested", "N\n");
    host.write("dev/kvm", "nesting=0\n");
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    std::filesystem::remove(host.path() + "/proc/cmdline");
    for (const CheckResult& check : host.report().checks) {
        EXPECT_EQ(in_words(check.mend).find("virt-nested enable"), std::string::npos) << check.id;
        EXPECT_EQ(in_words(check.mend).find("modprobe -r"), std::string::npos) << check.id;
    }
}

TEST(Mend, ATypoIsNeverPutRightIntoWhatDoesNotLoadOrIsNotWanted) {
    const IntelHost host;
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nestd=maybe\n");
    EXPECT_NE(fix(host, "modprobe-lines").find("'nestd=maybe' with 'nested=1'"), std::string::npos)
        << fix(host, "modprobe-lines");
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nestd=0\n");
    EXPECT_TRUE(fix(host, "modprobe-lines").starts_with("remove 'nestd=0' in "))
        << fix(host, "modprobe-lines");
}

TEST(Mend, AFileNameIsQuotedForTheShellOnce) {
    const IntelHost host;
    host.write("usr/lib/modprobe.d/z'; reboot #.conf", "options kvm_intel nested=0\n");
    EXPECT_NE(planned(host).find("cp -n '/usr/lib/modprobe.d/z'\\''; reboot #.conf' "),
              std::string::npos)
        << planned(host);
}

TEST(Mend, AMistakeOfTheSitesOwnComesFirst) {
    const IntelHost host;
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=0\n");
    host.write("etc/virt-nested/virt-nested.conf", "host = of\n");
    const Report report = host.report();
    ASSERT_FALSE(report.plan.empty());
    EXPECT_EQ(report.checks[report.plan.front().finding].id, "configuration");
}
