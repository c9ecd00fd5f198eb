// SPDX-License-Identifier: GPL-2.0-or-later
// Commands in place of a load: what they come to, and the parameters that they hand on.
#include "core/modconf/install.h"
#include "core/text.h"

#include <gtest/gtest.h>

using namespace virt_nested;

namespace {

/// "refuses", "open", "loads" or "loads: ARGUMENTS"
std::string followed(const std::string& command, const char* module = "kvm_intel") {
    const InstallEffect effect = follow_install(command, module);
    static constexpr const char* words[] = {"refuses", "loads", "open"};
    std::string out = words[static_cast<size_t>(effect.kind)];
    return effect.arguments.empty() ? out : out + ": " + join(effect.arguments, " ");
}

Effective fold(const std::string& conf, const std::string& cmdline = "") {
    const KmodProfile profile = kmod_profile(30);
    return effective(parse_modconf({{"/etc/modprobe.d/kvm.conf", conf}}, profile),
                     parse_cmdline(cmdline, profile), "kvm_intel", "nested");
}

std::string winner(const Effective& effective) {
    const Setting* setting = effective.winner();
    return setting ? setting->shown("nested") + " @ " + shown(setting->origin) : "-";
}

} // namespace

TEST(FollowInstall, CommandsThatDoNotLoad) {
    for (const char* command :
         {"/bin/false", "/bin/true", ":", "false x", "/bin/false; true", "echo KVM is off",
          "logger no kvm; exit 1", "/bin/true || modprobe -i kvm_intel", "exec /bin/false",
          "/bin/false && modprobe -i kvm_intel", "true # modprobe -i kvm_intel", "modprobe dummy",
          "exit 0; modprobe -i kvm_intel", "/bin/false > /dev/null 2>&1"})
        EXPECT_EQ(followed(command), "refuses") << command;
}

TEST(FollowInstall, ModprobeThatLoads) {
    const std::string loads = "loads: nested=0";
    for (const char* command :
         {"/sbin/modprobe -i kvm_intel nested=0", "modprobe --ignore-install kvm-intel nested=0",
          "/usr/sbin/modprobe -qi kvm_intel nested=0", "modprobe kvm_intel nested=0 -i",
          "modprobe --first-time -i -- kvm_intel nested=0", "exec modprobe -i kvm_intel nested=0",
          "modprobe -i kvm_intel nested=0 && echo done", "modprobe -i kvm_intel nested=0; logger x",
          "modprobe -i kvm_intel nested=0 || exit 1",
          "/bin/false || modprobe -i kvm_intel nested=0",
          "true && modprobe -i kvm_intel nested=0 >/dev/null 2>&1 ; true",
          "modprobe kvm; modprobe -i kvm_intel 'nested=0'", "modprobe -i kvm_intel \"nested=0\" &",
          "modprobe -i kvm_intel nested=0;modprobe -i kvm_intel nested=1",
          "logger x; modprobe -iv kvm_intel nested=0 && /usr/local/bin/x"})
        EXPECT_EQ(followed(command), loads) << command;
    EXPECT_EQ(followed("modprobe -i kvm_intel"), "loads");
    EXPECT_EQ(followed("modprobe -i kvm_intel $CMDLINE_OPTS nested=0"),
              "loads: $CMDLINE_OPTS nested=0");
}

TEST(FollowInstall, WhatCannotBeFollowedIsOpen) {
    for (const char* command :
         {"/usr/local/sbin/kvm",
          "modprobe kvm_intel nested=0",
          "modprobe -bi kvm_intel",
          "modprobe -ri kvm_intel",
          "modprobe -i kvm_intel nested=$X",
          "modprobe -i kvm_intel `x`",
          "sh -c 'modprobe -i kvm_intel'",
          "x && modprobe -i kvm_intel",
          "(modprobe -i kvm_intel)",
          "logger x && modprobe -i kvm_intel",
          "modprobe -i kvm_intel; rmmod kvm_intel",
          "modprobe -i kvm_intel; modprobe -r kvm_intel",
          "insmod /lib/kvm-intel.ko nested=0",
          "modprobe -i kvm_intel | logger",
          "modprobe -i kvm_intel \"$CMDLINE_OPTS\"",
          "modprobe -i -C /etc/x kvm_intel",
          "modprobe -ai kvm_intel kvm",
          "modprobe -i \"kvm_intel",
          "modprobe -i kvm_intel && echo 0 > /sys/module/kvm_hv/parameters/nested",
          "X=1 modprobe x",
          "modprobe -i kvm_intel nested=0\r",
          "if true; then modprobe -i kvm_intel; fi",
          "x > ",
          "modprobe -i kvm_intel ||",
          "; modprobe -i kvm_intel",
          "modprobe -i kvm_intel;; true"})
        EXPECT_EQ(followed(command), "open") << command;
    EXPECT_EQ(followed("modprobe kvm_intel", "kvm"), "open") << "it brings kvm with it";
}

TEST(InstallLine, ItsParametersComeLast) {
    const Effective found =
        fold("options kvm_intel nested=1\ninstall kvm_intel /sbin/modprobe -i kvm_intel nested=0\n",
             "kvm_intel.nested=1");
    EXPECT_EQ(winner(found), "nested=0 @ /etc/modprobe.d/kvm.conf:2");
    EXPECT_EQ(found.settings.size(), 3U);
    EXPECT_TRUE(found.blocks.empty());
    EXPECT_EQ(found.options, "nested=1 nested=1");
    EXPECT_EQ(found.arguments, "nested=0");
}

TEST(InstallLine, WhatWasHandedOnStandsInItsPlace) {
    const std::string install = "install kvm_intel modprobe -i kvm_intel ";
    const std::string options = "\noptions kvm_intel nested=1 ept=1\n";
    EXPECT_EQ(winner(fold(install + "$CMDLINE_OPTS nested=0" + options)),
              "nested=0 @ /etc/modprobe.d/kvm.conf:1");
    const Effective found = fold(install + "nested=0 $CMDLINE_OPTS" + options);
    EXPECT_EQ(winner(found), "nested=1 @ /etc/modprobe.d/kvm.conf:2");
    EXPECT_EQ(found.arguments, "nested=0 nested=1 ept=1");
    EXPECT_EQ(winner(fold(install + "$CMDLINE_OPTS\n")), "-");
    // The shell would see the quotes.
    EXPECT_TRUE(
        fold(install + "$CMDLINE_OPTS\noptions kvm_intel x=\"a b\"\n").open_question(false));
}

TEST(InstallLine, OneThatCannotBeFollowedLeavesTheAnswerOpen) {
    const Effective found = fold("install kvm_intel /usr/local/sbin/kvm\n");
    ASSERT_TRUE(found.open_question(false));
    EXPECT_EQ(found.open_question(false)->text, "install kvm_intel /usr/local/sbin/kvm");
    EXPECT_FALSE(found.blocked_by_name());
    EXPECT_FALSE(fold("install kvm_intel /bin/false\n").open_question(true)) << "it is certain";
    EXPECT_FALSE(fold("", "rd.driver.blacklist=kvm_intel").open_question(true));
}

TEST(InstallLine, AsksForTheModuleByItsName) {
    const Effective found =
        fold("alias kvm_intel off\ninstall kvm_intel modprobe -i kvm_intel nested=1\n");
    EXPECT_TRUE(found.blocked_by_name());
    EXPECT_TRUE(found.blocked_by_alias());
}
