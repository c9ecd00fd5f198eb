// SPDX-License-Identifier: GPL-2.0-or-later
// The menu of syslinux, extlinux and U-Boot.
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

const std::string config = "/boot/extlinux/extlinux.conf";

BootMenu read(const Folder& folder, const BootLimits& limits = {}) {
    return read_syslinux_menu(Sysroot(folder.path()), config, limits);
}

BootMenu menu_of(const std::string& text) {
    const Folder folder{{config.substr(1), text}};
    return read(folder);
}

} // namespace

TEST(Syslinux, OfUBootMenu) {
    const Folder folder{{config.substr(1), "## /boot/extlinux/extlinux.conf\n"
                                           "default l0\n"
                                           "menu title U-Boot menu\n"
                                           "prompt 0\n"
                                           "timeout 50\n\n"
                                           "label l0\n"
                                           "\tmenu label Debian GNU/Linux 12 6.1.0-21-arm64\n"
                                           "\tlinux /vmlinuz-6.1.0-21-arm64\n"
                                           "\tinitrd /initrd.img-6.1.0-21-arm64\n"
                                           "\tfdtdir /usr/lib/linux-image-6.1.0-21-arm64/\n"
                                           "\tkaslrseed\n"
                                           "\tappend root=/dev/mmcblk0p2 ro kvm-arm.mode=nested\n"
                                           "label l0r\n"
                                           "\tlinux /vmlinuz-6.1.0-21-arm64\n"
                                           "\tappend single\n"},
                        {"boot/vmlinuz-6.1.0-21-arm64", ""},
                        {"boot/initrd.img-6.1.0-21-arm64", ""}};
    const BootMenu menu = read(folder);
    EXPECT_EQ(ids(menu), (Strings{"l0", "l0r"}));
    EXPECT_EQ(chosen(menu), Strings{"l0"});
    EXPECT_EQ(menu.choice, config + ":2");
    const BootEntry& one = entry(menu, "l0");
    EXPECT_EQ(one.title, "Debian GNU/Linux 12 6.1.0-21-arm64");
    EXPECT_EQ(one.kernel_file, "/boot/vmlinuz-6.1.0-21-arm64");
    EXPECT_EQ(one.initrds, Strings{"/boot/initrd.img-6.1.0-21-arm64"});
    EXPECT_EQ(one.cmdline, "root=/dev/mmcblk0p2 ro kvm-arm.mode=nested");
    EXPECT_EQ(one.source, config + ":13");
    EXPECT_TRUE(one.doubts.empty()) << test::doubts(one.doubts);
    EXPECT_TRUE(menu.doubts.empty()) << test::doubts(menu.doubts);
}

TEST(Syslinux, OfArch) {
    const Folder folder{{"boot/syslinux/syslinux.cfg",
                         "DEFAULT arch\nPROMPT 0\nTIMEOUT 50\n"
                         "UI menu.c32\n"
                         "LABEL arch\n"
                         "    MENU LABEL Arch Linux\n"
                         "    LINUX ../vmlinuz-linux\n"
                         "    APPEND root=/dev/sda3 rw\n"
                         "    INITRD ../intel-ucode.img,../initramfs-linux.img\n"},
                        {"boot/vmlinuz-linux", ""},
                        {"boot/intel-ucode.img", ""},
                        {"boot/initramfs-linux.img", ""}};
    const BootMenu menu = read_syslinux_menu(Sysroot(folder.path()), "/boot/syslinux/syslinux.cfg");
    EXPECT_EQ(chosen(menu), Strings{"arch"});
    EXPECT_EQ(entry(menu, "arch").kernel_file, "/boot/vmlinuz-linux");
    EXPECT_EQ(entry(menu, "arch").initrds,
              (Strings{"/boot/intel-ucode.img", "/boot/initramfs-linux.img"}));
    EXPECT_TRUE(menu.doubts.empty());
}

TEST(Syslinux, Arguments) {
    const BootMenu menu = menu_of("APPEND all\nDEFAULT own\n"
                                  "LABEL own\nKERNEL /k\nAPPEND own initrd=/a,/b\n"
                                  "LABEL all\nKERNEL /k\n"
                                  "LABEL none\nKERNEL /k\nAPPEND -\n"
                                  "LABEL /bare\n"
                                  "LABEL both\nKERNEL /k\nINITRD /a\nAPPEND initrd=/b\n"
                                  "LABEL var\nKERNEL /k\nAPPEND root=${root}\n"
                                  "LABEL fit\nKERNEL /k.itb#conf\n");
    EXPECT_EQ(entry(menu, "own").cmdline, "own initrd=/a,/b");
    EXPECT_EQ(entry(menu, "own").initrds, (Strings{"/boot/a", "/boot/b"}));
    EXPECT_EQ(entry(menu, "all").cmdline, "all");
    EXPECT_EQ(entry(menu, "none").cmdline, "");
    EXPECT_EQ(entry(menu, "/bare").kernel_file, "/boot/bare");
    EXPECT_TRUE(has_doubt(entry(menu, "both").doubts, config + ":15", "more than once"));
    EXPECT_TRUE(has_doubt(entry(menu, "var").doubts, config + ":18", "replaces variables"));
    EXPECT_TRUE(has_doubt(entry(menu, "fit").doubts, config + ":19", "an image of several"));
}

TEST(Syslinux, Defaults) {
    const std::string labels = "label a\nlinux /a\nlabel b\nlinux /b\nappend x\n";
    EXPECT_EQ(chosen(menu_of("default b\n" + labels)), Strings{"b"});
    EXPECT_EQ(entry(menu_of("default b y  z\n" + labels), "b").cmdline, "x y  z");
    EXPECT_EQ(chosen(menu_of("DEFAULT a\nDeFault b\n" + labels)), Strings{"b"}) << "the last";
    EXPECT_EQ(chosen(menu_of("ui vesamenu.c32\n" + labels)), Strings{"a"});
    EXPECT_EQ(chosen(menu_of("default vesamenu.c32\n" + labels + "menu default\n")), Strings{"b"});
    EXPECT_TRUE(menu_of("ui menu.c32\n" + labels + "menu default\n").doubts.empty());
    EXPECT_EQ(menu_of("ui menu.c32\n" + labels + "menu default\n").choice, config + ":6");
    EXPECT_EQ(chosen(menu_of("default a\n" + labels + "menu default\n")), Strings{"a"});
    EXPECT_EQ(chosen(menu_of("ui menu.c32\nlabel h\nmenu hide\nlinux /h\n" + labels)),
              Strings{"a"});
}

TEST(Syslinux, DefaultsInDoubt) {
    const std::string labels = "label a\nlinux /a\nlabel b\nlinux /b\n";
    const BootMenu none = menu_of(labels);
    EXPECT_EQ(chosen(none), Strings{"a"});
    EXPECT_TRUE(has_doubt(none.doubts, config + ":1", "no default is named"));

    const BootMenu timeout = menu_of("default a\nontimeout b\n" + labels);
    EXPECT_EQ(chosen(timeout), (Strings{"a", "b"}));
    EXPECT_TRUE(has_doubt(timeout.doubts, config + ":2", "when nobody answers"));
    EXPECT_TRUE(menu_of("default a\nontimeout a\n" + labels).doubts.empty());

    const BootMenu letters = menu_of("default B\n" + labels);
    EXPECT_EQ(chosen(letters), Strings{"b"});
    EXPECT_TRUE(has_doubt(letters.doubts, config + ":1", "letters' case"));

    const BootMenu file = menu_of("append all\ndefault /vmlinuz root=/dev/sda1\n" + labels);
    EXPECT_EQ(chosen(file), (Strings{"a", "/vmlinuz"}));
    EXPECT_EQ(entry(file, "/vmlinuz").kernel_file, "/boot/vmlinuz");
    EXPECT_EQ(entry(file, "/vmlinuz").cmdline, "all root=/dev/sda1");
    EXPECT_TRUE(has_doubt(file.doubts, config + ":2", "no label has the name"));

    EXPECT_TRUE(
        has_doubt(menu_of("default a\nmenu save\n" + labels).doubts, config + ":2", "chosen last"));
    EXPECT_EQ(chosen(menu_of("default a\n" + labels + "label a\nlinux /c\n")), (Strings{"a", "a"}));
    EXPECT_TRUE(has_doubt(menu_of("ui menu.c32\nmenu begin x\n" + labels).doubts, config + ":3",
                          "another menu"));
}

TEST(Syslinux, DefaultWithoutLabels) {
    const BootMenu menu = menu_of("default /vmlinuz root=/dev/sda1 initrd=/initrd\n");
    EXPECT_EQ(chosen(menu), Strings{"/vmlinuz"});
    EXPECT_EQ(entry(menu, "/vmlinuz").initrds, Strings{"/boot/initrd"});
    EXPECT_TRUE(menu.doubts.empty());
}

TEST(Syslinux, Programs) {
    const BootMenu menu =
        menu_of("default xen\n"
                "label xen\nkernel mboot.c32\n"
                "append /xen.gz dom0_mem=1G --- /vmlinuz root=/dev/sda1 nested --- /initrd\n"
                "label xen2\ncom32 /lib/mboot.c32\nappend xen.gz\n"
                "label bsd\nkernel mboot.c32\nappend /bsd.gz\n"
                "label disk\nlocalboot 0x80\n"
                "label more\nconfig /other.cfg\n"
                "label chain\nkernel chain.c32\nappend hd0\n"
                "label cpu\ncom32 ifcpu64.c32\nappend a -- b\n"
                "label mem\nkernel memtest\n"
                "label linux\nkernel linux.c32\nappend /vmlinuz quiet initrd=/i\n"
                "label back\nmenu exit\n");
    const BootEntry& xen = entry(menu, "xen");
    EXPECT_EQ(xen.kind, EntryKind::under_hypervisor);
    EXPECT_EQ(xen.kernel_file, "/boot/vmlinuz");
    EXPECT_EQ(xen.cmdline, "root=/dev/sda1 nested");
    EXPECT_EQ(xen.initrds, Strings{"/boot/initrd"});
    EXPECT_TRUE(xen.doubts.empty());
    EXPECT_TRUE(has_doubt(entry(menu, "xen2").doubts, config + ":7", "without a Linux"));
    for (const char* other : {"bsd", "disk", "more", "chain", "cpu", "mem", "back"})
        EXPECT_EQ(entry(menu, other).kind, EntryKind::other) << other;
    EXPECT_TRUE(entry(menu, "chain").doubts.empty());
    EXPECT_FALSE(entry(menu, "cpu").doubts.empty());
    EXPECT_FALSE(entry(menu, "more").doubts.empty());
    EXPECT_EQ(entry(menu, "linux").kind, EntryKind::linux);
    EXPECT_EQ(entry(menu, "linux").kernel_file, "/boot/vmlinuz");
    EXPECT_EQ(entry(menu, "linux").cmdline, "quiet initrd=/i");
    EXPECT_EQ(entry(menu, "linux").initrds, Strings{"/boot/i"});
}

TEST(Syslinux, Includes) {
    const Folder folder{{config.substr(1), "default b\nINCLUDE more.conf\nlabel b\nlinux /b\n"
                                           "menu include sub.conf Others\n"},
                        {"boot/extlinux/more.conf", "append all\nlabel a\nlinux /a\n"},
                        {"boot/extlinux/sub.conf", "label c\nmenu default\nlinux /c\n"}};
    const BootMenu menu = read(folder);
    EXPECT_EQ(ids(menu), (Strings{"a", "b", "c"}));
    EXPECT_EQ(chosen(menu), Strings{"b"});
    EXPECT_EQ(entry(menu, "b").cmdline, "all");
    EXPECT_EQ(entry(menu, "a").source, "/boot/extlinux/more.conf:2");
    EXPECT_EQ(entry(menu, "b").source, config + ":3");
    EXPECT_TRUE(menu.doubts.empty()) << test::doubts(menu.doubts);
}

TEST(Syslinux, IncludesWithoutEnd) {
    const Folder folder{{config.substr(1),
                         "include extlinux.conf\nlabel a\nlinux /a\ninclude gone\n"
                         "include 1\n"}};
    std::string twice;
    for (int i = 1; i < 40; ++i)
        folder.write("boot/extlinux/" + std::to_string(i), "include " + std::to_string(i + 1) +
                                                               "\ninclude " +
                                                               std::to_string(i + 1) + "\n");
    const Bounded bounded;
    const BootMenu menu = read(folder);
    EXPECT_EQ(ids(menu), Strings{"a"});
    EXPECT_TRUE(has_doubt(menu.doubts, config + ":1", "includes itself", ELOOP));
    EXPECT_TRUE(has_doubt(menu.doubts, "/boot/extlinux/gone", "cannot be read", ENOENT));
    EXPECT_TRUE(has_doubt(menu.doubts, "/boot/extlinux/15:1", "files include files", ELOOP));
}

TEST(Syslinux, HelpIsNoMenu) {
    const BootMenu menu = menu_of("default a\nlabel a\nlinux /a\ntext help\nlabel no\n"
                                  "append no\nendtext\nappend yes\n# append no\nsay append no\n");
    EXPECT_EQ(ids(menu), Strings{"a"});
    EXPECT_EQ(entry(menu, "a").cmdline, "yes");
}

TEST(Syslinux, BytesThatAreNoLines) {
    EXPECT_EQ(chosen(menu_of("DEFAULT a\r\nLABEL a\r\nLINUX /a\r\n")), Strings{"a"});
    EXPECT_EQ(entry(menu_of("default a\nlabel a\nlinux /a\nappend x"), "a").cmdline, "x");
    const BootMenu mark = menu_of("\xef\xbb\xbf"
                                  "default b\nlabel a\nlinux /a\nlabel b\nlinux /b\n");
    EXPECT_EQ(chosen(mark), Strings{"a"});
    EXPECT_TRUE(has_doubt(mark.doubts, config + ":1", "byte order mark"));
    EXPECT_TRUE(has_doubt(menu_of("default a\nlabel a\0b\n"s).doubts, config + ":2", "NUL"));
    EXPECT_TRUE(menu_of("").entries.empty());
    EXPECT_TRUE(menu_of("").found);
}

TEST(Syslinux, OneMebibyteOnOneLine) {
    const Folder folder{
        {config.substr(1), "default a\nlabel a\nappend " + std::string(1 << 20, 'x') + "\n"}};
    const Bounded bounded;
    EXPECT_TRUE(has_doubt(read(folder).doubts, config + ":3", "more than 262144 bytes", EFBIG));
}

TEST(Syslinux, FiveThousandLabels) {
    std::string text = "default 4999\n";
    for (int i = 0; i < 5000; ++i)
        text += "label " + std::to_string(i) + "\nlinux /k\nappend quiet\n";
    const Folder folder{{config.substr(1), text}};
    const Bounded bounded;
    const BootMenu menu = read(folder);
    EXPECT_TRUE(has_doubt(menu.doubts, config + ":12290", "more than 4096 labels", E2BIG));
    EXPECT_TRUE(has_doubt(menu.doubts, config + ":1", "no label has the name '4999'"));
}

TEST(Syslinux, DoubtsWithoutEnd) {
    std::string text;
    for (int i = 0; i < 300'000; ++i)
        text += "menu start\n";
    const Folder folder{{config.substr(1), text}};
    const Bounded bounded;
    EXPECT_LE(read(folder).doubts.size(), 256U);
}

TEST(Syslinux, WhatCannotBeRead) {
    const Folder folder{{config.substr(1), "default a\nlabel a\nlinux /a\ninclude secret\n"},
                        {"boot/extlinux/secret", "default b\n"}};
    {
        const Forbidden secret(folder, "boot/extlinux/secret");
        EXPECT_TRUE(
            has_doubt(read(folder).doubts, "/boot/extlinux/secret", "Permission denied", EACCES));
    }
    const Forbidden all(folder, "boot/extlinux");
    EXPECT_TRUE(read(folder).found);
    EXPECT_TRUE(has_doubt(read(folder).doubts, config, "Permission denied", EACCES));
}

TEST(Syslinux, FilesOfOtherKinds) {
    const Folder folder{};
    EXPECT_FALSE(read(folder).found);
    folder.link("/../../../../../../etc/passwd", config.substr(1));
    EXPECT_FALSE(read(folder).found) << "links stay in the root";
    std::filesystem::remove(folder.path() + config);
    ASSERT_EQ(::mkfifo((folder.path() + config).c_str(), 0644), 0);
    EXPECT_TRUE(has_doubt(read(folder).doubts, config, "a FIFO", EINVAL));
}

TEST(Syslinux, CommentsChangeNothing) {
    const std::string text = "default b\nlabel a\nlinux /a\nlabel b\nlinux /b\n";
    const std::string commented =
        "# default a\n\n  default b\n#\nlabel a\n\tlinux   /a\n \nlabel b\nLINUX /b\n# label c";
    EXPECT_EQ(ids(menu_of(text)), ids(menu_of(commented)));
    EXPECT_EQ(chosen(menu_of(text)), chosen(menu_of(commented)));
}
