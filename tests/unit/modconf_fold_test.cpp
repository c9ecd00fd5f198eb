// SPDX-License-Identifier: GPL-2.0-or-later
// What modprobe would hand to the kernel, out of files and command line, and where it comes from.
#include "core/modconf/modconf.h"
#include "tests/unit/folder.h"

#include <gtest/gtest.h>

using namespace virt_nested;

namespace {

ModConf files(const std::vector<ConfFile>& list, int version = 30) {
    return parse_modconf(list, kmod_profile(version));
}

ModConf one(const std::string& text, int version = 30) {
    return files({{"/etc/modprobe.d/kvm.conf", text}}, version);
}

Cmdline line(const std::string& text, int version = 30) {
    return parse_cmdline(text, kmod_profile(version));
}

Effective fold(const ModConf& conf, const Cmdline& cmdline, const char* module = "kvm_intel") {
    return effective(conf, cmdline, module, "nested");
}

/// The value that counts and its place, or "-".
std::string winner(const Effective& effective) {
    const Setting* setting = effective.winner();
    return setting ? setting->shown("nested") + " @ " + shown(setting->origin) : "-";
}

} // namespace

TEST(ModuleInPath, IsWhatTheKernelCallsIt) {
    EXPECT_EQ(module_in_path("kernel/arch/x86/kvm/kvm-intel.ko.xz"), "kvm_intel");
    EXPECT_EQ(module_in_path("kvm.ko"), "kvm");
    EXPECT_EQ(module_in_path("kernel/kvm"), "");
}

TEST(DependenciesIn, AreThoseOfTheModulesLine) {
    const std::string index =
        "kernel/virt/lib/irqbypass.ko.xz:\n"
        "kernel/arch/x86/kvm/kvm.ko.xz: kernel/virt/lib/irqbypass.ko.xz\n"
        "kernel/arch/x86/kvm/kvm-amd.ko.xz: kernel/arch/x86/kvm/kvm.ko.xz "
        "kernel/virt/lib/irqbypass.ko.xz kernel/drivers/crypto/ccp/ccp.ko.xz\n";
    using Names = std::vector<std::string>;
    EXPECT_EQ(dependencies_in(index, "kvm_amd"), (Names{"kvm", "irqbypass", "ccp"}));
    EXPECT_EQ(dependencies_in(index, "kvm-amd").size(), 3U);
    EXPECT_EQ(dependencies_in(index, "kvm"), Names{"irqbypass"});
    for (const char* none : {"irqbypass", "amd", "kvm_intel", ""})
        EXPECT_EQ(dependencies_in(index, none), Names{}) << none;
    EXPECT_EQ(dependencies_in("kvm.ko:\nno line: of a module\n:\n", ""), Names{});
}

TEST(ModconfFold, NothingSaidIsNoSetting) {
    EXPECT_EQ(winner(fold(one(""), line("quiet"))), "-");
    EXPECT_EQ(fold(one(""), line("")).options, "");
}

TEST(ModconfFold, OneLineGivesItsFileAndLine) {
    const Effective found = fold(one("# KVM\n\noptions kvm-intel nested=1\n"), line(""));
    EXPECT_EQ(winner(found), "nested=1 @ /etc/modprobe.d/kvm.conf:3");
    EXPECT_EQ(found.options, "nested=1");
}

TEST(ModconfFold, LaterFileWinsAndTheFirstIsOverridden) {
    const Effective found =
        fold(files({{"/etc/modprobe.d/zz.conf", "options kvm_intel nested=0\n"},
                    {"/etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n"}}),
             line(""));
    EXPECT_EQ(winner(found), "nested=0 @ /etc/modprobe.d/zz.conf:1");
    ASSERT_EQ(found.overridden().size(), 1U);
    EXPECT_EQ(shown(found.overridden()[0]->origin), "/etc/modprobe.d/kvm.conf:1");
    EXPECT_EQ(found.options, "nested=1 nested=0");
}

TEST(ModconfFold, OrderIsByNameAcrossFolders) {
    const Effective found =
        fold(files({{"/run/modprobe.d/zz-run.conf", "options kvm_intel nested=0\n"},
                    {"/etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n"},
                    {"/lib/modprobe.d/zzz-vendor.conf", "options kvm_intel nested=1\n"}}),
             line(""));
    EXPECT_EQ(found.options, "nested=1 nested=0 nested=1");
    EXPECT_EQ(winner(found), "nested=1 @ /lib/modprobe.d/zzz-vendor.conf:1");
}

TEST(ModconfFold, UpperCaseSortsBeforeLowerCase) {
    EXPECT_EQ(fold(files({{"/etc/modprobe.d/a.conf", "options kvm_intel nested=0\n"},
                          {"/etc/modprobe.d/Z.conf", "options kvm_intel nested=1\n"}}),
                   line(""))
                  .options,
              "nested=1 nested=0");
}

TEST(ModconfFold, CommandLineBeatsEveryFile) {
    const Effective found =
        fold(files({{"/etc/modprobe.d/zzz.conf", "options kvm_intel nested=1\n"}}),
             line("quiet kvm-intel.nested=0"));
    EXPECT_EQ(winner(found), "nested=0 @ the kernel command line");
    EXPECT_EQ(found.winner()->origin.offset, 6U);
}

TEST(ModconfFold, LastOnTheCommandLineWins) {
    EXPECT_EQ(fold(one(""), line("kvm_intel.nested=0 kvm_intel.nested=1")).options,
              "nested=0 nested=1");
}

TEST(ModconfFold, SeveralParametersAndLinesAccumulate) {
    const Effective found =
        fold(one("options kvm_intel ept=1 nested=0\noptions kvm_intel nested=1 pml=0\n"), line(""));
    EXPECT_EQ(found.options, "ept=1 nested=0 nested=1 pml=0");
    EXPECT_EQ(winner(found), "nested=1 @ /etc/modprobe.d/kvm.conf:2");
}

TEST(ModconfFold, BareNameIsASetting) {
    const Effective found = fold(one("options kvm_amd nested\n"), line(""), "kvm_amd");
    ASSERT_TRUE(found.winner());
    EXPECT_FALSE(found.winner()->value);
}

TEST(ModconfFold, OptionsOfAnotherModuleAreItsOwn) {
    EXPECT_EQ(winner(fold(one("options kvm nested=1\noptions KVM_INTEL nested=1\n"
                              "options kvm_* nested=1\n"),
                          line("KVM_INTEL.nested=1"))),
              "-");
}

TEST(ModconfFold, DashesInTheParameterAreUnderscoresForTheKernel) {
    EXPECT_EQ(
        effective(one("options kvm_intel enable-apicv=0\n"), line(""), "kvm_intel", "enable_apicv")
            .settings.size(),
        1U);
}

TEST(ModconfFold, BlanksAroundEqualsSetNothing) {
    const Effective found = fold(one("options kvm_intel nested = 0\n"), line(""));
    ASSERT_TRUE(found.winner());
    EXPECT_FALSE(found.winner()->value) << "the kernel sees the bare name";
}

TEST(ModconfFold, QuotesMaySpanTwoLines) {
    const Effective found =
        fold(one("options kvm_intel x=\"a\noptions kvm_intel b\" nested=1\n"), line(""));
    EXPECT_EQ(found.options, "x=\"a b\" nested=1");
    EXPECT_EQ(winner(found), "nested=1 @ /etc/modprobe.d/kvm.conf:2");
}

TEST(ModconfFold, TwoDashesInOptionsHideWhatFollows) {
    const Effective found =
        fold(one("options kvm_intel nested=1 --\n"), line("kvm_intel.nested=0"));
    EXPECT_EQ(winner(found), "nested=1 @ /etc/modprobe.d/kvm.conf:1");
    ASSERT_EQ(found.settings.size(), 2U);
    EXPECT_TRUE(found.settings[1].ignored);
}

TEST(ModconfFold, LibkmodReadsBeyondTheDashesOfTheCommandLine) {
    EXPECT_EQ(fold(one(""), line("quiet -- kvm_intel.nested=0")).options, "nested=0");
}

TEST(ModconfFold, BuiltInTakesTheCommandLineAloneAsTheKernelReadsIt) {
    const Effective found = effective(one("options kvm_intel nested=1\nblacklist kvm_intel\n"),
                                      line("\"kvm-intel.nested=0\" -- kvm_intel.nested=1", 25),
                                      "kvm_intel", "nested", Linkage::built_in);
    EXPECT_EQ(winner(found), "nested=0 @ the kernel command line");
    EXPECT_EQ(found.options, "");
    EXPECT_TRUE(found.blocks.empty());
}
