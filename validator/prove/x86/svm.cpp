// SPDX-License-Identifier: GPL-2.0-or-later
// L2's VMCB. AMD APM volume 2 (24593): appendix B has the layout, 15.5.1 what VMRUN checks.
#include "validator/prove/x86/cpu.h"

#include <array>

namespace virt_nested::prove {

namespace {

struct Field {
    uint16_t offset;
    uint8_t size;
    uint64_t value;
};

constexpr uint64_t everywhere = 0xffffffff;

// Table B-1, the control area. All that is not here is 0: nothing else is intercepted.
constexpr auto controls = std::to_array<Field>({
    {0x00c, 4, 1U << 18 | 1U << 24 | 1U << 31}, // CPUID, HLT, shutdown (15.9, 15.13)
    {0x010, 4, 1U << 0},                        // VMRUN, without which there is no VMRUN (15.5.1)
    {0x058, 4, 1},                              // guest ASID, which is not 0 (15.5.1)
});
// 15.25.3, enabling nested paging
constexpr auto nested_controls = std::to_array<Field>({
    {0x090, 8, 1},                   // NP_ENABLE
    {0x0b0, 8, PROVE_NESTED_TABLES}, // N_CR3
});
// Table B-2, the state save area at 0x400. Attributes as 15.5.1 packs them: P, S, type, L or D, G.
constexpr auto state = std::to_array<Field>({
    {0x400, 2, data_selector}, // ES
    {0x402, 2, 0xc93},
    {0x404, 4, everywhere},
    {0x410, 2, code_selector}, // CS: 64 bits
    {0x412, 2, 0xa9b},
    {0x414, 4, everywhere},
    {0x420, 2, data_selector}, // SS
    {0x422, 2, 0xc93},
    {0x424, 4, everywhere},
    {0x430, 2, data_selector}, // DS
    {0x432, 2, 0xc93},
    {0x434, 4, everywhere},
    {0x4d0, 8, 0x1500}, // EFER: SVME, which has to be set (15.5.1); LMA, LME
    {0x548, 8, cr4_pae},
    {0x558, 8, cr0_long},
    {0x560, 8, dr7_reset},
    {0x568, 8, dr6_reset},
    {0x570, 8, rflags_if},
    {PROVE_VMCB_RIP, 8, PROVE_L2_CODE},
    {0x5d8, 8, 0},                  // RSP: it has no stack
    {0x5f8, 8, 0},                  // RAX
    {0x668, 8, 0x0007040600070406}, // G_PAT, its value at reset (15.25.4, 7.8.2)
});

template<size_t count>
void write(Vm& vm, const std::array<Field, count>& fields) {
    for (const Field& field : fields)
        std::memcpy(vm.memory() + PROVE_CONTROL + field.offset, &field.value, field.size);
}

} // namespace

bool write_svm(Vm& vm) {
    write(vm, controls);
    write(vm, state);
    vm.put<uint64_t>(PROVE_CONTROL + 0x550,
                     l2_base(vm.seen.nested_paging) + PROVE_L2_TABLES); // CR3
    vm.put<uint64_t>(PROVE_ENTRY, in_l1(prove_l1_svm));
    if (!vm.seen.nested_paging)
        return true;
    write(vm, nested_controls);
    map_pages(vm, {.at = PROVE_NESTED_TABLES,
                   .address = PROVE_NESTED_TABLES,
                   .target = PROVE_L2_MEMORY,
                   .pages = 1,
                   .entries = page_tables});
    return true;
}

} // namespace virt_nested::prove
