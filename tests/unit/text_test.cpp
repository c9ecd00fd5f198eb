// SPDX-License-Identifier: GPL-2.0-or-later
// Text from outside is made harmless before anybody sees it.
#include "core/text.h"

#include <gtest/gtest.h>

using namespace virt_nested;

TEST(Printable, KeepsPlainTextAndUtf8) {
    EXPECT_EQ(printable("web1 gr\xc3\xbc\xc3\x9f"), "web1 gr\xc3\xbc\xc3\x9f");
}

TEST(Printable, EscapesControlsAndTerminalSequences) {
    EXPECT_EQ(printable("a\nb\x1b[31m\x7f"), "a\\x0ab\\x1b[31m\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"
                        "2J"),
              "\\xc2\\x9b2J");
    EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");
}

TEST(Printable, EscapesInvalidUtf8) {
    EXPECT_EQ(printable("\xff\xc0\x80"), "\\xff\\xc0\\x80");
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
}

TEST(Printable, BackslashCannotForgeAnEscape) {
    EXPECT_EQ(printable("\\x0a"), "\\\\x0a");
}

TEST(Printable, IsBounded) {
    EXPECT_EQ(printable(std::string(1000, 'a'), 10), "aaaaaaaaaa...");
}

TEST(ShellWord, QuotesOnlyWhatNeedsIt) {
    EXPECT_EQ(shell_word("web1"), "web1");
    EXPECT_EQ(shell_word("it's; rm"), "'it'\\''s; rm'");
    EXPECT_EQ(shell_word("-rf"), "'-rf'");
    EXPECT_EQ(shell_word(""), "''");
}

TEST(GuestWord, IsNeverAnOption) {
    EXPECT_EQ(guest_word("web1"), "web1");
    EXPECT_EQ(guest_word("a b"), "'a b'");
    EXPECT_EQ(guest_word("--help"), "-- '--help'");
}

TEST(HasWord, MatchesWholeWordsOnly) {
    EXPECT_TRUE(has_word("fpu vmx ept", "vmx"));
    EXPECT_FALSE(has_word("fpu vmx-ept", "vmx"));
    EXPECT_TRUE(has_word("xvmx vmx", "vmx"));
}

TEST(HasItem, MatchesWholeItemsOnly) {
    EXPECT_TRUE(has_item("a,kvm,b", "kvm"));
    EXPECT_TRUE(has_item("kvm", "kvm"));
    EXPECT_FALSE(has_item("kvm_intel,a", "kvm"));
}

TEST(BaseName, IsBehindTheLastSlash) {
    EXPECT_EQ(base_name("/a/b.conf"), "b.conf");
    EXPECT_EQ(base_name("b.conf"), "b.conf");
    EXPECT_EQ(base_name("a/"), "");
}

TEST(Lines, LastOneNeedsNoNewline) {
    EXPECT_EQ(lines("a\nb").size(), 2U);
}

TEST(LeftBehind, ByTheName) {
    for (const char* name : {"50-site.bak", "a.disabled", "a.save", "a.off", "a.ucf-old",
                             "a.ucf-new", "a.rpmsave", "a.dpkg-dist", "a~", ".a.swp"})
        EXPECT_TRUE(left_behind(name)) << name;
    for (const char* name : {"50-site", "99-virt-nested", "kvm.conf", "bak", ""})
        EXPECT_FALSE(left_behind(name)) << name;
}

TEST(EditDistance, CountsSingleLetters) {
    EXPECT_EQ(edit_distance("nested", "nested"), 0U);
    EXPECT_EQ(edit_distance("nestd", "nested"), 1U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("kvm_itnel", "kvm_intel"), 2U);
}
