// SPDX-License-Identifier: GPL-2.0-or-later
// The CPU of L1, and what its memory holds for it and for L2.
#pragma once

#include "validator/prove/vm.h"
#include "validator/prove/x86/layout.h"

#include <cstdint>

extern "C" const unsigned char prove_l1[], prove_l1_svm[], prove_l1_vmx[], prove_l1_vmx_exit[],
    prove_l1_handlers[], prove_l1_end[], prove_l2[], prove_l2_end[];

namespace virt_nested::prove {

/// Where a label of guest.S is in L1's memory.
inline uint64_t in_l1(const unsigned char* label) {
    return PROVE_CODE + static_cast<uint64_t>(label - prove_l1);
}

// What L1 and L2 run with: 64-bit mode (AMD APM volume 2, 14.8; Intel SDM volume 3, "Initializing
// IA-32e Mode").
constexpr uint64_t cr0_long = 0x80000031; ///< PG, NE (VMX wants it), ET, PE
constexpr uint64_t cr4_pae = 0x20;
constexpr uint64_t cr4_vmxe = 0x2000;
/// IF, although nothing interrupts them: Bochs leaves no loop without.
constexpr uint64_t rflags_if = 0x202;
constexpr uint64_t dr6_reset = 0xffff0ff0;
constexpr uint64_t dr7_reset = 0x400;

// Selectors in L1's GDT; L2 names the same, and loads none.
constexpr uint16_t code_selector = 0x08;
constexpr uint16_t data_selector = 0x10;
constexpr uint16_t task_selector = 0x18;

/// Entries of a page table: AMD APM volume 2, 5.3 and 15.25.5 (nested tables are walked as a user);
/// Intel SDM volume 3, "4-Level Paging" and "EPT Translation Mechanism".
struct Entries {
    uint64_t table;
    uint64_t large_page;
};
constexpr Entries page_tables = {0x27, 0xe7}; ///< present, writable, user, accessed; dirty, large
constexpr Entries ept_tables = {0x07, 0xb7};  ///< read, write, execute; write-back, large

/// Three levels of tables in L1's memory at `at`, known as `address` to who walks them: `pages` of
/// 2 MiB from 0 are those from `target`.
struct Tables {
    size_t at;
    uint64_t address;
    uint64_t target;
    unsigned pages;
    Entries entries;
};
void map_pages(Vm& vm, const Tables& tables);

/// Where L2's memory begins for its own page tables: behind nested tables it is 0.
constexpr uint64_t l2_base(bool nested_paging) {
    return nested_paging ? 0 : PROVE_L2_MEMORY;
}

bool ask_offer(Vm& vm);       ///< svm or vmx, and nested paging as far as CPUID tells
bool give_cpuid(Vm& vm);      ///< all that KVM supports
bool enter_real_mode(Vm& vm); ///< for the ordinary guest
bool enter_long_mode(Vm& vm); ///< for L1

void write_guest(Vm& vm, uint32_t exits); ///< code, tables and descriptors of L1 and of L2
bool write_svm(Vm& vm);                   ///< svm.cpp: the VMCB
bool write_vmx(Vm& vm);                   ///< vmx.cpp: the fields of the VMCS

} // namespace virt_nested::prove
