// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's files as nobody should leave them: each is told, none holds the reader up.
#include "tests/unit/as_nobody.h"
#include "tests/unit/folder.h"
#include "validator/boot/grub/files.h"
#include "validator/boot/readers.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace virt_nested;
using test::Folder;

namespace {

const std::string config = "/boot/grub/grub.cfg";

BootMenu read(const Folder& root, const BootLimits& limits = {}) {
    return read_grub_menu(Sysroot(root.path()), config, limits);
}

BootMenu menu_of(const std::string& text, const BootLimits& limits = {}) {
    return read(Folder({{"boot/grub/grub.cfg", text}}), limits);
}

std::string entry(const std::string& title) {
    return "menuentry '" + title + "' { linux /vmlinuz\n}\n";
}

/// The doubt, as "source: what (code)".
std::string doubt(const BootMenu& menu) {
    std::string out;
    for (const Doubt& one : menu.doubts)
        out += one.source + ": " + one.what + " (" + std::to_string(one.code) + ")\n";
    return out;
}

void expect_doubt(const BootMenu& menu, const std::string& part) {
    EXPECT_TRUE(menu.found);
    EXPECT_NE(doubt(menu).find(part), std::string::npos) << doubt(menu);
}

/// Reads within a second.
BootMenu quick(const std::string& text) {
    const Folder root({{"boot/grub/grub.cfg", text}});
    const auto start = std::chrono::steady_clock::now();
    BootMenu menu = read(root);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
    return menu;
}

std::string times(const std::string& text, size_t count) {
    std::string out;
    out.reserve(text.size() * count);
    for (size_t i = 0; i < count; ++i)
        out += text;
    return out;
}

} // namespace

TEST(GrubFiles, NoneIsNotFound) {
    const BootMenu menu = read(Folder({{"boot/x", ""}}));
    EXPECT_FALSE(menu.found);
    EXPECT_TRUE(menu.doubts.empty() && menu.entries.empty());
}

TEST(GrubFiles, WhatCannotBeReadIsADoubt) {
    const Folder root({{"boot/grub/x", ""}});
    ::mkfifo((root.path() + config).c_str(), 0600);
    expect_doubt(read(root), config + ": ");
    ::unlink((root.path() + config).c_str());
    ::mkdir((root.path() + config).c_str(), 0700);
    expect_doubt(read(root), config + ": ");
    ::rmdir((root.path() + config).c_str());
    root.link("/boot/grub/grub.cfg", "boot/grub/grub.cfg");
    expect_doubt(read(root), "(" + std::to_string(ELOOP) + ")");
    const test::AsNobody nobody;
    const Folder closed({{"boot/grub/grub.cfg", entry("a")}});
    ::chmod((closed.path() + config).c_str(), 0);
    expect_doubt(read(closed), "(" + std::to_string(EACCES) + ")");
}

TEST(GrubFiles, LinksStayInTheRoot) {
    const Folder root({{"boot/other", entry("a")}});
    root.link("../../../../../boot/other", "boot/grub/grub.cfg");
    EXPECT_EQ(read(root).entries.size(), 1U);
    root.link("/etc/passwd", "boot/grub/custom.cfg");
    root.write("boot/other", "source /boot/grub/custom.cfg\n" + entry("a"));
    EXPECT_EQ(read(root).entries.size(), 1U);
}

TEST(GrubFiles, LimitsAreTold) {
    const std::string large = entry("a") + times("# padding\n", 110'000);
    EXPECT_EQ(menu_of(large).entries.size(), 1U); // 1.1 MB
    BootLimits limits;
    limits.file_bytes = 1000;
    expect_doubt(menu_of(large, limits), "(" + std::to_string(EFBIG) + ")");
    limits = {};
    limits.entries = 3;
    const BootMenu many = menu_of(times(entry("a"), 10), limits);
    EXPECT_EQ(many.entries.size(), 3U);
    expect_doubt(many, "more than 3 entries");
    limits = {};
    limits.steps = 50;
    const BootMenu steps = menu_of(entry("a") + times("true\n", 100) + entry("b"), limits);
    EXPECT_EQ(steps.entries.size(), 1U);
    expect_doubt(steps, "more than 50 commands");
}

TEST(GrubFiles, WhatGrubDoesNotTakeIsADoubtWithItsLine) {
    expect_doubt(menu_of(entry("a") + "menuentry b { true\n"), "grub.cfg:");
    expect_doubt(menu_of(entry("a") + "echo 'x\n\n"),
                 "grub.cfg:3: GRUB's shell does not take the line: "
                 "a quote is not closed");
    expect_doubt(menu_of(entry("a") + "true | false\n"), "grub.cfg:3: ");
    expect_doubt(menu_of(entry("a") + "fi\n"), "grub.cfg:3: ");
    expect_doubt(menu_of(entry("a") + "menuentry b { }\n"), "grub.cfg:3: ");
    expect_doubt(menu_of(entry("a") + "echo $ x\n"), "grub.cfg:3: ");
    expect_doubt(menu_of(entry("a") + std::string("echo \0 x\n", 9)), "grub.cfg:3: ");
    expect_doubt(menu_of(entry("a") + "echo \x01 x\n"), "grub.cfg:3: ");
    // What stands on other lines counts.
    EXPECT_EQ(menu_of("true | false\n" + entry("a")).entries.size(), 1U);
    EXPECT_EQ(menu_of(entry("a") + "menuentry b { true\n").entries.size(), 1U);
    // Nothing of a line or a block with a mistake is run, what stands behind the line is.
    const auto command_line = [](const std::string& text) {
        return menu_of(text + "\nmenuentry a { linux /vmlinuz $v\n}\n").entries.at(0).cmdline;
    };
    EXPECT_EQ(command_line("v=1; true | false; v=2\n"), "");
    EXPECT_EQ(command_line("if true; then\nv=1\n;;\nv=$v.2\nfi\nv=$v.3"), ".2.3");
    EXPECT_EQ(command_line("function f { v=1; }; true | false\nf"), "1");
}

TEST(GrubFiles, NoTextHoldsTheReaderUp) {
    const size_t much = 1U << 20;
    quick(times("a", much));
    quick("set a='" + times("b", much) + "'\n" + entry("a"));
    quick(times("a;", much / 2));
    quick(times("$a", much / 2));
    quick(times("\n", much));
    quick(times("#\n\n", much / 3));
    quick(times("if true; then ", much / 14));
    quick(times("menuentry a {\n", much / 14));
    quick(times("{", much));
    quick(times("if search x; then a=$a$b; fi\n", much / 30));
    quick(times("function f { f; f; }\n", 1000) + "f\n");
    quick("function f { if search; then f; else f; fi; }\nf\n");
    quick("function f { if search; then a=$a$a; fi; f; f; }\na=b\nf\n");
    quick("[ " + times("( ", much / 2) + "]\n");
    quick("a=b\nwhile true; do a=\"$a$a\"; done\n");
    quick("a=" + times("x", 250'000) + "\nwhile true; do b=\"$a\"; c=\"$b\"; done\n");
    quick("for i in " + times("a ", much / 2) + "; do b=$i; done\n" + entry("a"));
    std::string nest;
    for (int i = 0; i < 2000; ++i)
        nest += "submenu a {\n";
    quick(nest + entry("a") + times("}\n", 2000));
    std::string many;
    for (int i = 0; i < 3000; ++i)
        many += "if search; then v" + std::to_string(i) + "=x; fi\n";
    quick(many + entry("a"));
}

TEST(GrubFiles, LargeMenusTakeNoTime) {
    std::string text;
    for (int i = 0; i < 500; ++i)
        text += "menuentry 'Linux " + std::to_string(i) +
                "' --class debian --class gnu-linux $menuentry_id_option 'gnulinux-" +
                std::to_string(i) + "' {\n\tload_video\n\tinsmod gzio\n" +
                "\tif [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi\n" +
                times("\techo 'Loading Linux 6.1.0-13-amd64 and some more of the like ...'\n", 28) +
                "\tlinux /vmlinuz-6.1." + std::to_string(i) + " root=UUID=1 ro quiet\n" +
                "\tinitrd /initrd.img-6.1." + std::to_string(i) + "\n}\n";
    ASSERT_GT(text.size(), 1'000'000U);
    const Folder root({{"boot/grub/grub.cfg", "default=499\n" + text}});
    const auto start = std::chrono::steady_clock::now();
    const BootMenu menu = read(root);
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(menu.entries.size(), 500U);
    EXPECT_TRUE(menu.entries.at(499).chosen);
    RecordProperty("milliseconds", static_cast<int>(took / std::chrono::milliseconds(1)));
    EXPECT_LT(took, std::chrono::seconds(2));
}

// openSUSE's and Fedora's on btrfs.
TEST(GrubFiles, BlocksOutsideOfFilesOfACapturedMachineHoldNothing) {
    const std::string block = "set env_block=\"(${root})${env_block}\"\n";
    const std::string rest = "load_env -f \"${env_block}\"\nif [ \"${next_entry}\" ]; then\n"
                             "set default=\"${next_entry}\"\nelse\n"
                             "set default=\"${saved_entry}\"\nfi\nexport extra\n" +
                             entry("a") + "menuentry b { linux /vmlinuz $extra_cmdline\n}\n";
    std::string environment = "# GRUB Environment Block\nenv_block=512+1\nsaved_entry=1\n";
    environment.resize(1024, '#');
    const auto with = [&](const std::string& text) {
        return read(Folder({{"boot/grub/grub.cfg", text}, {"boot/grub/grubenv", environment}}));
    };
    const BootMenu menu = with("load_env\n" + block + rest);
    EXPECT_EQ(doubt(menu), "");
    ASSERT_EQ(menu.entries.size(), 2U);
    EXPECT_TRUE(!menu.entries[0].chosen && menu.entries[1].chosen);
    EXPECT_TRUE(menu.entries[1].doubts.empty());
    EXPECT_EQ(menu.entries[1].cmdline, "");
    // Those of a disk that is not known may hold anything.
    expect_doubt(with("load_env\nset env_block=(hd7)512+1\n" + rest), "not found on this machine");
}

TEST(GrubFiles, BlocksAreThoseOfTheDiskBelowABtrfs) {
    const Folder root({{"boot/grub/grub.cfg", ""}});
    const auto code = [](const Sysroot& of, const std::string& beside, const char* blocks) {
        const Result<std::string> text = grub::read_blocks(of, beside, blocks);
        return text ? 0 : text.error().code;
    };
    EXPECT_EQ(code(Sysroot(root.path()), config, "512+1"), ENOTBLK);
    EXPECT_EQ(code(Sysroot(), "/proc/version", "512+1"), ENOTBLK);
    for (const char* blocks : {"", "512", "512+", "+1", "512+1x", "512+129", "512+1,600+1"})
        EXPECT_EQ(code(Sysroot(), "/proc/version", blocks), EINVAL) << blocks;
}

// os-prober's entries for another disk, and an ISO's: their kernels have this system's names.
TEST(GrubFiles, WhatLiesElsewhereIsNotTakenForThisSystemsFile) {
    const std::string here = "0eb7c2c6-2b8b-4b0f-8b4c-9f6a3c1d2e4f";
    const auto with = [](const std::string& commands, const std::string& fstab,
                         const std::string& running = "root=/dev/sda1") {
        return read(Folder({{"boot/grub/grub.cfg", "menuentry a {\n" + commands + "\n}\n"},
                            {"boot/vmlinuz-6.1", "x"},
                            {"boot/i", "x"},
                            {"proc/cmdline", running + "\n"},
                            {"etc/fstab", fstab}}));
    };
    const auto other = [&](const BootMenu& menu) {
        for (const BootEntry& entry : menu.entries)
            for (const Doubt& one : entry.doubts)
                return one.what;
        return std::string();
    };
    const std::string linux = "linux /boot/vmlinuz-6.1 ro\ninitrd /boot/i";
    const std::string search = "search --set=root --fs-uuid 99999999-1111\n" + linux;
    const std::string root_line = "UUID=" + here + " / ext4 defaults 0 1\n";
    const BootMenu disk = with(search, root_line);
    EXPECT_EQ(other(disk), "'/boot/vmlinuz-6.1' lies on another file system (UUID 99999999-1111) "
                           "than this system's");
    EXPECT_EQ(disk.entries.at(0).kernel_file, "");
    EXPECT_TRUE(disk.entries.at(0).initrds.empty());
    EXPECT_NE(other(with(search, "UUID=1 /boot ext4 x 0 0\n" + root_line)), "");
    EXPECT_NE(other(with(search, "UUID=99999999-1111 /mnt ext4 x 0 0\n" + root_line)), "");
    // What is not certain.
    for (const std::string& fstab :
         {std::string(), std::string("/dev/sda1 / ext4 x 0 0\n"),
          "LABEL=boot /boot ext4 x 0 0\n" + root_line,
          "/dev/disk/by-uuid/99999999-1111 /boot ext4 x 0 0\n" + root_line})
        EXPECT_EQ(other(with(search, fstab)), "") << fstab;
    EXPECT_EQ(other(with(search, root_line, "root=UUID=99999999-1111")), "");
    EXPECT_EQ(other(with("search --set=root --fs-uuid hd0,gpt1\n" + linux, root_line)), "");
    EXPECT_EQ(other(with("search --set=root --fs-uuid " + here + "\n" + linux, root_line)), "");
    EXPECT_NE(other(with("linux /boot/vmlinuz-6.1 root=UUID=9", root_line)), "");
    EXPECT_EQ(other(with("linux /boot/vmlinuz-6.1 root=UUID=" + here, root_line)), "");
    // Made of a file, or by the firmware.
    EXPECT_EQ(other(with("loopback x /a.iso\nlinux (x)/boot/vmlinuz-6.1", "")),
              "'(x)/boot/vmlinuz-6.1' lies on (x), which is not looked into");
    for (const char* device : {"loop", "cd", "tftp", "memdisk"}) {
        EXPECT_NE(other(with("linux (" + std::string(device) + ")/boot/vmlinuz-6.1", "")), "");
        EXPECT_NE(other(with("set root=(" + std::string(device) + ")\n" + linux, "")), "");
    }
}

TEST(GrubFiles, WhetherACommandLoadsAFileThatIsNotHereIsNotKnown) {
    const auto cmdline = [](const std::string& condition) {
        return read(Folder(
            {{"boot/vmlinuz-6.1", "x"},
             {"boot/grub/grub.cfg", "menuentry a {\nif " + condition + "; then true; else\n" +
                                        "linux /boot/vmlinuz-6.1 kvm_intel.nested=0\nfi\n}\n"}}));
    };
    for (const char* condition :
         {"linux /boot/nokernel ro", "multiboot /boot/nokernel", "chainloader /EFI/none.efi"}) {
        const BootMenu menu = cmdline(condition);
        ASSERT_EQ(menu.entries.size(), 1U);
        EXPECT_FALSE(menu.entries[0].doubts.empty()) << condition;
    }
    const BootMenu menu = cmdline("linux /boot/vmlinuz-6.1 ro");
    EXPECT_EQ(menu.entries.at(0).cmdline, "ro");
    EXPECT_TRUE(menu.entries.at(0).doubts.empty());
    EXPECT_FALSE(cmdline("linux /boot/vmlinuz-6.1; initrd /none").entries.at(0).doubts.empty());
}

TEST(GrubFiles, AnEnvironmentBlockOfAnySizeIsNotRead) {
    const std::string large = "# GRUB Environment Block\n" + times("a=b\n", 20'000);
    const BootMenu menu =
        read(Folder({{"boot/grub/grubenv", large},
                     {"boot/grub/grub.cfg",
                      "load_env\nset default=$saved_entry\n" + entry("a") + entry("b")}}));
    expect_doubt(menu, "/boot/grub/grubenv: GRUB's environment block has more than 65536 bytes");
    EXPECT_TRUE(menu.entries.at(0).chosen && menu.entries.at(1).chosen);
}
