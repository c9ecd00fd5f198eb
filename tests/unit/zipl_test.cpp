// SPDX-License-Identifier: GPL-2.0-or-later
// zipl.conf of IBM Z.
#include "tests/unit/boot_menu.h"
#include "validator/boot/readers.h"

#include <cerrno>

using namespace virt_nested;
using namespace std::string_literals;
using test::Bounded;
using test::chosen;
using test::entry;
using test::Folder;
using test::Forbidden;
using test::has_doubt;
using test::ids;
using test::Strings;

namespace {

const std::string config = "/etc/zipl.conf";

BootMenu read(const Folder& folder, const BootLimits& limits = {}) {
    return read_zipl_menu(Sysroot(folder.path()), config, limits);
}

BootMenu menu_of(const std::string& text) {
    const Folder folder{{config.substr(1), text}};
    return read(folder);
}

const std::string sections = "[new]\ntarget = /boot\nimage = /boot/vmlinuz-2\n"
                             "ramdisk = /boot/initrd-2,0x2000000\n"
                             "parameters = \"root=/dev/dasda1 kvm.nested=1\"\n"
                             "[old]\ntarget=/boot\nimage=/boot/vmlinuz-1,0x10000\n"
                             "parameters='root=/dev/dasda1'\n"
                             "[dump]\ndumpto=/dev/dasdb1\n";

} // namespace

TEST(Zipl, OneSection) {
    const BootMenu menu = menu_of("# of Debian\n[defaultboot]\ndefault = old\n" + sections);
    EXPECT_TRUE(menu.found);
    EXPECT_EQ(ids(menu), (Strings{"new", "old", "dump"}));
    EXPECT_EQ(chosen(menu), Strings{"old"});
    EXPECT_EQ(menu.choice, config + ":3");
    EXPECT_EQ(entry(menu, "old").kernel_file, "/boot/vmlinuz-1");
    EXPECT_EQ(entry(menu, "old").cmdline, "root=/dev/dasda1");
    EXPECT_EQ(entry(menu, "new").cmdline, "root=/dev/dasda1 kvm.nested=1");
    EXPECT_EQ(entry(menu, "new").initrds, Strings{"/boot/initrd-2"});
    EXPECT_EQ(entry(menu, "new").source, config + ":8");
    EXPECT_EQ(entry(menu, "dump").kind, EntryKind::other);
    EXPECT_TRUE(menu.doubts.empty()) << test::doubts(menu.doubts);
}

TEST(Zipl, MenusByNumber) {
    const std::string menu =
        "[defaultboot]\ndefaultmenu = menu1\n" + sections + ":menu1\ntarget=/boot\n2=old\n1=new\n";
    EXPECT_EQ(chosen(menu_of(menu)), Strings{"old"}) << "the one that stands first";
    EXPECT_EQ(chosen(menu_of(menu + "default=1\nprompt=1\ntimeout=10\n")), Strings{"new"});
    EXPECT_EQ(menu_of(menu + "default=1\n").choice, config + ":18");
    EXPECT_TRUE(menu_of(menu).doubts.empty());
    EXPECT_TRUE(has_doubt(menu_of(menu + "default=3\n").doubts, config + ":18",
                          "no entry of the default's number"));
    EXPECT_TRUE(has_doubt(menu_of("[defaultboot]\ndefaultmenu=none\n").doubts, config + ":2",
                          "no such menu"));
}

TEST(Zipl, AllSections) {
    EXPECT_EQ(chosen(menu_of("[defaultboot]\ndefaultauto\ntarget=/boot\n" + sections)),
              Strings{"new"});
    EXPECT_EQ(chosen(menu_of("[defaultboot]\ndefaultauto\ntarget=/boot\ndefault=old\n" + sections)),
              Strings{"old"});
}

TEST(Zipl, EntryFiles) {
    const auto bls = [](const std::string& title, const std::string& version) {
        return "title " + title + "\nversion " + version + "\nlinux /boot/vmlinuz-" + version +
               "\ninitrd /boot/initramfs-" + version +
               ".img\noptions root=/dev/dasda1 v=" + version + "\n";
    };
    const Folder folder{
        {config.substr(1), "[defaultboot]\ndefaultauto\nprompt=1\ntimeout=5\ntarget=/boot\n"},
        {"boot/loader/entries/m-5.9.conf", bls("Fedora (5.9)", "5.9")},
        {"boot/loader/entries/m-5.10.conf", bls("Fedora (5.10)", "5.10")},
        {"boot/loader/entries/m-0-rescue.conf", bls("Rescue", "0")},
        {"boot/vmlinuz-5.10", ""}};
    BootMenu menu = read(folder);
    EXPECT_EQ(ids(menu), (Strings{"Fedora (5.10)", "Fedora (5.9)", "Rescue"}));
    EXPECT_EQ(chosen(menu), Strings{"Fedora (5.10)"});
    EXPECT_EQ(entry(menu, "Fedora (5.10)").kernel_file, "/boot/vmlinuz-5.10");
    EXPECT_EQ(entry(menu, "Fedora (5.10)").cmdline, "root=/dev/dasda1 v=5.10");
    EXPECT_EQ(entry(menu, "Fedora (5.10)").source, "/boot/loader/entries/m-5.10.conf:5");
    EXPECT_TRUE(menu.doubts.empty()) << test::doubts(menu.doubts);

    folder.write(config.substr(1),
                 "[defaultboot]\ndefaultauto\ndefault=Fedora (5.9)\ntarget=/boot\n");
    EXPECT_EQ(chosen(read(folder)), Strings{"Fedora (5.9)"});
    folder.write("boot/loader/entries/n.conf", bls("Rescue", "1"));
    EXPECT_NE(test::doubts(read(folder).doubts).find("a title that is there already"),
              std::string::npos);
    folder.write("boot/loader/entries/n.conf", "title None\n");
    EXPECT_NE(test::doubts(read(folder).doubts).find("no kernel"), std::string::npos);
    folder.write("boot/loader/entries/n.conf", "title None\nlinux /k\noptions $kernelopts\n");
    EXPECT_TRUE(has_doubt(entry(read(folder), "None").doubts, "/boot/loader/entries/n.conf:3",
                          "a variable stands in its parameters"));
}

TEST(Zipl, FileOfParameters) {
    const Folder folder{{config.substr(1), "[defaultboot]\ndefault=a\n[a]\ntarget=/boot\n"
                                           "image=/boot/k\nparmfile=/etc/parm,0x1000\n"
                                           "parameters=last\n"},
                        {"etc/parm", "root=/dev/dasda1\nquiet\n"}};
    EXPECT_EQ(entry(read(folder), "a").cmdline, "root=/dev/dasda1 quiet last");
    EXPECT_EQ(entry(read(folder), "a").source, "/etc/parm");
    std::filesystem::remove(folder.path() + "/etc/parm");
    EXPECT_TRUE(has_doubt(entry(read(folder), "a").doubts, "/etc/parm",
                          "the file of parameters cannot be read", ENOENT));
}

TEST(Zipl, WhatItRefuses) {
    const std::string good = "[defaultboot]\ndefault=a\n[a]\nimage=/k\n";
    EXPECT_TRUE(menu_of(good).doubts.empty());
    for (const auto& [text, line, why] : std::vector<std::tuple<std::string, int, std::string>>{
             {"image=/k\n" + good, 1, "outside of a section"},
             {good + "imagee=/k\n", 5, "not understood"},
             {good + "image=/k\n", 5, "stands there twice"},
             {good + "parameters=\"x\n", 5, "quotes"},
             {good + "parameters=\"x\" y\n", 5, "quotes"},
             {good + "[a]\n", 5, "stands there twice"},
             {good + "[a\n", 5, "heading"},
             {good + "[b] c\n", 5, "heading"},
             {good + "[]\n", 5, "is none"},
             {good + "defaultauto=1\n", 5, "not understood"},
             {good + "parameters=x\r\n", 5, "carriage return"},
             {good + "parameters=x\0\n"s, 5, "NUL"},
             {good + "\xef\xbb\xbf\n", 5, "not understood"},
             {"[defaultboot]\ndefault=b\n[a]\nimage=/k\n", 2, "no section has the name 'b'"},
             {"[defaultboot]\ndefault=a\ndefaultmenu=b\n[a]\nimage=/k\n", 1, "its default is none"},
             {"[defaultboot]\nprompt=1\n", 1, "its default is none"},
         })
        EXPECT_TRUE(has_doubt(menu_of(text).doubts, config + ":" + std::to_string(line), why))
            << text << test::doubts(menu_of(text).doubts);
    EXPECT_NE(test::doubts(menu_of("[a]\nimage=/k\n").doubts).find("no section [defaultboot]"),
              std::string::npos);
    EXPECT_NE(test::doubts(menu_of("").doubts).find("no section [defaultboot]"), std::string::npos);
}

TEST(Zipl, BlanksAndComments) {
    const BootMenu menu = menu_of("\n  # comment\n  [defaultboot]  \n default  =  a  \n\n"
                                  "[a]\n\timage\t=\t/boot/k\t\n#\nparameters = x y");
    EXPECT_EQ(chosen(menu), Strings{"a"});
    EXPECT_EQ(entry(menu, "a").kernel_file, "/boot/k");
    EXPECT_EQ(entry(menu, "a").cmdline, "x y");
    EXPECT_TRUE(menu.doubts.empty()) << test::doubts(menu.doubts);
}

TEST(Zipl, WhatCannotBeRead) {
    const Folder folder{};
    EXPECT_FALSE(read(folder).found);
    folder.write(config.substr(1), "[defaultboot]\ndefaultauto\ntarget=/boot\n[a]\nimage=/k\n");
    folder.write("boot/loader/entries/a.conf", "");
    {
        const Forbidden all(folder, "boot/loader/entries");
        EXPECT_TRUE(
            has_doubt(read(folder).doubts, "/boot/loader/entries", "Permission denied", EACCES));
    }
    {
        const Forbidden secret(folder, config.substr(1));
        EXPECT_TRUE(read(folder).found);
        EXPECT_TRUE(has_doubt(read(folder).doubts, config, "Permission denied", EACCES));
    }
    std::filesystem::remove(folder.path() + config);
    ASSERT_EQ(::mkfifo((folder.path() + config).c_str(), 0644), 0);
    EXPECT_TRUE(has_doubt(read(folder).doubts, config, "a FIFO", EINVAL));
}

TEST(Zipl, OfBounds) {
    std::string text = "[defaultboot]\ndefault=4999\n";
    for (int i = 0; i < 5000; ++i)
        text += "[" + std::to_string(i) + "]\nimage=/k\n";
    const Folder folder{{config.substr(1), text}};
    const Bounded bounded;
    EXPECT_NE(test::doubts(read(folder).doubts).find("more in it than is read"), std::string::npos);
    folder.write(config.substr(1), "[defaultboot]\ndefault=a\n[a]\nimage=/k\nparameters=" +
                                       std::string(1 << 20, 'x') + "\n");
    EXPECT_TRUE(has_doubt(read(folder).doubts, config + ":5", "more in it than is read"));
    folder.write(config.substr(1), std::string(5 << 20, '\n'));
    EXPECT_TRUE(has_doubt(read(folder).doubts, config, "longer than", EFBIG));
}
