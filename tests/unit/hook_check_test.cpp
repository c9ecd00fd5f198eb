// SPDX-License-Identifier: GPL-2.0-or-later
// The hook as libvirt and SELinux see it.
#include "tests/unit/captured_host.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

using namespace virt_nested;
using test::finding;
using test::IntelHost;

namespace {

class Hooked : public IntelHost {
  public:
    Hooked() {
        ::umask(022); // what the folders get
        write("usr/sbin/libvirtd", "");
        program("usr/bin/virt-nested-hook");
        program("usr/bin/virt-nested-judge");
        link("../../../../usr/bin/virt-nested-hook", "etc/libvirt/hooks/qemu.d/99-virt-nested");
    }
    void program(const std::string& name, mode_t mode = 0755) const {
        write(name, "#!/bin/sh\n");
        ::chmod((path() + "/" + name).c_str(), mode);
    }
    /// 0, or errno: the real attribute, which takes root and a file system that keeps it.
    int label(const std::string& name, const std::string& context) const {
        return ::setxattr((path() + "/" + name).c_str(), "security.selinux", context.c_str(),
                          context.size() + 1, 0) == 0
                   ? 0
                   : errno;
    }
};

} // namespace

// Not a helper function: GTEST_SKIP returns from the test.
#define NEEDS_LABEL(host, context)                                                                 \
    if (const int code = (host).label("usr/bin/virt-nested-hook", context); code != 0)             \
    GTEST_SKIP() << "security.selinux cannot be set in " << (host).path() << ": "                  \
                 << std::strerror(code)

TEST(HookSelinux, VirtHookTypeIsDenied) {
    const Hooked host;
    NEEDS_LABEL(host, "system_u:object_r:virt_hook_t:s0");
    host.write("sys/fs/selinux/enforce", "1");
    const Report report = host.report();
    const CheckResult said = finding(report, "hook-selinux");
    EXPECT_EQ(said.result, Outcome::fail);
    EXPECT_EQ(said.found, "system_u:object_r:virt_hook_t:s0");
    EXPECT_EQ(said.source, host.path() + "/usr/bin/virt-nested-hook");
    EXPECT_EQ(report.at(Horizon::now), Outcome::fail);
    host.write("sys/fs/selinux/enforce", "0");
    EXPECT_EQ(finding(host.report(), "hook-selinux").result, Outcome::warn);
    EXPECT_EQ(finding(host.report(), "hook-selinux").found,
              "system_u:object_r:virt_hook_t:s0 (permissive)");
}

TEST(HookSelinux, BinTypePasses) {
    const Hooked host;
    NEEDS_LABEL(host, "system_u:object_r:bin_t:s0");
    host.write("sys/fs/selinux/enforce", "1");
    const CheckResult said = finding(host.report(), "hook-selinux");
    EXPECT_EQ(said.result, Outcome::pass);
    EXPECT_EQ(said.found, "system_u:object_r:bin_t:s0");
}

TEST(HookSelinux, HostileLabelIsEscaped) {
    const Hooked host;
    NEEDS_LABEL(host, "a:\x1b[2J:virt_hook_t:" + std::string(100, 'x'));
    host.write("sys/fs/selinux/enforce", "1");
    EXPECT_EQ(finding(host.report(), "hook-selinux").found.find('\x1b'), std::string::npos);
}

TEST(HookSelinux, ALostLabelIsUndeterminedAndNotFine) {
    const Hooked host;
    if (::getxattr((host.path() + "/usr/bin/virt-nested-hook").c_str(), "security.selinux", nullptr,
                   0) >= 0)
        GTEST_SKIP() << "this machine's kernel labels every file";
    host.write("sys/fs/selinux/enforce", "1");
    const CheckResult said = finding(host.report(), "hook-selinux");
    EXPECT_EQ(said.result, Outcome::undetermined);
    EXPECT_EQ(said.found, host.path() + "/usr/bin/virt-nested-hook: no SELinux label is kept");
    EXPECT_EQ(in_words(said.mend), "capture the machine as root");
}

TEST(HookSelinux, WithoutSelinuxThereIsNothingToSay) {
    EXPECT_EQ(finding(Hooked().report(), "hook-selinux").result, Outcome::skip);
}

TEST(HookFiles, EachFaultIsNamedWithItsFile) {
    const Hooked host;
    host.program("etc/libvirt/hooks/qemu.d/10-site", 0775);
    host.program("etc/libvirt/hooks/qemu.d/20-site.rpmsave");
    host.program("etc/libvirt/hooks/qemu.d/30-broken");
    host.write("etc/libvirt/hooks/qemu.d/30-broken", "echo no interpreter\n");
    host.program("etc/libvirt/hooks/qemu.d/40-off.bak", 0644);
    host.program("etc/libvirt/hooks/qemu.d/50-site.disabled");
    const Report report = host.report();
    const CheckResult open = finding(report, "hook-permissions");
    EXPECT_EQ(open.result, Outcome::fail);
    EXPECT_EQ(open.source, host.path() + "/etc/libvirt/hooks/qemu.d/10-site");
    EXPECT_NE(open.found.find("mode 0775"), std::string::npos);
    EXPECT_EQ(in_words(open.mend),
              "run: chown root:root /etc/libvirt/hooks/qemu.d/10-site && chmod go-w "
              "/etc/libvirt/hooks/qemu.d/10-site");
    std::vector<std::string> strays;
    for (const CheckResult& check : report.checks)
        if (check.id == "hook-strays")
            strays.push_back(std::string(name(check.result)) + " " +
                             check.source.substr(check.source.rfind('/') + 1) + " " +
                             check.expected);
    EXPECT_EQ(strays,
              (std::vector<std::string>{"fail 20-site.rpmsave no leftovers that are executable",
                                        "fail 30-broken a program, or a script with #!",
                                        "fail 50-site.disabled no leftovers that are executable"}));
}

TEST(HookFiles, FolderThatOthersCanWriteTo) {
    const Hooked host;
    ::chmod((host.path() + "/etc/libvirt/hooks/qemu.d").c_str(), 0777);
    const CheckResult said = finding(host.report(), "hook-permissions");
    EXPECT_EQ(said.result, Outcome::fail);
    EXPECT_EQ(said.source, host.path() + "/etc/libvirt/hooks/qemu.d");
    EXPECT_NE(said.found.find("mode 0777"), std::string::npos);
    EXPECT_EQ(in_words(said.mend), "run: chown root:root /etc/libvirt/hooks/qemu.d && chmod go-w "
                                   "/etc/libvirt/hooks/qemu.d");
}

TEST(HookFiles, AnotherOwnerThanRoot) {
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root can give a file away";
    const Hooked host;
    ASSERT_EQ(::chown((host.path() + "/usr/bin/virt-nested-hook").c_str(), 12345, 0), 0);
    EXPECT_NE(finding(host.report(), "hook-permissions").found.find("owner 12345"),
              std::string::npos);
    EXPECT_EQ(finding(host.report(), "hook-permissions").result, Outcome::fail);
}

TEST(HookFiles, NoneIsAnswered) {
    const IntelHost host;
    EXPECT_EQ(finding(host.report(), "hook-strays").found,
              "libvirt's QEMU driver is not installed");
    host.write("usr/sbin/virtqemud", "");
    EXPECT_EQ(finding(host.report(), "hook-strays").found, "there is no hook");
    EXPECT_EQ(finding(host.report(), "hook-permissions").result, Outcome::skip);
    EXPECT_EQ(finding(Hooked().report(), "hook-permissions").result, Outcome::pass);
}

TEST(HookInstalled, AWrapperIsOurs) {
    const IntelHost host;
    host.write("usr/sbin/virtqemud", "");
    host.write("usr/bin/virt-nested-hook", "");
    host.write("usr/bin/virt-nested-judge", "");
    EXPECT_EQ(in_words(finding(host.report(), "hook-installed").mend),
              "run: " + link_hook_command(hook_places(), "virtqemud"));
    host.link("/gone/virt-nested-hook", "etc/libvirt/hooks/qemu");
    EXPECT_EQ(finding(host.report(), "hook-installed").found,
              "-> /gone/virt-nested-hook, which does not exist");
    std::filesystem::remove(host.path() + "/etc/libvirt/hooks/qemu");
    std::filesystem::remove(host.path() + "/usr/bin/virt-nested-judge");
    host.write("etc/libvirt/hooks/qemu", "#!/bin/sh\nexec /usr/bin/virt-nested-hook \"$@\"\n");
    ::chmod((host.path() + "/etc/libvirt/hooks/qemu").c_str(), 0755);
    EXPECT_EQ(finding(host.report(), "hook-installed").result, Outcome::fail);
    EXPECT_NE(finding(host.report(), "hook-installed").found.find("without virt-nested-judge"),
              std::string::npos);
    host.write("usr/bin/virt-nested-judge", "");
    EXPECT_EQ(finding(host.report(), "hook-installed").result, Outcome::pass);
    EXPECT_EQ(finding(host.report(), "hook-installed").found,
              "a script that names virt-nested-hook");
    EXPECT_EQ(finding(host.report(), "hook-others").found, "no other hook");
}

TEST(HookOthers, WhereTheyCouldLoseASavedGuest) {
    const Hooked host;
    EXPECT_EQ(finding(host.report(), "hook-others").found, "no other hook");
    host.program("etc/libvirt/hooks/qemu.d/10-site");
    EXPECT_EQ(finding(host.report(), "hook-others").result, Outcome::undetermined);
    host.link("libvirt.so.0.11003.0", "usr/lib/x86_64-linux-gnu/libvirt.so.0");
    const CheckResult said = finding(host.report(), "hook-others");
    EXPECT_EQ(said.result, Outcome::warn);
    EXPECT_EQ(said.found, "libvirt 11.3.0, which runs qemu.d/10-site at restore");
    EXPECT_EQ(said.source, host.path() + "/etc/libvirt/hooks");
    EXPECT_NE(in_words(said.mend).find("[ \"$2\" != restore ] || exit 0"), std::string::npos);
    // What libvirt does not run is no danger.
    host.program("etc/libvirt/hooks/qemu.d/10-site", 0644);
    EXPECT_EQ(finding(host.report(), "hook-others").result, Outcome::pass);
}

TEST(HookOthers, ByTheVersionOfLibvirt) {
    const std::map<std::string, Outcome> versions = {
        {"libvirt.so.0.9000.0", Outcome::pass},
        {"libvirt.so.0.11001.0", Outcome::pass},
        {"libvirt.so.0.11002.0", Outcome::warn},
        {"libvirt.so.0.11010.1", Outcome::warn},
        {"libvirt.so.0.12000.0", Outcome::warn},
        {"libvirt.so.0.12001.0", Outcome::pass},
        {"libvirt.so.0.12008.0", Outcome::pass},
        {"libvirt.so.0.11003", Outcome::undetermined},
        {"libvirt.so.0.x.0", Outcome::undetermined},
        {"libvirt.so.0.99999999999999999999.0", Outcome::undetermined},
        {"elsewhere", Outcome::undetermined}};
    for (const auto& [library, expected] : versions) {
        const Hooked host;
        host.program("etc/libvirt/hooks/qemu");
        host.link(library, "usr/lib64/libvirt.so.0");
        EXPECT_EQ(finding(host.report(), "hook-others").result, expected) << library;
    }
}
