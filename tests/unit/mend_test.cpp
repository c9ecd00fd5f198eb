// SPDX-License-Identifier: GPL-2.0-or-later
// Mends in the words of the host's own kind and daemon.
#include "core/hook_files.h"
#include "tests/unit/captured_host.h"
#include "validator/checks/mend.h"

#include <gtest/gtest.h>

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
                  host.path() + "/etc/modprobe.d/nixos.conf:1");
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
    EXPECT_EQ(turned_on(), "put it into the image (Containerfile): options kvm_intel nested=1");
}

TEST(Mend, ModularDaemonsAreNamed) {
    const IntelHost host;
    host.write("usr/sbin/virtqemud", "");
    EXPECT_TRUE(fix(host, "hook-installed").ends_with("&& systemctl reload virtqemud"));
    host.write("usr/sbin/libvirtd", "");
    EXPECT_TRUE(fix(host, "hook-installed").ends_with("&& systemctl reload libvirtd"));
}
