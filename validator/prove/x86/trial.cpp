// SPDX-License-Identifier: GPL-2.0-or-later
// The trial on x86: steps, and what the guest's exits to us say.
#include "validator/prove/trial.h"

#include "validator/prove/x86/cpu.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <linux/kvm.h>
#include <vector>

namespace virt_nested::prove {

namespace {

using Clock = std::chrono::steady_clock;

bool make_machine(Vm& vm) {
    // Above all that the guest has, and before its CPU: without it KVM on Intel logs a line where
    // real mode needs its help (api.rst, KVM_SET_TSS_ADDR).
    constexpr unsigned long task_state = 0xfffbd000;
    return vm.create() && vm.on_vm(KVM_SET_TSS_ADDR, "KVM_SET_TSS_ADDR", task_state) &&
           vm.add_cpu() && give_cpuid(vm);
}

class Runner {
  public:
    Runner(Vm& vm, const Limits& limits)
        : vm_(vm), counting_ends_(Clock::now() + limits.counting),
          gives_up_(Clock::now() + limits.gives_up) {}

    bool ordinary_guest();
    bool l1_and_l2();

  private:
    bool time_is_up();
    bool guest_spoke(); ///< false: it ended

    Vm& vm_;
    Clock::time_point counting_ends_;
    Clock::time_point gives_up_;
};

bool Runner::ordinary_guest() {
    for (;;) {
        const Vm::Came came = vm_.run();
        if (came == Vm::Came::failed)
            return false;
        if (came == Vm::Came::back) {
            const uint32_t reason = vm_.state()->exit_reason;
            return (reason == KVM_EXIT_HLT && vm_.get<uint8_t>(PROVE_REAL_MODE_SAID) == 1) ||
                   vm_.ends(Ending::kvm_ended, reason);
        }
        if (Clock::now() >= gives_up_)
            return vm_.ends(Ending::out_of_time);
    }
}

uint32_t exits_taken(const Vm& vm) {
    return vm.get<uint32_t>(PROVE_L1_COUNT);
}

/// Whether what has just left the guest is an L2, in KVM's own word.
bool kvm_sees_l2(Vm& vm) {
    const int size = vm.ask_kvm(KVM_CHECK_EXTENSION, KVM_CAP_NESTED_STATE);
    if (size <= 0) { // before Linux 4.20 on Intel, 5.8 on AMD
        vm.seen.kvm_can_tell = false;
        return true;
    }
    std::vector<uint64_t> room(static_cast<size_t>(size) / sizeof(uint64_t) + 1);
    auto* nested = reinterpret_cast<kvm_nested_state*>(room.data());
    nested->size = static_cast<uint32_t>(size);
    if (!vm.on_cpu(KVM_GET_NESTED_STATE, "KVM_GET_NESTED_STATE", nested))
        return false;
    vm.seen.kvm_saw_l2 = (nested->flags & KVM_STATE_NESTED_GUEST_MODE) != 0;
    return vm.seen.kvm_saw_l2 || vm.ends(Ending::l2_unseen);
}

/// What L1 has written of itself, into the evidence.
void read_report(Vm& vm) {
    vm.seen.stage = vm.get<uint32_t>(PROVE_STAGE);
    vm.seen.l1_count = exits_taken(vm);
    vm.seen.l2_count = vm.get<uint32_t>(PROVE_L2_MEMORY + PROVE_L2_COUNT);
}

bool Runner::guest_spoke() {
    if (vm_.state()->exit_reason != KVM_EXIT_IO)
        return vm_.ends(Ending::kvm_ended, vm_.state()->exit_reason);
    const auto value = vm_.get<uint32_t>(PROVE_VALUE);
    const uint32_t last = vm_.seen.intel ? PROVE_VMX_EXIT_HLT : PROVE_SVM_EXIT_HLT;
    switch (vm_.state()->io.port) {
    case PROVE_PORT_L2:
        if (!kvm_sees_l2(vm_))
            return false;
        vm_.reached(Step::l2);
        return true;
    case PROVE_PORT_END:
        return vm_.ends(value == last ? Ending::finished : Ending::l2_left, value);
    case PROVE_PORT_EXCEPTION:
        return vm_.ends(Ending::exception, value);
    case PROVE_PORT_FAILED:
        vm_.seen.field = vm_.get<uint32_t>(PROVE_STAGE) == PROVE_STAGE_WRITE
                             ? vm_.get<uint64_t>(PROVE_FIELD)
                             : 0;
        return vm_.ends(Ending::instruction_failed, value);
    default:
        return vm_.ends(Ending::kvm_ended, KVM_EXIT_IO);
    }
}

/// A limit takes what was done by then; two exits make a time between them.
bool Runner::time_is_up() {
    const Clock::time_point now = Clock::now();
    const bool enough = vm_.seen.step == Step::l2 && exits_taken(vm_) >= 2;
    if (now >= counting_ends_ && enough)
        return !vm_.ends(Ending::stopped_early);
    return now >= gives_up_ && !vm_.ends(Ending::out_of_time);
}

bool Runner::l1_and_l2() {
    bool goes_on = true;
    while (goes_on) {
        switch (vm_.run()) {
        case Vm::Came::back:
            goes_on = guest_spoke();
            break;
        case Vm::Came::interrupted:
            goes_on = !time_is_up();
            break;
        case Vm::Came::failed:
            goes_on = false;
            break;
        }
    }
    read_report(vm_);
    return vm_.seen.ending == Ending::finished || vm_.seen.ending == Ending::stopped_early;
}

/// Between the times that are written from `begin` on, in order. The counter's low half is enough:
/// it goes round in more than a second.
std::vector<uint32_t> intervals(const Vm& vm, size_t begin, size_t count) {
    std::vector<uint32_t> out;
    for (size_t i = 1; i < count; ++i)
        out.push_back(vm.get<uint32_t>(begin + 4 * i) - vm.get<uint32_t>(begin + 4 * (i - 1)));
    std::sort(out.begin(), out.end());
    return out;
}

void measure(Vm& vm) {
    const int khz = vm.ask_cpu(KVM_GET_TSC_KHZ, nullptr); // fails where the counter is unstable
    if (khz <= 0)
        return;
    const auto ns = [khz](uint64_t ticks) {
        return ticks * 1'000'000 / static_cast<uint64_t>(khz);
    };
    constexpr size_t room = (PROVE_L2_TIMES_END - PROVE_L2_TIMES) / 4;
    const std::vector<uint32_t> l2 =
        intervals(vm, PROVE_L2_TIMES, std::min<size_t>(vm.seen.l1_count, room));
    if (!l2.empty()) {
        vm.seen.median_ns = ns(l2[l2.size() / 2]);
        vm.seen.best_ns = ns(l2.front());
    }
    const std::vector<uint32_t> l1 =
        intervals(vm, PROVE_L1_TIMES, (PROVE_L1_TIMES_END - PROVE_L1_TIMES) / 4);
    vm.seen.l1_exit_ns = ns(l1[l1.size() / 2]);
}

/// False: it has ended before, and the evidence says how.
bool try_steps(Vm& vm, const Limits& limits, void (*change)(Vm& vm)) {
    vm.reached(Step::device);
    if (!vm.open())
        return false;
    vm.reached(Step::offer);
    if (!ask_offer(vm))
        return false;
    vm.reached(Step::machine);
    if (!make_machine(vm) || !enter_real_mode(vm))
        return false;
    Runner runner(vm, limits);
    const Ticks ticks(vm);
    if (!ticks.started())
        return false;
    vm.reached(Step::ordinary_guest);
    if (!runner.ordinary_guest())
        return false;
    vm.reached(Step::l1);
    if (!(vm.seen.intel ? write_vmx(vm) : write_svm(vm)))
        return false;
    write_guest(vm, limits.exits);
    change(vm);
    return enter_long_mode(vm) && runner.l1_and_l2();
}

} // namespace

Evidence run_changed_l2(const Limits& limits, const Telling& telling, void (*change)(Vm& vm)) {
    Evidence seen;
    Vm vm(seen, telling, PROVE_MEMORY);
    if (try_steps(vm, limits, change))
        measure(vm);
    return seen;
}

Evidence run_l2(const Limits& limits, const Telling& telling) {
    return run_changed_l2(limits, telling, [](Vm&) {});
}

} // namespace virt_nested::prove
