// SPDX-License-Identifier: GPL-2.0-or-later
// Parameters of KVM's modules, and which values the kernel accepts for them.
#include "core/modconf/values.h"

#include "core/modconf/modconf.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace virt_nested {

namespace {

using enum Parmtype;

// Linux: arch/x86/kvm/{x86.c,mmu/mmu.c,vmx/vmx.c,svm/svm.c}, arch/powerpc/kvm/book3s_hv*.c,
// arch/s390/kvm/kvm-s390.c, virt/kvm/kvm_main.c; parmtype of Debian's 6.1, 6.12, 6.16 to 6.18, 7.2
// and 7.3, and what 4.18 has beside it.
constexpr Parameter parameters[] = {
    {"kvm", "allow_unsafe_mappings", boolean},
    {"kvm", "eager_page_split", boolean},
    {"kvm", "enable_pmu", boolean},
    {"kvm", "enable_virt_at_load", boolean},
    {"kvm", "enable_vmware_backdoor", boolean},
    {"kvm", "flush_on_reuse", boolean},
    {"kvm", "force_emulation_prefix", other}, // bool until 6.1, int since
    {"kvm", "halt_poll_max_steal", other},    // s390x, byte
    {"kvm", "halt_poll_ns", unsigned_integer},
    {"kvm", "halt_poll_ns_grow", unsigned_integer},
    {"kvm", "halt_poll_ns_grow_start", unsigned_integer},
    {"kvm", "halt_poll_ns_shrink", unsigned_integer},
    {"kvm", "hpage", integer},                   // s390x
    {"kvm", "hpage_2g", integer, "from 7.2 on"}, // s390x
    {"kvm", "ignore_msrs", boolean},
    {"kvm", "kvmclock_periodic_sync", boolean},
    {"kvm", "lapic_timer_advance", boolean},
    {"kvm", "lapic_timer_advance_ns", integer},
    {"kvm", "min_timer_period_us", unsigned_integer},
    {"kvm", "mitigate_smt_rsb", boolean},
    {"kvm", "mmio_caching", boolean},
    {"kvm", "nested", integer}, // s390x; x86 has none
    {"kvm", "nx_huge_pages", other},
    {"kvm", "nx_huge_pages_recovery_period_ms", unsigned_integer},
    {"kvm", "nx_huge_pages_recovery_ratio", unsigned_integer},
    {"kvm", "pi_inject_timer", boolean},
    {"kvm", "report_ignored_msrs", boolean},
    {"kvm", "tdp_mmu", boolean},
    {"kvm", "tsc_tolerance_ppm", unsigned_integer},
    {"kvm", "use_gisa", boolean},                      // s390x
    {"kvm", "diag9c_forwarding_hz", unsigned_integer}, // s390x
    {"kvm", "vector_hashing", boolean},
    {"kvm_intel", "allow_smaller_maxphyaddr", boolean},
    {"kvm_intel", "cet", boolean, "from 7.2 on"},
    {"kvm_intel", "dump_invalid_vmcs", boolean},
    {"kvm_intel", "emulate_invalid_guest_state", boolean},
    {"kvm_intel", "enable_apicv", boolean},
    {"kvm_intel", "enable_device_posted_irqs", boolean},
    {"kvm_intel", "enable_ipiv", boolean},
    {"kvm_intel", "enable_mediated_pmu", boolean, "from 7.2 on"},
    {"kvm_intel", "enable_shadow_vmcs", boolean},
    {"kvm_intel", "enlightened_vmcs", boolean},
    {"kvm_intel", "ept", boolean},
    {"kvm_intel", "eptad", boolean},
    {"kvm_intel", "error_on_inconsistent_vmcs_config", boolean},
    {"kvm_intel", "fasteoi", boolean},
    {"kvm_intel", "flexpriority", boolean},
    {"kvm_intel", "mbec", boolean, "from 7.2 on"},
    {"kvm_intel", "nested", boolean},
    {"kvm_intel", "nested_early_check", boolean, "before 7.2"},
    {"kvm_intel", "ple_gap", unsigned_integer},
    {"kvm_intel", "ple_window", unsigned_integer},
    {"kvm_intel", "ple_window_grow", unsigned_integer},
    {"kvm_intel", "ple_window_max", unsigned_integer},
    {"kvm_intel", "ple_window_shrink", unsigned_integer},
    {"kvm_intel", "pml", boolean},
    {"kvm_intel", "preemption_timer", boolean},
    {"kvm_intel", "pt_mode", integer},
    {"kvm_intel", "sgx", boolean},
    {"kvm_intel", "tdx", boolean},
    {"kvm_intel", "unrestricted_guest", boolean},
    {"kvm_intel", "vmentry_l1d_flush", other},
    {"kvm_intel", "vnmi", boolean},
    {"kvm_intel", "vpid", boolean},
    {"kvm_intel", "warn_on_missed_cc", boolean},
    {"kvm_amd", "avic", other}, // int in 4.18, bool since 5.16
    {"kvm_amd", "ciphertext_hiding_asids", unsigned_integer},
    {"kvm_amd", "debug_swap", boolean},
    {"kvm_amd", "dump_invalid_vmcb", boolean},
    {"kvm_amd", "enable_device_posted_irqs", boolean},
    {"kvm_amd", "enable_ipiv", boolean},
    {"kvm_amd", "enable_mediated_pmu", boolean, "from 7.2 on"},
    {"kvm_amd", "force_avic", boolean},
    {"kvm_amd", "gmet", boolean, "from 7.2 on"},
    {"kvm_amd", "intercept_smi", boolean},
    {"kvm_amd", "lbrv", integer},
    {"kvm_amd", "nested", integer},
    {"kvm_amd", "npt", boolean},
    {"kvm_amd", "nrips", integer},
    {"kvm_amd", "pause_filter_count", unsigned_short},
    {"kvm_amd", "pause_filter_count_grow", unsigned_short},
    {"kvm_amd", "pause_filter_count_max", unsigned_short},
    {"kvm_amd", "pause_filter_count_shrink", unsigned_short},
    {"kvm_amd", "pause_filter_thresh", unsigned_short},
    {"kvm_amd", "sev", other}, // int in 4.18, bool since 5.12
    {"kvm_amd", "sev_es", other},
    {"kvm_amd", "sev_snp", boolean},
    {"kvm_amd", "tsc_scaling", integer},
    {"kvm_amd", "vgif", integer},
    {"kvm_amd", "vls", integer},
    {"kvm_amd", "vnmi", boolean},
    {"kvm_hv", "dynamic_mt_modes", integer},
    {"kvm_hv", "h_ipi_redirect", integer},
    {"kvm_hv", "indep_threads_mode", boolean},
    {"kvm_hv", "kvm_irq_bypass", integer},
    {"kvm_hv", "kvm_cma_resv_ratio", other},
    {"kvm_hv", "nested", boolean},
    {"kvm_hv", "no_mixing_hpt_and_radix", boolean},
    {"kvm_hv", "one_vm_per_core", boolean},
    {"kvm_hv", "persistent_cookie", other},
    {"kvm_hv", "target_smt_mode", integer},
};

Acceptance accepted(bool on) {
    return {Acceptance::Verdict::accepted, on, {}};
}

Acceptance refused(std::string why) {
    return {Acceptance::Verdict::refused, std::nullopt, std::move(why)};
}

// lib/kstrtox.c kstrtobool looks at the first one or two characters alone.
Acceptance check_boolean(const std::string& value) {
    const char first = value.empty() ? '\0' : value[0];
    const char second = value.size() < 2 ? '\0' : value[1];
    const auto word = [&] { return "'" + printable(value, 40) + "'"; };
    switch (first) {
    case 'y':
    case 'Y':
    case '1':
        return accepted(true);
    case 'n':
    case 'N':
    case '0':
        return accepted(false);
    case 't':
    case 'T':
    case 'f':
    case 'F':
        return {Acceptance::Verdict::depends, first == 't' || first == 'T',
                word() + " is known to recent kernels only (5.19 on), others refuse it"};
    case 'o':
    case 'O':
        if (second == 'n' || second == 'N')
            return accepted(true);
        if (second == 'f' || second == 'F')
            return accepted(false);
        break;
    default:
        break;
    }
    return refused(value.empty() ? "a switch (bool) takes no empty value"
                                 : word() + " is no switch (bool): Y, N, 1 or 0");
}

int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

/// kstrtoull with base 0: 0x is 16, a leading 0 is 8; no blank, one line end may follow. Nothing
/// where it is none, or more than 64 bits hold.
std::optional<uint64_t> parse_magnitude(std::string_view text) {
    unsigned base = 10;
    if (text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x' && digit_of(text[2]) < 16) {
        base = 16;
        text.remove_prefix(2);
    } else if (!text.empty() && text[0] == '0') {
        base = 8;
    }
    uint64_t number = 0;
    size_t digits = 0;
    for (; digits < text.size(); ++digits) {
        const auto digit = static_cast<unsigned>(digit_of(text[digits]));
        if (digit >= base)
            break;
        if (number > (std::numeric_limits<uint64_t>::max() - digit) / base)
            return std::nullopt;
        number = number * base + digit;
    }
    const std::string_view rest = text.substr(digits);
    if (digits == 0 || !(rest.empty() || rest == "\n"))
        return std::nullopt;
    return number;
}

Acceptance check_number(Parmtype type, const std::string& value) {
    const bool is_signed = type == integer;
    const bool negative = is_signed && value.starts_with('-');
    std::string_view digits = value;
    if (negative || value.starts_with('+'))
        digits.remove_prefix(1);
    const std::optional<uint64_t> number = parse_magnitude(digits);
    if (!number)
        return refused(
            (value.empty() ? std::string("an empty value") : "'" + printable(value, 40) + "'") +
            " is no number (" + name(type) + ")");
    uint64_t limit = std::numeric_limits<uint64_t>::max();
    if (type == integer)
        limit = uint64_t{1} << 31U;
    else if (type == unsigned_integer)
        limit = std::numeric_limits<uint32_t>::max();
    else if (type == unsigned_short)
        limit = std::numeric_limits<uint16_t>::max();
    if (*number > limit || (is_signed && !negative && *number == limit))
        return refused("'" + printable(value, 40) + "' is out of range (" + name(type) + ")");
    return accepted(*number != 0);
}

} // namespace

const char* name(Parmtype type) {
    static constexpr std::array names = {"bool", "int", "uint", "ushort", "ulong", "other"};
    static_assert(names.size() == static_cast<size_t>(Parmtype::other) + 1);
    return names[static_cast<size_t>(type)];
}

Parmtype parmtype_of(std::string_view text) {
    // bint is an int that is set by bool's rules (kernel/params.c param_set_bint).
    if (text == "bint" || text == "bool_enable_only")
        return boolean;
    for (const Parmtype type : {boolean, integer, unsigned_integer, unsigned_short, unsigned_long})
        if (text == name(type))
            return type;
    return other;
}

std::span<const Parameter> known_parameters() {
    return parameters;
}

const Parameter* known_parameter(std::string_view module, std::string_view parameter) {
    for (const Parameter& row : parameters)
        if (same_parameter(row.module, module) && same_parameter(row.name, parameter))
            return &row;
    return nullptr;
}

Acceptance check_value(Parmtype type, const std::optional<std::string>& value) {
    if (type == other)
        return {Acceptance::Verdict::accepted, std::nullopt, {}};
    if (type == boolean)
        return value ? check_boolean(*value) : accepted(true);
    if (!value)
        return refused(std::string("the name alone is no number (") + name(type) + ")");
    return check_number(type, *value);
}

std::optional<Parmtype> Parmtypes::type(std::string_view parameter) const {
    for (const auto& [known, parmtype] : types)
        if (same_parameter(known, parameter))
            return parmtype_of(parmtype);
    return std::nullopt;
}

bool Parmtypes::has(std::string_view parameter) const {
    return type(parameter).has_value();
}

} // namespace virt_nested
