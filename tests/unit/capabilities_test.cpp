// SPDX-License-Identifier: GPL-2.0-or-later
// libvirt's copy of what QEMU said, held against what KVM says.
#include "tests/unit/captured_host.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

using namespace virt_nested;
using test::finding;
using test::IntelHost;

namespace {

constexpr const char* file =
    "var/cache/libvirt/qemu/capabilities/3c76bc41d59c0c7314b1ae8e63f4f765.xml";

/// As libvirt writes it, the parts that tell.
std::string kept(int libvirt, bool nesting, const std::string& vmx, const std::string& ept,
                 const std::string& kernel = "6.1.0-50-amd64") {
    return "<!--\nWARNING: THIS IS AN AUTO-GENERATED FILE.\n-->\n<qemuCaps>\n"
           "  <emulator>/usr/bin/qemu-system-x86_64</emulator>\n  <selfvers>" +
           std::to_string(libvirt) + "</selfvers>\n" +
           (nesting ? "  <kvmSupportsNesting/>\n" : "") +
           "  <flag name='kvm'/>\n  <kernelVersion>" + kernel +
           " #1 SMP PREEMPT_DYNAMIC Debian</kernelVersion>\n  <arch>x86_64</arch>\n"
           "  <hostCPU type='kvm' model='base' migratability='yes'>\n"
           "    <property name='vmx' type='boolean' value='" +
           vmx +
           "' migratable='yes'/>\n"
           "    <property name='vmx-ept' type='boolean' value='" +
           ept +
           "' migratable='yes'/>\n  </hostCPU>\n"
           "  <hostCPU type='tcg' model='base' migratability='yes'>\n"
           "    <property name='vmx' type='boolean' value='false'/>\n  </hostCPU>\n</qemuCaps>\n";
}

CheckResult said_of(const std::string& text, const std::string& parameter = "Y\n",
                    const std::string& kvm = "nesting=1\nnested_paging=1\n") {
    const IntelHost host;
    host.write(file, text);
    host.write("sys/module/kvm_intel/parameters/nested", parameter);
    host.write("dev/kvm", kvm);
    return finding(host.report(), "libvirt-capabilities");
}

} // namespace

TEST(LibvirtCapabilities, InStep) {
    EXPECT_EQ(said_of(kept(9'000'000, true, "true", "true")).result, Outcome::pass);
    EXPECT_EQ(said_of(kept(9'000'000, false, "false", "false"), "N\n", "nesting=0\n").result,
              Outcome::pass);
}

TEST(LibvirtCapabilities, ChangeThatLibvirtSeesIsItsOwnAffair) {
    const CheckResult changed = said_of(kept(9'000'000, false, "false", "false"));
    EXPECT_EQ(changed.result, Outcome::pass);
    EXPECT_EQ(
        changed.found,
        "vmx missing in libvirt's copy, and KVM offers it; libvirt 9.0.0 asks QEMU anew by itself");
    EXPECT_EQ(said_of(kept(4'005'000, false, "false", "false", "6.1.0-49-amd64")).result,
              Outcome::pass);
}

TEST(LibvirtCapabilities, ChangeThatLibvirtDoesNotSee) {
    // Before 5.0.0 nothing about nesting was compared.
    const CheckResult old = said_of(kept(4'005'000, false, "false", "false"));
    EXPECT_EQ(old.result, Outcome::warn);
    EXPECT_EQ(old.found, "vmx missing in libvirt's copy, and KVM offers it");
    EXPECT_EQ(in_words(old.mend),
              "run: rm /var/cache/libvirt/qemu/capabilities/3c76bc41d59c0c7314b1ae8e63f4f765.xml "
              "&& systemctl restart libvirtd");
    // The module loaded again with ept, its nested parameter as before.
    const CheckResult ept = said_of(kept(9'000'000, true, "true", "false"));
    EXPECT_EQ(ept.result, Outcome::warn);
    EXPECT_EQ(ept.found, "ept missing in libvirt's copy, and KVM offers it");
    const CheckResult gone = said_of(kept(9'000'000, true, "true", "true"), "Y\n", "nesting=0\n");
    EXPECT_EQ(gone.found, "vmx in libvirt's copy, and KVM offers none");
}

TEST(LibvirtCapabilities, OfQemuThatSaysNothingOfKvm) {
    EXPECT_EQ(said_of("<qemuCaps>\n</qemuCaps>\n").result, Outcome::pass);
    EXPECT_EQ(said_of("").result, Outcome::pass);
    EXPECT_EQ(said_of(std::string(1, '\0') + "\xff<hostCPU type='kvm'").result, Outcome::pass);
    EXPECT_EQ(
        said_of(kept(9'000'000, true, "true", "true"), "Y\n", "error=Permission denied\n").result,
        Outcome::skip);
}

TEST(LibvirtCapabilities, UnreadableIsUndetermined) {
    const IntelHost host;
    std::filesystem::create_directories(
        std::filesystem::path(host.path() + "/" + file).parent_path());
    EXPECT_EQ(finding(host.report(), "libvirt-capabilities").found, "libvirt keeps none");
    ASSERT_EQ(::mkfifo((host.path() + "/" + file).c_str(), 0600), 0);
    EXPECT_EQ(finding(host.report(), "libvirt-capabilities").result, Outcome::undetermined);
    EXPECT_EQ(host.report().at(Horizon::now), Outcome::pass);
}
