// SPDX-License-Identifier: GPL-2.0-or-later
// The table of platforms.
#include "core/platform.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

constexpr std::array<std::string_view, 2> x86_guests = {"x86_64", "i686"};
constexpr std::array<std::string_view, 2> power_guests = {"ppc64le", "ppc64"};
constexpr std::array<std::string_view, 1> z_guests = {"s390x"};
constexpr std::array<std::string_view, 2> arm_guests = {"aarch64", "armv7l"};
// vendor_id as in arch/x86/kernel/cpu/{intel,centaur,zhaoxin,amd,hygon}.c
constexpr std::array<std::string_view, 3> vmx_vendors = {"GenuineIntel", "CentaurHauls",
                                                         "Shanghai"};
constexpr std::array<std::string_view, 2> svm_vendors = {"AuthenticAMD", "HygonGenuine"};

constexpr std::array<Platform, 5> table = {{
    // arch/x86/kvm/vmx/vmx.c: bool, 0444. QEMU builds no model with vmx; libvirt's expanded
    // host-model names it.
    {.id = PlatformId::intel,
     .name = "Intel",
     .machine = "x86_64",
     .guests = x86_guests,
     .vendors = vmx_vendors,
     .module = "kvm_intel",
     .parameter = "nested",
     .live = false,
     .boot_option = "",
     .cpu_flag = "vmx",
     .paging_flag = "ept",
     .paging_parameter = "ept",
     .probe = KvmProbe::x86_vmx,
     .truth = "KVM_GET_SUPPORTED_CPUID",
     .guest_switch = GuestSwitch::cpu_feature,
     .feature = "vmx",
     .paging_feature = "",
     .without_cpu = Delivers::no,
     .host_model = Delivers::certainly,
     .emulated = false,
     .min_kernel = "3.1"},
    // arch/x86/kvm/svm/svm.c: int, 0444. target/i386/kvm/kvm-cpu.c: svm=off for every named model
    // unless asked for.
    {.id = PlatformId::amd,
     .name = "AMD",
     .machine = "x86_64",
     .guests = x86_guests,
     .vendors = svm_vendors,
     .module = "kvm_amd",
     .parameter = "nested",
     .live = false,
     .boot_option = "",
     .cpu_flag = "svm",
     .paging_flag = "npt",
     .paging_parameter = "npt",
     .probe = KvmProbe::x86_svm,
     .truth = "KVM_GET_SUPPORTED_CPUID",
     .guest_switch = GuestSwitch::cpu_feature,
     .feature = "svm",
     .paging_feature = "npt",
     .without_cpu = Delivers::no,
     .host_model = Delivers::no,
     .emulated = true,
     .min_kernel = "2.6.32"},
    // arch/powerpc/kvm/book3s_hv.c: bool, 0644; says Y on POWER8, on hash MMU and under PAPR v2,
    // where KVM offers nothing.
    {.id = PlatformId::power,
     .name = "IBM POWER",
     .machine = "ppc64le",
     .guests = power_guests,
     .vendors = {},
     .module = "kvm_hv",
     .parameter = "nested",
     .live = true,
     .boot_option = "",
     .cpu_flag = "",
     .paging_flag = "",
     .paging_parameter = "",
     .probe = KvmProbe::power_nested_hv,
     .truth = "KVM_CAP_PPC_NESTED_HV",
     .guest_switch = GuestSwitch::nested_hv,
     .feature = "nested-hv",
     .paging_feature = "",
     .without_cpu = Delivers::no,
     .host_model = Delivers::no,
     .emulated = true,
     .min_kernel = "4.20"},
    // arch/s390/kvm/kvm-s390.c: int, 0444, in kvm itself. Linux says sie, QEMU and libvirt say
    // sief2. Without <cpu> QEMU takes
    // the host's CPU, and libvirt of some age writes that down only at the start.
    {.id = PlatformId::z,
     .name = "IBM Z",
     .machine = "s390x",
     .guests = z_guests,
     .vendors = {},
     .module = "kvm",
     .parameter = "nested",
     .live = false,
     .boot_option = "",
     .cpu_flag = "sie",
     .paging_flag = "",
     .paging_parameter = "",
     .probe = KvmProbe::z_sief2,
     .truth = "KVM_S390_VM_CPU_MACHINE_FEAT",
     .guest_switch = GuestSwitch::cpu_feature,
     .feature = "sief2",
     .paging_feature = "",
     .without_cpu = Delivers::possibly,
     .host_model = Delivers::certainly,
     .emulated = false,
     .min_kernel = "4.8"},
    // arch/arm64/kvm/arm.c early_kvm_mode_cfg: no module parameter, a boot option; nothing in sysfs
    // tells.
    {.id = PlatformId::arm64,
     .name = "Arm64",
     .machine = "aarch64",
     .guests = arm_guests,
     .vendors = {},
     .module = "",
     .parameter = "",
     .live = false,
     .boot_option = "kvm-arm.mode=nested",
     .cpu_flag = "",
     .paging_flag = "",
     .paging_parameter = "",
     .probe = KvmProbe::arm64_el2,
     .truth = "KVM_CAP_ARM_EL2",
     .guest_switch = GuestSwitch::virtualization,
     .feature = "virtualization",
     .paging_feature = "",
     .without_cpu = Delivers::no,
     .host_model = Delivers::no,
     .emulated = true,
     .min_kernel = "6.16"},
}};

/// target/i386/cpu.c, builtin_x86_defs; read back from QEMU 7.2 with query-cpu-model-expansion.
struct SvmModel {
    std::string_view name;
    bool npt;
};

constexpr std::array<SvmModel, 9> svm_models = {{{"EPYC", true},
                                                 {"Dhyana", true},
                                                 {"Opteron_G2", false},
                                                 {"Opteron_G3", false},
                                                 {"Opteron_G4", true},
                                                 {"Opteron_G5", true},
                                                 {"phenom", true},
                                                 {"qemu64", false},
                                                 {"max", true}}};

bool contains(std::span<const std::string_view> list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

} // namespace

std::span<const Platform> platforms() {
    return table;
}

const Platform& platform(PlatformId id) {
    return *std::find_if(table.begin(), table.end(),
                         [id](const Platform& row) { return row.id == id; });
}

const Platform* emulated_platform(std::string_view guest_arch) {
    const Platform* found = nullptr;
    for (const Platform& row : table)
        if (runs_guest(row, guest_arch) && (!found || row.emulated))
            found = &row;
    return found;
}

bool runs_guest(const Platform& platform, std::string_view guest_arch) {
    return contains(platform.guests, guest_arch);
}

SvmInModel svm_in_model(std::string_view model) {
    // EPYC, Dhyana and their generations: EPYC-Rome, EPYC-Milan-v2, ...
    for (const SvmModel& known : svm_models)
        if (model == known.name ||
            (model.starts_with(known.name) && model[known.name.size()] == '-'))
            return {true, known.npt};
    return {};
}

} // namespace virt_nested
