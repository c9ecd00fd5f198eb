// SPDX-License-Identifier: GPL-2.0-or-later
// What no good host has: each is a clear finding, nothing hangs, memory stays bounded.
#include "tests/unit/captured_host.h"
#include "validator/render/render.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

using namespace virt_nested;
using test::finding;
using test::IntelHost;

namespace {

void replace_by_fifo(const IntelHost& host, const std::string& name) {
    const std::string file = host.path() + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::filesystem::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
}

/// A sparse file: large to read, nothing on the disk.
void make_huge(const IntelHost& host, const std::string& name) {
    host.write(name, "");
    std::filesystem::resize_file(host.path() + "/" + name, 1ULL << 30);
}

long peak_kib() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

std::string all_formats(const Report& report) {
    std::string out;
    for (const ReportFormat* format : report_formats())
        out += format->render(report, {.colour = false, .everything = true});
    return out;
}

} // namespace

class BadFile : public testing::TestWithParam<const char*> {};

TEST_P(BadFile, FifoNeverHangs) {
    const IntelHost host;
    replace_by_fifo(host, GetParam());
    const Report report = host.report();
    EXPECT_FALSE(all_formats(report).empty());
}

TEST_P(BadFile, OneGibibyteStaysOutOfMemory) {
    const IntelHost host;
    make_huge(host, GetParam());
    const long before = peak_kib();
    host.report();
    EXPECT_LT(peak_kib() - before, 96 * 1024) << "KiB";
}

TEST_P(BadFile, LinkLoopAndBinaryAndEmpty) {
    const IntelHost host;
    const std::string file = host.path() + "/" + GetParam();
    for (const std::string& bytes :
         {std::string(), std::string("\0\xff\x1b[2J\x07\0", 8), std::string(70000, 'x')}) {
        host.write(GetParam(), bytes);
        const std::string said = all_formats(host.report());
        EXPECT_EQ(said.find('\x1b'), std::string::npos);
        EXPECT_EQ(said.find('\xff'), std::string::npos);
    }
    std::filesystem::remove(file);
    host.link(std::filesystem::path(GetParam()).filename(), GetParam());
    EXPECT_FALSE(all_formats(host.report()).empty());
}

INSTANTIATE_TEST_SUITE_P(
    Every, BadFile,
    testing::Values("proc/cpuinfo", "proc/cmdline", "proc/sys/kernel/osrelease", "dev/kvm",
                    "sys/module/kvm_intel/parameters/nested", "sys/module/kvm_intel/parameters/ept",
                    "sys/module/kvm_intel/refcnt", "etc/modprobe.d/kvm.conf",
                    "etc/virt-nested/virt-nested.conf", "etc/os-release", "var/log/dmesg",
                    "boot/initrd.img-6.1.0-50-amd64", "boot/loader/entries/a.conf",
                    "boot/grub/grub.cfg", "efi/EFI/Linux/a.efi", "etc/libvirt/hooks/qemu",
                    "etc/libvirt/hooks/qemu.d/99-virt-nested", "run/systemd/container",
                    "lib/modules/6.1.0-50-amd64/modules.dep",
                    "lib/modules/6.1.0-50-amd64/modules.builtin", "boot/grub2/grubenv",
                    "var/cache/libvirt/qemu/capabilities/a.xml"),
    [](const auto& chosen) {
        std::string out(chosen.param);
        for (char& c : out)
            c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
        return out;
    });

class FileThatCounts : public testing::TestWithParam<const char*> {};

/// What a verdict could rest on is named with the reason, and never taken for "off".
TEST_P(FileThatCounts, IsNamedWhereItIsNone) {
    const IntelHost host;
    host.write("usr/sbin/libvirtd", "");
    const std::string file = host.path() + "/" + GetParam();
    const auto named = [&](const std::string& why) {
        const Report report = host.report();
        return std::any_of(
            report.checks.begin(), report.checks.end(), [&](const CheckResult& check) {
                return (check.found + check.source).find(GetParam()) != std::string::npos &&
                       check.found.find(why) != std::string::npos;
            });
    };
    replace_by_fifo(host, GetParam());
    EXPECT_TRUE(named("a FIFO") || named("Not a directory"));
    std::filesystem::remove(file);
    host.link(std::filesystem::path(GetParam()).filename(), GetParam());
    // modprobe passes over such a link too, and no more is lost.
    EXPECT_TRUE(named("Too many levels of symbolic links") ||
                std::string(GetParam()) == "etc/modprobe.d/kvm.conf");
    std::filesystem::remove(file);
    if (::mknod(file.c_str(), S_IFCHR | 0600, makedev(1, 5)) != 0)
        GTEST_SKIP() << "a device without an end cannot be made here: " << std::strerror(errno);
    EXPECT_TRUE(named("a device") || named("Not a directory"));
}

INSTANTIATE_TEST_SUITE_P(
    Every, FileThatCounts,
    testing::Values("proc/cpuinfo", "proc/cmdline", "dev/kvm",
                    "sys/module/kvm_intel/parameters/nested", "sys/module/kvm_intel/parameters/ept",
                    "etc/modprobe.d/kvm.conf", "etc/virt-nested/virt-nested.conf",
                    "boot/initrd.img-6.1.0-50-amd64", "etc/libvirt/hooks/qemu.d",
                    "var/cache/libvirt/qemu/capabilities/a.xml"),
    [](const auto& chosen) {
        std::string out(chosen.param);
        for (char& c : out)
            c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
        return out;
    });

TEST(BadInput, UnreadableModprobeIsUndetermined) {
    const IntelHost host;
    replace_by_fifo(host, "etc/modprobe.d/kvm.conf");
    const Report report = host.report();
    EXPECT_EQ(finding(report, "modprobe-readable").result, Outcome::undetermined);
    EXPECT_EQ(report.at(Horizon::now), Outcome::pass);
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::undetermined);
}

TEST(BadInput, LinksThatLeaveTheRootAreResolvedInside) {
    const IntelHost host;
    host.link("/etc/shadow", "etc/modprobe.d/kvm.conf");
    host.link("../../../../../../proc/cmdline", "etc/modprobe.d/up.conf");
    const std::string said = all_formats(host.report());
    EXPECT_EQ(said.find("root:"), std::string::npos);
}

TEST(BadInput, AHundredThousandFilesEnd) {
    const IntelHost host;
    std::filesystem::create_directories(host.path() + "/etc/modprobe.d");
    for (int i = 0; i < 100'000; ++i) {
        const std::string file = host.path() + "/etc/modprobe.d/" + std::to_string(i) + ".conf";
        const int fd = ::creat(file.c_str(), 0644);
        ASSERT_GE(fd, 0);
        ::close(fd);
    }
    const auto start = std::chrono::steady_clock::now();
    const Report report = host.report();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
    EXPECT_EQ(finding(report, "modprobe-readable").result, Outcome::undetermined);
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::undetermined);
}

TEST(BadInput, RootOfNothing) {
    const test::Folder folder{};
    const Report report = validate(Sysroot(folder.path()), {});
    for (const Horizon horizon : all_horizons)
        EXPECT_EQ(report.at(horizon), Outcome::undetermined);
}
