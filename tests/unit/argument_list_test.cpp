// SPDX-License-Identifier: GPL-2.0-or-later
// Arguments in the files that a boot loader's tool makes its entries from.
#include "tests/unit/folder.h"
#include "validator/boot/arguments.h"

#include <gtest/gtest.h>

using namespace virt_nested;
using test::Folder;

namespace {

constexpr std::array<std::string_view, 2> files = {"/etc/default/grub",
                                                   "/etc/default/grub.d/*.cfg"};
constexpr ArgumentList grub = {
    .files = files, .key = "GRUB_CMDLINE_", .shell = true, .adds_to = "GRUB_CMDLINE_LINUX"};

/// "file:line VARIABLE text", and the file that has the last word.
std::string read(const Folder& folder, const ArgumentList& list = grub) {
    const ListLines found = read_argument_list(Sysroot(folder.path()), list);
    std::string out;
    for (const ArgumentPlace& place : found.places)
        out += place.file.substr(place.file.rfind('/') + 1) + ":" + std::to_string(place.line) +
               " " + place.variable + " " + place.text + "\n";
    return out + found.set_in;
}

std::string in_default(const std::string& text) {
    return read(Folder{{"etc/default/grub", text}});
}

constexpr const char* last_word = "/etc/default/grub";

} // namespace

TEST(ArgumentList, AValueMayGoOnInTheNextLine) {
    EXPECT_EQ(
        in_default("GRUB_CMDLINE_LINUX=\"quiet \\\n  kvm.a=1 \\\n  kvm.b=1\"\nX=kvm.c=1\n"),
        std::string("grub:2 GRUB_CMDLINE_LINUX kvm.a=1\ngrub:3 GRUB_CMDLINE_LINUX kvm.b=1\n") +
            last_word);
    EXPECT_EQ(in_default("GRUB_CMDLINE_LINUX='a\nkvm.a=1\n'\nkvm.b=1\n"),
              std::string("grub:2 GRUB_CMDLINE_LINUX kvm.a=1\n") + last_word);
    EXPECT_EQ(in_default("GRUB_CMDLINE_LINUX=a'\\'\nkvm.b=1\n"), last_word)
        << "a backslash in single quotes is one";
    EXPECT_EQ(in_default("GRUB_CMDLINE_LINUX=kvm.a=1\\"),
              std::string("grub:1 GRUB_CMDLINE_LINUX kvm.a=1\n") + last_word);
}

TEST(ArgumentList, CommentsAreNone) {
    EXPECT_EQ(in_default("#GRUB_CMDLINE_LINUX=kvm.a=1\nGRUB_CMDLINE_LINUX=a # \"kvm.b=1\n"
                         "GRUB_CMDLINE_LINUX_DEFAULT='#' # kvm.c=1\n"),
              last_word);
    EXPECT_EQ(in_default("GRUB_CMDLINE_LINUX=\"a # kvm.b=1\"\n"),
              std::string("grub:1 GRUB_CMDLINE_LINUX kvm.b=1\n") + last_word);
}

TEST(ArgumentList, AVariableOfTheSitesOwnIsFollowed) {
    EXPECT_EQ(in_default("A=kvm.a=1\nB=\"$A quiet\"\nOTHER=kvm.c=1\n"
                         "export GRUB_CMDLINE_LINUX=\"${B} kvm.b=1\"\n"),
              std::string("grub:1 A kvm.a=1\ngrub:4 GRUB_CMDLINE_LINUX kvm.b=1\n") + last_word);
    EXPECT_EQ(in_default("A=\"$A $B\"\nB=$A\nGRUB_CMDLINE_LINUX=$A\n"), last_word) << "in a circle";
}

TEST(ArgumentList, WhatIsAddedToAValueIsNotItsLastWord) {
    const Folder folder{
        {"etc/default/grub", "GRUB_CMDLINE_LINUX=\"quiet\"\n"},
        {"etc/default/grub.d/a.cfg", "GRUB_CMDLINE_LINUX+=\" kvm.a=1\"\n"},
        {"etc/default/grub.d/b.cfg", "GRUB_CMDLINE_LINUX=\"\\\n$GRUB_CMDLINE_LINUX kvm.b=1\"\n"}};
    const std::string added = "a.cfg:1 GRUB_CMDLINE_LINUX kvm.a=1\nb.cfg:2 GRUB_CMDLINE_LINUX "
                              "kvm.b=1\n";
    EXPECT_EQ(read(folder), added + last_word);
    folder.write("etc/default/grub.d/c.cfg", "GRUB_CMDLINE_LINUX=console=ttyS0\n");
    EXPECT_EQ(read(folder), added + "/etc/default/grub.d/c.cfg");
    EXPECT_EQ(read(Folder{{"etc/fstab", ""}}), "");
}

TEST(ArgumentList, OtherListsAreReadLineByLine) {
    constexpr std::array<std::string_view, 1> config = {"/etc/zipl.conf"};
    const ArgumentList zipl = {.files = config, .key = "parameters", .adds_to = "parameters"};
    EXPECT_EQ(
        read(Folder{{"etc/zipl.conf",
                     "title=Bob's\nparameters = \"a\nkvm.b=1\"\nParameters=kvm.c=1 # kvm.d=1\n"}},
             zipl),
        "zipl.conf:4 Parameters kvm.c=1\nzipl.conf:4 Parameters kvm.d=1\n");
}
