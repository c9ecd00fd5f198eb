// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration: every key stands alone, and a mistake never makes the host laxer than what was
// written.
#include "core/config.h"
#include "core/sysroot.h"
#include "tests/unit/folder.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <sys/stat.h>

using namespace virt_nested;

namespace {

Config parse(const std::string& text) {
    return parse_config(text, "c");
}

void expect_defaults(const Config& config) {
    EXPECT_EQ(config.host, HostIntent::on);
    EXPECT_EQ(config.unlabelled, UnlabelledRule::allow);
    EXPECT_TRUE(config.honour_allow);
    EXPECT_EQ(config.undetermined, UndeterminedRule::refuse);
    EXPECT_EQ(config.mode, Mode::enforce);
    EXPECT_TRUE(config.unreadable.empty());
}

void expect_strict(const Config& config) {
    EXPECT_EQ(config.unlabelled, UnlabelledRule::forbid);
    EXPECT_FALSE(config.honour_allow);
    EXPECT_EQ(config.undetermined, UndeterminedRule::refuse);
    EXPECT_EQ(config.mode, Mode::enforce);
    EXPECT_FALSE(config.unreadable.empty());
}

} // namespace

TEST(ConfigText, EmptyMeansTheDefaults) {
    for (const char* text : {"", "\n\n", "# comment\n", "   # comment\n\t\n", "\r\n"}) {
        const Config config = parse(text);
        expect_defaults(config);
        EXPECT_TRUE(config.problems.empty()) << text;
    }
}

TEST(ConfigText, EveryValueOfEveryKey) {
    EXPECT_EQ(parse("host = on").host, HostIntent::on);
    EXPECT_EQ(parse("host = off").host, HostIntent::off);
    EXPECT_EQ(parse("host = any").host, HostIntent::any);
    EXPECT_EQ(parse("unlabelled = allow").unlabelled, UnlabelledRule::allow);
    EXPECT_EQ(parse("unlabelled = warn").unlabelled, UnlabelledRule::warn);
    EXPECT_EQ(parse("unlabelled = forbid").unlabelled, UnlabelledRule::forbid);
    EXPECT_TRUE(parse("honour_allow = yes").honour_allow);
    EXPECT_FALSE(parse("honour_allow = no").honour_allow);
    EXPECT_EQ(parse("undetermined = refuse").undetermined, UndeterminedRule::refuse);
    EXPECT_EQ(parse("undetermined = allow").undetermined, UndeterminedRule::allow);
    EXPECT_EQ(parse("mode = enforce").mode, Mode::enforce);
    EXPECT_EQ(parse("mode = report").mode, Mode::report);
    EXPECT_EQ(parse("mode = reports").mode, Mode::enforce);
}

TEST(ConfigText, WhatTheSiteVouchesFor) {
    const Config config = parse("emulators = /usr/local/sbin /opt/qemu/bin/ # ours\n"
                                "qemu_arguments = -qmp unix:/run/ours/*\nemulators = /nix/store\n");
    EXPECT_TRUE(config.problems.empty());
    EXPECT_EQ(config.vouched.emulators,
              (std::vector<std::string>{"/usr/local/sbin", "/opt/qemu/bin/", "/nix/store"}));
    EXPECT_EQ(config.vouched.qemu_arguments,
              (std::vector<std::string>{"-qmp", "unix:/run/ours/*"}));
    const Config wrong = parse("emulators = bin /a/../b /opt\n");
    EXPECT_EQ(wrong.vouched.emulators, std::vector<std::string>{"/opt"});
    ASSERT_EQ(wrong.problems.size(), 1U);
    EXPECT_EQ(wrong.problems[0].what, "emulators: 'bin' is no absolute folder");
}

TEST(ConfigText, WhatAnEditorPutsInFrontOrBetween) {
    EXPECT_EQ(parse("\xef\xbb\xbfunlabelled = forbid\n").unlabelled, UnlabelledRule::forbid);
    EXPECT_TRUE(parse("\xef\xbb\xbfunlabelled = forbid\n").problems.empty());
    // UTF-16: whatever it says, it is not read as nothing.
    expect_strict(parse(std::string("\xff\xfeh\0o\0s\0t\0", 10)));
    expect_strict(parse(std::string(config_limit + 1, '#')));
    EXPECT_TRUE(parse(std::string(config_limit, '#')).unreadable.empty());
}

TEST(ConfigText, TheFrontReadsTheSameRules) {
    for (const std::string& text :
         {std::string("unlabelled = warn\nmode = report\n"), std::string("mode = x\nhost = any"),
          std::string("\xef\xbb\xbfhonour_allow = no"), std::string("a\0b", 3)}) {
        const Rules rules = parse_rules(text).value_or(strict_rules);
        const Config config = parse(text);
        EXPECT_EQ(rules.host, config.host) << text;
        EXPECT_EQ(rules.unlabelled, config.unlabelled) << text;
        EXPECT_EQ(rules.honour_allow, config.honour_allow) << text;
        EXPECT_EQ(rules.undetermined, config.undetermined) << text;
        EXPECT_EQ(rules.mode, config.mode) << text;
        EXPECT_EQ(rules.mistakes, config.mistakes) << text;
    }
    EXPECT_FALSE(parse_rules(std::string("a\0b", 3)));
    EXPECT_FALSE(parse_rules(std::string(config_limit + 1, '#')));
    EXPECT_EQ(parse_rules("unlabeled = forbid\nmode = x\n\n# y\nhost = on\n")->mistakes, 2U);
}

TEST(ConfigText, LinesEndAsOnAnySystem) {
    for (const char* text : {"# a\nunlabelled = forbid\nx\n", "# a\r\nunlabelled = forbid\r\nx\r\n",
                             "# a\runlabelled = forbid\rx\r"}) {
        const Config config = parse(text);
        EXPECT_EQ(config.unlabelled, UnlabelledRule::forbid) << text;
        ASSERT_EQ(config.problems.size(), 1U) << text;
        EXPECT_EQ(config.problems[0].line, 3U) << text;
    }
}

TEST(ConfigText, FormsThatPeopleWrite) {
    for (const char* text :
         {"unlabelled=forbid", "  unlabelled  =  forbid  ", "unlabelled = forbid # why",
          "unlabelled = forbid\r\n", "# a\n\nunlabelled = forbid\n"}) {
        const Config config = parse(text);
        EXPECT_EQ(config.unlabelled, UnlabelledRule::forbid) << text;
        EXPECT_TRUE(config.problems.empty()) << text;
    }
}

TEST(ConfigText, AWrongValueCountsAsTheStrictest) {
    EXPECT_EQ(parse("unlabelled = forbidden").unlabelled, UnlabelledRule::forbid);
    EXPECT_EQ(parse("unlabelled =").unlabelled, UnlabelledRule::forbid);
    EXPECT_FALSE(parse("honour_allow = maybe").honour_allow);
    EXPECT_EQ(parse("undetermined = ALLOW").undetermined, UndeterminedRule::refuse);
    EXPECT_EQ(parse("unlabelled = forbidden").problems.size(), 1U);
}

TEST(ConfigText, OneWrongLineSpoilsNoOther) {
    const Config config = parse("unlabelled = warn\nnonsense\ncolour = red\nhonour_allow = no\n");
    EXPECT_EQ(config.unlabelled, UnlabelledRule::warn);
    EXPECT_FALSE(config.honour_allow);
    ASSERT_EQ(config.problems.size(), 2U);
    EXPECT_EQ(config.problems[0].in_words(), "c:2: not of the form key = value: 'nonsense'");
    EXPECT_EQ(config.problems[1].line, 3U);
    EXPECT_NE(config.problems[1].what.find("colour"), std::string::npos);
}

TEST(ConfigText, TwiceIsAProblemAndTheStricterCounts) {
    for (const char* text : {"unlabelled = allow\nunlabelled = forbid\n",
                             "unlabelled = forbid\nunlabelled = allow\n"}) {
        const Config config = parse(text);
        EXPECT_EQ(config.unlabelled, UnlabelledRule::forbid) << text;
        EXPECT_EQ(config.problems.size(), 1U) << text;
    }
}

TEST(ConfigText, SectionsAreNamed) {
    const Config config = parse("[hook]\nunlabelled = forbid\n");
    EXPECT_EQ(config.unlabelled, UnlabelledRule::forbid);
    ASSERT_EQ(config.problems.size(), 1U);
    EXPECT_NE(config.problems[0].what.find("[hook]"), std::string::npos);
}

TEST(ConfigText, HostileBytesAreEscapedAndBounded) {
    std::string text = "\x1b[2J = 1\nunlabelled = \x1b]0;x\x07\n";
    for (int i = 0; i < 1000; ++i)
        text += "line\n";
    const Config config = parse(text);
    EXPECT_EQ(config.unlabelled, UnlabelledRule::forbid);
    EXPECT_EQ(config.problems.size(), 64U);
    for (const ConfigProblem& problem : config.problems)
        EXPECT_EQ(problem.in_words().find('\x1b'), std::string::npos);
}

TEST(ConfigFile, MissingIsNoProblem) {
    const test::Folder root{};
    const Config config = read_config(Sysroot(root.path()));
    expect_defaults(config);
    EXPECT_TRUE(config.problems.empty());
}

TEST(ConfigFile, ReadBelowTheRoot) {
    const test::Folder root{{"etc/virt-nested/virt-nested.conf", "unlabelled = forbid\n"}};
    ::chmod((root.path() + config_path).c_str(), 0644);
    const Config config = read_config(Sysroot(root.path()));
    EXPECT_EQ(config.unlabelled, UnlabelledRule::forbid);
    EXPECT_TRUE(config.problems.empty());
}

TEST(ConfigFile, WritableByOthersIsAProblemAndCounts) {
    const test::Folder root{{"etc/virt-nested/virt-nested.conf", "unlabelled = forbid\n"}};
    ::chmod((root.path() + config_path).c_str(), 0666);
    const Config config = read_config(Sysroot(root.path()));
    EXPECT_EQ(config.unlabelled, UnlabelledRule::forbid);
    ASSERT_EQ(config.problems.size(), 1U);
    EXPECT_NE(config.problems[0].what.find("chmod go-w"), std::string::npos);
}

TEST(ConfigFile, WhatCannotBeReadIsAProblem) {
    const test::Folder root{{"big", std::string(65537, '#')}, {"folder/x", ""}};
    ASSERT_EQ(::mkfifo((root.path() + "/fifo").c_str(), 0600), 0);
    root.link("loop", "loop");
    for (const char* path : {"/big", "/folder", "/fifo", "/loop"}) {
        const Config config = read_config(Sysroot(root.path()), path);
        EXPECT_EQ(config.problems.size(), 1U) << path;
        expect_strict(config);
        EXPECT_EQ(config.unreadable, config.problems.front().in_words());
    }
}

TEST(ConfigFile, ALinkThatLeadsNowhereIsAFileThatCannotBeRead) {
    const test::Folder root{};
    root.link("etc-is-elsewhere", "gone");
    expect_strict(read_config(Sysroot(root.path()), "/gone"));
    expect_strict(read_config(Sysroot(root.path()), "/gone/virt-nested.conf"));
}
