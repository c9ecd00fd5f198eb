// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration that is shipped, and every default that it claims.
#include "core/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>

namespace virt_nested {
namespace {

std::string shipped() {
    std::ifstream in(VN_TEST_DATA "/../data/virt-nested.conf");
    return {std::istreambuf_iterator<char>(in), {}};
}

void expect_defaults(const Config& config) {
    const Config plain;
    EXPECT_EQ(config.host, plain.host);
    EXPECT_EQ(config.unlabelled, plain.unlabelled);
    EXPECT_EQ(config.honour_allow, plain.honour_allow);
    EXPECT_EQ(config.undetermined, plain.undetermined);
    EXPECT_EQ(config.mode, plain.mode);
    EXPECT_TRUE(config.vouched.emulators.empty() && config.vouched.qemu_arguments.empty());
    for (const ConfigProblem& problem : config.problems)
        ADD_FAILURE() << problem.in_words();
}

TEST(ShippedConfig, ChangesNothing) {
    ASSERT_FALSE(shipped().empty());
    expect_defaults(parse_config(shipped(), "virt-nested.conf"));
}

TEST(ShippedConfig, ShowsTheDefaultOfEveryKey) {
    const std::regex commented("(^|\n)#([a-z_]+ = [a-z]+)(?=\n)");
    const std::string text = shipped();
    EXPECT_EQ(std::distance(std::sregex_iterator(text.begin(), text.end(), commented), {}), 5);
    expect_defaults(parse_config(std::regex_replace(text, commented, "$1$2"), "virt-nested.conf"));
}

// The hook hands a guest on when a line begins with the key, before anything is parsed.
TEST(ShippedConfig, LeavesUnlabelledGuestsToTheFront) {
    EXPECT_FALSE(std::regex_search(shipped(), std::regex("(^|\n)[ \t]*unlabelled")));
}

} // namespace
} // namespace virt_nested
