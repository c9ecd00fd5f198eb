// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/process.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

namespace virt_nested {
namespace {

using namespace std::chrono_literals;

TEST(Process, GivesStatusAndBothOutputs) {
    const Result<Ran> ran = run_program({"sh", "-c", "echo out; echo err >&2; exit 3"}, 10s);
    ASSERT_TRUE(ran) << ran.error().what;
    EXPECT_EQ(ran->status, 3);
    EXPECT_EQ(ran->out, "out\n");
    EXPECT_EQ(ran->err, "err\n");
    EXPECT_EQ(ran->why(), "exit status 3: err");
    EXPECT_FALSE(ran->well());
}

TEST(Process, PassesArgumentsAsTheyAre) {
    const Result<Ran> ran = run_program({"printf", "%s|", "a b", "$(id)", "'\"", ""}, 10s);
    ASSERT_TRUE(ran);
    EXPECT_EQ(ran->out, "a b|$(id)|'\"||");
}

TEST(Process, EndsWhatTakesTooLongWithAllThatItStarted) {
    const auto start = std::chrono::steady_clock::now();
    const Result<Ran> ran = run_program({"sh", "-c", "sleep 60 & sleep 60"}, 200ms);
    ASSERT_TRUE(ran);
    EXPECT_TRUE(ran->timed_out);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST(Process, TellsASignalFromAStatus) {
    const Result<Ran> ran = run_program({"sh", "-c", "kill -9 $$"}, 10s);
    ASSERT_TRUE(ran);
    EXPECT_EQ(ran->signal, SIGKILL);
    EXPECT_EQ(ran->why(), "ended by signal 9");
}

TEST(Process, SaysThatAProgramIsNotThere) {
    const Result<Ran> ran = run_program({"virt-nested-no-such-program"}, 1s);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, ENOENT);
    EXPECT_EQ(ran.error().what, "virt-nested-no-such-program is not installed");
}

TEST(Process, IsInASessionOfItsOwnAndReadsNothing) {
    const Result<Ran> ran =
        run_program({"sh", "-c", "cat; [ $(ps -o sid= -p $$) = $$ ] && echo own"}, 10s);
    ASSERT_TRUE(ran);
    EXPECT_EQ(ran->out, "own\n");
}

TEST(Process, SpeaksEnglish) {
    ::setenv("LANG", "de_DE.UTF-8", 1);
    ::setenv("MODPROBE_OPTIONS", "--force", 1);
    const Result<Ran> ran = run_program({"env"}, 10s);
    ASSERT_TRUE(ran);
    EXPECT_NE(ran->out.find("LC_ALL=C\n"), std::string::npos);
    EXPECT_EQ(ran->out.find("LANG="), std::string::npos);
    EXPECT_EQ(ran->out.find("MODPROBE_OPTIONS"), std::string::npos);
}

} // namespace
} // namespace virt_nested
