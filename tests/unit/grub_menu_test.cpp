// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's configuration, followed as its shell does. What GRUB itself makes of the same is asked in
// tests/grub.
#include "tests/unit/as_nobody.h"
#include "tests/unit/folder.h"
#include "validator/boot/readers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

using namespace virt_nested;
using test::Folder;

namespace {

/// A root with one configuration.
class Grub {
  public:
    explicit Grub(const std::string& config, const std::string& path = "boot/grub/grub.cfg")
        : path_("/" + path), folder({{path, config}, {"etc/os-release", "ID=debian\n"}}) {}

    BootMenu read(const BootLimits& limits = {}) const {
        return read_grub_menu(Sysroot(folder.path()), path_, limits);
    }
    /// GRUB's environment block of these lines.
    void environment(const std::string& lines, const std::string& path = "boot/grub/grubenv") {
        std::string block = "# GRUB Environment Block\n" + lines;
        block.resize(1024, '#');
        folder.write(path, block);
    }

  private:
    std::string path_;

  public:
    Folder folder;
};

BootMenu menu_of(const std::string& config) {
    return Grub(config).read();
}

std::vector<std::string> chosen(const BootMenu& menu) {
    std::vector<std::string> out;
    for (const BootEntry& entry : menu.entries)
        if (entry.chosen)
            out.push_back(entry.id);
    return out;
}

using Ids = std::vector<std::string>;

std::string entry(const std::string& title, const std::string& cmdline = "") {
    return "menuentry '" + title + "' { linux /vmlinuz " + cmdline + "\n}\n";
}

/// The command line of the one entry, for what is about words.
std::string words_of(const std::string& config) {
    const BootMenu menu = menu_of(config);
    EXPECT_EQ(menu.entries.size(), 1U);
    EXPECT_TRUE(menu.doubts.empty() && (menu.entries.empty() || menu.entries[0].doubts.empty()))
        << config << ": " << (menu.doubts.empty() ? "" : menu.doubts[0].what);
    return menu.entries.empty() ? "none" : menu.entries[0].cmdline;
}

std::string after(const std::string& script, const std::string& arguments) {
    return words_of(script + "\nmenuentry a { linux /vmlinuz " + arguments + "\n}\n");
}

std::string all_doubts(const BootMenu& menu) {
    std::string out;
    for (const Doubt& doubt : menu.doubts)
        out += doubt.source + ": " + doubt.what + "\n";
    return out;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST(GrubWords, AreTakenApartAsGrubDoes) {
    EXPECT_EQ(after("", "a 'b c' \"d e\" f\\ g"), R"(a "b c" "d e" "f g")");
    EXPECT_EQ(after("", R"(a\"b 'c"d')"), R"(a\"b c\"d)");
    EXPECT_EQ(after("", R"("a\n" "\$x" '\$x')"), R"(a\\n $x \\$x)");
    EXPECT_EQ(after("", "a#b # c"), "a#b");
    EXPECT_EQ(after("", "a \\\n b"), "a b");
    EXPECT_EQ(after("", "a\\\nb"), "ab");
    EXPECT_EQ(after("", "'a\nb'"), "a\nb");
    EXPECT_EQ(after("", "if then fi"), "if then fi");
    EXPECT_EQ(after("", "a=b \\x41"), "a=b \\x41");
    EXPECT_EQ(words_of("menuentry a { linux /vmlinuz a; true; }\r\n"), "a");
    EXPECT_EQ(words_of("menuentry a {\r\n linux /vmlinuz a b\r\n}\r\n"), "a b");
    EXPECT_EQ(words_of("# { ' \n #\n  # \"\nmenuentry a { # }\n linux /vmlinuz x # }\n}"), "x");
    EXPECT_EQ(after("", "'a\n# left out\nb'"), "a\nb");
}

TEST(GrubWords, VariablesTakeTheirPlace) {
    EXPECT_EQ(after("set a=b", "$a ${a} \"$a\" '$a' x$a.y"), "b b b $a xb.y");
    EXPECT_EQ(after("a='b c'", "$a \"$a\""), R"(b c "b c")");
    EXPECT_EQ(after("a=b", "$none x \"$none\" y"), "x  y");
    EXPECT_EQ(after("a=b; a=c; b=$a$a; unset a", "$b $a"), "cc");
    EXPECT_EQ(after("set extra=\"kvm_intel.nested=0\"", "quiet $extra"),
              "quiet kvm_intel.nested=0");
    EXPECT_EQ(after("set extra='a=1 b=2'", "$extra"), "a=1 b=2");
    EXPECT_EQ(words_of("menuentry title --class c x y { linux /vmlinuz $1 $2 $# \"$@\"\n}"),
              "title x 3 title x y");
    EXPECT_EQ(words_of("function f { set v=\"$2-$1\"; }\nf a b\n"
                       "menuentry a { linux /vmlinuz $v\n}"),
              "b-a");
}

TEST(GrubWords, AVariableThatIsNotKnownIsADoubtInItsEntry) {
    const BootMenu menu =
        menu_of("menuentry a { linux /vmlinuz a $grub_platform\n}\n" + entry("b", "x"));
    ASSERT_EQ(menu.entries.size(), 2U);
    EXPECT_EQ(menu.entries[0].cmdline, "a $grub_platform");
    ASSERT_EQ(menu.entries[0].doubts.size(), 1U);
    EXPECT_TRUE(has(menu.entries[0].doubts[0].what, "grub_platform"));
    EXPECT_TRUE(menu.entries[1].doubts.empty());
    EXPECT_TRUE(menu.doubts.empty()) << all_doubts(menu);
}

TEST(GrubWords, AVariableThatGrowsIsBounded) {
    std::string script = "set a=0123456789\n";
    for (int i = 0; i < 40; ++i)
        script += "set a=\"$a$a\"\n";
    const BootMenu menu = menu_of(script + "menuentry a { linux /vmlinuz $a\n}\n");
    ASSERT_EQ(menu.entries.size(), 1U);
    EXPECT_EQ(menu.entries[0].doubts.size(), 1U);
    EXPECT_TRUE(has(all_doubts(menu), "bytes is not followed")) << all_doubts(menu);
}

TEST(GrubShell, ConditionsAreFollowed) {
    const auto which = [](const std::string& condition) {
        return after("if " + condition + "; then v=yes; else v=no; fi", "$v");
    };
    EXPECT_EQ(which("true"), "yes");
    EXPECT_EQ(which("false"), "no");
    EXPECT_EQ(which("! false"), "yes");
    EXPECT_EQ(which("[ a = a ]"), "yes");
    EXPECT_EQ(which("[ a == b ]"), "no");
    EXPECT_EQ(which("[ a != b -a -n x ]"), "yes");
    EXPECT_EQ(which("[ -z '' -o a = b ]"), "yes");
    EXPECT_EQ(which("[ ! -z '' ]"), "no");
    EXPECT_EQ(which("[ ( a = b -o c = c ) -a d ]"), "yes");
    EXPECT_EQ(which("test 2 -lt 10"), "yes");
    EXPECT_EQ(which("[ 2 '<' 10 ]"), "no");
    EXPECT_EQ(which("[ 0x10 -eq 16 -a 3 -ge 3 -a -1 -gt -2 ]"), "yes");
    EXPECT_EQ(which("[ x$feature_timeout_style = xy ]"), "yes");
    EXPECT_EQ(which("[ -n \"$root\" ]"), "yes");
    EXPECT_EQ(which("[ x$root = x ]"), "no");
    EXPECT_EQ(which("[ -f $prefix/grub.cfg -a -s /boot/grub/grub.cfg -a -e ($root)/boot ]"), "yes");
    EXPECT_EQ(which("[ -d ${config_directory} -a ! -f $prefix ]"), "yes");
    EXPECT_EQ(which("[ -f $prefix/custom.cfg ]"), "no");
    EXPECT_EQ(after("if false; then v=a; elif true; then v=b; else v=c; fi", "$v"), "b");
    EXPECT_EQ(after("if [ a = a ]\nthen\n v=b\n\nfi\n", "$v"), "b");
    EXPECT_EQ(after("false\nif [ $? = 0 ]; then v=a; else v=b; fi", "$v"), "b");
}

TEST(GrubShell, LoopsAndFunctionsAreFollowed) {
    EXPECT_EQ(after("for i in a b 'c d'; do v=\"$v.$i\"; done", "$v"), ".a.b.c d");
    EXPECT_EQ(after("for i in a b c; do if [ $i = b ]; then continue; fi; v=$v$i; done", "$v"),
              "ac");
    EXPECT_EQ(after("for i in a b c; do if [ $i = b ]; then break; fi; v=$v$i; done", "$v"), "a");
    EXPECT_EQ(after("v=x; while [ $v != xxxx ]; do v=x$v; done", "$v"), "xxxx");
    EXPECT_EQ(after("v=x; until [ $v = xxx ]; do v=x$v; done", "$v"), "xxx");
    EXPECT_EQ(after("function f\n{\n  v=a; return; v=b\n}\nf", "$v"), "a");
    EXPECT_EQ(after("function f { return 1; }\nif f; then v=a; else v=b; fi", "$v"), "b");
    EXPECT_EQ(after("function f { v=$1; shift; v=$v$1; setparams x y; v=$v$2; }\nf a b", "$v"),
              "aby");
    EXPECT_EQ(after("function set { v=a; }\nset v=b", "$v"), "b"); // commands go first
    EXPECT_EQ(after("eval 'v=a;' \"w=b\"", "$v$w"), "ab");
}

TEST(GrubShell, AnEndlessLoopIsADoubt) {
    for (const char* loop : {"while true; do v=x; done", "until false; do v=x; done",
                             "function f { f; }\nf", "while true; do true; done"}) {
        const BootMenu menu = menu_of(std::string(entry("a")) + loop + "\n");
        EXPECT_EQ(chosen(menu), Ids{"a"}) << loop;
        EXPECT_FALSE(menu.doubts.empty()) << loop;
    }
    const BootMenu menu = menu_of(entry("a") + "while search x; do v=x; done\n");
    EXPECT_TRUE(has(all_doubts(menu), "how often a loop runs")) << all_doubts(menu);
}

TEST(GrubShell, WhatIsNotKnownIsFollowedBothWays) {
    // Either branch sets the same: nothing is unknown.
    EXPECT_EQ(after("if search x; then v=a; else v=a; fi", "$v"), "a");
    // Ubuntu's hand-over of graphics changes nothing that matters.
    EXPECT_EQ(after("if hwmatch x 3; then v=vt.handoff=7; else v=; fi", "ro $v"),
              "ro vt.handoff=7");
    const BootMenu menu = menu_of("if search x; then v=kvm_intel.nested=0; fi\n"
                                  "menuentry a { linux /vmlinuz $v\n}\n");
    ASSERT_EQ(menu.entries.size(), 1U);
    EXPECT_EQ(menu.entries[0].doubts.size(), 1U);
    EXPECT_EQ(menu.entries[0].cmdline, "kvm_intel.nested=0");
}

TEST(GrubShell, ArgumentsAndExportsOfAnUnknownBranchAreUnknown) {
    const BootMenu shifted = menu_of("function f { if search; then shift; fi; v=$1; }\nf a b\n"
                                     "menuentry a { linux /vmlinuz $v\n}\n");
    EXPECT_EQ(shifted.entries.at(0).doubts.size(), 1U);
    const BootMenu exported =
        menu_of("v=a\nif search; then export v; fi\nsubmenu s {\n" + entry("a", "$v") + "}\n");
    EXPECT_EQ(exported.entries.at(0).doubts.size(), 1U);
}

TEST(GrubShell, EntriesInAnUnknownBranchMoveNumbersAlone) {
    const std::string perhaps = "if search x; then\n" + entry("perhaps") + "fi\n";
    EXPECT_EQ(chosen(menu_of("default=0\n" + entry("a") + perhaps + entry("b"))), Ids{"a"});
    EXPECT_TRUE(menu_of("default=0\n" + entry("a") + perhaps + entry("b")).doubts.empty());
    const BootMenu one = menu_of("default=1\n" + entry("a") + perhaps + entry("b"));
    EXPECT_EQ(chosen(one), (Ids{"perhaps", "b"}));
    EXPECT_EQ(one.doubts.size(), 1U);
    const BootMenu named = menu_of("default=b\n" + entry("a") + perhaps + entry("b"));
    EXPECT_EQ(chosen(named), Ids{"b"});
    EXPECT_TRUE(named.doubts.empty()) << all_doubts(named);
    const BootMenu there = menu_of("default=perhaps\n" + entry("a") + perhaps + entry("b"));
    EXPECT_EQ(chosen(there), (Ids{"a", "perhaps"}));
    EXPECT_EQ(there.doubts.size(), 1U);
}

TEST(GrubShell, AnUnknownDefaultMarksAllThatItMayBe) {
    const std::string entries = entry("a") + entry("b") + entry("c");
    const BootMenu two = menu_of("if search x; then default=1; else default=2; fi\n" + entries);
    EXPECT_EQ(chosen(two), (Ids{"b", "c"}));
    EXPECT_EQ(two.doubts.size(), 1U);
    const BootMenu all = menu_of("set default=$grub_platform\n" + entries);
    EXPECT_EQ(chosen(all), (Ids{"a", "b", "c"}));
    EXPECT_EQ(all.doubts.size(), 1U);
}

TEST(GrubMenu, DefaultNamesAnEntryInManyWays) {
    const std::string os = "ID=debian\n";
    const auto with = [&](const std::string& value) {
        Grub grub("set default=" + value + "\n" + entry("first") +
                  "menuentry 'a>b' --id=ab { linux /vmlinuz\n}\n" +
                  "submenu 'more of it' --id more {\n" + entry("x") +
                  "menuentry y --id why { linux /vmlinuz\n}\n" + "submenu deep {\n" + entry("z") +
                  "}\n}\n" + "menuentry 3rd { linux /vmlinuz\n}\n");
        grub.folder.write("etc/os-release", os);
        const BootMenu menu = grub.read();
        EXPECT_TRUE(menu.doubts.empty()) << value << ": " << all_doubts(menu);
        return chosen(menu);
    };
    EXPECT_EQ(with("0"), Ids{"first"});
    EXPECT_EQ(with("1"), Ids{"ab"});
    EXPECT_EQ(with("'a>>b'"), Ids{"ab"});
    EXPECT_EQ(with("ab"), Ids{"ab"});
    EXPECT_EQ(with("'2>1'"), Ids{"why"});
    EXPECT_EQ(with("'more>why'"), Ids{"why"});
    EXPECT_EQ(with("'more of it>y'"), Ids{"why"});
    EXPECT_EQ(with("'more>deep>z'"), Ids{"more>deep>z"});
    EXPECT_EQ(with("'2>2>0'"), Ids{"more>deep>z"});
    EXPECT_EQ(with("'more>none'"), Ids{"more>x"});
    EXPECT_EQ(with("nothing"), Ids{"first"});
    EXPECT_EQ(with("99"), Ids{"first"});
    EXPECT_EQ(with("4294967297"), Ids{"ab"}); // it is an int there
    EXPECT_EQ(with("-1"), Ids{"first"});
    EXPECT_EQ(with("''"), Ids{"first"});
    EXPECT_EQ(with("3rd"), Ids{"3rd"}); // read as the number 3, which is the same here
    EXPECT_EQ(with("2"), Ids{"more>x"});
    EXPECT_EQ(with("more"), Ids{"more>x"});
}

TEST(GrubMenu, AnOptionWithoutItsValueTakesTheBody) {
    const BootMenu menu = menu_of("menuentry x --class { linux /vmlinuz\n}\n" + entry("a"));
    EXPECT_EQ(menu.entries.size(), 1U);
    EXPECT_EQ(menu.doubts.size(), 1U);
}

TEST(GrubMenu, ASubmenuSeesExportedVariablesAlone) {
    const std::string config = "x=1\nexport y\ny=2\nsubmenu s {\n" + entry("a", "$x $y") + "}\n";
    EXPECT_EQ(menu_of(config).entries.at(0).cmdline, "2");
    Grub grub(config); // Fedora's later ones export all
    grub.folder.write("etc/os-release", "ID=fedora\n");
    EXPECT_EQ(grub.read().entries.at(0).doubts.size(), 1U);
}

TEST(GrubMenu, TheFirstEntryMayBeASubmenu) {
    const std::string menu = "submenu s {\n" + entry("x") + entry("y") + "}\n" + entry("b");
    EXPECT_EQ(chosen(menu_of(menu)), Ids{"s>x"});
    EXPECT_EQ(chosen(menu_of("default=0\n" + menu)), Ids{"s>x"});
    EXPECT_EQ(chosen(menu_of("default='0>1'\n" + menu)), Ids{"s>y"});
    EXPECT_EQ(chosen(menu_of("submenu s {\n default=1\n" + entry("x") + entry("y") + "}\n")),
              Ids{"s>y"});
    const BootMenu empty = menu_of("submenu s { true; }\n");
    EXPECT_TRUE(has(all_doubts(empty), "has no entry")) << all_doubts(empty);
}

TEST(GrubMenu, GrubsDifferInNamesThatBeginWithADigit) {
    const std::string config = "default=6.1-x\n" + entry("a") + entry("6.1-x");
    const auto of = [&](const std::string& os) {
        Grub grub(config);
        grub.folder.write("etc/os-release", os);
        return grub.read();
    };
    EXPECT_EQ(chosen(of("ID=debian\n")), Ids{"a"});
    EXPECT_TRUE(of("ID=ubuntu\nID_LIKE=debian\n").doubts.empty());
    EXPECT_EQ(chosen(of("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n")), Ids{"6.1-x"});
    EXPECT_TRUE(of("ID=fedora\n").doubts.empty());
    EXPECT_EQ(chosen(of("")), (Ids{"a", "6.1-x"}));
    EXPECT_EQ(of("").doubts.size(), 1U);
    // Newer ones of Red Hat's leave `default` as it is inside of the submenu that it names.
    Grub grub("default=1\n" + entry("a") + "submenu s {\n" + entry("x") + entry("y") + "}\n");
    EXPECT_EQ(chosen(grub.read()), Ids{"s>x"});
    grub.folder.write("etc/os-release", "ID=fedora\n");
    EXPECT_EQ(chosen(grub.read()), (Ids{"s>x", "s>y"}));
    EXPECT_EQ(grub.read().doubts.size(), 1U);
}

TEST(GrubMenu, TheStandardHeaderTakesSavedAndNextEntry) {
    const std::string header = R"(if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${saved_entry}"
fi
if [ "${prev_saved_entry}" ]; then
  set saved_entry="${prev_saved_entry}"
  save_env saved_entry
fi
function savedefault {
  if [ -z "${boot_once}" ]; then
    saved_entry="${chosen}"
    save_env saved_entry
  fi
}
)";
    Grub grub(header + entry("a") + entry("b") + entry("c"));
    EXPECT_EQ(chosen(grub.read()), Ids{"a"});
    grub.environment("saved_entry=b\n");
    EXPECT_EQ(chosen(grub.read()), Ids{"b"});
    EXPECT_EQ(grub.read().choice, "/boot/grub/grubenv");
    grub.environment("saved_entry=b\nnext_entry=2\n");
    EXPECT_EQ(chosen(grub.read()), Ids{"c"});
    EXPECT_EQ(grub.read().choice, "/boot/grub/grubenv");
    EXPECT_TRUE(grub.read().doubts.empty());
    EXPECT_EQ(menu_of("true\nset default=0\n" + entry("a")).choice, "/boot/grub/grub.cfg:2");
    EXPECT_EQ(menu_of(entry("a")).choice, "");
}

TEST(GrubMenu, TheEnvironmentBlockIsReadAsGrubDoes) {
    const auto value = [](const std::string& block) {
        Grub grub("load_env\nmenuentry a { linux /vmlinuz \"$v\"\n}\n");
        grub.folder.write("boot/grub/grubenv", block);
        const BootMenu menu = grub.read();
        EXPECT_TRUE(menu.doubts.empty()) << all_doubts(menu);
        return menu.entries.at(0).cmdline;
    };
    const std::string front = "# GRUB Environment Block\n";
    EXPECT_EQ(value(front + "v=a b\n###"), "\"a b\"");
    EXPECT_EQ(value(front + "# WARNING: ...\nu=1\nv=a\n"), "a"); // any size does
    EXPECT_EQ(value(front + "v=a\\\nb\\\\c\n###"), "a\nb\\\\c");
    EXPECT_EQ(value(front + "v=a"), ""); // its line does not end
    EXPECT_EQ(value("v=a\n"), "");
    EXPECT_EQ(value(""), "");
    EXPECT_EQ(value(front + "x\nv=a\nv=b\n"), "b");
    Grub some("load_env -f /boot/other w\nmenuentry a { linux /vmlinuz $v $w\n}\n");
    some.environment("v=1\nw=2\n", "boot/other");
    EXPECT_EQ(some.read().entries.at(0).cmdline, "2");
}

TEST(GrubMenu, AnEnvironmentThatCannotBeReadLeavesTheChoiceOpen) {
    const test::AsNobody nobody;
    Grub grub("load_env\nset default=\"${saved_entry}\"\n" + entry("a") + entry("b"));
    grub.environment("saved_entry=1\n");
    ::chmod((grub.folder.path() + "/boot/grub/grubenv").c_str(), 0);
    const BootMenu menu = grub.read();
    EXPECT_EQ(chosen(menu), (Ids{"a", "b"}));
    EXPECT_TRUE(has(all_doubts(menu), "/boot/grub/grubenv: "));
}

TEST(GrubMenu, FilesThatAreReadBelongToIt) {
    Grub grub("source $prefix/one.cfg\n. /boot/grub/two.cfg\nsource $prefix/none.cfg\n" +
              entry("c"));
    grub.folder.write("boot/grub/one.cfg", "default=b\n" + entry("a"));
    grub.folder.write("boot/grub/two.cfg", entry("b"));
    EXPECT_EQ(grub.read().entries.size(), 3U);
    EXPECT_EQ(chosen(grub.read()), Ids{"b"});
    EXPECT_EQ(grub.read().choice, "/boot/grub/one.cfg:1");
    EXPECT_TRUE(grub.read().doubts.empty()) << all_doubts(grub.read());
    Grub loop("source $prefix/grub.cfg\n" + entry("a"));
    EXPECT_TRUE(has(all_doubts(loop.read()), "not followed deeper")) << all_doubts(loop.read());
    Grub extract("extract_entries_source /x.cfg\n" + entry("a"));
    EXPECT_EQ(extract.read().doubts.size(), 1U);
}

TEST(GrubMenu, AStubOnTheEspLeadsToTheMenu) {
    Grub stub("search.fs_uuid 0eb7 root hd0,gpt2 \nset prefix=($root)'/boot/grub'\n"
              "configfile $prefix/grub.cfg\n",
              "boot/efi/EFI/debian/grub.cfg");
    stub.folder.write("boot/grub/grub.cfg", "load_env\nset default=\"${saved_entry}\"\n" +
                                                entry("a") + entry("b", "x") +
                                                "if [ -f ${config_directory}/custom.cfg ]; then\n"
                                                "source ${config_directory}/custom.cfg\nfi\n");
    stub.environment("saved_entry=b\n");
    const BootMenu menu = stub.read();
    EXPECT_EQ(chosen(menu), Ids{"b"});
    EXPECT_TRUE(menu.doubts.empty()) << all_doubts(menu);
    EXPECT_EQ(menu.entries.at(1).source, "/boot/grub/grub.cfg:5");
    Grub missing("search.fs_uuid 0eb7 root\nconfigfile ($root)/boot/grub/grub.cfg\n",
                 "boot/efi/EFI/debian/grub.cfg");
    EXPECT_TRUE(has(all_doubts(missing.read()), "is not found on this machine"));
}

TEST(GrubMenu, FstabTellsWhatASearchFinds) {
    const std::string config =
        "search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt2 0EB7\n"
        "if [ -f /.snapshots/grub.cfg ]; then source /.snapshots/grub.cfg; fi\n" +
        entry("a");
    Grub grub(config);
    EXPECT_EQ(grub.read().doubts.size(), 1U) << all_doubts(grub.read());
    grub.folder.write("etc/fstab", "# root\nUUID=0eb7 / btrfs defaults 0 0\n");
    EXPECT_TRUE(grub.read().doubts.empty()) << all_doubts(grub.read());
}

TEST(GrubMenu, AConfigfileShowsItsOwnMenu) {
    Grub grub(entry("outer") + "default=1\nconfigfile $prefix/inner.cfg\n" + entry("later"));
    grub.folder.write("boot/grub/inner.cfg", entry("a") + entry("b"));
    EXPECT_EQ(grub.read().entries.size(), 2U);
    EXPECT_EQ(chosen(grub.read()), Ids{"a"}); // `default` is not exported
    grub.folder.write("boot/grub/inner.cfg", "default=1\n" + entry("a") + entry("b"));
    EXPECT_EQ(chosen(grub.read()), Ids{"b"});
    grub.folder.write("boot/grub/inner.cfg", "set x=1\n");
    EXPECT_EQ(chosen(grub.read()), Ids{"later"});
    Grub inside("menuentry a { configfile $prefix/inner.cfg\n}\n");
    inside.folder.write("boot/grub/inner.cfg", entry("x") + entry("y"));
    EXPECT_EQ(chosen(inside.read()), Ids{"x"});
}

TEST(GrubMenu, BootAtTheTopNeedsNoMenu) {
    const BootMenu menu = menu_of("linux /vmlinuz a\ninitrd /i\nboot\n" + entry("b"));
    ASSERT_EQ(menu.entries.size(), 1U);
    EXPECT_TRUE(menu.entries[0].chosen);
    EXPECT_EQ(menu.entries[0].cmdline, "a");
    EXPECT_TRUE(has(all_doubts(menu_of("set a=b\n")), "no entry"));
}

TEST(GrubEntry, SaysWhatItLoads) {
    Grub grub("menuentry 'My Linux' --id my {\n  search --set=root x\n"
              "  linux /vmlinuz-6.1.0-13-amd64 root=/dev/sda1 ro\n"
              "  initrd /ucode.img /initrd.img-6.1.0-13-amd64\n}\n");
    grub.folder.write("boot/vmlinuz-6.1.0-13-amd64", "");
    grub.folder.write("boot/ucode.img", "");
    grub.folder.write("boot/initrd.img-6.1.0-13-amd64", "");
    const BootMenu menu = grub.read();
    ASSERT_EQ(menu.entries.size(), 1U);
    const BootEntry& one = menu.entries[0];
    EXPECT_EQ(one.id, "my");
    EXPECT_EQ(one.title, "My Linux");
    EXPECT_EQ(one.source, "/boot/grub/grub.cfg:3");
    EXPECT_EQ(one.kernel_file, "/boot/vmlinuz-6.1.0-13-amd64");
    EXPECT_EQ(one.cmdline, "root=/dev/sda1 ro");
    EXPECT_EQ(one.initrds, (Ids{"/boot/ucode.img", "/boot/initrd.img-6.1.0-13-amd64"}));
    EXPECT_TRUE(one.chosen && one.doubts.empty());
}

TEST(GrubEntry, KindsAreTold) {
    const BootMenu menu = menu_of(R"(
menuentry xen { multiboot2 /xen.gz placeholder dom0_mem=1G
 module2 /vmlinuz-6.1 placeholder root=x kvm_intel.nested=0
 module2 --nounzip /initrd.img-6.1
}
menuentry arm { xen_hypervisor /xen.efi
 xen_module /vmlinuz-6.1 root=y
}
menuentry tboot { multiboot2 /tboot.gz logging=serial
 module2 /vmlinuz-6.1 root=z
 module2 /initrd.img
 module2 /sinit.bin
}
menuentry memtest { linux16 /boot/memtest86+.bin }
menuentry windows { chainloader /EFI/Microsoft/Boot/bootmgfw.efi }
menuentry uki { chainloader /EFI/Linux/arch.efi }
menuentry firmware { fwsetup }
menuentry old { linux16 /vmlinuz-5.10 a
 initrd16 /initrd-5.10
}
menuentry efi { if [ $grub_platform = efi ]; then linuxefi /vmlinuz-1 a; initrdefi /i; else linux /vmlinuz-1 a; initrd /i; fi
}
menuentry halt { halt }
menuentry bsd { kfreebsd /boot/kernel }
)");
    ASSERT_EQ(menu.entries.size(), 11U);
    const auto kind = [&](size_t i) { return menu.entries[i].kind; };
    EXPECT_EQ(kind(0), EntryKind::under_hypervisor);
    EXPECT_EQ(menu.entries[0].cmdline, "placeholder root=x kvm_intel.nested=0");
    EXPECT_EQ(menu.entries[0].kernel_file, "/boot/vmlinuz-6.1");
    EXPECT_EQ(menu.entries[0].initrds, Ids{"/boot/initrd.img-6.1"});
    EXPECT_EQ(kind(1), EntryKind::under_hypervisor);
    EXPECT_EQ(menu.entries[1].cmdline, "root=y");
    EXPECT_EQ(kind(2), EntryKind::linux);
    EXPECT_EQ(menu.entries[2].cmdline, "root=z");
    EXPECT_EQ(kind(3), EntryKind::other);
    EXPECT_EQ(kind(4), EntryKind::other);
    EXPECT_TRUE(menu.entries[5].unified && kind(5) == EntryKind::linux);
    EXPECT_EQ(menu.entries[5].initrds, Ids{"/boot/EFI/Linux/arch.efi"});
    EXPECT_EQ(kind(6), EntryKind::other);
    EXPECT_EQ(menu.entries[7].cmdline, "a");
    EXPECT_EQ(menu.entries[8].cmdline, "a");
    EXPECT_TRUE(menu.entries[8].doubts.empty());
    EXPECT_EQ(kind(9), EntryKind::other);
    EXPECT_EQ(kind(10), EntryKind::other);
}

TEST(GrubEntry, AMissingFileIsADoubtWhereItMatters) {
    const BootMenu named = menu_of("menuentry a { linux (hd1,gpt1)/vmlinuz a\n}\n");
    EXPECT_EQ(named.entries.at(0).doubts.size(), 1U);
    EXPECT_TRUE(menu_of(entry("a")).entries.at(0).doubts.empty());
    EXPECT_EQ(menu_of("set fallback=1\n" + entry("a") + entry("b")).doubts.size(), 1U);
    const BootMenu second = menu_of("menuentry a { linux /vmlinuz\n initrd /a\n initrd /b\n}\n");
    EXPECT_EQ(second.entries.at(0).initrds, Ids{"/boot/b"});
    EXPECT_EQ(second.entries.at(0).doubts.size(), 1U);
}

TEST(GrubEntry, AnUnknownCommandIsADoubtWhereItStands) {
    const BootMenu menu = menu_of("menuentry a { frobnicate\n linux /vmlinuz\n}\n" + entry("b"));
    EXPECT_EQ(menu.entries.at(0).doubts.size(), 1U);
    EXPECT_TRUE(menu.doubts.empty());
    EXPECT_EQ(menu_of("frobnicate\n" + entry("b")).doubts.size(), 1U);
    EXPECT_TRUE(menu_of("insmod x\nterminal_output gfxterm\nplay 1\n" + entry("b")).doubts.empty());
}
