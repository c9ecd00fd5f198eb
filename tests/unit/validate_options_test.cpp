// SPDX-License-Identifier: GPL-2.0-or-later
// The options of `virt-nested validate`: what they refuse, in which words, and the exit status.
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "tests/unit/captured_host.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

using namespace virt_nested;
using test::IntelHost;

namespace {

struct Said {
    int status = -1;
    std::string out;
    std::string err;
};

Said validate_with(const std::vector<std::string>& arguments) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Said said;
    said.status = run_command(*command_named(host_commands(), "validate"), arguments);
    said.out = testing::internal::GetCapturedStdout();
    said.err = testing::internal::GetCapturedStderr();
    return said;
}

Said validate_host(const IntelHost& host, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--root", host.path()});
    return validate_with(arguments);
}

struct Refusal {
    const char* name;
    std::vector<std::string> arguments;
    const char* words;
};

void PrintTo(const Refusal& refusal, std::ostream* out) {
    *out << refusal.name;
}

} // namespace

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, InOneSentenceWithStatusTwo) {
    const IntelHost host;
    const Said said = validate_host(host, GetParam().arguments);
    EXPECT_EQ(said.status, exit_usage);
    EXPECT_EQ(said.out, "");
    EXPECT_EQ(said.err, "virt-nested validate: " + std::string(GetParam().words) +
                            "; run: virt-nested validate --help\n");
}

INSTANTIATE_TEST_SUITE_P(
    Options, Refused,
    testing::Values(
        Refusal{"UnknownCheck",
                {"--check", "nope"},
                "no check has the id 'nope'; --list-checks names them"},
        Refusal{"EmptyCheck", {"--check", ""}, "no check has the id ''; --list-checks names them"},
        Refusal{"OneOfTwoChecks",
                {"--check", "next-boot", "--check", "next-bot"},
                "no check has the id 'next-bot'; --list-checks names them"},
        Refusal{"HostileCheck",
                {"--check", "\x1b[2J"},
                R"(no check has the id '\x1b[2J'; --list-checks names them)"},
        Refusal{"SkipWithoutReason",
                {"--skip", "next-boot"},
                "--skip 'next-boot' is not of the form ID=REASON"},
        Refusal{"SkipWithBlankReason",
                {"--skip", "next-boot= "},
                "--skip 'next-boot= ' is not of the form ID=REASON"},
        Refusal{"SkipOfUnknown",
                {"--skip", "nope=later"},
                "no check has the id 'nope'; --list-checks names them"},
        Refusal{"SkipOfNothing",
                {"--skip", "=later"},
                "no check has the id ''; --list-checks names them"},
        Refusal{"Horizon",
                {"--horizon", "later"},
                "--horizon 'later' is none of now, next_load, next_boot and all"},
        Refusal{"HorizonWithBlank",
                {"--horizon", "next boot"},
                "--horizon 'next boot' is none of now, next_load, next_boot and all"},
        Refusal{"HorizonTwice",
                {"--horizon", "now", "--horizon", "all"},
                "option '--horizon' cannot be specified more than once"},
        Refusal{"KmodWord",
                {"--kmod-profile", "new"},
                "--kmod-profile 'new' is not a version of kmod, such as 30"},
        Refusal{"KmodZero",
                {"--kmod-profile", "0"},
                "--kmod-profile '0' is not a version of kmod, such as 30"},
        Refusal{"KmodTooMuch",
                {"--kmod-profile", "30.1"},
                "--kmod-profile '30.1' is not a version of kmod, such as 30"},
        Refusal{"KmodHuge",
                {"--kmod-profile", "99999999999999999999"},
                "--kmod-profile '9999999999999999...' is not a version of kmod, such as 30"},
        Refusal{
            "Format", {"--format", "xml"}, "--format 'xml' is none of text, json and prometheus"},
        Refusal{"ListOfMetrics",
                {"--list-checks", "--format", "prometheus"},
                "--list-checks is text or json"},
        Refusal{"Wait", {"--wait", "3601"}, "--wait takes at most 3600 seconds"},
        Refusal{
            "WaitWord", {"--wait", "long"}, "the argument ('long') for option '--wait' is invalid"},
        Refusal{
            "Config", {"--config", "/dev/null/none"}, "--config /dev/null/none: Not a directory"},
        Refusal{"Abbreviated", {"--hor", "now"}, "unrecognised option '--hor'"},
        Refusal{"NoArgument", {"--check"}, "the required argument for option '--check' is missing"},
        Refusal{"Positional", {"now"}, "'now' is not an option"}),
    [](const auto& chosen) { return std::string(chosen.param.name); });

TEST(ValidateOptions, RootThatIsNone) {
    const Said said = validate_with({"--root", "/dev/null"});
    EXPECT_EQ(said.status, exit_usage);
    EXPECT_EQ(said.err,
              "virt-nested validate: --root '/dev/null' is not a folder that can be read; "
              "run: virt-nested validate --help\n");
}

TEST(ValidateOptions, HorizonIsWhatTheStatusSpeaksOf) {
    const IntelHost host;
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=0\n");
    EXPECT_EQ(validate_host(host, {"-q", "--horizon", "now"}).status, exit_pass);
    EXPECT_EQ(validate_host(host, {"-q", "--horizon", "next_load"}).status, exit_fail);
    EXPECT_EQ(validate_host(host, {"-q", "--horizon=next_boot"}).status, exit_fail);
    EXPECT_EQ(validate_host(host, {"-q"}).status, exit_fail);
    host.write("dev/kvm", "error=Permission denied\n");
    EXPECT_EQ(validate_host(host, {"-q", "--horizon", "now"}).status, exit_undetermined);
    EXPECT_EQ(validate_host(host, {"-q"}).out, "");
}

TEST(ValidateOptions, CheckShowsThatOneAndCountsThatOne) {
    const IntelHost host;
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=0\n");
    const Said load = validate_host(host, {"--check", "next-load", "--format", "json"});
    EXPECT_EQ(load.status, exit_fail);
    EXPECT_NE(load.out.find("\"id\": \"next-load\""), std::string::npos);
    EXPECT_EQ(load.out.find("\"id\": \"next-boot\""), std::string::npos);
    EXPECT_EQ(validate_host(host, {"-q", "--check", "kvm-nesting"}).status, exit_pass);
    EXPECT_EQ(validate_host(host, {"-q", "--check", "kvm-nesting", "--check", "next-boot"}).status,
              exit_fail);
}

TEST(ValidateOptions, SkipShowsTheReasonAndCountsNot) {
    const IntelHost host;
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=0\n");
    const Said said = validate_host(host, {"--skip", "next-load=rebuilt on Friday = sure", "--skip",
                                           "next-boot=a", "--skip", "next-boot=b\x1b[2J", "--skip",
                                           "module-reload=c"});
    EXPECT_EQ(said.status, exit_pass);
    EXPECT_NE(said.out.find("waived: rebuilt on Friday = sure"), std::string::npos);
    EXPECT_NE(said.out.find(R"(waived: b\x1b[2J)"), std::string::npos);
    EXPECT_EQ(said.out.find('\x1b'), std::string::npos);
    EXPECT_NE(validate_host(host, {"--skip", "next-boot=x", "--format", "json"})
                  .out.find("\"found\": \"waived: x\""),
              std::string::npos);
}

TEST(ValidateOptions, KmodProfileDecidesWhatIsRead) {
    // Folders below /usr/local/lib are read since kmod 31.
    const IntelHost host;
    host.write("usr/local/lib/modprobe.d/kvm.conf", "options kvm_intel nested=0\n");
    // With 25 it is a warning: a folder that this modprobe does not read.
    EXPECT_EQ(validate_host(host, {"-q", "--horizon", "next_load", "--kmod-profile", "25"}).status,
              exit_warn);
    EXPECT_EQ(validate_host(host, {"-q", "--horizon", "next_load", "--kmod-profile", "34"}).status,
              exit_fail);
    host.write("usr/local/lib/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    EXPECT_EQ(validate_host(host, {"-q", "--horizon", "next_load", "--kmod-profile", "25"}).status,
              exit_warn);
}

TEST(ValidateOptions, ListChecksNamesEachOnceInBothForms) {
    const Said text = validate_with({"--list-checks"});
    const Said json = validate_with({"--list-checks", "--format", "json"});
    EXPECT_EQ(text.status, exit_pass);
    EXPECT_EQ(json.status, exit_pass);
    EXPECT_EQ(text.err + json.err, "");
    for (const Check& entry : checks()) {
        const std::string id(entry.id);
        EXPECT_NE(("\n" + text.out).find("\n" + id + " ("), std::string::npos) << id;
        EXPECT_NE(json.out.find("\"id\": \"" + id + "\""), std::string::npos) << id;
    }
}

TEST(ValidateOptions, WaitSeesTheModuleThatComesLater) {
    const IntelHost host;
    const std::string module = host.path() + "/sys/module/kvm_intel";
    std::filesystem::rename(module, module + "-later");
    std::filesystem::rename(host.path() + "/dev/kvm", host.path() + "/dev/kvm-later");
    EXPECT_EQ(validate_host(host, {"-q", "--horizon", "now"}).status, exit_fail);
    std::thread udev([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        std::filesystem::rename(module + "-later", module);
        std::filesystem::rename(host.path() + "/dev/kvm-later", host.path() + "/dev/kvm");
    });
    EXPECT_EQ(validate_host(host, {"-q", "--horizon", "now", "--wait", "60"}).status, exit_pass);
    udev.join();
    // And gives up where it does not come.
    std::filesystem::rename(module, module + "-later");
    std::filesystem::remove(host.path() + "/dev/kvm");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(validate_host(host, {"-q", "--horizon", "now", "--wait", "1"}).status, exit_fail);
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}
