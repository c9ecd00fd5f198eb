// SPDX-License-Identifier: GPL-2.0-or-later
// What keeps a module from being loaded, and what only looks like it.
#include "core/modconf/boot_options.h"
#include "core/modconf/install.h"
#include "core/modconf/modconf.h"

#include <gtest/gtest.h>

using namespace virt_nested;

namespace {

ModConf one(const std::string& text) {
    return parse_modconf({{"/etc/modprobe.d/kvm.conf", text}}, kmod_profile(30));
}

Cmdline line(const std::string& text) {
    return parse_cmdline(text, kmod_profile(30));
}

Effective fold(const ModConf& conf, const Cmdline& cmdline, const LoadContext& context = {},
               const char* module = "kvm_intel") {
    return effective(conf, cmdline, module, "nested", context);
}

const LoadContext intel{Linkage::module, {"kvm", "irqbypass"}};

/// "install by name and alias: install kvm /bin/false @ PLACE", "in doubt" behind it where it is.
std::string in_short(const Effective& effective) {
    std::string out;
    for (const Block& block : effective.blocks)
        out += (out.empty() ? "" : "; ") + std::string(name(block.kind)) +
               (block.by_name ? " by name" : "") + (block.by_alias ? " by alias" : "") + ": " +
               block.text + " @ " + shown(block.origin) + (block.doubt.empty() ? "" : " in doubt");
    return out;
}

struct Case {
    std::string conf;
    std::string cmdline;
    std::string expected;
};

void expect(const std::vector<Case>& cases, const LoadContext& context,
            const char* module = "kvm_intel") {
    for (const Case& one_case : cases)
        EXPECT_EQ(in_short(fold(one(one_case.conf), line(one_case.cmdline), context, module)),
                  one_case.expected)
            << one_case.conf << one_case.cmdline;
}

constexpr const char* by_both = " by name by alias: ";
constexpr const char* at_1 = " @ /etc/modprobe.d/kvm.conf:1";
constexpr const char* at_line = " @ the kernel command line";

std::string blocked(const char* kind, const std::string& text, const char* place,
                    const char* doubt = "") {
    return kind + std::string(by_both) + text + place + doubt;
}

} // namespace

TEST(ModconfBlocks, BlacklistStopsUdevButNotModprobe) {
    const Effective found = fold(one("\nblacklist kvm-intel\n"), line(""));
    EXPECT_TRUE(found.blocked_by_alias());
    EXPECT_FALSE(found.blocked_by_name());
    ASSERT_EQ(found.blocks.size(), 1U);
    EXPECT_EQ(shown(found.blocks[0].origin), "/etc/modprobe.d/kvm.conf:2");
    EXPECT_EQ(found.blocks[0].text, "blacklist kvm_intel");
}

TEST(ModconfBlocks, InstallFalseStopsBoth) {
    for (const char* command : {"/bin/false", "/bin/true", "/usr/bin/false ", "\t/bin/true x"}) {
        const Effective found =
            fold(one("install kvm_intel " + std::string(command) + "\n"), line(""));
        EXPECT_TRUE(found.blocked_by_alias()) << command;
        EXPECT_TRUE(found.blocked_by_name()) << command;
    }
}

TEST(ModconfBlocks, FirstInstallLineCountsAndPatternsMatch) {
    const Effective found =
        fold(one("install kvm* /bin/false\ninstall kvm_intel echo\n"), line(""));
    ASSERT_EQ(found.blocks.size(), 1U);
    EXPECT_EQ(found.blocks[0].text, "install kvm* /bin/false");
}

TEST(ModconfBlocks, SoftdepMakesAnInstallLineDoubtful) {
    const Effective found =
        fold(one("install kvm_intel /bin/false\nsoftdep kvm_intel pre: vhost_net\n"), line(""));
    EXPECT_FALSE(found.blocked_by_name());
    EXPECT_NE(found.blocks.at(0).doubt.find("kvm.conf:2"), std::string::npos);
    // Two blanks in front of "pre:" and libkmod sees no dependency.
    EXPECT_TRUE(
        fold(one("install kvm_intel /bin/false\nsoftdep kvm_intel  pre: vhost_net\n"), line(""))
            .blocked_by_name());
}

TEST(ModconfBlocks, BlacklistKnowsNoPatterns) {
    EXPECT_TRUE(fold(one("blacklist kvm*\n"), line("")).blocks.empty());
}

TEST(ModconfBlocks, ModprobeBlacklistIsNotNormalised) {
    EXPECT_TRUE(fold(one(""), line("modprobe.blacklist=a,kvm_intel")).blocked_by_alias());
    EXPECT_FALSE(fold(one(""), line("modprobe.blacklist=kvm-intel")).blocked_by_alias());
}

TEST(ModconfBlocks, ModuleBlacklistStopsEveryLoaderAndTheLastCounts) {
    EXPECT_TRUE(fold(one(""), line("module_blacklist=x,kvm_intel")).blocked_by_name());
    EXPECT_TRUE(fold(one(""), line("module-blacklist=kvm_intel")).blocked_by_name());
    EXPECT_TRUE(fold(one(""), line("module_blacklist=kvm-intel")).blocks.empty());
    EXPECT_TRUE(
        fold(one(""), line("module_blacklist=kvm_intel module_blacklist=x")).blocks.empty());
    EXPECT_TRUE(fold(one(""), line("-- module_blacklist=kvm_intel")).blocks.empty());
}

TEST(ModconfBlocks, BlacklistOfTheInitramfsIsInDoubt) {
    const Effective found = fold(one(""), line("rd.driver.blacklist=nouveau,kvm-intel"));
    ASSERT_EQ(found.blocks.size(), 1U);
    EXPECT_EQ(found.blocks[0].kind, Block::Kind::initramfs_blacklist);
    EXPECT_FALSE(found.blocked_by_alias());
}

TEST(ModconfBlocks, AliasLeadsTheNameElsewhere) {
    const Effective found = fold(one("alias kvm-intel off\n"), line(""));
    EXPECT_TRUE(found.blocked_by_name());
    EXPECT_FALSE(found.blocked_by_alias());
}

TEST(ModconfBlocks, AliasToItselfMakesBlacklistsCountByName) {
    const Effective found = fold(one("alias kvm_intel kvm_intel\nblacklist kvm_intel\n"), line(""));
    EXPECT_TRUE(found.blocked_by_name());
}

// --- what it needs
// --------------------------------------------------------------------------------

TEST(ModconfBlocks, InstallLineOfADependencyStopsTheModule) {
    expect(
        {{"install kvm /bin/false\n", "", blocked("install", "install kvm /bin/false", at_1)},
         {"install kvm /bin/true\n", "", blocked("install", "install kvm /bin/true", at_1)},
         {"install irqbypass false\n", "", blocked("install", "install irqbypass false", at_1)},
         {"install kvm* /bin/false\n", "", blocked("install", "install kvm* /bin/false", at_1)},
         {"install kvm /bin/x\n", "", blocked("install", "install kvm /bin/x", at_1, " in doubt")},
         {"install kvm /bin/false\nsoftdep kvm pre: x\n", "",
          blocked("install", "install kvm /bin/false", at_1, " in doubt")},
         {"install kvm modprobe -i kvm ignore_msrs=1\n", "", ""},
         {"install ccp /bin/false\n", "", ""}},
        intel);
    EXPECT_TRUE(fold(one("install kvm /bin/false\n"), line("")).blocks.empty())
        << "who needs what is for the caller to say";
}

TEST(ModconfBlocks, BlacklistsAndAliasesOfADependencyDoNot) {
    expect({{"blacklist kvm\n", "", ""},
            {"alias kvm off\n", "", ""},
            {"", "modprobe.blacklist=kvm rd.driver.blacklist=kvm", ""},
            {"", "module_blacklist=a,kvm",
             blocked("module_blacklist", "module_blacklist=a,kvm", at_line)},
            {"", "initcall_blacklist=kvm_x86_init",
             blocked("initcall_blacklist", "initcall_blacklist=kvm_x86_init", at_line)}},
           intel);
}

// --- the kernel's own words
// -----------------------------------------------------------------------

TEST(ModconfBlocks, InitFunctionsOfTheModule) {
    const auto told = [](const char* function, const char* doubt = "") {
        return blocked("initcall_blacklist", std::string("initcall_blacklist=") + function, at_line,
                       doubt);
    };
    LoadContext context;
    for (const auto& [module, function] : {std::pair{"kvm_intel", "vmx_init"},
                                           {"kvm_intel", "vt_init"},
                                           {"kvm_amd", "svm_init"},
                                           {"kvm", "kvm_x86_init"},
                                           {"kvm_hv", "kvmppc_book3s_init_hv"},
                                           {"kvm", "kvm_s390_init"}}) {
        const std::string text = std::string("initcall_blacklist=") + function;
        for (const Linkage linkage : {Linkage::module, Linkage::built_in}) {
            context.linkage = linkage;
            expect({{"", text, told(function)}, {"", "-- " + text, ""}}, context, module);
        }
    }
    expect({{"", "initcall_blacklist=svm_init", ""},
            {"", "initcall_blacklist=x,vmx_init initcall_blacklist=y", told("x,vmx_init")},
            {"", "initcall_blacklist=vmx_init_x", ""}},
           {});
    context = {};
    context.kernel = "6.16.3";
    expect({{"", "initcall_blacklist=vmx_init", told("vmx_init", " in doubt")},
            {"", "initcall_blacklist=vt_init", told("vt_init")}},
           context);
    context.kernel = "6.1.0-50-amd64";
    expect({{"", "initcall_blacklist=vmx_init", told("vmx_init")},
            {"", "initcall_blacklist=vt_init", told("vt_init", " in doubt")}},
           context);
}

TEST(ModconfBlocks, NoModuleLoadsAnyMore) {
    expect({{"", "nomodule", blocked("modules_disabled", "nomodule", at_line)},
            {"", "nomodule=Y", blocked("modules_disabled", "nomodule=Y", at_line)},
            {"", "nomodule nomodule=0", ""},
            {"", "nomodule=x", ""},
            {"", "-- nomodule", ""},
            {"", "sysctl.kernel.modules_disabled=1",
             blocked("modules_disabled", "sysctl.kernel.modules_disabled=1", at_line)},
            {"", "sysctl/kernel/modules_disabled=1",
             blocked("modules_disabled", "sysctl/kernel/modules_disabled=1", at_line)},
            {"", "sysctl.kernel.modules_disabled=0 module.sig_enforce=1", ""}},
           {});
    EXPECT_TRUE(fold(one(""), line("nomodule"), Linkage::built_in).blocks.empty());
}

TEST(ModconfBlocks, OfAListTheNameThatBlocksIsTold) {
    const auto item = [](const char* text) { return fold(one(""), line(text)).blocks.at(0).item; };
    EXPECT_EQ(item("rd.driver.blacklist=nouveau,kvm-intel"), "kvm-intel");
    EXPECT_EQ(item("module_blacklist=kvm_intel,nouveau"), "kvm_intel");
    EXPECT_EQ(item("initcall_blacklist=floppy_init,vmx_init"), "vmx_init");
    EXPECT_EQ(item("nomodule"), "");
}

TEST(ModconfBlocks, FlagsAreClearedByNameAndByNumber) {
    const Platform& vmx = platform(PlatformId::intel);
    const Platform& svm = platform(PlatformId::amd);
    const auto cleared = [](const char* text, const Platform& row) {
        return clears_cpu_flag(line(text), row).value_or("-");
    };
    EXPECT_EQ(cleared("clearcpuid=vmx", vmx), "clearcpuid=vmx");
    EXPECT_EQ(cleared("quiet clearcpuid=514,133", vmx), "clearcpuid=514,133");
    EXPECT_EQ(cleared("clearcpuid=194", svm), "clearcpuid=194");
    EXPECT_EQ(cleared("clearcpuid=194", vmx), "-");
    EXPECT_EQ(cleared("clearcpuid=svm clearcpuid=514", svm), "-") << "the last one counts";
    EXPECT_EQ(cleared("clearcpuid -- clearcpuid=svm", svm), "-");
    EXPECT_EQ(cleared(("clearcpuid=" + std::string(126, '1') + ",svm").c_str(), svm), "-");
    EXPECT_EQ(cleared("clearcpuid=0", platform(PlatformId::z)), "-");
}

// --- the CPU's alias
// ------------------------------------------------------------------------------

TEST(ModconfBlocks, AliasOfTheCpuLeadsElsewhere) {
    const std::string cpu = "cpu:type:x86,ven0000fam0006mod009E:feature:,0000,0085,00C0\n";
    const auto told = [](const std::string& text, const char* doubt = "") {
        return "alias by alias: alias " + text + at_1 + doubt;
    };
    const std::string by_feature = "cpu:type:x86,*feature:*0085*";
    expect({{"alias cpu:* off\n", "", told("cpu:* off")},
            {"alias " + by_feature + " off\n", "", told(by_feature + " off")},
            {"alias cpu:type:x86,*feature:*00C2* off\n", "", ""},
            {"alias " + by_feature + " kvm-intel\n", "", ""},
            {"alias cpu:* off\nalias " + by_feature + " kvm_intel\n", "", ""},
            {"alias * off\n", "",
             "alias by name: alias * off" + std::string(at_1) + "; " + told("* off")}},
           LoadContext{Linkage::module, {}, cpu});
    expect({{"alias cpu:* off\n", "", told("cpu:* off", " in doubt")},
            {"alias cpu:* kvm_intel\n", "", ""},
            {"alias pci:* off\n", "", ""}},
           {});
    EXPECT_FALSE(fold(one("alias cpu:* off\n"), line("")).open_question(false));
    EXPECT_TRUE(fold(one("alias cpu:* off\n"), line("")).open_question(true));
}

TEST(ModconfBlocks, WhatStandsElsewhereComesLast) {
    LoadContext context;
    context.beside.push_back({Block::Kind::modules_disabled,
                              Origin::in_file("/etc/sysctl.d/a.conf", 2),
                              "kernel.modules_disabled = 1", false, true, "order"});
    const Effective found = fold(one("blacklist kvm_intel\n"), line(""), context);
    ASSERT_EQ(found.blocks.size(), 2U);
    EXPECT_EQ(shown(found.blocks[1].origin), "/etc/sysctl.d/a.conf:2");
    EXPECT_TRUE(found.open_question(true));
    context.linkage = Linkage::built_in;
    EXPECT_TRUE(fold(one(""), line(""), context).blocks.empty());
}
