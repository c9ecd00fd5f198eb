// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's log: record by record as /dev/kmsg gives it, and captured.
#include "tests/unit/captured_host.h"
#include "validator/facts/kernel_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <unistd.h>

using namespace virt_nested;
using test::finding;
using test::IntelHost;

namespace {

using Lines = std::vector<std::string>;

/// Gives these one by one, then what a log that is read to its end gives.
ReadRecord records(std::deque<std::string> list) {
    return [list = std::move(list)](char* buffer, size_t size) mutable -> ssize_t {
        if (list.empty()) {
            errno = EAGAIN;
            return -1;
        }
        const std::string record = list.front();
        list.pop_front();
        if (record == "EPIPE") {
            errno = EPIPE;
            return -1;
        }
        const size_t length = std::min(record.size(), size);
        std::memcpy(buffer, record.data(), length);
        return static_cast<ssize_t>(length);
    };
}

/// A host whose module the firmware keeps from loading, without its log.
class Refused : public IntelHost {
  public:
    Refused() {
        std::filesystem::remove_all(path() + "/sys/module/kvm_intel");
        std::filesystem::remove(path() + "/dev/kvm");
    }
};

} // namespace

TEST(KernelLog, RecordsOfTheDevice) {
    EXPECT_EQ(read_records(records({"6,1,0,-;Linux version 6.1.0\n",
                                    "3,812,4711042,-;kvm: VMX not enabled (by BIOS) in MSR_IA32\n"
                                    " SUBSYSTEM=cpu\n DEVICE=+cpu:kvm\n",
                                    "6,813,4711050,c;sd 0:0:0:0: [sda] Attached\n"})),
              (Lines{"kvm: VMX not enabled (by BIOS) in MSR_IA32"}));
    EXPECT_EQ(read_records(records({})), Lines{});
}

TEST(KernelLog, OverwrittenRecordsArePassedOver) {
    EXPECT_EQ(read_records(records({"EPIPE", "EPIPE", "4,9,9,-;kvm: one", "EPIPE", "4,9,9,-;SVM"})),
              (Lines{"kvm: one", "SVM"}));
}

TEST(KernelLog, HostileRecordsAreEscapedAndCut) {
    EXPECT_EQ(read_records(records({"6,1,1,-;kvm \x1b[2J\x07\n", "no semicolon, kvm", ";", "",
                                    "6,1,1,-;kvm behind the end"})),
              (Lines{R"(kvm \x1b[2J\x07)", "no semicolon, kvm"}));
    const Lines cut = read_records(records({"6,1,1,-;kvm " + std::string(20'000, 'x')}));
    ASSERT_EQ(cut.size(), 1U);
    EXPECT_LT(cut[0].size(), 8192U);
}

TEST(KernelLog, ALogWithoutAnEndEnds) {
    size_t asked = 0;
    EXPECT_EQ(read_records([&](char* buffer, size_t) -> ssize_t {
                  ++asked;
                  std::memcpy(buffer, "6,1,1,-;usb", 11);
                  return 11;
              }),
              Lines{});
    EXPECT_EQ(asked, 20'000U);
    const Lines many = read_records([](char* buffer, size_t) -> ssize_t {
        std::memcpy(buffer, "6,1,1,-;kvm", 11);
        return 11;
    });
    EXPECT_EQ(many.size(), 64U);
    EXPECT_EQ(read_records([](char*, size_t) -> ssize_t {
                  errno = EPIPE;
                  return -1;
              }),
              Lines{});
}

TEST(KernelLog, APacketPipeIsReadAsTheDeviceIs) {
    // Record boundaries kept by the kernel, and O_NONBLOCK at the end.
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe2(ends, O_DIRECT | O_NONBLOCK | O_CLOEXEC), 0);
    const Fd out(ends[0]);
    const Fd in(ends[1]);
    for (const std::string& record :
         {std::string("4,1,1,-;kvm: disabled by BIOS\n"), std::string("6,2,2,-;eth0: up\n"),
          std::string("4,3,3,-;kvm_intel: `nested' invalid for parameter\n X=1\n")})
        ASSERT_EQ(::write(in.get(), record.data(), record.size()),
                  static_cast<ssize_t>(record.size()));
    EXPECT_EQ(
        read_records([&](char* buffer, size_t size) { return ::read(out.get(), buffer, size); }),
        (Lines{"kvm: disabled by BIOS", "kvm_intel: `nested' invalid for parameter"}));
}

TEST(KernelLog, TheLiveDeviceIsReadOrIsNot) {
    // What this machine's kernel says is its own affair: that it is read to an end is not.
    const Fd device(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    const KernelLog log = read_kernel_log(Sysroot());
    EXPECT_EQ(log.source, device.get() >= 0 ? "/dev/kmsg" : "");
    EXPECT_LE(log.lines.size(), 64U);
}

TEST(KernelLog, CapturedInEitherForm) {
    const Refused host;
    EXPECT_EQ(read_kernel_log(Sysroot(host.path())).source, "");
    host.write("var/log/dmesg", "[    4.711042] kvm: disabled by BIOS\n[    5.0] usb\n");
    KernelLog log = read_kernel_log(Sysroot(host.path()));
    EXPECT_EQ(log.source, host.path() + "/var/log/dmesg");
    EXPECT_EQ(log.lines, (Lines{"[    4.711042] kvm: disabled by BIOS"}));
    host.write("dev/kmsg", "3,812,4711042,-;kvm: VMX not enabled (by BIOS)\n DEVICE=+cpu:kvm\n");
    log = read_kernel_log(Sysroot(host.path()));
    EXPECT_EQ(log.source, host.path() + "/dev/kmsg");
    EXPECT_EQ(log.lines, (Lines{"kvm: VMX not enabled (by BIOS)"}));
}

TEST(KernelLog, ExplainsWhyTheModuleIsNotThere) {
    const Refused host;
    EXPECT_EQ(host.report().at(Horizon::next_load), Outcome::pass);
    host.write("dev/kmsg", "3,812,4711042,-;kvm: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL\n");
    const Report report = host.report();
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::fail);
    EXPECT_EQ(finding(report, "next-load").source, host.path() + "/dev/kmsg");
    EXPECT_NE(finding(report, "cpu-virtualization").found.find("VMX not enabled (by BIOS)"),
              std::string::npos);
    EXPECT_NE(finding(report, "cpu-virtualization").mend.find("firmware"), std::string::npos);
}
