// SPDX-License-Identifier: GPL-2.0-or-later
// Entry files of the Boot Loader Specification: what is taken, and what is a doubt.
#include "tests/unit/boot_menu.h"
#include "validator/boot/menus/bls.h"

#include <cerrno>

using namespace virt_nested;
using namespace std::string_literals;
using test::Bounded;
using test::Folder;
using test::Forbidden;
using test::has_doubt;

namespace {

const std::string folder_name = "/boot/loader/entries";
const std::string path = folder_name + "/a.conf";

BlsFile parse(const std::string& text, const std::string& name = "a.conf",
              const BootLimits& limits = {}) {
    return parse_bls(folder_name + "/" + name, text, limits);
}

std::string joined(const std::vector<BlsValue>& values) {
    std::string out;
    for (const BlsValue& value : values)
        out += std::to_string(value.line) + ":" + value.text + "|";
    return out;
}

std::vector<BlsFile> read(const Folder& folder, std::vector<Doubt>& doubts,
                          const BootLimits& limits = {}) {
    return read_bls_files(Sysroot(folder.path()), folder_name, limits, doubts);
}

} // namespace

TEST(Bls, EveryKey) {
    const BlsFile file = parse("title Fedora Linux 40\n"
                               "version 6.9.5-200.fc40.x86_64\n"
                               "machine-id 6a9857a393724b7a981ebb5b8495b9ea\n"
                               "sort-key fedora\n"
                               "architecture x64\n"
                               "linux /vmlinuz-6.9.5\n"
                               "initrd /microcode.img\n"
                               "initrd /initramfs-6.9.5.img\n"
                               "options root=UUID=1 ro\n"
                               "options  kvm_intel.nested=1\n"
                               "grub_users $grub_users\n"
                               "devicetree /dtb\n");
    EXPECT_EQ(file.title, "Fedora Linux 40");
    EXPECT_EQ(file.version, "6.9.5-200.fc40.x86_64");
    EXPECT_EQ(file.machine_id, "6a9857a393724b7a981ebb5b8495b9ea");
    EXPECT_EQ(file.sort_key, "fedora");
    EXPECT_EQ(file.architecture, "x64");
    EXPECT_EQ(file.kernel, "/vmlinuz-6.9.5");
    EXPECT_EQ(joined(file.initrds), "7:/microcode.img|8:/initramfs-6.9.5.img|");
    EXPECT_EQ(joined(file.options), "9:root=UUID=1 ro|10:kvm_intel.nested=1|");
    EXPECT_TRUE(file.doubts.empty()) << test::doubts(file.doubts);
}

TEST(Bls, Programs) {
    EXPECT_FALSE(parse("efi /EFI/memtest.efi\n").uki);
    const BlsFile uki = parse("uki /EFI/Linux/a.efi\nprofile 1\n");
    EXPECT_TRUE(uki.uki);
    EXPECT_EQ(uki.efi, "/EFI/Linux/a.efi");
    EXPECT_EQ(uki.profile, "1");
    EXPECT_EQ(parse("uki-url https://example.org/a.efi\n").url, "https://example.org/a.efi");
}

TEST(Bls, BlanksCommentsAndEnds) {
    const BlsFile file = parse("\n  # options commented\n#options too\n\ttitle \t A B \t\n"
                               "options\noptions \t \nlinux\t/k\noptions a=1  b");
    EXPECT_EQ(file.title, "A B");
    EXPECT_EQ(file.kernel, "/k");
    EXPECT_EQ(joined(file.options), "8:a=1  b|") << "the last line needs no line feed";
    EXPECT_TRUE(file.doubts.empty());
}

TEST(Bls, LinesOfWindows) {
    const BlsFile file = parse("title A\r\nlinux /k\r\noptions a\r\n");
    EXPECT_EQ(file.kernel, "/k");
    EXPECT_EQ(joined(file.options), "3:a|");
    EXPECT_TRUE(file.doubts.empty());
}

TEST(Bls, CarriageReturnsInside) {
    const BlsFile file = parse("title A\rlinux /k\noptions a\rinitrd /i\n");
    EXPECT_EQ(file.kernel, "/k");
    EXPECT_EQ(joined(file.initrds), "2:/i|");
    EXPECT_TRUE(has_doubt(file.doubts, path + ":1", "a carriage return"));
    EXPECT_EQ(file.doubts.size(), 1U) << "each kind once";
}

TEST(Bls, ByteOrderMarkHidesTheFirstKey) {
    const BlsFile file = parse("\xef\xbb\xbflinux /k\noptions a\n");
    EXPECT_TRUE(file.kernel.empty());
    EXPECT_EQ(joined(file.options), "2:a|");
    EXPECT_TRUE(has_doubt(file.doubts, path + ":1", "byte order mark"));
}

TEST(Bls, NulEndsIt) {
    const BlsFile file = parse("linux /k\noptions a\0b\noptions c\n"s);
    EXPECT_EQ(joined(file.options), "2:a|");
    EXPECT_TRUE(has_doubt(file.doubts, path + ":2", "NUL"));
}

TEST(Bls, TwoOfAKeyThatIsThereOnce) {
    const BlsFile file = parse("linux /a\nlinux /b\nversion 1\nversion 1\n");
    EXPECT_EQ(file.kernel, "/b");
    EXPECT_TRUE(has_doubt(file.doubts, path + ":2", "'linux' stands there once more"));
    EXPECT_EQ(file.doubts.size(), 1U) << "the same value again is the same";
    EXPECT_TRUE(has_doubt(parse("linux /a\nefi /b\n").doubts, path, "more than one program"));
}

TEST(Bls, Quotes) {
    EXPECT_EQ(joined(parse("options \"a b\"\n").options), "1:\"a b\"|") << "GRUB keeps them";
    EXPECT_EQ(bls_unquoted("\"a b\""), "a b");
    EXPECT_EQ(bls_unquoted("'a'"), "a");
    EXPECT_EQ(bls_unquoted("\"a'"), "\"a'");
    EXPECT_EQ(bls_unquoted("\""), "\"");
    EXPECT_EQ(bls_unquoted(""), "");
}

TEST(Bls, Tries) {
    const auto tries = [](const std::string& name) {
        const BlsFile file = parse("", name);
        return file.id + " " + std::to_string(file.tries_left) + " " +
               std::to_string(file.tries_done);
    };
    EXPECT_EQ(tries("a.conf"), "a -1 -1");
    EXPECT_EQ(tries("a+3.conf"), "a 3 0");
    EXPECT_EQ(tries("a+3-1.conf"), "a 3 1");
    EXPECT_EQ(tries("a+0-3.conf"), "a 0 3");
    EXPECT_EQ(tries("6.1+deb+2-1.CONF"), "6.1+deb 2 1");
    for (const char* none : {"a+.conf", "a+3-.conf", "a+3-1x.conf", "a+x.conf", "6.1+deb.conf",
                             "a+99999999999.conf", "a+3-99999999999.conf", "a+1-2-3.conf"})
        EXPECT_EQ(tries(none), std::string(none, strlen(none) - 5) + " -1 -1");
}

TEST(Bls, FilesOfAFolder) {
    const Folder folder{{"boot/loader/entries/b.conf", "linux /b\n"},
                        {"boot/loader/entries/a.conf", "linux /a\n"},
                        {"boot/loader/entries/C.CONF", "linux /c\n"},
                        {"boot/loader/entries/.hidden.conf", "linux /h\n"},
                        {"boot/loader/entries/.conf", "linux /h\n"},
                        {"boot/loader/entries/a.conf~", "linux /h\n"},
                        {"boot/loader/entries/entries.srel", "type1\n"}};
    std::vector<Doubt> doubts;
    std::string found;
    for (const BlsFile& file : read(folder, doubts))
        found += file.path + file.kernel + " ";
    EXPECT_EQ(found, "/boot/loader/entries/C.CONF/c /boot/loader/entries/a.conf/a "
                     "/boot/loader/entries/b.conf/b ");
    EXPECT_TRUE(doubts.empty()) << test::doubts(doubts);
}

TEST(Bls, NoFolder) {
    const Folder folder{};
    std::vector<Doubt> doubts;
    EXPECT_TRUE(read(folder, doubts).empty());
    EXPECT_TRUE(doubts.empty());
    folder.write("boot/loader/entries", "a file");
    EXPECT_TRUE(read(folder, doubts).empty());
    EXPECT_TRUE(
        has_doubt(doubts, folder_name, "the folder of boot entries cannot be read", ENOTDIR));
}

TEST(Bls, WhatCannotBeRead) {
    const Folder folder{{"boot/loader/entries/a.conf", "linux /a\n"},
                        {"boot/loader/entries/folder.conf/x", ""}};
    const std::string entries = folder.path() + folder_name;
    ASSERT_EQ(::mkfifo((entries + "/fifo.conf").c_str(), 0644), 0);
    folder.write("boot/loader/entries/secret.conf", "linux /s\n");
    folder.link("loop.conf", "boot/loader/entries/loop.conf");
    folder.link("/nowhere", "boot/loader/entries/gone.conf");
    std::vector<Doubt> doubts;
    {
        const Forbidden secret(folder, "boot/loader/entries/secret.conf");
        EXPECT_EQ(read(folder, doubts).size(), 1U);
    }
    EXPECT_TRUE(has_doubt(doubts, folder_name + "/fifo.conf", "a FIFO", EINVAL));
    EXPECT_TRUE(has_doubt(doubts, folder_name + "/folder.conf", "a folder", EINVAL));
    EXPECT_TRUE(has_doubt(doubts, folder_name + "/secret.conf",
                          "the boot entry cannot be read: Permission denied", EACCES));
    EXPECT_TRUE(has_doubt(doubts, folder_name + "/loop.conf", "Too many levels", ELOOP));
    EXPECT_TRUE(has_doubt(doubts, folder_name + "/gone.conf", "No such file", ENOENT));
    EXPECT_EQ(doubts.size(), 5U) << test::doubts(doubts);
    doubts.clear();
    const Forbidden all(folder, "boot/loader/entries");
    EXPECT_TRUE(read(folder, doubts).empty());
    EXPECT_TRUE(
        has_doubt(doubts, folder_name, "the folder of boot entries cannot be read", EACCES));
}

TEST(Bls, LinksStayInTheRoot) {
    const Folder folder{{"etc/entry", "linux /inside\n"}};
    folder.link("../../../../../../../../etc/entry", "boot/loader/entries/a.conf");
    folder.link("/etc/passwd", "boot/loader/entries/b.conf");
    std::vector<Doubt> doubts;
    const std::vector<BlsFile> files = read(folder, doubts);
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].kernel, "/inside");
    EXPECT_TRUE(has_doubt(doubts, folder_name + "/b.conf", "No such file", ENOENT));
}

TEST(Bls, OneMebibyteOnOneLine) {
    const Folder folder{{"boot/loader/entries/a.conf",
                         "linux /k\noptions " + std::string(1 << 20, 'x') + "\noptions quiet\n"}};
    const Bounded bounded;
    std::vector<Doubt> doubts;
    const std::vector<BlsFile> files = read(folder, doubts);
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(joined(files[0].options), "3:quiet|");
    EXPECT_TRUE(has_doubt(files[0].doubts, path + ":2", "more than 262144 bytes", EFBIG));
}

TEST(Bls, LinesWithoutEnd) {
    std::string text;
    for (int i = 0; i < 500'000; ++i)
        text += "initrd\ra\n";
    const Bounded bounded;
    EXPECT_EQ(parse(text.substr(0, 4U << 20)).doubts.size(), 1U);
    text.clear();
    for (int i = 0; i < 400'000; ++i)
        text += "options a\n";
    const BlsFile file = parse(text);
    EXPECT_EQ(file.options.size(), 4096U);
    EXPECT_TRUE(has_doubt(file.doubts, path + ":4097", "more than 4096 lines", E2BIG));
}

TEST(Bls, FilesOverTheLimits) {
    const Folder folder{{"boot/loader/entries/a.conf", std::string(5000, '#')},
                        {"boot/loader/entries/b.conf", std::string(900, '#')},
                        {"boot/loader/entries/c.conf", std::string(900, '#')}};
    BootLimits limits;
    limits.file_bytes = 1000;
    limits.all_bytes = 1500;
    std::vector<Doubt> doubts;
    EXPECT_EQ(read(folder, doubts, limits).size(), 1U);
    EXPECT_TRUE(has_doubt(doubts, path, "longer than 1000 bytes", EFBIG));
    EXPECT_TRUE(has_doubt(doubts, folder_name + "/c.conf", "more than 1500 bytes together", EFBIG));
}

TEST(Bls, FiveThousandFiles) {
    const Folder folder{};
    for (int i = 0; i < 5000; ++i)
        folder.write("boot/loader/entries/" + std::to_string(i) + ".conf", "linux /k\n");
    const Bounded bounded;
    std::vector<Doubt> doubts;
    EXPECT_EQ(read(folder, doubts).size(), 4096U);
    EXPECT_TRUE(has_doubt(doubts, folder_name, "more than 4096 boot entries", E2BIG));
    EXPECT_EQ(doubts.size(), 1U);
}
