// SPDX-License-Identifier: GPL-2.0-or-later
// What evidence proves, in which words and figures; and a child that is waited for no longer than
// it may take.
#include "cli/commands.h"
#include "core/platform.h"
#include "tests/unit/captured_host.h"
#include "validator/facts_line.h"
#include "validator/prove/child.h"
#include "validator/prove/here.h"
#include "validator/prove/proof.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace virt_nested;
using namespace virt_nested::prove;
using Json = nlohmann::json;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

Evidence finished() {
    Evidence out;
    out.step = prove::Step::l2;
    out.ending = Ending::finished;
    out.intel = true;
    out.nested_paging = true;
    out.kvm_saw_l2 = true;
    out.l1_count = 1001;
    out.l2_count = 1000;
    out.median_ns = 121'560;
    out.best_ns = 120'000;
    out.l1_exit_ns = 9'649;
    return out;
}

Evidence ended(prove::Step step, Ending ending, uint64_t value = 0) {
    Evidence out = finished();
    out.step = step;
    out.ending = ending;
    out.value = value;
    return out;
}

std::string words(const Evidence& evidence) {
    return prove::text(decide(evidence, {}));
}

int status(const Evidence& evidence) {
    return exit_status(decide(evidence, {}));
}

std::string reason(const Evidence& evidence) {
    return decide(evidence, {}).reason;
}

Evidence failed(prove::Step step, int error) {
    Evidence out = ended(step, Ending::call_failed);
    out.name_call("KVM_RUN");
    out.error = error;
    return out;
}

} // namespace

TEST(Proof, ThreeWitnessesThatAgree) {
    EXPECT_EQ(words(finished()),
              "proven: an L2 ran here, with vmx, with nested paging; L1 took 1001 exits of it\n"
              "an exit of L2 to L1 and back: median 121.6 us, best 120.0 us; an exit of L1: 9.6 us "
              "(12.6 times)\n");
    EXPECT_EQ(status(finished()), exit_pass);
}

TEST(Proof, WithoutNestedPagingIsAWarning) {
    Evidence seen = finished();
    seen.nested_paging = false;
    seen.intel = false;
    seen.median_ns = 0;
    EXPECT_EQ(
        words(seen),
        "proven: an L2 ran here, with svm, without nested paging; L1 took 1001 exits of it\n");
    EXPECT_EQ(status(seen), exit_warn);
}

TEST(Proof, StoppedByTheTimeIsOneTooAndL2MayBeOneAhead) {
    for (const uint32_t l2 : {40U, 41U}) {
        Evidence seen = ended(prove::Step::l2, Ending::stopped_early);
        seen.l1_count = 40;
        seen.l2_count = l2;
        EXPECT_EQ(status(seen), exit_pass);
        EXPECT_FALSE(decide(seen, {}).complete);
    }
}

TEST(Proof, AWitnessThatDisagreesOrIsSilent) {
    for (const Ending ending : {Ending::finished, Ending::stopped_early})
        for (const uint32_t l2 : {0U, 999U, 1003U}) {
            Evidence seen = ended(prove::Step::l2, ending);
            seen.l2_count = l2;
            EXPECT_EQ(words(seen), "not proven: L1 took 1001 exits of L2, which itself counted " +
                                       std::to_string(l2) + "\n");
            EXPECT_EQ(status(seen), exit_fail);
        }
    Evidence few = finished();
    few.l1_count = 501; // it says that it is at its end, and is not
    few.l2_count = 500;
    EXPECT_EQ(status(few), exit_fail);
    Evidence none = ended(prove::Step::l2, Ending::stopped_early);
    none.l1_count = none.l2_count = 0;
    EXPECT_EQ(status(none), exit_fail);
    Evidence unseen = finished();
    unseen.kvm_saw_l2 = false;
    EXPECT_EQ(words(unseen), "not proven: KVM never saw L2\n");
    unseen.kvm_can_tell = false; // Linux 5.10 on AMD could, 4.19 could not
    EXPECT_EQ(status(unseen), exit_pass);
    EXPECT_EQ(reason(ended(prove::Step::l1, Ending::l2_unseen)),
              "KVM says that what spoke is no guest of a guest");
}

TEST(Proof, AReasonNamesTheStep) {
    EXPECT_EQ(words(ended(prove::Step::offer, Ending::not_offered)),
              "not proven: KVM offers its guests neither svm nor vmx\n");
    EXPECT_EQ(reason(ended(prove::Step::ordinary_guest, Ending::kvm_ended, 17)),
              "an ordinary guest does not run: KVM's exit reason 17 (internal error)");
    EXPECT_EQ(reason(failed(prove::Step::ordinary_guest, EIO)),
              "an ordinary guest does not run: KVM_RUN: Input/output error");
    EXPECT_EQ(reason(ended(prove::Step::ordinary_guest, Ending::out_of_time)),
              "an ordinary guest does not run: it came to no end within 5000 ms");
    EXPECT_EQ(reason(ended(prove::Step::l1, Ending::kvm_ended, 8)),
              "KVM ended L1: KVM's exit reason 8 (shutdown)");
    Evidence fault = ended(prove::Step::l1, Ending::exception, 13);
    fault.stage = 1;
    EXPECT_EQ(reason(fault), "L1 took exception 13 at stage 1");
    Evidence instruction = ended(prove::Step::l1, Ending::instruction_failed, 12);
    instruction.stage = 5;
    instruction.field = 0x4824;
    EXPECT_EQ(reason(instruction), "a VMX instruction of L1 failed at stage 5: VM-instruction "
                                   "error 12, field 0x4824");
    Evidence left = ended(prove::Step::l1, Ending::l2_left, 0x80000021);
    left.l1_count = 1;
    EXPECT_EQ(reason(left), "L2 left with exit reason 0x80000021 after 1 exits");
    left.intel = false;
    left.value = 0xffffffff;
    EXPECT_EQ(reason(left), "L2 left with exit code 0xffffffff after 1 exits");
    EXPECT_EQ(reason(ended(prove::Step::l1, Ending::register_refused, 0x3a)),
              "KVM offers vmx, but takes no value for the MSR 0x3a");
    EXPECT_EQ(reason(ended(prove::Step::l1, Ending::out_of_time)), "no L2 within 5000 ms");
    EXPECT_EQ(reason(ended(prove::Step::l1, Ending::running)),
              "no L2 within 6000 ms"); // it was killed
    Evidence spins = ended(prove::Step::l2, Ending::out_of_time);
    spins.l1_count = 0;
    EXPECT_EQ(reason(spins), "L2 spoke, and then L1 took 0 exits of it within 5000 ms");
}

TEST(Proof, WhatSaysNothingAboutNesting) {
    for (const prove::Step step : {prove::Step::device, prove::Step::offer, prove::Step::machine})
        for (const int error : {ENOENT, EACCES, EBUSY, ENOMEM, EINVAL}) {
            EXPECT_EQ(status(failed(step, error)), exit_undetermined);
            EXPECT_EQ(status(ended(step, Ending::running)), exit_undetermined);
        }
    EXPECT_EQ(words(failed(prove::Step::device, EACCES)),
              "cannot be tried: KVM_RUN: Permission denied\n");
    EXPECT_EQ(status(failed(prove::Step::l1, ENOMEM)), exit_undetermined); // of L2's shadow
    EXPECT_EQ(status(failed(prove::Step::l1, EIO)), exit_fail);
    EXPECT_EQ(words(ended(prove::Step::device, Ending::other_version, 13)),
              "cannot be tried: /dev/kvm: KVM API version 13, not 12\n");
    EXPECT_EQ(status(ended(prove::Step::device, Ending::not_in_this_build)), exit_undetermined);
}

TEST(Proof, TheFeatureIsKnownOnceItIsOffered) {
    EXPECT_EQ(decide(failed(prove::Step::device, ENOENT), {}).feature, "");
    EXPECT_EQ(decide(ended(prove::Step::offer, Ending::not_offered), {}).feature, "");
    EXPECT_EQ(decide(failed(prove::Step::machine, ENOMEM), {}).feature, "vmx");
}

TEST(Proof, AsJson) {
    const Made made{"6.1.0-50-amd64", "Intel", 1'800'000'000};
    EXPECT_EQ(Json::parse(prove::json(decide(finished(), {}), made)),
              Json({{"version", 1},
                    {"proven", true},
                    {"reason", nullptr},
                    {"feature", "vmx"},
                    {"nested_paging", true},
                    {"exits", 1001},
                    {"complete", true},
                    {"median_ns", 121'560},
                    {"best_ns", 120'000},
                    {"l1_exit_ns", 9'649},
                    {"helps", Json::array()},
                    {"platform", "Intel"},
                    {"kernel", "6.1.0-50-amd64"},
                    {"time", 1'800'000'000}}));
    const Json told = Json::parse(prove::json(decide(failed(prove::Step::device, ENOENT), {}), {}));
    EXPECT_TRUE(told["proven"].is_null());
    EXPECT_EQ(told["reason"], "KVM_RUN: No such file or directory");
    for (const char* field : {"feature", "nested_paging", "median_ns", "best_ns", "l1_exit_ns"})
        EXPECT_TRUE(told[field].is_null()) << field;
    EXPECT_EQ(told["exits"], 0);
    EXPECT_EQ(Json::parse(prove::json(decide(ended(prove::Step::l1, Ending::out_of_time), {}),
                                      made))["proven"],
              false);
}

TEST(Proof, ReadAgainItIsTheSame) {
    const Made made{"6.1.0-50-amd64", "Intel", 1'800'000'000};
    for (const Evidence& seen :
         {finished(), failed(prove::Step::device, ENOENT), failed(prove::Step::l1, EIO)}) {
        const std::string written = prove::json(decide(seen, {}), made);
        const std::optional<Kept> again = kept(written);
        ASSERT_TRUE(again);
        EXPECT_EQ(prove::json(again->proof, again->made), written);
    }
    for (const char* other : {"", "{", "[]", "7", "{}", R"({"version":2})",
                              R"({"version":1,"exits":"x"})", R"({"version":1,"proven":"yes"})"})
        EXPECT_FALSE(kept(other)) << other;
}

namespace {

Proof helped(std::vector<HelpSeen> helps) {
    Proof out = decide(finished(), {});
    out.median_ns.reset();
    out.helps = std::move(helps);
    return out;
}

std::string second_line(const Proof& proof) {
    const std::string told = prove::text(proof);
    return told.substr(told.find('\n') + 1);
}

} // namespace

TEST(ProofHelps, AreNamedWithTheirParameter) {
    EXPECT_EQ(second_line(helped({})), "");
    EXPECT_EQ(second_line(helped({{"virtual GIF", "kvm_amd.vgif", "no exit", true}})),
              "what helps: virtual GIF is on (kvm_amd.vgif: no exit)\n");
    EXPECT_EQ(second_line(helped({{"virtual GIF", "kvm_amd.vgif", "no exit", false},
                                  {"other", "kvm_amd.vls", "less", std::nullopt}})),
              "what helps: virtual GIF is off (kvm_amd.vgif: no exit); other is not known "
              "(kvm_amd.vls: less); off is no fault where the hardware has no such thing\n");
}

TEST(ProofHelps, AsJsonAndReadAgain) {
    const std::string written = prove::json(helped({{"virtual GIF", "kvm_amd.vgif", "a", false},
                                                    {"other", "kvm_amd.vls", "b", std::nullopt}}),
                                            {});
    EXPECT_EQ(
        Json::parse(written)["helps"],
        Json::array(
            {{{"name", "virtual GIF"}, {"parameter", "kvm_amd.vgif"}, {"does", "a"}, {"on", false}},
             {{"name", "other"}, {"parameter", "kvm_amd.vls"}, {"does", "b"}, {"on", nullptr}}}));
    const std::optional<Kept> again = kept(written);
    ASSERT_TRUE(again);
    EXPECT_EQ(prove::json(again->proof, again->made), written);
    EXPECT_TRUE(kept(R"({"version":1})")); // kept by an older version
    EXPECT_FALSE(kept(R"({"version":1,"helps":["x"]})"));
    EXPECT_FALSE(kept(R"({"version":1,"helps":7})"));
}

TEST(ProofHelps, AreThoseWhoseParameterIsThere) {
    const test::IntelHost host;
    const auto seen = [&] { return read_helps(Sysroot(host.path()), platform(PlatformId::intel)); };
    EXPECT_TRUE(seen().empty());
    const std::string parameters = "sys/module/kvm_intel/parameters/";
    host.write(parameters + "enable_shadow_vmcs", "Y\n");
    ASSERT_EQ(seen().size(), 1U);
    EXPECT_EQ(seen()[0].parameter, "kvm_intel.enable_shadow_vmcs");
    EXPECT_EQ(seen()[0].on, true);
    host.write(parameters + "enlightened_vmcs", "N\n");
    host.write(parameters + "enable_shadow_vmcs", "?\n");
    ASSERT_EQ(seen().size(), 2U);
    EXPECT_EQ(seen()[0].on, std::nullopt);
    EXPECT_EQ(seen()[1].on, false);
    host.write("sys/module/kvm_amd/parameters/vgif", "1\n");
    host.write("sys/module/kvm_amd/parameters/vls", "0\n");
    const auto amd = read_helps(Sysroot(host.path()), platform(PlatformId::amd));
    ASSERT_EQ(amd.size(), 2U);
    EXPECT_EQ(amd[0].on, true);
    EXPECT_EQ(amd[1].on, false);
}

TEST(Proof, EveryPlatformHasOneOrSaysThatItHasNone) {
    for (const Platform& platform : platforms())
        EXPECT_EQ(platform.no_proof.empty(), platform.machine == "x86_64") << platform.name;
}

// --- the child

namespace {

constexpr Limits quick() {
    Limits out;
    out.gives_up = milliseconds(150);
    out.killed_after = milliseconds(150);
    out.waits_for_end = milliseconds(300);
    return out;
}

Evidence tells(const Limits&, const Telling&) {
    return finished();
}

Evidence tells_all(const Limits& limits, const Telling& telling) {
    Evidence seen;
    for (const prove::Step step : {prove::Step::device, prove::Step::offer, prove::Step::machine,
                                   prove::Step::ordinary_guest}) {
        seen.step = step;
        telling.tell(seen);
    }
    return tells(limits, telling);
}

Evidence hangs(const Limits&, const Telling& telling) {
    Evidence seen;
    seen.step = prove::Step::l1;
    telling.tell(seen);
    for (;;)
        ::pause();
}

Evidence hangs_at_once(const Limits&, const Telling&) {
    for (;;)
        ::pause();
}

Evidence dies(const Limits& limits, const Telling& telling) {
    (void)tells_all; // what it has told before counts for nothing
    Evidence seen;
    seen.step = prove::Step::l2;
    telling.tell(seen);
    ::raise(SIGKILL);
    return tells(limits, telling);
}

Evidence leaves(const Limits&, const Telling&) {
    ::_exit(7);
}

/// Has said all, and takes long to come to its end, as a process does that closes a VM.
Evidence lingers(const Limits& limits, const Telling& telling) {
    telling.tell(tells(limits, telling));
    for (;;)
        ::pause();
}

/// The value: how many of the standard descriptors lead elsewhere than to /dev/null.
Evidence looks_around(const Limits&, const Telling&) {
    Evidence seen = finished();
    struct stat null {};
    (void)::stat("/dev/null", &null);
    for (int fd = 0; fd <= 2; ++fd) {
        struct stat is {};
        seen.value += ::fstat(fd, &is) == 0 && is.st_rdev != null.st_rdev ? 1 : 0;
    }
    return seen;
}

milliseconds since(Clock::time_point begin) {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
}

int no_child_is_left() {
    return ::waitpid(-1, nullptr, WNOHANG) < 0 ? errno : 0;
}

int open_descriptors() {
    int out = 0;
    for (int fd = 0; fd < 256; ++fd)
        out += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return out;
}

} // namespace

TEST(ProofChild, TellsWhatItHasSeen) {
    const int before = open_descriptors();
    for (int i = 0; i < 20; ++i)
        for (const Trial trial : {tells, tells_all}) {
            const Result<Evidence> seen = in_child(trial, {});
            ASSERT_TRUE(seen);
            EXPECT_EQ(seen->l1_count, 1001U);
            EXPECT_EQ(no_child_is_left(), ECHILD);
        }
    EXPECT_EQ(open_descriptors(), before);
}

TEST(ProofChild, IsKilledWhenItsTimeIsOverAndTheStepIsKnown) {
    const Clock::time_point begin = Clock::now();
    const Result<Evidence> seen = in_child(hangs, quick());
    EXPECT_GE(since(begin), milliseconds(300));
    EXPECT_LT(since(begin), milliseconds(2500));
    ASSERT_TRUE(seen);
    EXPECT_EQ(prove::text(decide(*seen, quick())), "not proven: no L2 within 300 ms\n");
    const Result<Evidence> silent = in_child(hangs_at_once, quick());
    ASSERT_TRUE(silent);
    EXPECT_EQ(prove::text(decide(*silent, quick())),
              "cannot be tried: KVM did not answer within 300 ms\n");
    for (int i = 0; i < 100 && no_child_is_left() != ECHILD; ++i)
        ::usleep(10'000);
    EXPECT_EQ(no_child_is_left(), ECHILD); // they were killed, and not only left
}

TEST(ProofChild, ThatDiesHasTriedNothing) {
    const Result<Evidence> killed = in_child(dies, {});
    ASSERT_FALSE(killed);
    EXPECT_EQ(killed.error().what, "the process that tries: signal 9 ended it");
    const Result<Evidence> left = in_child(leaves, {});
    ASSERT_FALSE(left);
    EXPECT_EQ(left.error().what, "the process that tries: it ended without a word");
}

TEST(ProofChild, ThatHasSaidAllIsNotWaitedForLong) {
    const Clock::time_point begin = Clock::now();
    const Result<Evidence> seen = in_child(lingers, quick());
    EXPECT_LT(since(begin), milliseconds(2500));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->l1_count, 1001U);
}

TEST(ProofChild, HoldsNoneOfOurOutput) {
    const Result<Evidence> seen = in_child(looks_around, {});
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->value, 0U);
}

TEST(ProofChild, WithoutRoomForAProcessCannotBeTried) {
    const pid_t limited = ::fork();
    if (limited == 0) {
        // The limit is none for root, nor for who has its capabilities (kernel/fork.c).
        constexpr uid_t nobody = 65534;
        const rlimit none{0, 0};
        if ((::geteuid() == 0 && ::setuid(nobody) != 0) || ::setrlimit(RLIMIT_NPROC, &none) != 0)
            ::_exit(100);
        const Proof proof = prove_here(Sysroot(), &platform(PlatformId::amd), {});
        ::_exit(prove::text(proof) ==
                        "cannot be tried: fork: Resource temporarily unavailable; this user or "
                        "cgroup has all the processes that it may: see ulimit -u, and pids.max\n"
                    ? exit_status(proof)
                    : 101);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(limited, &status, 0), limited);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), exit_undetermined);
}

#ifndef VN_EMULATED // QEMU's user mode passes a death signal on to nobody
TEST(ProofChild, DiesWithItsParent) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const pid_t parent = ::fork();
    if (parent == 0) {
        (void)in_child(hangs_at_once, {});
        ::_exit(0);
    }
    ::close(ends[1]);
    ::usleep(200'000);
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    const Clock::time_point begin = Clock::now();
    char none = 0;
    EXPECT_EQ(::read(ends[0], &none, 1), 0); // until nobody has the other end
    EXPECT_LT(since(begin), milliseconds(2500));
    ::close(ends[0]);
}
#endif

// --- where it serves

namespace {

/// The finding kvm-proof of a host where a trial had this evidence.
std::optional<CheckResult> finding(const Evidence& seen, HostIntent wanted = HostIntent::on) {
    const test::IntelHost host;
    Facts facts = gather(Sysroot(host.path()), {});
    facts.proof = decide(seen, {});
    facts.config.host = wanted;
    for (const CheckResult& check : report_on(facts, {}).checks)
        if (check.id == "kvm-proof")
            return check;
    return std::nullopt;
}

} // namespace

TEST(ProofInReports, IsOneFindingWhereItWasAskedFor) {
    const std::optional<CheckResult> well = finding(finished());
    ASSERT_TRUE(well);
    EXPECT_EQ(well->result, Outcome::pass);
    EXPECT_EQ(well->found,
              "proven: an L2 ran here, with vmx, with nested paging; L1 took 1001 exits of it");
    Evidence slow = finished();
    slow.nested_paging = false;
    EXPECT_EQ(finding(slow)->result, Outcome::warn);
    const Evidence broken = ended(prove::Step::ordinary_guest, Ending::kvm_ended, 17);
    EXPECT_EQ(finding(broken)->result, Outcome::fail);
    EXPECT_EQ(finding(broken, HostIntent::any)->result, Outcome::pass);
    EXPECT_EQ(finding(broken, HostIntent::off)->result, Outcome::skip);
    EXPECT_EQ(finding(failed(prove::Step::machine, EBUSY))->result, Outcome::undetermined);

    const test::IntelHost host;
    for (const CheckResult& check : report_on(gather(Sysroot(host.path()), {}), {}).checks)
        EXPECT_NE(check.id, "kvm-proof");
}

TEST(ProofInReports, FactsHaveTheLastThatWasKept) {
    const test::IntelHost host;
    const auto told = [&] {
        const Facts facts = gather(Sysroot(host.path()), {});
        return Json::parse(facts_line(facts, report_on(facts, {}), {}, 0))["proof"];
    };
    EXPECT_TRUE(told().is_null());
    host.write("var/lib/virt-nested/prove.json",
               prove::json(decide(finished(), {}), {"6.1.0-50-amd64", "Intel", 1'800'000'000}));
    EXPECT_EQ(told(), Json({{"proven", true},
                            {"nested_paging", true},
                            {"median_ns", 121'560},
                            {"l1_exit_ns", 9'649},
                            {"kernel", "6.1.0-50-amd64"},
                            {"time", 1'800'000'000}}));
    host.write("var/lib/virt-nested/prove.json", "half of");
    EXPECT_TRUE(told().is_null());
}

// --- the command line

TEST(ProveCommand, TakesATimeWithinBoundsAndNothingElse) {
    const Command* command = command_named(host_commands(), "prove");
    ASSERT_NE(command, nullptr);
    using Arguments = std::vector<std::string>;
    for (const Arguments& wrong : {Arguments{"--timeout", "99"},
                                   {"--timeout", "60001"},
                                   {"--timeout", "-1"},
                                   {"--timeout", "1s"},
                                   {"--timeout"},
                                   {"--format", "xml"},
                                   {"now"}}) {
        testing::internal::CaptureStderr();
        EXPECT_EQ(run_command(*command, wrong), exit_usage) << wrong.back();
        EXPECT_NE(testing::internal::GetCapturedStderr(), "");
    }
}
