// SPDX-License-Identifier: GPL-2.0-or-later
// Machines on which KVM cannot nest whatever is set: one reason, one mend, and `enable` refuses for
// it.
#include "tests/unit/captured_host.h"
#include "validator/bringup/plan.h"
#include "validator/checks/cannot_nest.h"
#include "validator/facts/confidential.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace virt_nested;
using test::finding;
using test::Folder;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

constexpr const char* amd_guest =
    "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu svm npt hypervisor sev sev_es\n\n";
constexpr const char* amd_host =
    "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu svm npt sev sev_es sev_snp\n\n";
constexpr const char* intel_guest =
    "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor\n\n";
constexpr const char* td =
    "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor tdx_guest\n\n";
constexpr const char* intel_host =
    "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx ept tdx_host_platform\n\n";
constexpr const char* z =
    "vendor_id       : IBM/S390\n# processors    : 2\nfeatures\t: esan3 zarch\n";
constexpr const char* arm = "processor\t: 0\nBogoMIPS\t: 48.00\nFeatures\t: fp asimd evtstrm\n"
                            "CPU implementer\t: 0x41\nCPU architecture: 8\n\n";
constexpr const char* riscv = "processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdch_zicsr\n"
                              "mmu\t\t: sv57\n\n";

constexpr const char* log = "var/log/dmesg";

struct Root : Folder {
    Root(const char* cpuinfo, const Files& files, const char* kernel = "6.18.0") : Folder({}) {
        write("proc/cpuinfo", cpuinfo);
        write("proc/sys/kernel/osrelease", std::string(kernel) + "\n");
        write("proc/cmdline", "root=/dev/vda1 ro\n");
        write("dev/kvm", "device=absent\n");
        write("sys/class/dmi/id/sys_vendor", "QEMU\n");
        for (const auto& [name, text] : files)
            write(name, text);
    }
    Sysroot root() const { return Sysroot(path()); }
    Facts facts() const { return gather(root(), {}); }
};

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string refusal(const Root& folder) {
    return make_plan(folder.root(), folder.facts(), true, AtomicFile::Kind::absent, {}).refusal;
}

/// All that the report says is mended by one sentence.
std::string only_mend(const Report& report) {
    std::string out;
    for (const CheckResult& check : report.checks) {
        if (check.result != Outcome::fail)
            continue;
        EXPECT_TRUE(out.empty() || out == in_words(check.mend))
            << check.id << ": " << in_words(check.mend);
        out = in_words(check.mend);
    }
    for (const Horizon horizon : all_horizons)
        EXPECT_EQ(report.at(horizon), Outcome::fail) << name(horizon);
    return out;
}

struct Guest {
    const char* kind;
    const char* cpuinfo;
    Files files;
};

const std::vector<Guest>& guests() {
    static const std::vector<Guest> out = {
        {"AMD SEV-SNP", amd_guest, {{"sys/devices/platform/sev-guest/modalias", "x"}}},
        {"AMD SEV-SNP", amd_guest, {{"dev/sev-guest", ""}}},
        {"AMD SEV-SNP",
         amd_guest,
         {{log, "[ 0.1] Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP\n"}}},
        {"AMD SEV-ES",
         amd_guest,
         {{log, "[ 0.1] AMD Memory Encryption Features active: SEV SEV-ES\n"}}},
        {"AMD SEV", amd_guest, {{log, "[ 0.1] Memory Encryption Features active: AMD SEV\n"}}},
        {"AMD SEV",
         amd_guest,
         {{log, "[ 0.1] AMD Secure Encrypted Virtualization (SEV) active\n"}}},
        {"AMD SEV",
         amd_guest,
         {{log, "[ 9.1] SVM: KVM is unsupported when running as an SEV guest\n"
                "[ 9.2] kvm: no hardware support\n"}}},
        {"Intel TDX", td, {}},
        {"Intel TDX", intel_guest, {{"dev/tdx_guest", ""}}},
        {"Intel TDX", intel_guest, {{"sys/class/misc/tdx_guest/dev", "10:123"}}},
        {"Intel TDX",
         intel_guest,
         {{log, "[ 0.1] Memory Encryption Features active: Intel TDX\n"}}},
        {"IBM Secure Execution",
         z,
         {{"sys/firmware/uv/prot_virt_guest", "1\n"},
          {"proc/sysinfo", "VM00 Control Program: KVM/Linux\n"}}},
        {"an Arm CCA realm", arm, {{"sys/devices/platform/arm-cca-dev/modalias", "x"}}},
        {"an Arm CCA realm", arm, {{log, "[ 0.0] RME: Using RSI version 1.0\n"}}},
    };
    return out;
}

} // namespace

TEST(ConfidentialGuest, EachKindIsToldAndHasOneMend) {
    for (const Guest& guest : guests()) {
        const Root folder(guest.cpuinfo, guest.files);
        const Facts facts = folder.facts();
        ASSERT_TRUE(facts.machine.confidential.on()) << guest.kind;
        EXPECT_EQ(facts.machine.confidential.found, guest.kind);
        EXPECT_FALSE(facts.machine.confidential.source.empty()) << guest.kind;
        const std::string mend = only_mend(validate(folder.root(), {}));
        EXPECT_TRUE(contains(mend, "confidential guest (" + std::string(guest.kind) + ")")) << mend;
        EXPECT_TRUE(contains(mend, "without launchSecurity")) << mend;
        EXPECT_FALSE(contains(mend, "must give it")) << mend;
        EXPECT_EQ(refusal(folder), mend);
    }
    for (const ConfidentialKind& kind : confidential_kinds())
        EXPECT_TRUE(std::any_of(guests().begin(), guests().end(),
                                [&](const Guest& guest) { return kind.name == guest.kind; }))
            << kind.name << " has no guest here";
}

TEST(ConfidentialGuest, AHostThatCouldRunOneIsNone) {
    const struct {
        const char* cpuinfo;
        Files files;
    } hosts[] = {
        {amd_host,
         {{"dev/sev", ""},
          {"sys/module/sev_guest/parameters/vmpck_id", "-1\n"},
          {"sys/kernel/config/tsm/report/x", ""},
          {log, "[ 0.1] Memory Encryption Features active: AMD SME\n"
                "[ 3.1] ccp 0000:02:00.5: SEV API:1.55 build:8\n"
                "[ 3.2] SEV-SNP: RMP table physical range [0x1 - 0x2]\n"
                "[ 9.1] kvm_amd: SEV enabled (ASIDs 100 - 509)\n"}}},
        {intel_host,
         {{"sys/module/kvm_intel/parameters/tdx", "Y\n"},
          {log, "[ 0.1] virt/tdx: BIOS enabled: private KeyID range [64, 128)\n"}}},
        {z,
         {{"sys/firmware/uv/prot_virt_guest", "0\n"}, {"sys/firmware/uv/prot_virt_host", "1\n"}}},
        {amd_guest, {}}, // svm and sev of a CPU that was passed through
    };
    for (const auto& host : hosts) {
        const Root folder(host.cpuinfo, host.files);
        const Facts facts = folder.facts();
        EXPECT_TRUE(facts.machine.confidential.absent()) << facts.machine.confidential.found;
        EXPECT_FALSE(cannot_nest(facts).has_value()) << cannot_nest(facts)->what;
    }
}

TEST(ConfidentialGuest, WhatKvmOffersCountsMore) {
    const Root folder(amd_guest, {{"dev/sev-guest", ""}, {"dev/kvm", "nesting=1\n"}});
    EXPECT_FALSE(cannot_nest(folder.facts()).has_value());
}

TEST(XenDom0, HasOneMendAndAnotherEntryMayHaveNone) {
    const Root folder(intel_guest,
                      {{"proc/xen/capabilities", "control_d\n"}, {"sys/hypervisor/type", "xen\n"}});
    EXPECT_EQ(only_mend(validate(folder.root(), {})),
              "boot the entry without Xen: KVM cannot run beside it");
    EXPECT_TRUE(contains(refusal(folder), "this is its dom0")) << refusal(folder);
    EXPECT_EQ(folder.facts().machine.outer, nullptr);
    EXPECT_TRUE(cannot_nest(folder.facts())->this_boot);
}

TEST(NothingToOffer, IsAReasonToo) {
    const Root folder(riscv, {});
    EXPECT_TRUE(contains(only_mend(validate(folder.root(), {})), "RISC-V does not offer nesting"));
    EXPECT_TRUE(contains(refusal(folder), "RISC-V does not offer nesting")) << refusal(folder);
}

TEST(Arm64WithoutEl2, AGuestIsTheOuterHosts) {
    const Root cloud(arm,
                     {{log, "[ 0.2] CPU: All CPU(s) started at EL1\n"
                            "[ 0.5] kvm [1]: HYP mode not available\n"},
                      {"sys/class/dmi/id/chassis_asset_tag", "OracleCloud.com\n"}},
                     "6.1.0-9-arm64");
    const std::string mend = only_mend(validate(cloud.root(), {}));
    EXPECT_TRUE(contains(mend, "guest of Oracle Cloud, which gives EL2")) << mend;
    EXPECT_TRUE(contains(mend, "its own kernel has to be 6.16 or later")) << mend;
    EXPECT_FALSE(contains(mend, "update-grub")) << mend;
    EXPECT_TRUE(contains(refusal(cloud), "HYP mode not available")) << refusal(cloud);
    EXPECT_FALSE(contains(refusal(cloud), "GRUB")) << refusal(cloud);

    const Root wsl(
        arm,
        {{"sys/class/dmi/id/sys_vendor", ""}, {log, "[ 0.5] kvm [1]: HYP mode not available\n"}},
        "5.15.90.1-microsoft-standard-WSL2");
    EXPECT_TRUE(contains(only_mend(validate(wsl.root(), {})), "WSL 2 must give it EL2"));
    EXPECT_TRUE(contains(cannot_nest(wsl.facts())->what, "HYP mode not available"));
}

TEST(Arm64WithoutEl2, HardwareIsTheFirmwares) {
    const Root folder(arm, {{"sys/class/dmi/id/sys_vendor", "HPE\n"},
                            {log, "[ 0.2] CPU: All CPU(s) started at EL1\n"}});
    EXPECT_EQ(only_mend(validate(folder.root(), {})),
              "the firmware must start the kernel at EL2, or the outer host where this is a guest");
}

TEST(Arm64WithoutEl2, AGuestWithoutKvmHasNone) {
    const Root folder(arm, {});
    EXPECT_TRUE(contains(only_mend(validate(folder.root(), {})), "KVM or QEMU must give it EL2"));
    const Root off(arm, {{"proc/cmdline", "root=/dev/vda1 kvm-arm.mode=none\n"}});
    EXPECT_FALSE(cannot_nest(off.facts()).has_value());
    const Root hardware(arm, {{"sys/class/dmi/id/sys_vendor", "HPE\n"}});
    EXPECT_FALSE(cannot_nest(hardware.facts()).has_value());
    const Root up(arm, {{"dev/kvm", "nesting=0\n"},
                        {log, "[ 0.5] kvm [1]: VHE mode initialized successfully\n"}});
    EXPECT_FALSE(cannot_nest(up.facts()).has_value());
}
