// SPDX-License-Identifier: GPL-2.0-or-later
// The kinds of confidential guests. What hosts have as well is no sign: the flags sev, sev_es,
// sev_snp and tdx_host_platform, /dev/sev, the folder of the module sev_guest where that is built
// in, and configfs's tsm/report, which is there with the module alone.
#include "validator/facts/confidential.h"

#include "core/cpuinfo.h"
#include "core/text.h"

#include <algorithm>

namespace virt_nested {

namespace {

constexpr std::string_view kvm_refuses =
    "Linux's KVM refuses to run where its own memory is encrypted, svm or not.";

// The stricter kinds first: each of AMD's includes those behind it.
constexpr std::array<ConfidentialKind, 6> kinds = {{
    {"AMD SEV-SNP",
     "",
     {"/sys/devices/platform/sev-guest", "/dev/sev-guest"},
     "",
     "SEV-SNP",
     kvm_refuses,
     "arch/x86/coco/sev/core.c, snp_init_platform_device; arch/x86/kvm/svm/svm.c"},
    {"AMD SEV-ES", "", {}, "", "SEV-ES", kvm_refuses, "arch/x86/mm/mem_encrypt.c"},
    {"AMD SEV", "", {}, "", "SEV", kvm_refuses, "arch/x86/mm/mem_encrypt.c"},
    {"Intel TDX",
     "tdx_guest",
     {"/sys/class/misc/tdx_guest", "/dev/tdx_guest"},
     "",
     "TDX",
     "Such a guest has no vmx, whatever its CPU is said to be.",
     "drivers/virt/coco/tdx-guest/tdx-guest.c"},
    {"IBM Secure Execution",
     "",
     {},
     "/sys/firmware/uv/prot_virt_guest",
     "",
     "Such a guest has no SIE.",
     "arch/s390/kernel/uv.c"},
    {"an Arm CCA realm",
     "",
     {"/sys/devices/platform/arm-cca-dev"},
     "",
     "RSI",
     "A realm runs at EL1, and its monitor gives it no EL2.",
     "arch/arm64/kernel/rsi.c"},
}};

/// What tells, as a source; empty: nothing.
std::string told_by(const ConfidentialKind& kind, const Sysroot& root, std::string_view cpuinfo,
                    const KernelLog& log) {
    if (!kind.cpu_flag.empty() && has_word(cpu_field(cpuinfo, "flags"), kind.cpu_flag))
        return root.shown("/proc/cpuinfo");
    for (const std::string_view file : kind.files)
        if (!file.empty() && root.exists(file))
            return root.shown(file);
    if (!kind.reads_1.empty() && trim(root.read_head(kind.reads_1, 16).value_or({})) == "1")
        return root.shown(kind.reads_1);
    const bool logged = !kind.log.empty() &&
                        std::any_of(log.lines.begin(), log.lines.end(), [&](const LogLine& line) {
                            return line.row->by == Refuser::confidential_guest &&
                                   line.text.find(kind.log) != std::string::npos;
                        });
    return logged ? log.source : std::string();
}

} // namespace

std::span<const ConfidentialKind> confidential_kinds() {
    return kinds;
}

const ConfidentialKind* confidential_kind(std::string_view name) {
    const auto* found = std::find_if(kinds.begin(), kinds.end(), [&](const ConfidentialKind& kind) {
        return kind.name == name;
    });
    return found == kinds.end() ? nullptr : found;
}

Fact read_confidential(const Sysroot& root, std::string_view cpuinfo, const KernelLog& log) {
    for (const ConfidentialKind& kind : kinds)
        if (std::string source = told_by(kind, root, cpuinfo, log); !source.empty())
            return Fact::on(std::string(kind.name), std::move(source));
    return Fact::absent({}, {});
}

} // namespace virt_nested
