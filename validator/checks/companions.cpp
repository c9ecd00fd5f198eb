// SPDX-License-Identifier: GPL-2.0-or-later
// The table of companion parameters. Sources: Linux arch/x86/kvm/vmx/{vmx,nested}.c,
// arch/x86/kvm/svm/svm.c, arch/s390/kvm/kvm-s390.c, virt/kvm/kvm_main.c;
// Documentation/virt/kvm/x86/running-nested-guests.rst names ept, enable_shadow_vmcs and
// enable_apicv as the ones to look at.
#include "validator/checks/companions.h"

#include <array>

namespace virt_nested {

namespace {

constexpr std::string_view intel_mend =
    "remove the option that turns it off (virt-nested validate -v names the files), then reload "
    "kvm_intel";
constexpr std::string_view amd_mend =
    "remove the option that turns it off (virt-nested validate -v names the files), then reload "
    "kvm_amd";

// The driver takes back what the CPU has not got. Names of flags: arch/x86/include/asm/
// {cpu,vmx}features.h; the line of the vmx flags is there since 5.6.
constexpr std::string_view flags = "flags";
constexpr std::string_view vmx_flags = "vmx flags";

constexpr std::array<Companion, 10> table = {{
    {"parameter-ept", "Extended page tables in use", PlatformId::intel, "kvm_intel", "ept", true,
     false, Outcome::warn,
     "Without EPT the guest hypervisor gets none either and runs its guests on shadow paging: it "
     "works, very slowly, and the kernel logs nothing.",
     intel_mend, flags, "ept"},
    {"parameter-unrestricted-guest", "Unrestricted guests", PlatformId::intel, "kvm_intel",
     "unrestricted_guest", true, false, Outcome::warn,
     "Without it real-mode code of nested guests is emulated: slow, and some firmware does not "
     "boot.",
     intel_mend, vmx_flags, "unrestricted_guest"},
    {"parameter-shadow-vmcs", "VMCS shadowing", PlatformId::intel, "kvm_intel",
     "enable_shadow_vmcs", true, true, Outcome::warn,
     "Without it every VMREAD and VMWRITE of the guest hypervisor leaves the guest: slow.",
     intel_mend, vmx_flags, "shadow_vmcs"},
    {"parameter-apicv", "APIC virtualization", PlatformId::intel, "kvm_intel", "enable_apicv", true,
     false, Outcome::warn, "Without it interrupts of nested guests are slow.", intel_mend,
     vmx_flags, "apicv"},
    {"parameter-npt", "Nested page tables in use", PlatformId::amd, "kvm_amd", "npt", true, false,
     Outcome::warn,
     "With npt off the guest hypervisor gets svm without npt and runs its guests on shadow paging: "
     "it works, very slowly.",
     amd_mend, flags, "npt"},
    {"parameter-vgif", "Virtual GIF", PlatformId::amd, "kvm_amd", "vgif", true, false,
     Outcome::warn,
     "Without it every STGI and CLGI of the guest hypervisor leaves the guest: slow.", amd_mend,
     flags, "vgif"},
    {"parameter-vls", "Virtual VMLOAD and VMSAVE", PlatformId::amd, "kvm_amd", "vls", true, false,
     Outcome::warn,
     "Without it every VMLOAD and VMSAVE of the guest hypervisor leaves the guest: slow.", amd_mend,
     flags, "v_vmsave_vmload"},
    {"parameter-nrips", "Next RIP saving", PlatformId::amd, "kvm_amd", "nrips", true, false,
     Outcome::warn,
     "Without it KVM emulates the instructions that it intercepts to find the next one: slow, and "
     "odd for nested guests.",
     amd_mend, flags, "nrip_save"},
    {"parameter-avic", "AVIC beside nested guests", PlatformId::amd, "kvm_amd", "avic", false,
     false, Outcome::skip, "KVM inhibits AVIC while a nested guest runs; no harm, timing differs.",
     "nothing to mend; kvm_amd avic=0 makes timing even"},
    {"parameter-hpage",
     "Huge pages of guests",
     PlatformId::z,
     "kvm",
     "hpage",
     false,
     false,
     Outcome::warn,
     "Before Linux 7.1 kvm refuses to load with nested and hpage both on: 'A KVM host that "
     "supports nesting cannot back its KVM guests with huge pages'.",
     "remove hpage=1 from the options of kvm, then: modprobe -r kvm; modprobe kvm",
     {},
     {},
     true},
}};

} // namespace

std::span<const Companion> companions() {
    return table;
}

} // namespace virt_nested
