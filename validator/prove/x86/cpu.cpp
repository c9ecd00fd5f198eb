// SPDX-License-Identifier: GPL-2.0-or-later
// The CPU of L1, and what its memory holds.
#include "validator/prove/x86/cpu.h"

#include <algorithm>
#include <array>
#include <linux/kvm.h>
#include <sys/ioctl.h>

namespace virt_nested::prove {

namespace {

/// kvm_cpuid2 with room. In C++ the structure of linux/kvm.h has another size than in C, and with
/// it the requests another number.
struct CpuidTable {
    uint32_t count = 0, padding = 0;
    std::array<kvm_cpuid_entry2, 512> entries{};
};
constexpr unsigned long get_supported_cpuid = _IOWR(KVMIO, 0x05, uint32_t[2]);
constexpr unsigned long set_cpuid2 = _IOW(KVMIO, 0x90, uint32_t[2]);

CpuidTable supported;

uint32_t leaf(uint32_t function, uint32_t kvm_cpuid_entry2::*output) {
    const auto end =
        supported.entries.begin() + std::min<size_t>(supported.count, supported.entries.size());
    const auto found =
        std::find_if(supported.entries.begin(), end,
                     [&](const kvm_cpuid_entry2& entry) { return entry.function == function; });
    return found == end ? 0 : (*found).*output;
}

kvm_segment flat(uint16_t selector, uint8_t type, bool code) {
    kvm_segment out{};
    out.limit = 0xffffffff;
    out.selector = selector;
    out.type = type;
    out.present = out.s = out.g = 1;
    out.l = code;
    out.db = !code;
    return out;
}

} // namespace

// CPUID (AMD APM volume 3, appendix E; Intel SDM volume 2, CPUID): SVM, nested paging, VMX. Whether
// vmx brings EPT is known when there is a CPU.
bool ask_offer(Vm& vm) {
    supported.count = static_cast<uint32_t>(supported.entries.size());
    if (!vm.on_kvm(get_supported_cpuid, "KVM_GET_SUPPORTED_CPUID", &supported))
        return false;
    const bool svm = (leaf(0x80000001, &kvm_cpuid_entry2::ecx) >> 2 & 1) != 0;
    const bool vmx = (leaf(1, &kvm_cpuid_entry2::ecx) >> 5 & 1) != 0;
    vm.seen.intel = !svm && vmx;
    vm.seen.nested_paging = svm && (leaf(0x8000000a, &kvm_cpuid_entry2::edx) & 1) != 0;
    return svm || vmx || vm.ends(Ending::not_offered);
}

bool give_cpuid(Vm& vm) {
    return vm.on_cpu(set_cpuid2, "KVM_SET_CPUID2", &supported);
}

void map_pages(Vm& vm, const Tables& tables) {
    constexpr uint64_t page = 0x1000, large_page = 0x200000;
    vm.put<uint64_t>(tables.at, (tables.address + page) | tables.entries.table);
    vm.put<uint64_t>(tables.at + page, (tables.address + 2 * page) | tables.entries.table);
    for (unsigned i = 0; i < tables.pages; ++i)
        vm.put<uint64_t>(tables.at + 2 * page + 8 * i,
                         (tables.target + large_page * i) | tables.entries.large_page);
}

void write_guest(Vm& vm, uint32_t exits) {
    std::copy(prove_l1, prove_l1_end, vm.memory() + PROVE_CODE);
    std::copy(prove_l2, prove_l2_end, vm.memory() + PROVE_L2_MEMORY + PROVE_L2_CODE);
    vm.put<uint32_t>(PROVE_L2_MEMORY + PROVE_L2_WANTED, exits);
    map_pages(vm, {.at = PROVE_L1_TABLES,
                   .address = PROVE_L1_TABLES,
                   .target = 0,
                   .pages = 2,
                   .entries = page_tables});
    const uint64_t base = l2_base(vm.seen.nested_paging);
    map_pages(vm, {.at = PROVE_L2_MEMORY + PROVE_L2_TABLES,
                   .address = base + PROVE_L2_TABLES,
                   .target = base,
                   .pages = 1,
                   .entries = page_tables});
    // Code of 64 bits, data; interrupt gates (AMD APM volume 2, 4.7 and 4.8; Intel SDM volume 3,
    // "Segment Descriptors", "64-Bit Mode IDT")
    vm.put<uint64_t>(PROVE_GDT + code_selector, 0x00af9b000000ffff);
    vm.put<uint64_t>(PROVE_GDT + data_selector, 0x00cf93000000ffff);
    constexpr unsigned exceptions = 32;
    constexpr uint64_t interrupt_gate = 0x8e00;
    for (unsigned i = 0; i < exceptions; ++i) {
        const uint64_t handler = in_l1(prove_l1_handlers) + PROVE_HANDLER_SIZE * i;
        vm.put<uint64_t>(PROVE_IDT + 16 * i,
                         interrupt_gate << 32 | uint64_t{code_selector} << 16 | handler);
    }
}

// As every guest with firmware begins: movb $1, PROVE_REAL_MODE_SAID; hlt
bool enter_real_mode(Vm& vm) {
    constexpr auto code = std::to_array<uint8_t>(
        {0xc6, 0x06, PROVE_REAL_MODE_SAID & 0xff, PROVE_REAL_MODE_SAID >> 8, 1, 0xf4});
    std::copy(code.begin(), code.end(), vm.memory() + PROVE_REAL_MODE);
    kvm_sregs special{};
    if (!vm.on_cpu(KVM_GET_SREGS, "KVM_GET_SREGS", &special))
        return false;
    special.cs.base = special.ds.base = 0;
    special.cs.selector = special.ds.selector = 0;
    kvm_regs general{};
    general.rip = PROVE_REAL_MODE;
    general.rflags = 2;
    return vm.on_cpu(KVM_SET_SREGS, "KVM_SET_SREGS", &special) &&
           vm.on_cpu(KVM_SET_REGS, "KVM_SET_REGS", &general);
}

bool enter_long_mode(Vm& vm) {
    kvm_sregs special{};
    if (!vm.on_cpu(KVM_GET_SREGS, "KVM_GET_SREGS", &special))
        return false;
    special.cs = flat(code_selector, 11, true);
    special.ds = special.es = special.fs = special.gs = special.ss = flat(data_selector, 3, false);
    special.tr = kvm_segment{};
    special.tr.limit = 0x67;
    special.tr.selector = task_selector;
    special.tr.type = 11;
    special.tr.present = 1;
    special.ldt = kvm_segment{};
    special.ldt.unusable = 1;
    special.gdt.base = PROVE_GDT;
    special.gdt.limit = 0x1f;
    special.idt.base = PROVE_IDT;
    special.idt.limit = 16 * 32 - 1;
    special.cr0 = cr0_long;
    special.cr3 = PROVE_L1_TABLES;
    special.cr4 = cr4_pae;
    special.efer = 0x500; // LME, LMA
    kvm_regs general{};
    general.rip = in_l1(prove_l1);
    general.rsp = PROVE_STACK;
    general.rflags = rflags_if;
    return vm.on_cpu(KVM_SET_SREGS, "KVM_SET_SREGS", &special) &&
           vm.on_cpu(KVM_SET_REGS, "KVM_SET_REGS", &general);
}

} // namespace virt_nested::prove
