// SPDX-License-Identifier: GPL-2.0-or-later
// The table of the lines by which Linux says that KVM works, or why it does not. Many harmless ones
// sound alike ("PMU virtualization is disabled", "SEV disabled"), so a row asks for more than a
// word.
#include "core/platform.h"
#include "validator/facts/kernel_log.h"

#include <algorithm>

namespace virt_nested {

namespace {

constexpr std::string_view intel = "kvm_intel";
constexpr std::string_view amd = "kvm_amd";
constexpr std::string_view power = "kvm_hv";

constexpr std::string_view x86_source = "arch/x86/kvm/x86.c";
constexpr std::string_view vmx_source = "arch/x86/kvm/vmx/vmx.c";
constexpr std::string_view svm_source = "arch/x86/kvm/svm/svm.c";
constexpr std::string_view arm_source = "arch/arm64/kvm/arm.c";
constexpr std::string_view riscv_source = "arch/riscv/kvm/main.c";

// Prefixes changed with 6.3, from "kvm:" and "SVM:" to the module's name.
constexpr std::array<LogRow, 41> rows = {{
    {"feat-ctl",
     "",
     {"VMX (", "TXT) disabled by BIOS"},
     Refuser::firmware,
     Lasts::always,
     intel,
     "arch/x86/kernel/cpu/feat_ctl.c, since 5.6"},
    {"vmx-by-bios",
     "",
     {"VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL"},
     Refuser::firmware,
     Lasts::always,
     intel,
     "arch/x86/kvm/vmx/vmx.c, since 6.3"},
    {"vmx-not-fully",
     "",
     {"VMX not fully enabled on CPU "},
     Refuser::firmware,
     Lasts::always,
     intel,
     "arch/x86/kvm/vmx/vmx.c, since 7.1"},
    {"vmx-missing",
     "",
     {"VMX not supported by CPU"},
     Refuser::hardware,
     Lasts::always,
     intel,
     "arch/x86/kvm/vmx/vmx.c, since 6.3"},
    {"vmx-missing-6.2",
     "kvm",
     {"CPU doesn't support VMX"},
     Refuser::hardware,
     Lasts::always,
     intel,
     vmx_source},
    {"vmx-differs",
     "kvm",
     {"Inconsistent VMCS config on CPU "},
     Refuser::hardware,
     Lasts::always,
     intel,
     vmx_source},
    {"vmx-differs-old",
     "kvm: CPU ",
     {" feature inconsistency!"},
     Refuser::hardware,
     Lasts::always,
     intel,
     vmx_source},
    // cpu/amd.c, and before it svm.c, with and without "on CPU n"
    {"svm-by-bios",
     "",
     {"SVM disabled (by BIOS) in MSR_VM_CR"},
     Refuser::firmware,
     Lasts::always,
     amd,
     "arch/x86/kernel/cpu/amd.c, since 6.6"},
    // amd.c clears the flag where the firmware has locked it, and then this is all that svm.c says.
    {"svm-missing",
     "",
     {"SVM not supported"},
     Refuser::hardware,
     Lasts::always,
     amd,
     "arch/x86/kvm/svm/svm.c, since 6.3"},
    {"svm-missing-old", "has_svm: ", {}, Refuser::hardware, Lasts::always, amd, svm_source},
    {"svm-vendor",
     "kvm",
     {"isn't AMD or Hygon"},
     Refuser::hardware,
     Lasts::always,
     amd,
     svm_source},
    {"sev-guest",
     "",
     {"KVM is unsupported when running as an SEV guest"},
     Refuser::confidential_guest,
     Lasts::always,
     amd,
     "arch/x86/kvm/svm/svm.c, since 5.11"},
    // Said of a guest's memory alone: a host has SME there.
    {"sev-active",
     "",
     {"Memory Encryption Features active: ", "SEV"},
     Refuser::confidential_guest,
     Lasts::always,
     amd,
     "arch/x86/mm/mem_encrypt.c, since 5.10"},
    {"sev-active-old",
     "",
     {"AMD Secure Encrypted Virtualization (SEV) active"},
     Refuser::confidential_guest,
     Lasts::always,
     amd,
     "arch/x86/mm/mem_encrypt.c, 4.15 to 5.9"},
    {"tdx-active",
     "",
     {"Memory Encryption Features active: ", "TDX"},
     Refuser::confidential_guest,
     Lasts::always,
     intel,
     "arch/x86/mm/mem_encrypt.c, since 5.19"},
    {"realm",
     "RME: Using RSI version ",
     {},
     Refuser::confidential_guest,
     Lasts::always,
     "",
     "arch/arm64/kernel/rsi.c, since 6.13"},
    {"by-bios",
     "kvm",
     {"support for '", "' disabled by bios"},
     Refuser::firmware,
     Lasts::always,
     "",
     "arch/x86/kvm/x86.c, 5.16 to 6.2"},
    {"by-bios-old",
     "kvm: disabled by bios",
     {},
     Refuser::firmware,
     Lasts::always,
     "",
     "arch/x86/kvm/x86.c, before 5.16"},
    {"no-support",
     "kvm",
     {"no hardware support for '"},
     Refuser::hardware,
     Lasts::always,
     "",
     "arch/x86/kvm/x86.c, 5.16 to 6.2"},
    // It does not name the module, which may have been the other vendor's.
    {"no-support-old",
     "kvm: no hardware support",
     {},
     Refuser::hardware,
     Lasts::one_load,
     "",
     "arch/x86/kvm/x86.c, before 5.16"},
    {"no-fpu", "kvm", {"inadequate fpu"}, Refuser::hardware, Lasts::always, "", x86_source},
    {"no-tsc",
     "kvm",
     {"RT requires X86_FEATURE_CONSTANT_TSC"},
     Refuser::hardware,
     Lasts::always,
     "",
     x86_source},
    {"no-pat", "kvm", {"host PAT[0] is not WB"}, Refuser::hardware, Lasts::always, "", x86_source},
    {"no-nx",
     "kvm",
     {"NX (Execute Disable) not supported"},
     Refuser::hardware,
     Lasts::always,
     "",
     vmx_source},
    {"loaded-already",
     "kvm",
     {"already loaded vendor module '"},
     Refuser::other_module,
     Lasts::one_load,
     "",
     "arch/x86/kvm/x86.c, since 5.16"},
    {"loaded-already-old",
     "kvm: already loaded the other module",
     {},
     Refuser::other_module,
     Lasts::one_load,
     "",
     "arch/x86/kvm/x86.c, before 5.16"},
    {"in-use",
     "kvm",
     {"enabling virtualization on CPU", " failed"},
     Refuser::other_hypervisor,
     Lasts::one_load,
     "",
     "virt/kvm/kvm_main.c"},
    {"power-parent",
     "kvm-hv: ",
     {"Parent hypervisor does not support nesting"},
     Refuser::outer_host,
     Lasts::always,
     power,
     "arch/powerpc/kvm/book3s_hv_nested.c"},
    {"power-capabilities",
     "kvm-hv: ",
     {"Could not configure parent hypervisor capabilities"},
     Refuser::outer_host,
     Lasts::always,
     power,
     "arch/powerpc/kvm/book3s_hv_nested.c, since 6.7"},
    {"z-sie",
     "",
     {"SIE is not available"},
     Refuser::hardware,
     Lasts::always,
     "kvm",
     "arch/s390/kvm/kvm-s390.c"},
    {"z-hpage",
     "",
     {"A KVM host that supports nesting cannot back its KVM guests with huge pages"},
     Refuser::parameter,
     Lasts::one_load,
     "kvm",
     "arch/s390/kvm/kvm-s390.c, before 7.1"},
    {"arm-el1",
     "CPU: All CPU(s) started at EL1",
     {},
     Refuser::no_el2,
     Lasts::always,
     "",
     "arch/arm64/kernel/smp.c, hyp_mode_check"},
    {"arm-hyp", "kvm ", {"HYP mode not available"}, Refuser::no_el2, Lasts::always, "", arm_source},
    {"arm-none",
     "kvm ",
     {"KVM disabled from command line"},
     Refuser::command_line,
     Lasts::the_boot,
     "",
     "arch/arm64/kvm/arm.c, since 5.16"},
    {"riscv-h",
     "kvm ",
     {"hypervisor extension not available"},
     Refuser::hardware,
     Lasts::always,
     "",
     riscv_source},
    {"blacklisted",
     "Module kvm",
     {" is blacklisted"},
     Refuser::command_line,
     Lasts::the_boot,
     "",
     "kernel/module/main.c"},
    {"parameter",
     "kvm",
     {"' invalid for parameter `"},
     Refuser::parameter,
     Lasts::one_load,
     "",
     "kernel/params.c"},
    {"parameter-long",
     "kvm",
     {"' too large for parameter `"},
     Refuser::parameter,
     Lasts::one_load,
     "",
     "kernel/params.c"},
    // kvm_intel says nothing when all is well.
    {"svm-up",
     "",
     {"Nested Virtualization enabled"},
     Refuser::nobody,
     Lasts::one_load,
     amd,
     svm_source},
    {"arm-up",
     "kvm ",
     {"mode initialized successfully"},
     Refuser::nobody,
     Lasts::one_load,
     "",
     arm_source},
    {"riscv-up",
     "kvm ",
     {"hypervisor extension available"},
     Refuser::nobody,
     Lasts::one_load,
     "",
     riscv_source},
}};

/// Behind what dmesg(1) and the kernel's options print in front: "<6>", "[    4.711042] ",
/// "[   T17] ".
std::string_view without_stamp(std::string_view text) {
    if (text.starts_with('<') && text.find('>') != std::string_view::npos)
        text.remove_prefix(text.find('>') + 1);
    while (text.starts_with('[') && text.find("] ") != std::string_view::npos)
        text.remove_prefix(text.find("] ") + 2);
    return text;
}

bool fits(const LogRow& row, std::string_view text) {
    if (!text.starts_with(row.begins))
        return false;
    text.remove_prefix(row.begins.size());
    for (const std::string_view words : row.words) {
        const size_t at = text.find(words);
        if (at == std::string_view::npos)
            return false;
        text.remove_prefix(at + words.size());
    }
    return true;
}

/// A line of kvm_amd, or about it, where kvm_intel is the one that nests.
bool about_another(const LogRow& row, std::string_view text, std::string_view module) {
    if (!row.module.empty() && row.module != module)
        return true;
    return std::any_of(platforms().begin(), platforms().end(), [&](const Platform& platform) {
        return platform.module.find('_') != std::string_view::npos && platform.module != module &&
               text.find(platform.module) != std::string_view::npos;
    });
}

} // namespace

std::span<const LogRow> log_rows() {
    return rows;
}

const LogRow* log_row(std::string_view text, std::string_view module) {
    text = without_stamp(text);
    const auto* row = std::find_if(rows.begin(), rows.end(),
                                   [&](const LogRow& known) { return fits(known, text); });
    return row == rows.end() || about_another(*row, text, module) ? nullptr : row;
}

} // namespace virt_nested
