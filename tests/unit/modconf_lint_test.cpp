// SPDX-License-Identifier: GPL-2.0-or-later
// What people get wrong in modprobe.d, beside it and on the command line, and what is no mistake.
#include "core/modconf/lint.h"
#include "tests/unit/folder.h"

#include <gtest/gtest.h>

using namespace virt_nested;
using test::Folder;

namespace {

struct Host {
    std::string module = "kvm_intel";
    int kmod = 30;
    Linkage linkage = Linkage::module;
};

std::vector<LintFinding> lint(const Folder& folder, const std::string& cmdline = "",
                              const Host& host = {}) {
    const Sysroot root(folder.path());
    const KmodProfile profile = kmod_profile(host.kmod);
    LintContext context;
    context.module = host.module;
    context.linkage = host.linkage;
    return lint_modconf(load_modconf(root, profile), read_places(root, profile),
                        parse_cmdline(cmdline, profile), context);
}

/// "fatal wrong-type /etc/modprobe.d/kvm.conf:1; ..."
std::string in_short(const std::vector<LintFinding>& findings) {
    static constexpr const char* severities[] = {"fatal", "warning", "note"};
    std::string out;
    for (const LintFinding& finding : findings) {
        EXPECT_FALSE(finding.text.empty());
        EXPECT_FALSE(finding.why.empty());
        EXPECT_FALSE(finding.mend.empty());
        out += (out.empty() ? "" : "; ") +
               std::string(severities[static_cast<size_t>(finding.severity)]) + " " +
               name(finding.kind) + " " + shown(finding.origin);
    }
    return out;
}

std::string conf(const std::string& text, const Host& host = {}) {
    return in_short(lint(Folder{{"etc/modprobe.d/kvm.conf", text}}, "", host));
}

std::string command_line(const std::string& text, const Host& host = {}) {
    return in_short(lint(Folder{}, text, host));
}

const Host amd{"kvm_amd", 30, Linkage::module};
const Host z{"kvm", 30, Linkage::module};

constexpr const char* file_1 = " /etc/modprobe.d/kvm.conf:1";

} // namespace

// --- no mistakes
// ----------------------------------------------------------------------------------

TEST(Lint, GoodLinesAreNoFindings) {
    EXPECT_EQ(conf("# Nested virtualization\n#options kvm_intel nested=0\n\n"
                   "options kvm_intel nested=1 ept=1 enable_shadow_vmcs=Y\n"
                   "options kvm ignore_msrs=1 halt_poll_ns=0\nsoftdep kvm_intel post: vhost_net\n"
                   "alias kvm-test kvm\nblacklist kvmgt\ninstall kvm_hv /bin/false\n"),
              "");
}

TEST(Lint, DashAndUnderscoreAreTheSame) {
    EXPECT_EQ(conf("options kvm-intel nested=1 enable-apicv=1\nblacklist kvm-amd\n"), "");
    EXPECT_EQ(command_line("kvm-intel.nested=1"), "");
}

TEST(Lint, LinesOfBothVendorsAreNoMistake) {
    EXPECT_EQ(conf("options kvm_intel nested=1\noptions kvm_amd nested=1\n"), "");
    EXPECT_EQ(conf("options kvm_intel nested=1\noptions kvm_amd nested=1\n", amd), "");
}

TEST(Lint, NestedOfKvmIsRightOnZ) {
    EXPECT_EQ(conf("options kvm nested=1\n", z), "");
}

TEST(Lint, OthersLinesAreNotLookedAt) {
    EXPECT_EQ(conf("Options snd_hda_intel foo = 1 # x\r\noptions nvme x=1\n"), "");
}

TEST(Lint, ModuleNamesInModulesLoadAreRight) {
    EXPECT_EQ(
        in_short(lint(Folder{{"etc/modules-load.d/kvm.conf", "# kvm nested\nkvm\nkvm_intel\n"},
                             {"etc/modules", "kvm_amd\n; kvm x\n"}})),
        "");
}

// --- values
// ---------------------------------------------------------------------------------------

TEST(Lint, YesIsFatalForAmd) {
    for (const char* value :
         {"nested=Y", "nested=y", "nested=n", "nested=true", "nested", "nested="})
        EXPECT_EQ(conf("options kvm_amd " + std::string(value) + "\n", amd),
                  std::string("fatal wrong-type") + file_1)
            << value;
}

TEST(Lint, YesIsFatalForZ) {
    EXPECT_EQ(conf("options kvm nested=Y\n", z), std::string("fatal wrong-type") + file_1);
}

TEST(Lint, YesIsRightForIntel) {
    for (const char* value : {"Y", "y", "N", "0", "1", "on"})
        EXPECT_EQ(conf("options kvm_intel nested=" + std::string(value) + "\n"), "") << value;
}

TEST(Lint, TwoIsFatalForIntelAndRightForAmd) {
    EXPECT_EQ(conf("options kvm_intel nested=2\n"), std::string("fatal wrong-type") + file_1);
    EXPECT_EQ(conf("options kvm_amd nested=2\n", amd), "");
}

TEST(Lint, TrueDependsOnTheKernel) {
    EXPECT_EQ(conf("options kvm_intel nested=true\n"), std::string("warning wrong-type") + file_1);
}

TEST(Lint, WrongTypeOfTheOtherVendorIsANote) {
    EXPECT_EQ(conf("options kvm_intel nested=1\noptions kvm_amd nested=Y\n"),
              "note wrong-type /etc/modprobe.d/kvm.conf:2");
}

TEST(Lint, WrongTypeOnAnUnknownHostIsFatal) {
    EXPECT_EQ(conf("options kvm_amd nested=Y\n", {"", 30, Linkage::module}),
              std::string("fatal wrong-type") + file_1);
}

TEST(Lint, FatalValueStaysFatalThoughALaterOneIsGood) {
    EXPECT_EQ(conf("options kvm_amd nested=Y\noptions kvm_amd nested=1\n", amd),
              std::string("fatal wrong-type") + file_1);
}

TEST(Lint, WrongTypeOnTheCommandLine) {
    EXPECT_EQ(command_line("kvm_amd.nested", amd), "fatal wrong-type the kernel command line");
    EXPECT_EQ(command_line("kvm_amd.nested=Y", {"kvm_amd", 30, Linkage::built_in}),
              "warning wrong-type the kernel command line");
}

TEST(Lint, TypeOfTheHostsOwnModuleCounts) {
    const Folder folder{{"etc/modprobe.d/kvm.conf", "options kvm_intel nested=Y\n"}};
    const Sysroot root(folder.path());
    LintContext context;
    context.module = "kvm_intel";
    context.types = {{"kvm_intel", {"/lib/modules/4.18/kvm-intel.ko", {{"nested", "int"}}}}};
    EXPECT_EQ(in_short(lint_modconf(load_modconf(root, kmod_profile(25)), {}, {}, context)),
              std::string("fatal wrong-type") + file_1);
}

TEST(Lint, AParameterThatOtherKernelsHave) {
    const Folder folder{
        {"etc/modprobe.d/kvm.conf", "options kvm_intel nested=1 nested_early_check=1 mbec=0\n"}};
    const Sysroot root(folder.path());
    LintContext context;
    context.module = "kvm_intel";
    context.types = {
        {"kvm_intel", {"/lib/modules/7.3.4/kvm-intel.ko", {{"nested", "bool"}, {"mbec", "bool"}}}}};
    const auto found = lint_modconf(load_modconf(root, kmod_profile(34)), {}, {}, context);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].severity, LintSeverity::note);
    EXPECT_EQ(found[0].why,
              "this kernel's kvm_intel has no parameter 'nested_early_check', kernels "
              "before 7.2 have it: it is ignored with a line in the log");
    EXPECT_EQ(found[0].mend, "remove it, unless another kernel is booted here as well");
}

TEST(Lint, FindingSaysWhatToWrite) {
    const auto found =
        lint(Folder{{"etc/modprobe.d/kvm.conf", "options kvm_amd nested=Y\n"}}, "", amd);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].text, "options kvm_amd nested=Y");
    EXPECT_EQ(found[0].why,
              "the kernel refuses 'nested=Y' for kvm_amd ('Y' is no number (int)), so "
              "the module does not load");
    EXPECT_EQ(found[0].mend, "write nested=1 or nested=0");
}

// --- names
// ----------------------------------------------------------------------------------------

TEST(Lint, NestedOfKvmIsWrongOnX86) {
    EXPECT_EQ(conf("options kvm nested=1\n"), std::string("warning wrong-module") + file_1);
    EXPECT_EQ(command_line("kvm.nested=1"), "warning wrong-module the kernel command line");
}

TEST(Lint, IntelLineOnAnAmdHost) {
    EXPECT_EQ(conf("options kvm_intel nested=1\n", amd),
              std::string("warning wrong-module") + file_1);
    EXPECT_EQ(conf("options kvm_intel ept=1\n", amd), "");
}

TEST(Lint, ParameterOfAnotherModule) {
    EXPECT_EQ(conf("options kvm ept=1\n"), std::string("warning wrong-module") + file_1);
}

TEST(Lint, MistypedParameter) {
    for (const char* typed : {"nestd=1", "neseted=1", "nsted=1", "nested_=1", "Nested=1"})
        EXPECT_EQ(conf("options kvm_intel " + std::string(typed) + "\n"),
                  std::string("warning unknown-parameter") + file_1)
            << typed;
    EXPECT_EQ(command_line("kvm_intel.nestd=1"),
              "warning unknown-parameter the kernel command line");
}

TEST(Lint, UnknownParameterMayBeANewOne) {
    EXPECT_EQ(conf("options kvm_intel brand_new_thing=1\n"),
              std::string("note unknown-parameter") + file_1);
}

TEST(Lint, FormOfTheCommandLineInAFile) {
    EXPECT_EQ(conf("options kvm_intel kvm_intel.nested=1\n"),
              std::string("warning unknown-parameter") + file_1);
    EXPECT_EQ(conf("options kvm_intel.nested=1 x\n"),
              std::string("warning unknown-module") + file_1);
}

TEST(Lint, MistypedModule) {
    EXPECT_EQ(conf("options kvm_itnel nested=1\n"), std::string("warning unknown-module") + file_1);
    EXPECT_EQ(conf("options kvmintel nested=1\n"), std::string("warning unknown-module") + file_1);
    EXPECT_EQ(command_line("kvm-inetl.nested=1"), "warning unknown-module the kernel command line");
}

TEST(Lint, UpperCaseModule) {
    EXPECT_EQ(conf("options KVM_INTEL nested=1\n"), std::string("warning upper-case") + file_1);
    EXPECT_EQ(command_line("KVM_INTEL.nested=1"), "warning upper-case the kernel command line");
}

TEST(Lint, Patterns) {
    EXPECT_EQ(conf("options kvm_* nested=1\n"), std::string("warning glob") + file_1);
    EXPECT_EQ(conf("blacklist kvm*\n"), std::string("warning glob") + file_1);
    EXPECT_EQ(conf("install kvm* /bin/false\n"), "") << "these take patterns";
}

// --- lines
// ----------------------------------------------------------------------------------------

TEST(Lint, TrailingComment) {
    EXPECT_EQ(conf("options kvm_intel nested=1 # turn it on\n"),
              std::string("warning trailing-comment") + file_1);
}

TEST(Lint, BlanksAroundEquals) {
    for (const char* text : {"nested = 1", "nested =1"}) {
        EXPECT_EQ(conf("options kvm_intel " + std::string(text) + "\n"),
                  std::string("warning blanks-around-equals") + file_1)
            << text;
        EXPECT_EQ(conf("options kvm_amd " + std::string(text) + "\n", amd),
                  std::string("fatal blanks-around-equals") + file_1)
            << text;
    }
    EXPECT_EQ(conf("options kvm_intel nested= 1\n"),
              std::string("fatal blanks-around-equals") + file_1);
    EXPECT_EQ(command_line("kvm_intel.nested = 1"),
              "warning blanks-around-equals the kernel command line");
}

TEST(Lint, WindowsLineEnds) {
    EXPECT_EQ(conf("options kvm_intel nested=1\r\n"), std::string("note line-end") + file_1);
    EXPECT_EQ(conf("blacklist kvm_amd\r\n"), std::string("warning line-end") + file_1);
    EXPECT_EQ(conf("options kvm_intel \\\r\nnested=1\r\n"),
              std::string("warning line-end") + file_1 + "; warning incomplete" + file_1 +
                  "; warning keyword /etc/modprobe.d/kvm.conf:2");
}

TEST(Lint, IndentedComment) {
    EXPECT_EQ(conf("  # options kvm_intel nested=1\n"),
              std::string("note indented-comment") + file_1);
}

TEST(Lint, CommentThatSwallowsALine) {
    EXPECT_EQ(conf("# KVM: \\\noptions kvm_intel nested=1\n"),
              "warning swallowed-line /etc/modprobe.d/kvm.conf:2");
    EXPECT_EQ(conf("# KVM: \\\n# more\n"), "");
}

TEST(Lint, Keywords) {
    for (const char* line :
         {"Options kvm_intel nested=1", "option kvm_intel nested=1", "kvm_intel nested=1",
          "modprobe kvm_intel nested=1", "\xef\xbb\xbfoptions kvm_intel nested=1"})
        EXPECT_EQ(conf(std::string(line) + "\n"), std::string("warning keyword") + file_1) << line;
    EXPECT_EQ(lint(Folder{{"etc/modprobe.d/a.conf", "kvm_intel nested=1\n"}})[0].mend,
              "write: options kvm_intel nested=1");
}

TEST(Lint, IncompleteLines) {
    EXPECT_EQ(conf("options kvm_intel\n"), std::string("warning incomplete") + file_1);
    EXPECT_EQ(conf("install kvm_intel\n"), std::string("warning incomplete") + file_1);
}

TEST(Lint, Include) {
    EXPECT_EQ(conf("include /etc/my.d\n"), std::string("warning include") + file_1);
}

TEST(Lint, TwoDashesInOptions) {
    EXPECT_EQ(conf("options kvm_intel -- nested=1\n"),
              std::string("warning after-dashes") + file_1);
}

TEST(Lint, AListWithoutEffectGoesWhereNestingIsWanted) {
    const KmodProfile profile = kmod_profile(30);
    const auto found = [&](std::optional<bool> wanted) {
        LintContext context;
        context.module = "kvm_intel";
        context.wanted = wanted;
        return lint_modconf({}, {}, parse_cmdline("modprobe.blacklist=a,kvm-intel", profile),
                            context)
            .at(0);
    };
    ASSERT_TRUE(found(true).change);
    EXPECT_EQ(found(true).change->text, "modprobe.blacklist=kvm-intel");
    EXPECT_EQ(found(true).change->by, "");
    EXPECT_FALSE(found(false).change);
    EXPECT_EQ(found(std::nullopt).mend, "write modprobe.blacklist=kvm_intel where that is to be "
                                        "kept out, and remove it else");
}

// --- the command line
// -----------------------------------------------------------------------------

TEST(Lint, BlacklistsThatAreNotNormalised) {
    EXPECT_EQ(command_line("modprobe.blacklist=a,kvm-intel"),
              "warning not-normalised the kernel command line");
    EXPECT_EQ(command_line("module_blacklist=kvm-amd"),
              "warning not-normalised the kernel command line");
    EXPECT_EQ(command_line("modprobe.blacklist=kvm_intel module_blacklist=kvm_amd "
                           "rd.driver.blacklist=kvm-intel"),
              "");
}

TEST(Lint, QuotesThatOldKmodDoesNotTake) {
    EXPECT_EQ(command_line("\"kvm_intel.nested=1\"", {"kvm_intel", 28, Linkage::module}),
              "warning quoted-name the kernel command line");
    EXPECT_EQ(command_line("\"kvm_intel.nested=1\""), "");
    EXPECT_EQ(command_line("\"kvm_intel.nested=1\"", {"kvm_intel", 28, Linkage::built_in}), "");
}

TEST(Lint, ParameterWithoutItsModule) {
    EXPECT_EQ(command_line("quiet nested=1"), "warning unknown-module the kernel command line");
}

TEST(Lint, BehindTheDashesOnlyABuiltInIsMissed) {
    EXPECT_EQ(command_line("-- kvm_intel.nested=1"), "");
    EXPECT_EQ(command_line("-- kvm_intel.nested=1", {"kvm_intel", 30, Linkage::built_in}),
              "warning after-dashes the kernel command line");
}

TEST(Lint, BeyondWhatLibkmodReads) {
    EXPECT_EQ(command_line(std::string(4090, 'x') + " kvm_intel.nested=1"),
              "warning too-long the kernel command line");
}

TEST(Lint, EscapesNeverPass) {
    for (const LintFinding& finding :
         lint(Folder{{"etc/modprobe.d/\x1b[2J.conf", "options kvm_intel \x1b[31mnested\xff=Y\n"
                                                     "\x1bkvm x\ninstall kvm\x1b_intel\n"},
                     {"etc/modprobe.d/kvm\x1b", "kvm \x1b\n"}},
              "kvm_intel.\x1b=1 kvm_intel.nested=\x1b modprobe.blacklist=kvm-intel\x1b"))
        for (const std::string& text :
             {finding.text, finding.why, finding.mend, shown(finding.origin)})
            EXPECT_EQ(text.find('\x1b'), std::string::npos) << name(finding.kind);
}
