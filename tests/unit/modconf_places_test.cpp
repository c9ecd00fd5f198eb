// SPDX-License-Identifier: GPL-2.0-or-later
// Lines about KVM where modprobe does not read, and in modprobe.d where KVM is no module.
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
    std::optional<bool> wanted = {};
};

std::vector<LintFinding> lint(const Folder& folder, const std::string& cmdline = "",
                              const Host& host = {}) {
    const Sysroot root(folder.path());
    const KmodProfile profile = kmod_profile(host.kmod);
    LintContext context;
    context.module = host.module;
    context.linkage = host.linkage;
    context.wanted = host.wanted;
    return lint_modconf(load_modconf(root, profile), read_places(root, profile),
                        parse_cmdline(cmdline, profile), context);
}

/// "fatal wrong-type /etc/modprobe.d/kvm.conf:1; ..."
std::string in_short(const std::vector<LintFinding>& findings) {
    static constexpr const char* severities[] = {"fatal", "warning", "note"};
    std::string out;
    for (const LintFinding& finding : findings)
        out += (out.empty() ? "" : "; ") +
               std::string(severities[static_cast<size_t>(finding.severity)]) + " " +
               name(finding.kind) + " " + shown(finding.origin);
    return out;
}

std::string mend(const Folder& folder, const Host& host = {}) {
    const std::vector<LintFinding> found = lint(folder, "", host);
    return found.empty() ? "none" : found[0].mend;
}

constexpr const char* leave = "remove it, or leave it: modprobe does not read it";
constexpr const char* on = "options kvm_intel nested=1\n";
constexpr const char* off = "options kvm_intel nested=0\n";

} // namespace

TEST(Places, OptionsInModulesLoad) {
    EXPECT_EQ(
        in_short(lint(Folder{{"etc/modules-load.d/kvm.conf", "kvm\noptions kvm nested=1\n"}})),
        "warning wrong-folder /etc/modules-load.d/kvm.conf:2");
    EXPECT_EQ(in_short(lint(Folder{{"etc/modules", "kvm_intel nested=1\n"}})),
              "warning wrong-folder /etc/modules:1");
}

TEST(Places, OldSingleFile) {
    EXPECT_EQ(in_short(lint(Folder{{"etc/modprobe.conf", "options kvm_intel nested=1\n"}})),
              "warning wrong-folder /etc/modprobe.conf:1");
}

TEST(Places, NamesThatModprobeDoesNotRead) {
    const std::string text = "# x\noptions kvm_intel nested=1\n";
    for (const char* name : {"kvm", "kvm.CONF", "kvm.config", "kvm.conf.txt"})
        EXPECT_EQ(in_short(lint(Folder{{"etc/modprobe.d/" + std::string(name), text}})),
                  "warning wrong-suffix /etc/modprobe.d/" + std::string(name) + ":2");
    for (const char* name : {"kvm.conf.rpmsave", ".kvm.conf", "kvm.conf~", "kvm.conf.dpkg-old"})
        EXPECT_EQ(in_short(lint(Folder{{"etc/modprobe.d/" + std::string(name), text}})),
                  "note wrong-suffix /etc/modprobe.d/" + std::string(name) + ":2");
    EXPECT_EQ(in_short(lint(Folder{{"etc/modprobe.d/README", "# about kvm\n"}})), "");
    EXPECT_EQ(lint(Folder{{"etc/modprobe.d/kvm", text}})[0].mend,
              "run: mv -n /etc/modprobe.d/kvm /etc/modprobe.d/kvm.conf");
}

TEST(Places, AliasFilesAreReadByOldKmodOnly) {
    const Folder folder{{"etc/modprobe.d/kvm.alias", "options kvm_intel nested=1\n"}};
    EXPECT_EQ(in_short(lint(folder)), "");
    EXPECT_EQ(in_short(lint(folder, "", {"kvm_intel", 34, Linkage::module})),
              "warning wrong-suffix /etc/modprobe.d/kvm.alias:1");
}

TEST(Places, FolderThatThisKmodDoesNotRead) {
    const Folder folder{{"usr/local/lib/modprobe.d/kvm.conf", "options kvm_intel nested=1\n"}};
    EXPECT_EQ(in_short(lint(folder, "", {"kvm_intel", 28, Linkage::module})),
              "warning folder-not-read /usr/local/lib/modprobe.d/kvm.conf:1");
    EXPECT_EQ(in_short(lint(folder)), "");
}

TEST(Places, MergedUsrIsNoSecondFolder) {
    const Folder folder{{"usr/lib/modprobe.d/kvm.conf", "options kvm_intel nested=1\n"},
                        {"usr/lib/modprobe.d/kvm.conf.bak", "options kvm_intel nested=1\n"}};
    folder.link("usr/lib", "lib");
    EXPECT_EQ(in_short(lint(folder)), "note wrong-suffix /usr/lib/modprobe.d/kvm.conf.bak:1");
}

TEST(Places, FolderInsideTheFolder) {
    EXPECT_EQ(
        in_short(lint(Folder{{"etc/modprobe.d/kvm.d/a.conf", "options kvm_intel nested=1\n"}})),
        "warning sub-folder /etc/modprobe.d/kvm.d/a.conf:1");
}

TEST(Places, AFileIsNeverMovedOverAnother) {
    const std::pair<std::string, std::string> good{"etc/modprobe.d/kvm.conf", on};
    for (const char* name :
         {"etc/modprobe.d/kvm.conf_old", "etc/modprobe.d/kvm.conf.rpmsave", "etc/modprobe.d/kvm",
          "etc/modprobe.d/kvm.txt", "etc/modprobe.d/old.d/kvm.conf", "opt/none"})
        EXPECT_EQ(mend(Folder{good, {name, off}}), name == std::string("opt/none") ? "none" : leave)
            << name;
    const Host old{"kvm_intel", 28};
    EXPECT_EQ(mend(Folder{good, {"usr/local/lib/modprobe.d/kvm.conf", off}}, old), leave);
    EXPECT_EQ(in_short(lint(Folder{good, {"etc/modprobe.d/kvm.conf_old", off}})),
              "note wrong-suffix /etc/modprobe.d/kvm.conf_old:1");
    EXPECT_EQ(mend(Folder{{"etc/modprobe.d/kvm.conf_old", on}}),
              "run: mv -n /etc/modprobe.d/kvm.conf_old /etc/modprobe.d/kvm.conf");
}

TEST(Places, NorIntoForceWhatIsNotWanted) {
    Host host;
    host.wanted = true;
    EXPECT_EQ(mend(Folder{{"etc/modprobe.d/kvm.txt", off}}, host), leave);
    EXPECT_EQ(mend(Folder{{"etc/modprobe.d/kvm.txt", on}}, host),
              "run: mv -n /etc/modprobe.d/kvm.txt /etc/modprobe.d/kvm.conf");
    EXPECT_EQ(mend(Folder{{"etc/modprobe.d/kvm.txt", std::string(on) + off}}, host), leave);
    EXPECT_EQ(mend(Folder{{"etc/modules", "kvm_intel nested=0\n"}}, host),
              "remove it, or leave it: it has no effect");
    host.wanted = false;
    EXPECT_EQ(mend(Folder{{"etc/modprobe.d/kvm.txt", on}}, host), leave);
}

TEST(Places, ArgumentsInListsOfOtherInits) {
    const auto of = [](const char* os, const std::string& list) {
        return in_short(lint(Folder{{"etc/os-release", os}, {"etc/modules", list}}));
    };
    EXPECT_EQ(of("ID=alpine\n", "kvm_intel nested=0 # x\n"), "");
    EXPECT_EQ(of("ID=alpine\n", "kvm_intel nested=2\n"), "fatal wrong-type /etc/modules:1");
    EXPECT_EQ(of("ID=devuan\n", "kvm-intel nestd=1\n"), "warning unknown-parameter /etc/modules:1");
    for (const char* os : {"ID=gentoo\n", "ID=debian\n", ""})
        EXPECT_EQ(of(os, "kvm_intel nested=0\n"), "warning wrong-folder /etc/modules:1") << os;
    const Folder alpine{{"etc/os-release", "ID=alpine\n"},
                        {"etc/modules", "kvm_intel nested=0\n"},
                        {"etc/runlevels/sysinit/hwdrivers", ""},
                        {"etc/runlevels/boot/modules", ""}};
    EXPECT_EQ(in_short(lint(alpine)), "warning wrong-folder /etc/modules:1");
    Host host;
    host.wanted = true;
    EXPECT_EQ(mend(alpine, host), "remove it, or leave it: it has no effect");
}

TEST(BuiltIn, LinesOfModprobeAreDead) {
    const Host host{"kvm_intel", 30, Linkage::built_in};
    const auto found = [&](const std::string& text, const std::string& cmdline = "") {
        return lint(Folder{{"etc/modprobe.d/kvm.conf", text}}, cmdline, host);
    };
    EXPECT_EQ(in_short(found(off)), "warning built-in /etc/modprobe.d/kvm.conf:1");
    EXPECT_EQ(found(off)[0].mend, "on the command line: kvm_intel.nested=0");
    EXPECT_EQ(found("options kvm nested=1\n")[0].mend, "on the command line: kvm_intel.nested=1");
    EXPECT_EQ(found("options kvm_intel nested\n")[0].mend,
              "on the command line: kvm_intel.nested=1");
    EXPECT_NE(found(off)[0].why.find("has no effect: KVM is built into this kernel"),
              std::string::npos);
    EXPECT_EQ(in_short(found(on, "kvm_intel.nested=1")),
              "note built-in /etc/modprobe.d/kvm.conf:1");
    EXPECT_EQ(in_short(found(off, "kvm_intel.nested=1")),
              "warning built-in /etc/modprobe.d/kvm.conf:1");
    EXPECT_EQ(in_short(found("options kvm_intel ept=1\n")), "");
}
