// SPDX-License-Identifier: GPL-2.0-or-later
// The hook as libvirt finds it.
#include "core/hook_files.h"
#include "tests/unit/folder.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

using namespace virt_nested;

namespace {

class Hooks : public test::Folder {
  public:
    Hooks() : Folder({{"etc/libvirt/qemu.conf", ""}}) {}
    void script(const std::string& name, const std::string& text, mode_t mode = 0755) const {
        write(name, text);
        ::chmod((path() + "/" + name).c_str(), mode);
    }
    HookFacts read() const { return read_hook_files(Sysroot(path())); }
};

} // namespace

TEST(HookLink, IsRelativeBetweenThePlacesOfTheInstallation) {
    EXPECT_EQ(
        link_hook_command({"/etc/libvirt/hooks/qemu.d/99-virt-nested", "/usr/bin/virt-nested-hook"},
                          "libvirtd"),
        "mkdir -p /etc/libvirt/hooks/qemu.d && ln -s ../../../../usr/bin/virt-nested-hook "
        "/etc/libvirt/hooks/qemu.d/99-virt-nested && systemctl reload libvirtd");
    EXPECT_EQ(link_hook_command({"/opt/vn/etc/libvirt/hooks/qemu", "/opt/vn/bin/virt-nested-hook"},
                                "virtqemud"),
              "mkdir -p /opt/vn/etc/libvirt/hooks && ln -s ../../../bin/virt-nested-hook "
              "/opt/vn/etc/libvirt/hooks/qemu && systemctl reload virtqemud");
}

TEST(HookFilesOurs, AScriptThatRunsOurs) {
    const Hooks host;
    host.script("etc/libvirt/hooks/qemu", "#!/bin/sh\n. /etc/site\nexec /opt/vn/bin/"
                                          "virt-nested-hook \"$@\"\n");
    const HookFacts hooks = host.read();
    ASSERT_NE(hooks.ours(), nullptr);
    EXPECT_TRUE(hooks.ours()->wrapper);
    EXPECT_EQ(hooks.ours()->path, "/etc/libvirt/hooks/qemu");
    EXPECT_EQ(hooks.ours()->program, "/opt/vn/bin/virt-nested-hook");
    EXPECT_FALSE(hooks.judge);
    host.write("opt/vn/bin/virt-nested-judge", "");
    EXPECT_TRUE(host.read().judge);
}

TEST(HookFiles, WhatTheKernelExecutes) {
    const Hooks host;
    const auto interpreted = [&](const std::string& head) {
        host.script("etc/libvirt/hooks/qemu", head);
        return host.read().files.at(0).interpreted;
    };
    EXPECT_TRUE(interpreted("#!/bin/sh\n"));
    EXPECT_TRUE(interpreted("\x7f"
                            "ELF\n"));
    EXPECT_FALSE(interpreted("exit 0\n"));
}

TEST(HookFilesOurs, AScriptThatLooksForItInThePath) {
    const Hooks host;
    host.script("etc/libvirt/hooks/qemu.d/50-site", "#!/bin/sh\nexec virt-nested-hook \"$@\"\n");
    ASSERT_NE(host.read().ours(), nullptr);
    EXPECT_EQ(host.read().ours()->program, hook_places().program);
}

TEST(HookFilesOurs, NotWhatDoesNotRunOrNameIt) {
    const Hooks host;
    host.script("etc/libvirt/hooks/qemu", "#!/bin/sh\nexec virt-nested-hook\n", 0644);
    host.script("etc/libvirt/hooks/qemu.d/50-site", "#!/bin/sh\nexit 0\n");
    host.script("etc/libvirt/hooks/qemu.d/60-late",
                "#!/bin/sh\n" + std::string(Sysroot::small_file, '#') + " virt-nested-hook\n");
    EXPECT_EQ(host.read().ours(), nullptr);
    EXPECT_EQ(host.read().files.size(), 3U);
}

TEST(HookFilesOurs, TheOneThatRunsComesFirst) {
    const Hooks host;
    host.link("/gone/virt-nested-hook", "etc/libvirt/hooks/qemu");
    EXPECT_EQ(host.read().ours()->path, "/etc/libvirt/hooks/qemu");
    host.script("usr/bin/virt-nested-hook", "#!/bin/sh\n");
    host.link("/usr/bin/virt-nested-hook", "etc/libvirt/hooks/qemu.d/99-virt-nested");
    EXPECT_EQ(host.read().ours()->path, "/etc/libvirt/hooks/qemu.d/99-virt-nested");
}

TEST(HookDaemon, TheOneThatIsThereOrEnabled) {
    const Hooks host;
    EXPECT_EQ(host.read().daemon, "libvirtd");
    host.write("usr/sbin/virtqemud", "");
    EXPECT_EQ(host.read().daemon, "virtqemud");
    host.write("usr/sbin/libvirtd", "");
    EXPECT_EQ(host.read().daemon, "libvirtd");
    host.link("/usr/lib/systemd/system/virtqemud.socket",
              "etc/systemd/system/sockets.target.wants/virtqemud.socket");
    EXPECT_EQ(host.read().daemon, "virtqemud");
    host.link("/usr/lib/systemd/system/libvirtd.service",
              "etc/systemd/system/multi-user.target.wants/libvirtd.service");
    EXPECT_EQ(host.read().daemon, "libvirtd");
}
