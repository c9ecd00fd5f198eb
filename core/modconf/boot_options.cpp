// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's own words about modules and CPU flags.
#include "core/modconf/boot_options.h"

#include "core/modconf/values.h"
#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

constexpr KernelVersion always = {0, 0};
constexpr KernelVersion never = {1000, 0};

/// What module_init() names.
struct InitFunction {
    std::string_view module;
    std::string_view function;
    KernelVersion since = always;
    KernelVersion until = never;
};

// arch/x86/kvm/{x86.c,vmx/vmx.c,vmx/main.c,svm/svm.c}, drivers/crypto/ccp/sp-dev.c,
// arch/powerpc/kvm/{book3s.c,book3s_hv.c}, arch/s390/kvm/kvm-s390.c, arch/arm64/kvm/arm.c,
// arch/riscv/kvm/main.c. vt_init came with TDX, and calls vmx_init, which then is no initcall any
// more.
constexpr InitFunction init_functions[] = {
    {"kvm_intel", "vmx_init", always, {6, 16}},
    {"kvm_intel", "vt_init", {6, 16}, never},
    {"kvm_amd", "svm_init"},
    {"ccp", "sp_mod_init"},
    {"kvm", "kvm_x86_init"},
    {"kvm", "kvmppc_book3s_init"},
    {"kvm_hv", "kvmppc_book3s_init_hv"},
    {"kvm", "kvm_s390_init"},
    {"kvm", "kvm_arm_init"},
    {"kvm", "arm_init"},
    {"kvm", "riscv_kvm_init"},
};

std::string shown(KernelVersion version) {
    return std::to_string(version.first) + "." + std::to_string(version.second);
}

/// Vendors take TDX back to older kernels: the version alone does not rule it out.
std::string doubt_of(const InitFunction& row, const std::string& kernel) {
    const KernelVersion version = kernel_version(kernel);
    if (version == KernelVersion{0, 0} || (version >= row.since && version < row.until))
        return {};
    return std::string(row.module) + " begins with " + std::string(row.function) +
           (version < row.since ? " since Linux " + shown(row.since) + " only"
                                : " before Linux " + shown(row.until) + " only");
}

Block told(Block::Kind kind, const Cmdline::Token& token, std::string doubt = {}) {
    return {
        kind, Origin::at_command_line(token.offset), token.text(), true, true, std::move(doubt)};
}

/// The last word of this name, as the kernel reads its parameters.
template<typename Accepts>
const Cmdline::Token* last(const Cmdline& cmdline, Accepts accepts) {
    const auto found =
        std::find_if(cmdline.tokens.rbegin(), cmdline.tokens.rend(),
                     [&](const auto& token) { return !token.after_dashes && accepts(token); });
    return found == cmdline.tokens.rend() ? nullptr : &*found;
}

/// "sysctl.kernel.modules_disabled", with '/' for '.' too (fs/proc/proc_sysctl.c
/// process_sysctl_arg).
bool is_sysctl(std::string name) {
    std::replace(name.begin(), name.end(), '/', '.');
    return name == "sysctl.kernel.modules_disabled";
}

} // namespace

BootOption boot_option(const Cmdline& cmdline, const Platform& platform) {
    const size_t equals = platform.boot_option.find('=');
    const std::vector<std::string> values = cmdline.values(platform.boot_option.substr(0, equals));
    if (values.empty())
        return {};
    return {values.back(), values.back() == platform.boot_option.substr(equals + 1)};
}

// One string, the last one given (kernel/module/main.c, a charp of at most 1024 bytes), compared
// byte by byte.
void add_module_blacklist(const Cmdline& cmdline, const std::string& module,
                          std::vector<Block>& blocks) {
    constexpr size_t charp_limit = 1024;
    const Cmdline::Token* found = last(cmdline, [](const Cmdline::Token& token) {
        return same_parameter(token.name, "module_blacklist") && token.value &&
               token.value->size() <= charp_limit;
    });
    if (found && has_item(*found->value, module))
        blocks.push_back({Block::Kind::module_blacklist,
                          Origin::at_command_line(found->offset),
                          "module_blacklist=" + *found->value,
                          true,
                          true,
                          {},
                          module});
}

// Of modules too: their init functions go through do_one_initcall (init/main.c), and the load fails
// with EPERM. Every occurrence counts.
void add_initcall_blacklist(const Cmdline& cmdline, const std::string& module,
                            const std::string& kernel, std::vector<Block>& blocks) {
    for (const Cmdline::Token& token : cmdline.tokens) {
        if (token.after_dashes || !token.value || !same_parameter(token.name, "initcall_blacklist"))
            continue;
        const auto row = std::find_if(
            std::begin(init_functions), std::end(init_functions), [&](const InitFunction& known) {
                return known.module == module && has_item(*token.value, known.function);
            });
        if (row == std::end(init_functions))
            continue;
        blocks.push_back(told(Block::Kind::initcall_blacklist, token, doubt_of(*row, kernel)));
        blocks.back().item = row->function;
    }
}

// nomodule: kernel/module/main.c, core_param(nomodule, modules_disabled, bint). The sysctl's: since
// Linux 5.8, before init and its initramfs (init/main.c kernel_init, do_sysctl_args); 1 is the only
// value that it takes (kernel/sysctl.c), and it stays.
void add_modules_disabled(const Cmdline& cmdline, std::vector<Block>& blocks) {
    const Cmdline::Token* found = last(cmdline, [](const Cmdline::Token& token) {
        return token.name == "nomodule" && check_value(Parmtype::boolean, token.value).on;
    });
    if (found && *check_value(Parmtype::boolean, found->value).on)
        blocks.push_back(told(Block::Kind::modules_disabled, *found));
    found = last(cmdline, [](const Cmdline::Token& token) {
        return token.value && trim(*token.value) == "1" && is_sysctl(token.name);
    });
    if (found)
        blocks.push_back(told(Block::Kind::modules_disabled, *found));
}

// The last one counts, of its first 127 bytes (arch/x86/lib/cmdline.c cmdline_find_option,
// arch/x86/kernel/cpu/common.c cpu_parse_early_param); numbers always, names since 5.19.
std::optional<std::string> clears_cpu_flag(const Cmdline& cmdline, const Platform& platform) {
    if (platform.cpu_flag_number == 0)
        return std::nullopt;
    const Cmdline::Token* found = last(cmdline, [](const Cmdline::Token& token) {
        return token.name == clear_flags && token.value;
    });
    if (!found)
        return std::nullopt;
    constexpr size_t kernel_reads = 127;
    const std::string_view list = std::string_view(*found->value).substr(0, kernel_reads);
    if (has_item(list, platform.cpu_flag) ||
        has_item(list, std::to_string(platform.cpu_flag_number)))
        return found->text();
    return std::nullopt;
}

} // namespace virt_nested
