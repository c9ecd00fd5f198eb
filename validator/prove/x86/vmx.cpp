// SPDX-License-Identifier: GPL-2.0-or-later
// The fields of L2's VMCS. Intel SDM volume 3: appendix A has the capability MSRs, appendix B the
// fields' numbers; "VM Entries" says what is checked. By title, for chapters have been renumbered.
#include "validator/prove/x86/cpu.h"

#include <array>
#include <cstdint>
#include <sys/ioctl.h>

namespace virt_nested::prove {

namespace {

// arch/x86/include/asm/msr-index.h; appendix A. Of the controls with a second MSR, that tells more
// exactly what has to be 1, the second.
constexpr uint32_t ia32_feature_control = 0x3a;
constexpr uint32_t vmx_basic = 0x480;
constexpr uint32_t vmx_secondary = 0x48b;
constexpr uint32_t vmx_ept_vpid_cap = 0x48c;

/// A field with controls: bits that KVM may want, and those that this needs.
struct Controls {
    uint32_t field;
    uint32_t msr;
    uint32_t exact_msr;
    uint32_t wanted;
};
constexpr uint32_t hlt_exiting = 1U << 7;
constexpr uint32_t secondary_controls = 1U << 31;
constexpr uint32_t enable_ept = 1U << 1;
constexpr uint32_t exit_to_64_bits = 1U << 9;
constexpr uint32_t enter_64_bits = 1U << 9;
// "Pin-Based", "Processor-Based VM-Execution Controls", "VM-Exit Controls", "VM-Entry Controls"
constexpr Controls pin_based = {0x4000, 0x481, 0x48d, 0};
constexpr Controls processor_based = {0x4002, 0x482, 0x48e, hlt_exiting};
constexpr Controls vm_exit = {0x400c, 0x483, 0x48f, exit_to_64_bits};
constexpr Controls vm_entry = {0x4012, 0x484, 0x490, enter_64_bits};
constexpr Controls secondary = {0x401e, vmx_secondary, vmx_secondary, enable_ept};

struct Field {
    uint32_t number;
    uint64_t value;
};

/// Segments as "Guest Segment Registers" has them: the access rights as in a descriptor, with bit
/// 16 for unusable.
struct Segment {
    uint32_t guest_selector;
    uint32_t guest_limit;
    uint32_t guest_rights;
    uint32_t host_selector; ///< 0: there is none
    uint16_t selector;
    uint32_t limit;
    uint32_t rights;
};
constexpr uint32_t everywhere = 0xffffffff;
constexpr auto segments = std::to_array<Segment>({
    {0x800, 0x4800, 0x4814, 0xc00, data_selector, everywhere, 0xc093}, // ES
    {0x802, 0x4802, 0x4816, 0xc02, code_selector, everywhere, 0xa09b}, // CS: 64 bits
    {0x804, 0x4804, 0x4818, 0xc04, data_selector, everywhere, 0xc093}, // SS
    {0x806, 0x4806, 0x481a, 0xc06, data_selector, everywhere, 0xc093}, // DS
    {0x808, 0x4808, 0x481c, 0xc08, data_selector, everywhere, 0xc093}, // FS
    {0x80a, 0x480a, 0x481e, 0xc0a, data_selector, everywhere, 0xc093}, // GS
    {0x80c, 0x480c, 0x4820, 0, 0, everywhere, 0x10000},                // LDTR: unusable
    {0x80e, 0x480e, 0x4822, 0xc0c, task_selector, 0x67, 0x8b},         // TR: busy, of 64 bits
});

// "Guest-State Area" and "Host-State Area"
constexpr auto state = std::to_array<Field>({
    {0x2800, UINT64_MAX}, // VMCS link pointer: there is none
    {0x6800, cr0_long},
    {0x6804, cr4_pae | cr4_vmxe},
    {0x681a, dr7_reset},
    {0x681c, 0}, // RSP: it has no stack
    {PROVE_VMCS_GUEST_RIP, PROVE_L2_CODE},
    {0x6820, rflags_if},
    {0x4810, 0}, // limits of GDTR and IDTR: it has none
    {0x4812, 0},
    {0x6c00, cr0_long}, // L1's own, where an exit of L2 leads
    {0x6c02, PROVE_L1_TABLES},
    {0x6c04, cr4_pae | cr4_vmxe},
    {0x6c0c, PROVE_GDT},
    {0x6c0e, PROVE_IDT},
    {0x6c14, PROVE_STACK},
});
// All that is 0: a new region holds nothing that could be relied on ("Initializing a VMCS").
constexpr auto zeros = std::to_array<uint32_t>({
    0x4004, 0x4006, 0x4008, 0x400a,                 // exceptions, page faults, CR3 targets
    0x400e, 0x4010, 0x4014, 0x4016,                 // lists of MSRs; an event to inject
    0x6000, 0x6002, 0x6004, 0x6006,                 // masks and shadows of CR0 and CR4
    0x6806, 0x6808, 0x680a, 0x680c, 0x680e, 0x6810, // bases of ES to GS,
    0x6812, 0x6814, 0x6816, 0x6818,                 // LDTR, TR, GDTR, IDTR
    0x2802, 0x6822, 0x4824, 0x4826,                 // DEBUGCTL; pending, interruptibility, activity
    0x482a, 0x6824, 0x6826,                         // SYSENTER
    0x6c06, 0x6c08, 0x6c0a, 0x4c00, 0x6c10, 0x6c12, // L1's bases of FS, GS, TR, and its SYSENTER
    0x401a,                                         // length of an instruction to inject
});

constexpr size_t most_controls = 8;
static_assert(PROVE_FIELDS +
                      16 * (most_controls + 4 * segments.size() + state.size() + zeros.size()) <
                  PROVE_FIELDS_END,
              "a field 0 is behind them all, by which L1 knows the end");

/// KVM_GET_MSRS and KVM_SET_MSRS with one entry. In C++ the structure of linux/kvm.h has another
/// size than in C, and with it the request another number.
struct OneRegister {
    uint32_t count = 1, padding = 0;
    uint32_t index = 0, reserved = 0;
    uint64_t data = 0;
};
constexpr unsigned kvmio = 0xAE;
constexpr unsigned long get_msrs = _IOWR(kvmio, 0x88, uint32_t[2]);
constexpr unsigned long set_msrs = _IOW(kvmio, 0x89, uint32_t[2]);

bool read_register(Vm& vm, uint32_t index, uint64_t& value) {
    OneRegister one;
    one.index = index;
    if (vm.ask_cpu(get_msrs, &one) != 1)
        return vm.ends(Ending::no_register, index);
    value = one.data;
    return true;
}

/// The VMCS as L1 is to write it: pairs of field and value.
class Fields {
  public:
    explicit Fields(Vm& vm) : vm_(vm) {}

    void add(uint64_t number, uint64_t value) {
        vm_.put<uint64_t>(at_, number);
        vm_.put<uint64_t>(at_ + 8, value);
        at_ += 16;
    }

    /// Appendix A.2: the low half has the bits that must be 1, the high one those that may be.
    bool add(const Controls& controls, uint32_t wanted, bool exact) {
        const uint32_t index = exact ? controls.exact_msr : controls.msr;
        uint64_t value = 0;
        if (!read_register(vm_, index, value))
            return false;
        const auto may = static_cast<uint32_t>(value >> 32);
        if ((wanted & ~may) != 0)
            return vm_.ends(Ending::no_control, index);
        add(controls.field, wanted | (static_cast<uint32_t>(value) & may));
        return true;
    }

  private:
    Vm& vm_;
    size_t at_ = PROVE_FIELDS;
};

/// EPT for L1: as a control, and in the form that is used here (appendix A.10): a walk of 4 levels,
/// write-back, pages of 2 MiB.
bool find_ept(Vm& vm, bool exact) {
    constexpr uint64_t form = 1U << 6 | 1U << 14 | 1U << 16;
    uint64_t primary = 0, second = 0, ept = 0;
    if (!read_register(vm, exact ? processor_based.exact_msr : processor_based.msr, primary))
        return false;
    vm.seen.nested_paging = false;
    if ((primary >> 32 & secondary_controls) == 0)
        return true;
    if (!read_register(vm, vmx_secondary, second))
        return false;
    if ((second >> 32 & enable_ept) == 0)
        return true;
    if (!read_register(vm, vmx_ept_vpid_cap, ept))
        return false;
    vm.seen.nested_paging = (ept & form) == form;
    return true;
}

void add_segments(Fields& fields) {
    for (const Segment& segment : segments) {
        fields.add(segment.guest_selector, segment.selector);
        fields.add(segment.guest_limit, segment.limit);
        fields.add(segment.guest_rights, segment.rights);
        if (segment.host_selector != 0)
            fields.add(segment.host_selector, segment.selector);
    }
}

bool add_controls(Vm& vm, Fields& fields, bool exact) {
    const bool paging = vm.seen.nested_paging;
    if (!fields.add(pin_based, pin_based.wanted, exact) ||
        !fields.add(processor_based, processor_based.wanted | (paging ? secondary_controls : 0),
                    exact) ||
        !fields.add(vm_exit, vm_exit.wanted, exact) ||
        !fields.add(vm_entry, vm_entry.wanted, exact))
        return false;
    if (!paging)
        return true;
    // "Extended-Page-Table Pointer": write-back (6), one less than its levels
    fields.add(0x201a, PROVE_NESTED_TABLES | 3 << 3 | 6);
    map_pages(vm, {.at = PROVE_NESTED_TABLES,
                   .address = PROVE_NESTED_TABLES,
                   .target = PROVE_L2_MEMORY,
                   .pages = 1,
                   .entries = ept_tables});
    return fields.add(secondary, secondary.wanted, exact);
}

} // namespace

bool write_vmx(Vm& vm) {
    // What firmware does: locked, VMX on outside SMX (appendix A.1 leads to IA32_FEATURE_CONTROL)
    OneRegister lock;
    lock.index = ia32_feature_control;
    lock.data = 5;
    if (vm.ask_cpu(set_msrs, &lock) != 1)
        return vm.ends(Ending::register_refused, ia32_feature_control);
    uint64_t basic = 0;
    if (!read_register(vm, vmx_basic, basic))
        return false;
    const bool exact = (basic >> 55 & 1) != 0;
    if (!find_ept(vm, exact))
        return false;

    // Both regions begin with the revision (appendix A.1; "VMXON Region").
    for (const int region : {PROVE_CONTROL, PROVE_HOST})
        vm.put<uint32_t>(static_cast<size_t>(region), static_cast<uint32_t>(basic & 0x7fffffff));
    vm.put<uint64_t>(PROVE_CONTROL_AT, PROVE_CONTROL);
    vm.put<uint64_t>(PROVE_HOST_AT, PROVE_HOST);
    vm.put<uint64_t>(PROVE_ENTRY, in_l1(prove_l1_vmx));

    Fields fields(vm);
    if (!add_controls(vm, fields, exact))
        return false;
    add_segments(fields);
    for (const Field& field : state)
        fields.add(field.number, field.value);
    fields.add(0x6802, l2_base(vm.seen.nested_paging) + PROVE_L2_TABLES); // CR3
    fields.add(0x6c16, in_l1(prove_l1_vmx_exit));
    for (const uint32_t number : zeros)
        fields.add(number, 0);
    return true;
}

} // namespace virt_nested::prove
