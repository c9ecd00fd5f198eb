// SPDX-License-Identifier: GPL-2.0-or-later
// What a trial's evidence proves.
#include "validator/prove/proof.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace virt_nested::prove {

namespace {

Proof no(std::string reason) {
    Proof out;
    out.answer = Answer::not_proven;
    out.reason = std::move(reason);
    return out;
}

/// include/uapi/linux/kvm.h, KVM_EXIT_*, those that such a guest can meet.
struct KvmExit {
    uint64_t reason;
    const char* words;
};
constexpr std::array<KvmExit, 9> kvm_exits = {{{0, "unknown"},
                                               {1, "exception"},
                                               {2, "I/O"},
                                               {4, "debug"},
                                               {5, "HLT"},
                                               {6, "MMIO"},
                                               {8, "shutdown"},
                                               {9, "failed entry"},
                                               {17, "internal error"}}};

std::string kvm_exit(uint64_t reason) {
    const auto* found = std::find_if(kvm_exits.begin(), kvm_exits.end(),
                                     [&](const KvmExit& one) { return one.reason == reason; });
    return "KVM's exit reason " + std::to_string(reason) +
           (found == kvm_exits.end() ? "" : std::string(" (") + found->words + ")");
}

std::string hexadecimal(uint64_t value) {
    std::array<char, 24> out{};
    std::snprintf(out.data(), out.size(), "%#llx", static_cast<unsigned long long>(value));
    return out.data();
}

const char* feature(const Evidence& seen) {
    return seen.intel ? "vmx" : "svm";
}

std::string milliseconds(std::chrono::milliseconds time) {
    return std::to_string(time.count()) + " ms";
}

std::string call_of(const Evidence& seen) {
    const auto* end = std::find(seen.call.begin(), seen.call.end(), '\0');
    return printable(
        std::string_view(seen.call.data(), static_cast<size_t>(end - seen.call.begin())));
}

/// What fails before a guest runs is about this machine's state, and no answer on nesting; so is a
/// lack of memory at any time.
Proof failed_call(const Evidence& seen) {
    const std::string why = call_of(seen) + ": " + std::strerror(seen.error);
    if (seen.step < Step::ordinary_guest || seen.error == ENOMEM)
        return not_tried(why);
    return no(seen.step == Step::ordinary_guest ? "an ordinary guest does not run: " + why : why);
}

Proof ended_by_kvm(const Evidence& seen) {
    const std::string why = kvm_exit(seen.value);
    if (seen.step == Step::ordinary_guest)
        return no("an ordinary guest does not run: " + why);
    return no("KVM ended " + std::string(seen.step == Step::l2 ? "L1 or L2: " : "L1: ") + why);
}

Proof timed_out(const Evidence& seen, const std::string& time) {
    switch (seen.step) {
    case Step::l1:
        return no("no L2 within " + time);
    case Step::l2:
        return no("L2 spoke, and then L1 took " + std::to_string(seen.l1_count) +
                  " exits of it within " + time);
    case Step::ordinary_guest:
        return no("an ordinary guest does not run: it came to no end within " + time);
    default:
        return not_tried("KVM did not answer within " + time);
    }
}

/// When it was stopped, L2 may have counted an exit that it was about to make; at its end it makes
/// one more, by which it says so.
bool counts_agree(const Evidence& seen, const Limits& limits) {
    if (seen.ending == Ending::finished)
        return seen.l2_count == limits.exits && seen.l1_count == limits.exits + 1;
    return seen.l2_count == seen.l1_count || seen.l2_count == seen.l1_count + 1;
}

std::optional<uint64_t> measured(uint64_t ns) {
    return ns == 0 ? std::nullopt : std::optional(ns);
}

Proof weigh(const Evidence& seen, const Limits& limits) {
    if (!counts_agree(seen, limits) || seen.l1_count == 0)
        return no("L1 took " + std::to_string(seen.l1_count) +
                  " exits of L2, which itself counted " + std::to_string(seen.l2_count));
    if (seen.step != Step::l2 || (seen.kvm_can_tell && !seen.kvm_saw_l2))
        return no("KVM never saw L2");
    Proof out;
    out.answer = Answer::proven;
    out.nested_paging = seen.nested_paging;
    out.exits = seen.l1_count;
    out.complete = seen.ending == Ending::finished;
    out.median_ns = measured(seen.median_ns);
    out.best_ns = measured(seen.best_ns);
    out.l1_exit_ns = measured(seen.l1_exit_ns);
    return out;
}

Proof judge(const Evidence& seen, const Limits& limits) {
    const std::string stage = " at stage " + std::to_string(seen.stage);
    const std::string value = std::to_string(seen.value);
    switch (seen.ending) {
    case Ending::running:
        return timed_out(seen, milliseconds(limits.gives_up + limits.killed_after));
    case Ending::out_of_time:
        return timed_out(seen, milliseconds(limits.gives_up));
    case Ending::call_failed:
        return failed_call(seen);
    case Ending::other_version:
        return not_tried("/dev/kvm: KVM API version " + value + ", not 12");
    case Ending::not_in_this_build:
        return not_tried("this program was built for an architecture without a proof; virt-nested "
                         "validate has KVM's word");
    case Ending::not_offered:
        return no("KVM offers its guests neither svm nor vmx");
    case Ending::no_register:
        return no("KVM offers vmx, but not the MSR " + hexadecimal(seen.value));
    case Ending::no_control:
        return no("KVM offers vmx without a control that every hypervisor needs: MSR " +
                  hexadecimal(seen.value));
    case Ending::register_refused:
        return no("KVM offers vmx, but takes no value for the MSR " + hexadecimal(seen.value));
    case Ending::kvm_ended:
        return ended_by_kvm(seen);
    case Ending::exception:
        return no("L1 took exception " + value + stage);
    case Ending::instruction_failed:
        return no("a VMX instruction of L1 failed" + stage + ": VM-instruction error " + value +
                  (seen.field == 0 ? "" : ", field " + hexadecimal(seen.field)));
    case Ending::l2_left:
        return no("L2 left with " + std::string(seen.intel ? "exit reason " : "exit code ") +
                  hexadecimal(seen.value) + " after " + std::to_string(seen.l1_count) + " exits");
    case Ending::l2_unseen:
        return no("KVM says that what spoke is no guest of a guest");
    case Ending::stopped_early:
    case Ending::finished:
        break;
    }
    return weigh(seen, limits);
}

} // namespace

Proof not_tried(std::string reason) {
    Proof out;
    out.reason = std::move(reason);
    return out;
}

Proof decide(const Evidence& evidence, const Limits& limits) {
    Proof out = judge(evidence, limits);
    if (evidence.step > Step::offer)
        out.feature = feature(evidence);
    return out;
}

ExitStatus exit_status(const Proof& proof) {
    switch (proof.answer) {
    case Answer::proven:
        return proof.nested_paging.value_or(false) ? exit_pass : exit_warn;
    case Answer::not_proven:
        return exit_fail;
    case Answer::not_tried:
        break;
    }
    return exit_undetermined;
}

} // namespace virt_nested::prove
