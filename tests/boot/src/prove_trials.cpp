// SPDX-License-Identifier: GPL-2.0-or-later
// Trials of nesting that go wrong, each on the real /dev/kvm, and what the product says of it: a
// line "ok NAME: WORDS" or "FAIL NAME: WORDS" for each.
//   prove-trials            all of them
//   prove-trials leak N     N proofs in one process; prints how many KiB it has grown by
// For the boot tests' guests; x86.
#include "validator/prove/proof.h"
#include "validator/prove/trial.h"
#include "validator/prove/x86/cpu.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fnmatch.h>
#include <string>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

using namespace virt_nested;
using namespace virt_nested::prove;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

template<void (*change)(Vm&)>
Evidence changed(const Limits& limits, const Telling& telling) {
    return run_changed_l2(limits, telling, change);
}

/// Instructions over those that begin at `at`.
void write(Vm& vm, size_t at, std::string_view code) {
    code.copy(reinterpret_cast<char*>(vm.memory()) + at, code.size());
}
constexpr std::string_view jump_to_itself = "\xeb\xfe";
constexpr std::string_view undefined = "\x0f\x0b";
constexpr size_t out_size = 2; ///< of `out %al, $port`, with which L2 begins
constexpr size_t l2_code = PROVE_L2_MEMORY + PROVE_L2_CODE;

void l1_spins(Vm& vm) {
    write(vm, PROVE_CODE, jump_to_itself);
}
void l1_is_undefined(Vm& vm) {
    write(vm, PROVE_CODE, undefined);
}
void l2_spins(Vm& vm) {
    write(vm, l2_code, jump_to_itself);
}
void l2_speaks_and_spins(Vm& vm) {
    write(vm, l2_code + out_size, jump_to_itself);
}
void l2_counts_backwards(Vm& vm) {
    write(vm, l2_code + out_size, {"\xff\x0c", 2});
} // decl for incl
void l2_is_not_entered(Vm& vm) {
    write(vm, in_l1(prove_l1_svm), "\xe6\x20\xeb\xfe");
} // L1 says what L2 would
void no_nested_tables(Vm& vm) {
    std::memset(vm.memory() + PROVE_NESTED_TABLES, 0, 8);
}
void nested_tables_to_l1(Vm& vm) {
    // As if they were not looked at: L2-physical is L1-physical, where there is other code.
    vm.put<uint64_t>(PROVE_NESTED_TABLES + 0x2000,
                     vm.get<uint64_t>(PROVE_NESTED_TABLES + 0x2000) & ~uint64_t{PROVE_L2_MEMORY});
}
void no_control_block(Vm& vm) {
    std::memset(vm.memory() + PROVE_CONTROL, 0, 0x1000);
}
void no_fields(Vm& vm) {
    std::memset(vm.memory() + PROVE_FIELDS, 0, 8);
}
void wrong_field(Vm& vm) {
    vm.put<uint64_t>(PROVE_FIELDS, 0x7ffe);
}
void no_end(Vm& vm) {
    vm.put<uint32_t>(PROVE_L2_MEMORY + PROVE_L2_WANTED, 15'000);
}

void limit(int resource, rlim_t value) {
    const rlimit to{value, value};
    ::setrlimit(static_cast<__rlimit_resource>(resource), &to);
}

Evidence without_pending_signals(const Limits& limits, const Telling& telling) {
    limit(RLIMIT_SIGPENDING, 0);
    return run_l2(limits, telling);
}
Evidence without_descriptors(const Limits& limits, const Telling& telling) {
    limit(RLIMIT_NOFILE, 3);
    return run_l2(limits, telling);
}
Evidence without_memory(const Limits& limits, const Telling& telling) {
    limit(RLIMIT_AS, 1024);
    return run_l2(limits, telling);
}
Evidence with_blocked_signals(const Limits& limits, const Telling& telling) {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::signal(SIGALRM, SIG_IGN);
    return changed<l1_spins>(limits, telling);
}

struct Case {
    const char* name;
    Trial trial;
    const char* amd; ///< the first line, as a pattern; nullptr: not there
    const char* intel;
};

constexpr const char* proven =
    "proven: an L2 ran here, with *, with nested paging; L1 took * exits of it";
constexpr const char* no_l2 = "not proven: no L2 within 400 ms";

constexpr Case cases[] = {
    {"as it is", run_l2, proven, proven},
    {"L1 spins", changed<l1_spins>, no_l2, no_l2},
    {"L1 spins, signals blocked and ignored", with_blocked_signals, no_l2, no_l2},
    {"L1 takes an exception", changed<l1_is_undefined>,
     "not proven: L1 took exception 6 at stage 0", "not proven: L1 took exception 6 at stage 0"},
    {"L2 spins", changed<l2_spins>, no_l2, no_l2},
    {"L2 speaks and spins", changed<l2_speaks_and_spins>,
     "not proven: L2 spoke, and then L1 took 0 exits of it within 400 ms",
     "not proven: L2 spoke, and then L1 took 0 exits of it within 400 ms"},
    {"L2 counts wrongly", changed<l2_counts_backwards>,
     "not proven: L1 took 2 exits of L2, which itself counted 4294967295",
     "not proven: L1 took 2 exits of L2, which itself counted 4294967295"},
    {"L1 speaks in the place of L2", changed<l2_is_not_entered>,
     "not proven: KVM says that what spoke is no guest of a guest", nullptr},
    {"no nested tables", changed<no_nested_tables>,
     "not proven: L2 left with exit code 0x400 after 1 exits",
     "not proven: L2 left with exit reason 0x30 after 1 exits"},
    {"nested tables that lead to L1's memory", changed<nested_tables_to_l1>, "not proven: *",
     "not proven: *"},
    {"no VMCB, or no revision of the VMCS", changed<no_control_block>,
     "not proven: L2 left with exit code 0xffffffff after 1 exits",
     "not proven: a VMX instruction of L1 failed at stage 4: VM-instruction error *"},
    {"no fields", changed<no_fields>, nullptr, "not proven: *"},
    {"a field that does not exist", changed<wrong_field>, nullptr,
     "not proven: a VMX instruction of L1 failed at stage 5: VM-instruction error 12, field "
     "0x7ffe"},
    {"L2 without an end", changed<no_end>, proven, proven},
    {"no signal may be pending", without_pending_signals, proven, proven},
    {"no descriptor left", without_descriptors, "cannot be tried: /dev/kvm: Too many open files",
     "cannot be tried: /dev/kvm: Too many open files"},
    {"no memory left", without_memory, "cannot be tried: * Cannot allocate memory",
     "cannot be tried: * Cannot allocate memory"},
};

std::string first_line(const Result<Evidence>& seen, const Limits& limits) {
    const std::string all = text(seen ? decide(*seen, limits) : not_tried(seen.error().what));
    return all.substr(0, all.find('\n'));
}

void run_cases(bool intel) {
    Limits limits;
    limits.gives_up = milliseconds(400);
    for (const Case& one : cases) {
        const char* wanted = intel ? one.intel : one.amd;
        if (!wanted)
            continue;
        const Clock::time_point begin = Clock::now();
        const std::string told = first_line(in_child(one.trial, limits), limits);
        const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
        const bool well = ::fnmatch(wanted, told.c_str(), 0) == 0 && took < milliseconds(2400);
        std::printf("%s %s: %s (%d ms)\n", well ? "ok" : "FAIL", one.name, told.c_str(),
                    static_cast<int>(took.count()));
        std::fflush(stdout);
    }
}

long resident_kib() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return used.ru_maxrss;
}

int grow(int count) {
    Limits limits;
    limits.exits = 10;
    const Telling nobody(-1);
    long before = 0;
    for (int i = 0; i < count; ++i) {
        const Evidence seen = run_l2(limits, nobody);
        if (decide(seen, limits).answer != Answer::proven) {
            std::printf("run %d: %s", i, text(decide(seen, limits)).c_str());
            return 1;
        }
        if (i == 1)
            before = resident_kib();
    }
    std::printf("%ld\n", resident_kib() - before);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::string(argv[1]) == "leak")
        return grow(std::atoi(argv[2]));
    const Result<Evidence> first = in_child(run_l2, {});
    if (!first)
        return 1;
    run_cases(first->intel);
    return 0;
}
