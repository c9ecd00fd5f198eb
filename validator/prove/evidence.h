// SPDX-License-Identifier: GPL-2.0-or-later
// What a trial of nesting saw: plain counts and codes, without a word of what they mean. It passes
// through a pipe, from the child that tries to the parent that waits.
#pragma once

#include <array>
#include <chrono>
#include <climits>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace virt_nested::prove {

/// In this order; a trial that ends before the last says where.
enum class Step : uint8_t {
    device,         ///< /dev/kvm, and its version
    offer,          ///< what KVM offers its guests
    machine,        ///< one VM, its memory, one CPU
    ordinary_guest, ///< a guest in real mode that is no hypervisor
    l1,             ///< a guest that becomes a hypervisor
    l2,             ///< its guest has spoken
};

enum class Ending : uint8_t {
    running,            ///< it has not ended: what is known of one that had to be killed
    call_failed,        ///< `call` failed with `error`
    other_version,      ///< KVM's API has version `value`
    not_offered,        ///< KVM offers its guests neither svm nor vmx
    not_in_this_build,  ///< this program has no proof for the architecture it was built for
    no_register,        ///< the vmx that KVM offers lacks the MSR `value`
    no_control,         ///< the same for a control of the MSR `value` that each hypervisor needs
    register_refused,   ///< KVM took no value for the MSR `value`
    kvm_ended,          ///< KVM ended the guest: its exit reason is `value`
    exception,          ///< L1 took the exception `value` at `stage`
    instruction_failed, ///< a VMX instruction of L1 failed with error `value` at `stage`
    l2_left,            ///< L2 left with the exit code `value`, of which L1 knows nothing
    l2_unseen,          ///< L2 spoke, and KVM says that no guest's guest ran
    out_of_time,        ///< it gave up
    stopped_early,      ///< L2 ran until the time that is spent on counting was over
    finished,           ///< L2 came to its end
};

struct Evidence {
    Step step = Step::device;
    Ending ending = Ending::running;
    bool intel = false;         ///< vmx and not svm
    bool nested_paging = false; ///< L2 is behind nested tables
    bool kvm_saw_l2 = false;    ///< while L2 spoke, KVM's nested state was that of an L2
    bool kvm_can_tell = true;   ///< whether KVM has KVM_GET_NESTED_STATE
    int error = 0;
    uint32_t stage = 0; ///< of L1's code: PROVE_STAGE_* of x86/layout.h
    uint64_t value = 0;
    uint64_t field = 0; ///< of the VMCS, where an instruction failed on one
    uint32_t l1_count = 0;
    uint32_t l2_count = 0;
    uint64_t median_ns = 0; ///< from one exit of L2 to the next; 0: not measured
    uint64_t best_ns = 0;
    uint64_t l1_exit_ns = 0; ///< median of an exit of L1 alone
    std::array<char, 48> call{};

    void name_call(std::string_view name) {
        call.fill('\0');
        name.substr(0, call.size() - 1).copy(call.data(), call.size() - 1);
    }
};
static_assert(std::is_trivially_copyable_v<Evidence> && sizeof(Evidence) <= PIPE_BUF,
              "one write() of it arrives whole, or not at all (pipe(7))");

struct Limits {
    uint32_t exits = 1000;                         ///< of L2, after which it ends by itself
    std::chrono::milliseconds counting{250};       ///< how long it counts, if that comes first
    std::chrono::milliseconds gives_up{5000};      ///< without a proof
    std::chrono::milliseconds killed_after{1000};  ///< counted from there
    std::chrono::milliseconds waits_for_end{1000}; ///< for a child that has told all it knows
};

} // namespace virt_nested::prove
