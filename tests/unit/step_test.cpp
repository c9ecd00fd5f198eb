// SPDX-License-Identifier: GPL-2.0-or-later
// Mends as data, and the plan that a report makes of them.
#include "validator/checks/causes.h"
#include "validator/checks/steady.h"
#include "validator/checks/step.h"

#include <gtest/gtest.h>

using namespace virt_nested;

namespace {

Step change(const char* file, unsigned line) {
    Step out;
    out.act = Act::remove;
    out.words = std::string("remove a line of ") + file;
    out.file = file;
    out.line = line;
    return out;
}

CheckResult finding(const char* id, Outcome result, Mend mend, Tells tells = Tells::cause) {
    CheckResult out;
    out.id = id;
    out.result = result;
    out.mend = std::move(mend);
    out.tells = tells;
    return out;
}

/// "id: words; words (follower, follower)" for each entry.
std::vector<std::string> planned(std::vector<CheckResult> checks) {
    Report report;
    report.checks = std::move(checks);
    plan(report);
    std::vector<std::string> out;
    for (const Cause& cause : report.plan) {
        std::string line = report.checks[cause.finding].id + ": " + in_words(cause.mend);
        for (const size_t other : cause.follow)
            line += " <- " + report.checks[other].id;
        out.push_back(line);
    }
    return out;
}

using Lines = std::vector<std::string>;

} // namespace

TEST(Step, ACommandKeepsItsBackslashesAndNothingElseThatIsNotPrintable) {
    EXPECT_EQ(run("sed -i 's/\\r$//' a").words, "run: sed -i 's/\\r$//' a");
    EXPECT_EQ(run("echo '\x1b[2J\n'").words, "run: echo '\\x1b[2J\\x0a'");
    EXPECT_EQ(pasted("\\\\a\\"), "\\\\a\\");
    EXPECT_EQ(pasted(""), "");
}

TEST(Step, AMachineIsBootedAnewInItsOwnWay) {
    Mend mend = Mend(run("reboot-tool")).then(reboot()).then(reboot("reboot: KVM is built in"));
    say_reboot(mend, "run on Windows: wsl --shutdown");
    EXPECT_EQ(in_words(mend), "run: reboot-tool, then run on Windows: wsl --shutdown, then run on "
                              "Windows: wsl --shutdown: KVM is built in");
}

TEST(Steady, WhatChangesByItselfIsLeftOut) {
    EXPECT_EQ(steady("the kernel says: [    9.123456] kvm: x [0.1] y"),
              "the kernel says: kvm: x y");
    EXPECT_EQ(steady("[T12] [a.1] [] [12] x"), "[T12] [a.1] [] [12] x");
    EXPECT_EQ(steady("held (refcnt 31; fuser), /refcnt is 2, refcnt 0"),
              "held (refcnt N; fuser), /refcnt is N, refcnt 0");
    EXPECT_EQ(steady("refcnt"), "refcnt");
    EXPECT_EQ(steady("[1.2"), "[1.2");
}

TEST(Step, WhatIsThereIsNotSaidTwice) {
    const Mend once = Mend(run("a")).then(run("b")).then(run("a")).then(reboot());
    EXPECT_EQ(in_words(once), "run: a, then run: b, then reboot");
    EXPECT_TRUE(can_be_carried_out(once));
    EXPECT_FALSE(can_be_carried_out(Mend(run("a")).then("choose")));
    EXPECT_FALSE(can_be_carried_out(Mend()));
    EXPECT_TRUE(Mend("").empty());
}

TEST(Plan, OneCauseHasOneMendAndWhatFollowsIsNamed) {
    EXPECT_EQ(planned({finding("seen", Outcome::fail, Mend(change("/a", 1)).then(load("m")),
                               Tells::effect),
                       finding("cause", Outcome::fail, change("/a", 1)),
                       finding("later", Outcome::fail, change("/a", 1), Tells::outcome)}),
              (Lines{"cause: remove a line of /a, then run: m <- seen <- later"}));
}

TEST(Plan, AnotherLineIsAnotherCause) {
    EXPECT_EQ(planned({finding("one", Outcome::fail, change("/a", 1)),
                       finding("two", Outcome::fail, change("/a", 2))}),
              (Lines{"one: remove a line of /a", "two: remove a line of /a"}));
}

TEST(Plan, TheModuleIsLoadedBehindTheLastChangeOfWhatItIsGiven) {
    EXPECT_EQ(planned({finding("one", Outcome::fail, Mend(change("/a", 1)).then(load("m"))),
                       finding("two", Outcome::fail, change("/a", 2)),
                       finding("hook", Outcome::fail, run("chmod"))}),
              (Lines{"one: remove a line of /a", "two: remove a line of /a, then run: m",
                     "hook: run: chmod"}));
}

TEST(Plan, ABootMakesALoadNeedless) {
    EXPECT_EQ(
        planned({finding("one", Outcome::fail, Mend(change("/a", 1)).then(load("m"))),
                 finding("two", Outcome::fail, Mend(run("grub")).then(reboot())),
                 finding("warned", Outcome::warn, run("dracut"))}),
        (Lines{"one: remove a line of /a", "two: run: grub", "warned: run: dracut, then reboot"}));
}

TEST(Plan, WhatNobodyMendsComesFirstAndTheWorstBeforeTheRest) {
    EXPECT_EQ(planned({finding("warned", Outcome::warn, change("/a", 1)),
                       finding("open", Outcome::undetermined, Mend()),
                       finding("failed", Outcome::fail, change("/b", 1)),
                       finding("never", Outcome::fail, impossible("no")),
                       finding("well", Outcome::pass, Mend()),
                       finding("skipped", Outcome::skip, Mend())}),
              (Lines{"never: no", "failed: remove a line of /b",
                     "open: ", "warned: remove a line of /a"}));
}

TEST(Plan, AdviceBesideWhatCanBeDoneIsLeftOut) {
    Step advice;
    advice.act = Act::decide;
    advice.words = "write it";
    advice.file = "/a";
    advice.line = 1;
    EXPECT_EQ(planned({finding("said", Outcome::warn, advice),
                       finding("done", Outcome::fail, change("/a", 1))}),
              (Lines{"done: remove a line of /a <- said"}));
}

TEST(Plan, TwoThatLeaveAnotherTextOfOneArgumentAreNotMixed) {
    const auto without = [](const char* left) {
        Step remove = run("remove");
        remove.act = Act::remove_argument;
        remove.text = "x=a,b,c";
        Step add = run(std::string("add ") + left);
        add.act = Act::add_argument;
        add.text = left;
        return Mend(remove).then(add).then(run("apply"));
    };
    EXPECT_EQ(planned({finding("a", Outcome::fail, without("x=a,b")),
                       finding("b", Outcome::warn, without("x=b,c")),
                       finding("c", Outcome::warn, without("x=a,b"))}),
              Lines{"a: run: remove, then run: add x=a,b, then run: apply <- b <- c"});
}
