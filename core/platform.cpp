// SPDX-License-Identifier: GPL-2.0-or-later
// The table of platforms.
#include "core/platform.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace virt_nested {

namespace {

template<size_t count>
using Words = std::array<std::string_view, count>;

constexpr KernelVersion any_release = {1, 0}; ///< but none that cannot be read
constexpr KernelVersion whatever = {0, 0};

constexpr std::array<CpuSign, 1> x86_signs = {{{"flags", ""}}};
constexpr Words<2> x86_guests = {"x86_64", "i686"};
constexpr Words<1> x86_hosts = {"x86_64"};
constexpr Words<2> x86_rivals = {"vboxdrv", "vmmon"};
constexpr std::string_view x86_firmware =
    "turn on virtualization (Intel VT-x, AMD SVM) in this machine's firmware, then power it off "
    "and on";
constexpr std::string_view other_firmware = "the hardware or its partition must offer it";

// vendor_id as in arch/x86/kernel/cpu/{intel,centaur,zhaoxin,amd,hygon}.c, and the same in
// libvirt's src/cpu_map/x86_vendors.xml
constexpr Words<3> vmx_vendors = {"GenuineIntel", "CentaurHauls", "Shanghai"};
constexpr Words<1> vmx_libvirt_vendors = {"Intel"};
constexpr Words<2> svm_vendors = {"AuthenticAMD", "HygonGenuine"};
constexpr Words<2> svm_libvirt_vendors = {"AMD", "Hygon"};

// Upstream kvm_intel: on since 4.20 (commit 1e58e5e59148); kvm_amd: on since 2009. EL 7 kept it
// off; EL 8 and Microsoft's kernels have their own, which is not in the release.
constexpr std::array<DefaultSince, 6> intel_defaults = {
    {{".el7", any_release, KernelDefault::off},
     {".el8", any_release, KernelDefault::unknown},
     {"icrosoft", any_release, KernelDefault::unknown},
     {"WSL", any_release, KernelDefault::unknown},
     {"", {4, 20}, KernelDefault::on},
     {"", any_release, KernelDefault::off}}};
constexpr std::array<DefaultSince, 5> amd_defaults = {
    {{".el7", any_release, KernelDefault::off},
     {".el8", any_release, KernelDefault::unknown},
     {"icrosoft", any_release, KernelDefault::unknown},
     {"WSL", any_release, KernelDefault::unknown},
     {"", any_release, KernelDefault::on}}};
constexpr std::array<DefaultSince, 1> always_on = {{{"", whatever, KernelDefault::on}}};
constexpr std::array<DefaultSince, 1> always_off = {{{"", whatever, KernelDefault::off}}};

// arch/x86/kvm/vmx/nested.c, nested_vmx_hardware_setup: N without the CPU's feature, as long as
// nested is on; arch/x86/kvm/vmx/vmx.c, hv_init_evmcs: N where no Hyper-V recommends it.
constexpr std::array<Help, 2> intel_helps = {
    {{"VMCS shadowing", "enable_shadow_vmcs", "L1's VMREAD and VMWRITE cost no exit"},
     {"Hyper-V's enlightened VMCS", "enlightened_vmcs", "KVM's own cost none under Hyper-V"}}};
// arch/x86/kvm/svm/svm.c, svm_hardware_setup: 0 without the CPU's feature.
constexpr std::array<Help, 2> amd_helps = {
    {{"virtual GIF", "vgif", "L1's STGI and CLGI cost no exit"},
     {"virtual VMLOAD and VMSAVE", "vls", "L1's VMLOAD and VMSAVE cost no exit"}}};

// target/i386/cpu.c, builtin_x86_defs; read back from QEMU 7.2 with query-cpu-model-expansion.
constexpr std::array<CpuModel, 9> svm_models = {{{"EPYC", true},
                                                 {"Dhyana", true},
                                                 {"Opteron_G2", false},
                                                 {"Opteron_G3", false},
                                                 {"Opteron_G4", true},
                                                 {"Opteron_G5", true},
                                                 {"phenom", true},
                                                 {"qemu64", false},
                                                 {"max", true}}};

// hw/i386/pc_piix.c, pc_compat_2_1_fn, and pc_q35.c while it had such machines: until 2.1
// x86_cpu_change_kvm_default("svm", NULL); and pc.c, pc_compat_2_1: vmx=on for coreduo and
// core2duo. svm was read back under kvm_amd with QEMU 7.2, vmx from its expansion of the models.
// Ubuntu's types are named by its releases, those of EL before 7.2 are of QEMU 1.5 to 2.1.
constexpr std::array<MachinesUntil, 3> x86_keeping = {
    {{"pc-i440fx-", {2, 2}}, {"pc-q35-", {2, 2}}, {"pc-", {2, 2}}}};
constexpr Words<6> x86_keeping_words = {"pc-i440fx-trusty",    "pc-i440fx-utopic",
                                        "pc-i440fx-rhel7.0.0", "pc-i440fx-rhel7.1.0",
                                        "pc-q35-rhel7.0.0",    "pc-q35-rhel7.1.0"};

constexpr std::array<CpuModel, 2> vmx_models = {{{"coreduo", false}, {"core2duo", false}}};

// Not only where libvirt hands over what stands there: s390x, ppc64 and riscv64 (src/cpu/cpu_*.c).
// target/*/cpu.c: "host" is KVM's alone, and "max" is it under KVM.
constexpr Words<2> host_models = {"host", "max"};

// target/i386/kvm/tdx.c: the bit of VMX is fixed to 0 in a TD.
constexpr std::array<ConfidentialGuest, 1> intel_confidential = {
    {{"tdx", "Intel TDX", Confidential::masked}}};
// QEMU masks nothing; arch/x86/kvm/svm/svm.c refuses where memory is encrypted
// (CC_ATTR_GUEST_MEM_ENCRYPT), be it SEV, SEV-ES (a policy of type sev) or SEV-SNP.
constexpr std::array<ConfidentialGuest, 2> amd_confidential = {
    {{"sev", "AMD SEV", Confidential::unusable},
     {"sev-snp", "AMD SEV-SNP", Confidential::unusable}}};

constexpr std::array<CpuSign, 2> power_signs = {{{"cpu", "POWER"}, {"revision", ""}}};
constexpr Words<2> power_guests = {"ppc64le", "ppc64"};

constexpr std::array<CpuSign, 1> z_signs = {{{"vendor_id", "IBM/S390"}}};
constexpr Words<1> z_guests = {"s390x"};
// target/s390x/cpu_features.c: a protected guest has no SIE
constexpr std::array<ConfidentialGuest, 1> z_confidential = {
    {{"s390-pv", "Secure Execution", Confidential::masked}}};

constexpr std::array<CpuSign, 1> arm_signs = {{{"CPU implementer", ""}}};
constexpr Words<2> arm_guests = {"aarch64", "armv7l"};
constexpr Words<1> arm_hosts = {"aarch64"};

// arch/riscv/kernel/cpu.c writes "rv64imafdch_zicsr_..."
constexpr std::array<CpuSign, 1> riscv_signs = {{{"isa", "rv"}}};
constexpr Words<1> riscv_guests = {"riscv64"};
// target/riscv/cpu.c. QEMU 7.2 writes h into the device tree for rv64, which the machines virt and
// spike have by themselves; sifive_u has a CPU without it.
constexpr std::array<CpuModel, 5> h_models = {
    {{"rv64"}, {"max"}, {"rva23s64"}, {"tt-ascalon"}, {"veyron-v1"}}};

constexpr std::array<Platform, 6> table = {{
    // arch/x86/kvm/vmx/vmx.c: bool, 0444. QEMU builds no model with vmx but for old machines;
    // libvirt's expanded host-model names it.
    {.id = PlatformId::intel,
     .name = "Intel",
     .machine = "x86_64",
     .arch_folder = "x86",
     .signs = x86_signs,
     .vendors = vmx_vendors,
     .flag_field = "flags",
     .cpu_flag = "vmx",
     .cpu_flag_number = 4 * 32 + 5,
     .paging_flag = "ept",
     .module = "kvm_intel",
     .parameter = "nested",
     .config = "CONFIG_KVM_INTEL",
     .defaults = intel_defaults,
     .loaded_by = LoadedBy::cpu_alias,
     .probe = KvmProbe::x86_vmx,
     .truth = "KVM_GET_SUPPORTED_CPUID",
     .helps = intel_helps,
     .guests = x86_guests,
     .feature = "vmx",
     .host_model = Delivers::certainly,
     .models = vmx_models,
     .default_model = "qemu64",
     .keeping = x86_keeping,
     .keeping_words = x86_keeping_words,
     .host_models = host_models,
     .confidential = intel_confidential,
     .hosts = x86_hosts,
     .libvirt_vendors = vmx_libvirt_vendors,
     .libvirt_cpu = LibvirtCpu::compares,
     .level_from = LevelFrom::hypervisor_flag,
     .firmware = x86_firmware,
     .rivals = x86_rivals},
    // arch/x86/kvm/svm/svm.c: int, 0444. target/i386/kvm/kvm-cpu.c: svm=off for every named model
    // unless asked for.
    {.id = PlatformId::amd,
     .name = "AMD",
     .machine = "x86_64",
     .arch_folder = "x86",
     .signs = x86_signs,
     .vendors = svm_vendors,
     .flag_field = "flags",
     .cpu_flag = "svm",
     .cpu_flag_number = 6 * 32 + 2,
     .paging_flag = "npt",
     .module = "kvm_amd",
     .parameter = "nested",
     .config = "CONFIG_KVM_AMD",
     .defaults = amd_defaults,
     .loaded_by = LoadedBy::cpu_alias,
     .probe = KvmProbe::x86_svm,
     .truth = "KVM_GET_SUPPORTED_CPUID",
     .helps = amd_helps,
     .guests = x86_guests,
     .feature = "svm",
     .paging_feature = "npt",
     .emulated = true,
     .models = svm_models,
     .default_model = "qemu64",
     .bare_machine = "isapc",
     .keeping = x86_keeping,
     .keeping_words = x86_keeping_words,
     .host_models = host_models,
     .confidential = amd_confidential,
     .hosts = x86_hosts,
     .libvirt_vendors = svm_libvirt_vendors,
     .libvirt_cpu = LibvirtCpu::compares,
     .level_from = LevelFrom::hypervisor_flag,
     .firmware = x86_firmware,
     .rivals = x86_rivals},
    // arch/powerpc/kvm/book3s_hv.c: bool, 0644; says Y on POWER8, on hash MMU and under PAPR v2,
    // where KVM offers nothing. setup-common.c, show_cpuinfo_summary: platform and MMU come last.
    {.id = PlatformId::power,
     .name = "IBM POWER",
     .machine = "ppc64le",
     .arch_folder = "powerpc",
     .signs = power_signs,
     .record = CpuRecord::first_and_behind,
     .module = "kvm_hv",
     .parameter = "nested",
     .config = "CONFIG_KVM_BOOK3S_64_HV",
     .live = true,
     .defaults = always_on,
     .probe = KvmProbe::power_nested_hv,
     .truth = "KVM_CAP_PPC_NESTED_HV",
     .no_proof = "there is no proof for POWER",
     .guests = power_guests,
     .guest_switch = GuestSwitch::nested_hv,
     .feature = "nested-hv",
     .emulated = true,
     .hosts = power_guests,
     .level_from = LevelFrom::cpu_platform,
     .firmware = other_firmware},
    // arch/s390/kvm/kvm-s390.c: int, 0444, in kvm itself. Linux says sie, QEMU and libvirt say
    // sief2. Without <cpu> QEMU takes the host's CPU, and libvirt of some age writes that down only
    // at the start. The exclusion of hpage went with commit 0fdd5c18a99c.
    {.id = PlatformId::z,
     .name = "IBM Z",
     .machine = "s390x",
     .arch_folder = "s390",
     .signs = z_signs,
     .flag_field = "features",
     .cpu_flag = "sie",
     .module = "kvm",
     .parameter = "nested",
     .config = "CONFIG_KVM",
     .defaults = always_off,
     .excludes = {"hpage",
                  {7, 1},
                  "arch/s390/kvm/kvm-s390.c",
                  "Before Linux 7.1 a host that nests cannot back its guests with huge pages."},
     .probe = KvmProbe::z_sief2,
     .truth = "KVM_S390_VM_CPU_MACHINE_FEAT",
     .no_proof = "there is no proof for IBM Z",
     .guests = z_guests,
     .feature = "sief2",
     .without_cpu = Delivers::possibly,
     .host_model = Delivers::certainly,
     .host_models = host_models,
     .confidential = z_confidential,
     .hosts = z_guests,
     .level_from = LevelFrom::sysinfo,
     .firmware = other_firmware},
    // arch/arm64/kvm/arm.c early_kvm_mode_cfg: no module parameter, a boot option; nothing in sysfs
    // tells.
    {.id = PlatformId::arm64,
     .name = "Arm64",
     .machine = "aarch64",
     .arch_folder = "arm64",
     .signs = arm_signs,
     .nests_since = {6, 16}, // arch/arm64/kvm/nested.c, KVM_CAP_ARM_EL2
     .boot_option = "kvm-arm.mode=nested",
     .probe = KvmProbe::arm64_el2,
     .truth = "KVM_CAP_ARM_EL2",
     .no_proof = "there is no proof for Arm64 yet",
     .guests = arm_guests,
     .guest_switch = GuestSwitch::virtualization,
     .feature = "virtualization",
     .emulated = true,
     .hosts = arm_hosts,
     .level_from = LevelFrom::firmware,
     .firmware = other_firmware,
     .from_outer = "EL2"},
    // arch/riscv/kvm/main.c: loads where the CPU has the H extension. isa.c (once vcpu_onereg.c),
    // kvm_riscv_isa_enable_allowed: no guest gets H, there is nothing to ask or to set. libvirt
    // checks no name of a feature (src/cpu/cpu_riscv64.c); QEMU's TCG has H.
    {.name = "RISC-V",
     .machine = "riscv64",
     .arch_folder = "riscv",
     .signs = riscv_signs,
     .flag_field = "isa",
     .flag_form = FlagForm::isa_letter,
     .cpu_flag = "h",
     .module = "kvm",
     .config = "CONFIG_KVM",
     .probe = KvmProbe::none,
     .truth = "Linux, arch/riscv/kvm",
     .not_offered = "KVM on RISC-V does not offer nesting yet",
     .no_proof = "there is no proof for RISC-V",
     .guests = riscv_guests,
     .feature = "h",
     .emulated = true,
     .models = h_models,
     .host_models = host_models,
     .hosts = riscv_guests,
     .firmware = other_firmware},
}};

static_assert(std::all_of(table.begin(), table.end(),
                          [](const Platform& platform) {
                              return (platform.probe == KvmProbe::none) !=
                                         platform.not_offered.empty() &&
                                     platform.cpu_flag.empty() == platform.flag_field.empty() &&
                                     platform.module.empty() == platform.config.empty() &&
                                     platform.parameter.empty() == platform.defaults.empty();
                          }),
              "a row is whole: no probe has its reason, a flag its line, a module its option, a "
              "parameter its default");

bool contains(std::span<const std::string_view> list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

/// EPYC-Rome is one of EPYC, host-s390x-cpu one of host.
bool is_generation_of(std::string_view name, std::string_view model) {
    return model.starts_with(name) && (model.size() == name.size() || model[name.size()] == '-');
}

} // namespace

KernelVersion kernel_version(std::string_view release) {
    KernelVersion out{0, 0};
    const char* end = release.data() + release.size();
    const auto major = std::from_chars(release.data(), end, out.first);
    if (major.ec == std::errc() && major.ptr != end && *major.ptr == '.')
        std::from_chars(major.ptr + 1, end, out.second);
    return out;
}

std::span<const Platform> platforms() {
    return table;
}

const Platform& platform(PlatformId id) {
    return *std::find_if(table.begin(), table.end(),
                         [id](const Platform& platform) { return platform.id == id; });
}

const Platform* platform_of_machine(std::string_view machine) {
    const auto* found = std::find_if(table.begin(), table.end(), [&](const Platform& platform) {
        return platform.machine == machine;
    });
    return found == table.end() ? nullptr : found;
}

const Exclusion* exclusion_of(std::string_view module, std::string_view kernel) {
    for (const Platform& platform : table)
        if (platform.module == module && !platform.excludes.parameter.empty() &&
            kernel_version(kernel) < platform.excludes.until)
            return &platform.excludes;
    return nullptr;
}

const Platform* emulated_platform(std::string_view guest_arch) {
    const Platform* found = nullptr;
    for (const Platform& platform : table)
        if (runs_guest(platform, guest_arch) && (!found || platform.emulated))
            found = &platform;
    return found;
}

bool runs_guest(const Platform& platform, std::string_view guest_arch) {
    return contains(platform.guests, guest_arch);
}

const CpuModel* model_with_feature(const Platform& platform, std::string_view model) {
    for (const CpuModel& known : platform.models)
        if (is_generation_of(known.name, model))
            return &known;
    return nullptr;
}

bool keeps_feature(const Platform& platform, std::string_view machine) {
    for (const MachinesUntil& until : platform.keeping) {
        if (!machine.starts_with(until.prefix))
            continue;
        const KernelVersion version = kernel_version(machine.substr(until.prefix.size()));
        return version == KernelVersion{0, 0} ? contains(platform.keeping_words, machine)
                                              : version < until.version;
    }
    return contains(platform.keeping_words, machine);
}

bool is_host_model(const Platform& platform, std::string_view model) {
    return std::any_of(platform.host_models.begin(), platform.host_models.end(),
                       [model](std::string_view name) { return is_generation_of(name, model); });
}

const ConfidentialGuest* confidential_guest(const Platform& platform, std::string_view type) {
    for (const ConfidentialGuest& guest : platform.confidential)
        if (guest.type == type)
            return &guest;
    return nullptr;
}

} // namespace virt_nested
