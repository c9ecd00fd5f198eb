// SPDX-License-Identifier: GPL-2.0-or-later
// Single lines of modprobe.d, and the kernel command line, in every version of kmod.
#include "core/modconf/cmdline.h"
#include "core/modconf/modconf.h"

#include <gtest/gtest.h>

using namespace virt_nested;
using namespace std::string_literals;

namespace {

/// All directives of one file, "keyword name|text @ line" each.
std::vector<std::string> lines_of(const std::string& text, int version = 30) {
    const ModConf conf = parse_modconf({{"/etc/modprobe.d/a.conf", text}}, kmod_profile(version));
    std::vector<std::string> out;
    for (const Directive& directive : conf.directives)
        out.push_back(keyword(directive.kind) + (" " + directive.name) + "|" + directive.text +
                      " @ " + std::to_string(directive.line));
    return out;
}

using Lines = std::vector<std::string>;

/// "module text" of each option that libkmod finds on the command line.
Lines options_of(const std::string& text, int version = 30) {
    Lines out;
    for (const Cmdline::ModuleOption& option : parse_cmdline(text, kmod_profile(version)).options)
        out.push_back(option.module + " " + option.text);
    return out;
}

Lines blacklist_of(const std::string& text, int version = 30) {
    Lines out;
    for (const Cmdline::Blacklisted& entry : parse_cmdline(text, kmod_profile(version)).blacklist)
        out.push_back(entry.name);
    return out;
}

/// "name=value" of each word as the kernel sees it, a bare name without '='.
Lines kernel_of(const std::string& text) {
    Lines out;
    for (const Cmdline::Token& token : kernel_tokens(text))
        out.push_back(token.name + (token.value ? "=" + *token.value : ""));
    return out;
}

} // namespace

// --- lines
// ----------------------------------------------------------------------------------------

TEST(ModconfLine, EveryKeyword) {
    EXPECT_EQ(lines_of("options a b=1\nblacklist c\ninstall d e f\nremove g h\n"
                       "softdep i pre: j\nalias k-l m-n\n"),
              (Lines{"options a|b=1 @ 1", "blacklist c| @ 2", "install d|e f @ 3", "remove g|h @ 4",
                     "softdep i|pre: j @ 5", "alias k_l|m_n @ 6"}));
}

TEST(ModconfLine, WeakdepIsKnownSince33) {
    EXPECT_EQ(lines_of("weakdep a b\n", 30), Lines{});
    EXPECT_EQ(lines_of("weakdep a b\n", 34), Lines{"weakdep a|b @ 1"});
}

TEST(ModconfLine, ContinuedLineCarriesItsFirstNumber) {
    EXPECT_EQ(lines_of("\noptions kvm_intel \\\n  nested=1\\\n ept=1\nblacklist x\n"),
              (Lines{"options kvm_intel|  nested=1 ept=1 @ 2", "blacklist x| @ 5"}));
}

TEST(ModconfLine, CommentThatEndsInABackslashTakesTheNextLine) {
    EXPECT_EQ(lines_of("# see \\\noptions kvm_intel nested=1\n"), Lines{});
}

TEST(ModconfLine, IndentedCommentIsNoComment) {
    EXPECT_EQ(lines_of("  # options kvm_intel nested=1\n\t options kvm_intel nested=0\n"),
              Lines{"options kvm_intel|nested=0 @ 2"});
}

TEST(ModconfLine, TrailingCommentBelongsToTheOptions) {
    EXPECT_EQ(lines_of("options kvm_intel nested=1 # on\n"),
              Lines{"options kvm_intel|nested=1 # on @ 1"});
}

TEST(ModconfLine, BlanksBehindTheModuleStay) {
    EXPECT_EQ(lines_of("options\t kvm_intel  nested=1\tx\n"),
              Lines{"options kvm_intel| nested=1 x @ 1"});
}

TEST(ModconfLine, CarriageReturnIsPartOfTheLine) {
    EXPECT_EQ(lines_of("options a b=1\r\nblacklist kvm_intel\r\noptions c\r\n\r\n"),
              (Lines{"options a|b=1\r @ 1", "blacklist kvm_intel\r| @ 2"}));
}

TEST(ModconfLine, BackslashBeforeCarriageReturnContinuesNothing) {
    EXPECT_EQ(lines_of("options a b=1 \\\r\nc=2\n"), Lines{"options a|b=1 \r @ 1"});
}

TEST(ModconfLine, OtherBackslashesVanish) {
    EXPECT_EQ(lines_of("options a b=\\x\\\\\n"), Lines{"options a|b=x\\ @ 1"});
}

TEST(ModconfLine, BackslashAtTheEndOfTheFile) {
    EXPECT_EQ(lines_of("options a b\\", 33), Lines{"options a|b\xff @ 1"});
    EXPECT_EQ(lines_of("options a b\\", 34), Lines{"options a|b @ 1"});
    EXPECT_EQ(lines_of("\\", 34), Lines{});
}

TEST(ModconfLine, LastLineNeedsNoLineEnd) {
    EXPECT_EQ(lines_of("blacklist a"), Lines{"blacklist a| @ 1"});
}

TEST(ModconfLine, NulEndsTheLineForModprobe) {
    EXPECT_EQ(lines_of("options a b=1\0c\nblacklist d\n"s),
              (Lines{"options a|b=1 @ 1", "blacklist d| @ 2"}));
}

TEST(ModconfLine, IncompleteLinesAreBad) {
    EXPECT_EQ(
        lines_of("options\noptions a\noptions a \ninstall a\nalias a\nblacklist\nsoftdep a\n"),
        Lines{});
    EXPECT_EQ(lines_of("options a  \n"), Lines{"options a|  @ 1"}) << "one blank is text";
}

TEST(ModconfLine, KeywordsAreExact) {
    EXPECT_EQ(lines_of("Options a b\noption a b\ninclude /x\nconfig x\n\xef\xbb\xbfoptions a b\n"),
              Lines{});
}

TEST(ModconfLine, BracketsKeepTheirDashesAndMustMatch) {
    EXPECT_EQ(lines_of("install kvm-[a-z]-x y\nblacklist kvm[\nblacklist kvm]\n"),
              Lines{"install kvm_[a-z]_x|y @ 1"});
}

TEST(ModconfLine, InvalidBytesAreKept) {
    EXPECT_EQ(lines_of("options a \xff\x1b[31m\n"), Lines{"options a|\xff\x1b[31m @ 1"});
}

TEST(ModconfLine, LinesAboutKvmAreNotedAsTheyStand) {
    const ModConf conf =
        parse_modconf({{"/etc/modprobe.d/a.conf",
                        "options x y\n  # KVM \\\nz\ninclude /etc/q\noption n nested\n"}},
                      kmod_profile(30));
    ASSERT_EQ(conf.noted.size(), 3U);
    EXPECT_EQ(conf.noted[0].raw, "  # KVM \\\nz\n");
    EXPECT_EQ(conf.noted[0].line, 2U);
    EXPECT_EQ(conf.noted[1].raw, "include /etc/q\n");
    EXPECT_EQ(conf.noted[2].line, 5U);
}

// --- the command line, as libkmod reads it
// --------------------------------------------------------

TEST(ModconfCmdline, ModulePartIsNormalised) {
    EXPECT_EQ(options_of("quiet kvm-intel.nested=1 kvm_intel.ept\n"),
              (Lines{"kvm_intel nested=1", "kvm_intel ept"}));
}

TEST(ModconfCmdline, QuotedValueKeepsItsQuotes) {
    for (const int version : kmod_versions())
        EXPECT_EQ(options_of("kvm_intel.nested=\"1\" x", version), Lines{"kvm_intel nested=\"1\""})
            << version;
}

TEST(ModconfCmdline, QuotesAroundTheWholeAreKnownSince29) {
    EXPECT_EQ(options_of("\"kvm_intel.nested=1\"", 28), Lines{});
    EXPECT_EQ(options_of("\"kvm_intel.nested=1\"", 29), Lines{"kvm_intel nested=\"1\""});
    EXPECT_EQ(options_of("\"kvm_intel.nested=1\"", 34), Lines{"kvm_intel nested=\"1\""});
}

TEST(ModconfCmdline, QuotesInOtherPlacesAreIgnored) {
    EXPECT_EQ(options_of("kvm_intel.\"nested=1\" \"kvm_intel\".nested=1 x"), Lines{});
}

TEST(ModconfCmdline, UnendedQuoteTakesTheRest) {
    EXPECT_EQ(options_of("kvm_intel.nested=\"1 kvm_intel.ept=0"), Lines{});
}

TEST(ModconfCmdline, TabSeparatesSince29) {
    EXPECT_EQ(options_of("kvm_intel.nested=1\tx", 28), Lines{"kvm_intel nested=1 x"});
    EXPECT_EQ(options_of("kvm_intel.nested=1\tx", 30), Lines{"kvm_intel nested=1"});
}

TEST(ModconfCmdline, SecondDotIsPartOfTheNameUntil28) {
    EXPECT_EQ(options_of("kvm_intel.nested.x=1", 28), Lines{"kvm_intel nested.x=1"});
    EXPECT_EQ(options_of("kvm_intel.nested.x=1", 30), Lines{});
    EXPECT_EQ(options_of("kvm_intel.nested=1.5", 30), Lines{"kvm_intel nested=1.5"});
}

TEST(ModconfCmdline, LineEndStopsUntil28) {
    EXPECT_EQ(options_of("a.b=1\nkvm_intel.nested=1", 28), Lines{"a b=1"});
    EXPECT_EQ(options_of("a.b=1\nkvm_intel.nested=1", 30), (Lines{"a b=1", "kvm_intel nested=1"}));
}

TEST(ModconfCmdline, DotBehindEqualsIsNoModule) {
    for (const int version : {28, 30})
        EXPECT_EQ(options_of("root=/dev/x.nested=1", version), Lines{}) << version;
}

TEST(ModconfCmdline, OnlyTheFirst4095BytesCount) {
    const std::string filler(4095 - 18 - 1, 'x');
    EXPECT_EQ(options_of(filler + " kvm_intel.nested=1").size(), 1U);
    EXPECT_EQ(options_of(filler + " kvm_intel.nested=10"), Lines{"kvm_intel nested=1"});
}

TEST(ModconfCmdline, BlacklistIsSplitAtCommasAndKeptAsItStands) {
    for (const int version : {28, 30})
        EXPECT_EQ(blacklist_of("modprobe.blacklist=kvm-intel,,b", version),
                  (Lines{"kvm-intel", "", "b"}))
            << version;
    EXPECT_EQ(blacklist_of("modprobe.blacklist"), Lines{});
    EXPECT_EQ(blacklist_of("modprobe.blacklist=a=b", 28), Lines{"b"});
    EXPECT_EQ(blacklist_of("modprobe.blacklist=a=b", 30), Lines{"a=b"});
    EXPECT_EQ(blacklist_of("\"modprobe.blacklist=a,b\"", 30), (Lines{"\"a", "b\""}));
}

// --- as the kernel reads it
// -----------------------------------------------------------------------

TEST(KernelTokens, OuterQuotesGo) {
    EXPECT_EQ(kernel_of("\"a.b=1 2\" c=\"3 4\" d=\"5\"6 \"e\""),
              (Lines{"a.b=1 2", "c=3 4", "d=5\"6", "e"}));
}

TEST(KernelTokens, FirstEqualsSplitsButNotInTheFirstPlace) {
    EXPECT_EQ(kernel_of("a=b=c =d =e=f ="), (Lines{"a=b=c", "=d", "=e=f", "="}));
    EXPECT_EQ(kernel_tokens("=e=f")[0].name, "=e");
}

TEST(KernelTokens, EveryBlankSeparates) {
    EXPECT_EQ(kernel_of(" a\tb\r\nc\v\fd \xa0"), (Lines{"a", "b", "c", "d"}));
}

TEST(KernelTokens, DashesEndTheKernelsPart) {
    const auto tokens = kernel_tokens("a -- b");
    ASSERT_EQ(tokens.size(), 3U);
    EXPECT_FALSE(tokens[0].after_dashes);
    EXPECT_TRUE(tokens[2].after_dashes);
    EXPECT_FALSE(kernel_tokens("--=x b")[1].after_dashes);
}

TEST(KernelTokens, LoneQuotesAreEmptyNames) {
    EXPECT_EQ(kernel_of("\""), Lines{""});
    EXPECT_EQ(kernel_of("\"\""), Lines{""});
    EXPECT_EQ(kernel_of("a=\""), Lines{"a="});
    EXPECT_EQ(kernel_of("a=\"\""), Lines{"a="});
}

TEST(CmdlineValues, OfTheKernelsOwnParameters) {
    const Cmdline line = parse_cmdline("clearcpuid=vmx,svm kvm-arm.mode=nested clearcpuid=5 "
                                       "initcall_blacklist=vmx_init -- clearcpuid=x",
                                       kmod_profile(30));
    EXPECT_EQ(line.words("clearcpuid"), (Lines{"vmx", "svm", "5"}));
    EXPECT_EQ(line.values("kvm_arm.mode"), Lines{"nested"});
    EXPECT_EQ(line.words("initcall-blacklist"), Lines{"vmx_init"});
    EXPECT_TRUE(line.values("absent").empty());
}

TEST(CmdlineValues, EmptyLine) {
    EXPECT_TRUE(parse_cmdline("", kmod_profile(30)).tokens.empty());
    EXPECT_TRUE(parse_cmdline("\0a=1"s, kmod_profile(30)).tokens.empty());
}
