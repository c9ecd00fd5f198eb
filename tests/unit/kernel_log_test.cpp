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

Lines texts(const std::vector<LogLine>& lines) {
    Lines out;
    for (const LogLine& line : lines)
        out.push_back(line.text);
    return out;
}

Lines read(const ReadRecord& record, std::string_view module = "kvm_intel") {
    return texts(read_records(record, module));
}

/// A real line of the kernel for each row, with the prefixes of its time.
struct Said {
    const char* row;
    const char* module;
    const char* text;
};
constexpr Said said[] = {
    {"feat-ctl", "kvm_intel", "x86/cpu: VMX (outside TXT) disabled by BIOS"},
    {"feat-ctl", "kvm_intel", "x86/cpu: VMX (inside TXT) disabled by BIOS"},
    {"vmx-by-bios", "kvm_intel",
     "kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL on CPU 0"},
    {"vmx-by-bios", "kvm_intel", "kvm: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL"},
    {"vmx-not-fully", "kvm_intel",
     "kvm_intel: VMX not fully enabled on CPU 3.  Check kernel logs and/or BIOS"},
    {"vmx-missing", "kvm_intel", "kvm_intel: VMX not supported by CPU 1"},
    {"vmx-missing-6.2", "kvm_intel", "kvm: CPU doesn't support VMX"},
    {"vmx-differs", "kvm_intel", "kvm_intel: Inconsistent VMCS config on CPU 5"},
    {"vmx-differs-old", "kvm_intel", "kvm: CPU 5 feature inconsistency!"},
    {"svm-by-bios", "kvm_amd", "SVM disabled (by BIOS) in MSR_VM_CR"},
    {"svm-by-bios", "kvm_amd", "kvm_amd: SVM disabled (by BIOS) in MSR_VM_CR on CPU 17"},
    {"svm-missing", "kvm_amd", "kvm_amd: SVM not supported by CPU 1"},
    {"svm-missing", "kvm_amd", "SVM: SVM not supported, svm not available"},
    {"svm-missing-old", "kvm_amd", "has_svm: svm not available"},
    {"svm-vendor", "kvm_amd", "kvm_amd: CPU 0 isn't AMD or Hygon"},
    {"sev-guest", "kvm_amd", "kvm_amd: KVM is unsupported when running as an SEV guest"},
    {"sev-guest", "kvm_amd", "SVM: KVM is unsupported when running as an SEV guest"},
    {"sev-active", "kvm_amd", "Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP"},
    {"sev-active", "kvm_amd", "AMD Memory Encryption Features active: SEV"},
    {"sev-active-old", "kvm_amd", "AMD Secure Encrypted Virtualization (SEV) active"},
    {"tdx-active", "kvm_intel", "Memory Encryption Features active: Intel TDX"},
    {"realm", "", "RME: Using RSI version 1.0"},
    {"by-bios", "kvm_amd", "kvm: support for 'kvm_amd' disabled by bios"},
    {"by-bios-old", "kvm_intel", "kvm: disabled by bios"},
    {"no-support", "kvm_intel", "kvm: no hardware support for 'kvm_intel'"},
    {"no-support-old", "kvm_intel", "kvm: no hardware support"},
    {"no-fpu", "kvm_intel", "kvm: inadequate fpu"},
    {"no-tsc", "kvm_intel", "kvm: RT requires X86_FEATURE_CONSTANT_TSC"},
    {"no-pat", "kvm_intel", "kvm: host PAT[0] is not WB"},
    {"no-nx", "kvm_intel", "kvm_intel: NX (Execute Disable) not supported"},
    {"loaded-already", "kvm_intel", "kvm: already loaded vendor module 'kvm_pvm'"},
    {"loaded-already-old", "kvm_intel", "kvm: already loaded the other module"},
    {"in-use", "kvm_intel", "kvm: enabling virtualization on CPU0 failed"},
    {"power-parent", "kvm_hv", "kvm-hv: Parent hypervisor does not support nesting (rc=-2)"},
    {"power-capabilities", "kvm_hv",
     "kvm-hv: Could not configure parent hypervisor capabilities (rc=-4)"},
    {"z-sie", "kvm", "kvm-s390: SIE is not available"},
    {"z-hpage", "kvm",
     "kvm-s390: A KVM host that supports nesting cannot back its KVM guests with huge pages"},
    {"arm-el1", "", "CPU: All CPU(s) started at EL1"},
    {"arm-hyp", "", "kvm [1]: HYP mode not available"},
    {"arm-none", "", "kvm [1]: KVM disabled from command line"},
    {"riscv-h", "kvm", "kvm [1]: hypervisor extension not available"},
    {"blacklisted", "kvm_intel", "Module kvm_intel is blacklisted"},
    {"blacklisted", "kvm_intel", "Module kvm is blacklisted"},
    {"parameter", "kvm_amd", "kvm_amd: `Y' invalid for parameter `nested'"},
    {"parameter-long", "kvm_amd", "kvm_amd: `1' too large for parameter `nested'"},
    {"svm-up", "kvm_amd", "kvm_amd: Nested Virtualization enabled"},
    {"svm-up", "kvm_amd", "SVM: kvm: Nested Virtualization enabled"},
    {"arm-up", "", "kvm [1]: VHE mode initialized successfully"},
    {"arm-up", "", "kvm [1]: Protected nVHE mode initialized successfully"},
    {"riscv-up", "kvm", "kvm [1]: hypervisor extension available"},
};

/// Lines that a healthy or busy host logs, and that have been taken for refusals or sound alike.
constexpr const char* harmless[] = {
    "kvm_amd: PMU virtualization is disabled",
    "kvm_amd: SEV disabled (ASIDs 1 - 509)",
    "kvm_amd: SEV-ES disabled (ASIDs 1 - 509)",
    "kvm_amd: SEV-SNP disabled (ASIDs 1 - 99)",
    "kvm_amd: SEV enabled (ASIDs 100 - 509)",
    "Memory Encryption Features active: AMD SME",
    "AMD Secure Memory Encryption (SME) active",
    "SEV-SNP: RMP table physical range [0x0000000000000000 - 0x00000000000fffff]",
    "virt/tdx: BIOS enabled: private KeyID range [64, 128)",
    "CPU: All CPU(s) started at EL2",
    "kvm_amd: Nested Paging disabled",
    "kvm_amd: Virtual GIF supported",
    "kvm_amd: AVIC disabled: nested paging is off",
    "kvm_intel: L1TF CPU bug present and SMT on, data leak possible.",
    "kvm_intel: Using Hyper-V Enlightened VMCS",
    "x86/cpu: SGX disabled by BIOS.",
    "x86/cpu: SGX disabled or unsupported by BIOS",
    "kvm [1234]: ignored rdmsr: 0xc0011029 data 0x0",
    "kvm [4711]: vcpu0, guest rIP: 0xffffffff8105d1ca disabled perfctr wrmsr: 0xc2 data 0xffff",
    "kvm [4711]: vcpu0 unhandled rdmsr: 0x3a",
    "kvm: enabling virtualization on CPU3",
    "kvm: disabling virtualization on CPU3",
    "kvm: SMP vm created on host with unstable TSC; guest TSC will not be reliable",
    "kvm-hv: nestedv2 get capabilities hcall failed, falling back to nestedv1 (rc=-2)",
    "kvm-guest: APIC: eoi() replaced with kvm_guest_apic_eoi_write()",
    "kvm-guest: PV spinlocks disabled, no host support",
    "kvm-clock: using sched offset of 4711 cycles",
    "kvm [1]: IPA Size Limit: 48 bits",
    "kvm [1]: GIC system register CPU interface enabled",
    "kvm_intel: unknown parameter 'nestd' ignored",
    "usbcore: `x' invalid for parameter `autosuspend'",
    "Module floppy is blacklisted",
    "DMAR: IOMMU feature disabled by BIOS",
    "tpm_tis: disabled by bios",
    "Spectre V2 : Mitigation: Retpolines; nested VMX is not affected",
    "systemd[1]: kvm.service: disabled by BIOS",
    "",
    "kvm",
    "`' invalid for parameter `'",
};

} // namespace

TEST(KernelLogRows, EachIsToldByARealLine) {
    for (const Said& line : said) {
        const std::string text(line.text);
        for (const std::string& stamped :
             {text, "[    4.711042] " + text, "<3>[    4.711042][   T17] " + text}) {
            const LogRow* row = log_row(stamped, line.module);
            ASSERT_NE(row, nullptr) << stamped;
            EXPECT_EQ(row->id, line.row) << stamped;
        }
    }
    for (const LogRow& row : log_rows())
        EXPECT_TRUE(std::any_of(std::begin(said), std::end(said),
                                [&](const Said& line) { return row.id == line.row; }))
            << row.id << " has no line here";
}

TEST(KernelLogRows, HarmlessLinesAreNone) {
    for (const char* text : harmless)
        for (const char* module : {"kvm_intel", "kvm_amd", "kvm_hv", "kvm", ""})
            for (const char* stamp : {"", "[  100.000001] ", "<6>"})
                EXPECT_EQ(log_row(stamp + std::string(text), module), nullptr) << text;
}

TEST(KernelLogRows, TheOtherVendorsModuleIsNotOurs) {
    EXPECT_EQ(log_row("kvm_intel: VMX not supported by CPU 3", "kvm_amd"), nullptr);
    EXPECT_EQ(log_row("kvm: no hardware support for 'kvm_amd'", "kvm_intel"), nullptr);
    EXPECT_EQ(log_row("kvm_amd: `Y' invalid for parameter `nested'", "kvm_intel"), nullptr);
    EXPECT_NE(log_row("kvm: `Y' invalid for parameter `halt_poll_ns'", "kvm_intel"), nullptr);
}

TEST(KernelLog, RecordsOfTheDevice) {
    EXPECT_EQ(read(records({"6,1,0,-;Linux version 6.1.0\n",
                            "3,812,4711042,-;kvm: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL\n"
                            " SUBSYSTEM=cpu\n DEVICE=+cpu:kvm\n",
                            "6,813,4711050,c;sd 0:0:0:0: [sda] Attached\n"})),
              (Lines{"kvm: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL"}));
    EXPECT_EQ(read(records({})), Lines{});
}

TEST(KernelLog, OverwrittenRecordsArePassedOver) {
    EXPECT_EQ(read(records({"EPIPE", "EPIPE", "4,9,9,-;kvm: disabled by bios", "EPIPE",
                            "4,9,9,-;kvm: inadequate fpu"})),
              (Lines{"kvm: disabled by bios", "kvm: inadequate fpu"}));
}

TEST(KernelLog, TheLastLineOfARowCountsAndTheLatestRowIsLast) {
    const std::vector<LogLine> lines =
        read_records(records({"3,1,1,-;kvm_intel: `2' invalid for parameter `nested'",
                              "3,2,2,-;kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL",
                              "3,3,3,-;kvm_intel: `maybe' invalid for parameter `ept'"}),
                     "kvm_intel");
    EXPECT_EQ(texts(lines), (Lines{"kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL",
                                   "kvm_intel: `maybe' invalid for parameter `ept'"}));
    const KernelLog log{"x", lines};
    EXPECT_EQ(log.refusal(Lasts::one_load)->row->by, Refuser::parameter);
    EXPECT_EQ(log.refusal(Lasts::always)->row->by, Refuser::firmware);
}

TEST(KernelLog, WhatWasRefusedBeforeKvmCameUpIsOver) {
    EXPECT_EQ(read(records({"3,1,1,-;kvm_amd: `Y' invalid for parameter `nested'",
                            "6,2,2,-;kvm_amd: Nested Virtualization enabled"}),
                   "kvm_amd"),
              Lines{});
    EXPECT_EQ(read(records({"6,2,2,-;kvm_amd: Nested Virtualization enabled",
                            "3,3,3,-;kvm_amd: `Y' invalid for parameter `nested'"}),
                   "kvm_amd"),
              (Lines{"kvm_amd: `Y' invalid for parameter `nested'"}));
}

TEST(KernelLog, ABusyGuestsLinesHideNothing) {
    std::deque<std::string> list = {"3,1,1,-;kvm_intel: VMX not supported by CPU 1"};
    for (int i = 0; i < 10'000; ++i)
        list.push_back("6,2,2,-;kvm [4711]: ignored rdmsr: 0x" + std::to_string(i) + " data 0x0");
    list.push_back("3,3,3,-;kvm: enabling virtualization on CPU0 failed");
    EXPECT_EQ(read(records(std::move(list))),
              (Lines{"kvm_intel: VMX not supported by CPU 1",
                     "kvm: enabling virtualization on CPU0 failed"}));
}

TEST(KernelLog, UserSpaceWritesThereTooAndIsNotBelieved) {
    EXPECT_EQ(read(records({"30,1,1,-;kvm: disabled by bios", "12,1,1,-;kvm: disabled by bios"})),
              Lines{});
}

TEST(KernelLog, HostileRecordsAreEscapedAndCut) {
    EXPECT_EQ(read(records({"6,1,1,-;kvm: disabled by bios \x1b[2J\x07\n",
                            "no semicolon, kvm: inadequate fpu", ";", ",,", "",
                            "6,1,1,-;kvm: inadequate fpu behind the end"})),
              (Lines{R"(kvm: disabled by bios \x1b[2J\x07)"}));
    const Lines cut = read(records({"6,1,1,-;kvm: disabled by bios " + std::string(20'000, 'x')}));
    ASSERT_EQ(cut.size(), 1U);
    EXPECT_LT(cut[0].size(), 300U);
}

TEST(KernelLog, ALogWithoutAnEndEnds) {
    size_t asked = 0;
    const std::string record = "3,1,1,-;kvm: disabled by bios";
    EXPECT_EQ(read([&](char* buffer, size_t) -> ssize_t {
                  ++asked;
                  std::memcpy(buffer, record.data(), record.size());
                  return static_cast<ssize_t>(record.size());
              }),
              (Lines{"kvm: disabled by bios"}));
    EXPECT_EQ(asked, 20'000U);
    EXPECT_EQ(read([](char*, size_t) -> ssize_t {
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
         {std::string("4,1,1,-;kvm: disabled by bios\n"), std::string("6,2,2,-;eth0: up\n"),
          std::string("4,3,3,-;kvm_intel: `2' invalid for parameter `nested'\n X=1\n")})
        ASSERT_EQ(::write(in.get(), record.data(), record.size()),
                  static_cast<ssize_t>(record.size()));
    EXPECT_EQ(read([&](char* buffer, size_t size) { return ::read(out.get(), buffer, size); }),
              (Lines{"kvm: disabled by bios", "kvm_intel: `2' invalid for parameter `nested'"}));
}

TEST(KernelLog, TheLiveDeviceIsReadOrIsNot) {
    // What this machine's kernel says is its own affair: that it is read to an end is not.
    const Fd device(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    const KernelLog log = read_kernel_log(Sysroot(), "kvm_intel");
    EXPECT_EQ(log.source, device.get() >= 0 ? "/dev/kmsg" : "");
    EXPECT_LE(log.lines.size(), log_rows().size());
}

TEST(KernelLog, CapturedInEitherForm) {
    const Refused host;
    const auto log_of = [&] { return read_kernel_log(Sysroot(host.path()), "kvm_intel"); };
    EXPECT_EQ(log_of().source, "");
    host.write("var/log/dmesg", "[    4.711042] kvm: disabled by bios\n[    5.0] usb\n");
    EXPECT_EQ(log_of().source, host.path() + "/var/log/dmesg");
    EXPECT_EQ(texts(log_of().lines), (Lines{"[    4.711042] kvm: disabled by bios"}));
    host.write("dev/kmsg", "3,812,4711042,-;kvm: inadequate fpu\n DEVICE=+cpu:kvm\n"
                           "28,813,4711043,-;kvm: disabled by bios\n");
    EXPECT_EQ(log_of().source, host.path() + "/dev/kmsg");
    EXPECT_EQ(texts(log_of().lines), (Lines{"kvm: inadequate fpu"}));
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
    EXPECT_NE(in_words(finding(report, "cpu-virtualization").mend).find("firmware"),
              std::string::npos);
}

TEST(KernelLog, AWrongValueIsBlamedOnlyWhileItStillStandsThere) {
    const Refused host;
    host.write("dev/kmsg", "3,8,4,-;kvm_intel: `2' invalid for parameter `nested'\n");
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=2\n");
    CheckResult module = finding(host.report(), "kvm-module");
    EXPECT_NE(module.found.find("`2' invalid for parameter"), std::string::npos) << module.found;
    EXPECT_NE(in_words(module.mend).find("'nested=2' with 'nested=1' in "), std::string::npos)
        << in_words(module.mend);
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    module = finding(host.report(), "kvm-module");
    EXPECT_EQ(module.found, "not loaded");
    EXPECT_EQ(in_words(module.mend), "run: modprobe kvm_intel");
    EXPECT_EQ(host.report().at(Horizon::next_load), Outcome::pass);
}

TEST(KernelLog, AnotherHypervisorIsBlamedOnlyWhileItIsThere) {
    const Refused host;
    host.write("dev/kmsg", "6,8,4,-;kvm: enabling virtualization on CPU0 failed\n");
    EXPECT_EQ(finding(host.report(), "kvm-module").found, "not loaded");
    host.write("sys/module/vboxdrv/initstate", "live\n");
    const CheckResult module = finding(host.report(), "kvm-module");
    EXPECT_NE(module.found.find("CPU0 failed"), std::string::npos) << module.found;
    EXPECT_EQ(in_words(module.mend), "unload vboxdrv, then run: modprobe kvm_intel");
}
