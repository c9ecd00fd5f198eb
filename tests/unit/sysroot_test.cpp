// SPDX-License-Identifier: GPL-2.0-or-later
// The door to the host's files: what it refuses, and that nothing leaves the root.
#include "core/sysroot.h"
#include "tests/unit/folder.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <sys/stat.h>

using namespace virt_nested;

TEST(Sysroot, ReadsBelowItsRoot) {
    const test::Folder folder{{"etc/a", "text\n"}};
    EXPECT_EQ(*Sysroot(folder.path()).read("/etc/a"), "text\n");
}

TEST(Sysroot, AbsentIsNotUnreadable) {
    const test::Folder folder{};
    EXPECT_EQ(Sysroot(folder.path()).read("/etc/a").error().code, ENOENT);
}

TEST(Sysroot, AbsoluteLinkStaysInside) {
    const test::Folder folder{{"etc/real", "inside"}};
    folder.link("/etc/real", "etc/link");
    folder.link("/etc/passwd", "etc/escape");
    folder.link("../../../../etc/real", "etc/up");
    const Sysroot root(folder.path());
    EXPECT_EQ(*root.read("/etc/link"), "inside");
    EXPECT_EQ(*root.read("/etc/up"), "inside");
    EXPECT_EQ(root.read("/etc/escape").error().code, ENOENT);
}

TEST(Sysroot, LinkedFolderIsFollowedInside) {
    const test::Folder folder{{"usr/lib/modprobe.d/a.conf", "x"}};
    folder.link("usr/lib", "lib");
    EXPECT_EQ(*Sysroot(folder.path()).read("/lib/modprobe.d/a.conf"), "x");
}

TEST(Sysroot, LinkLoopEnds) {
    const test::Folder folder{};
    folder.link("b", "a");
    folder.link("a", "b");
    EXPECT_EQ(Sysroot(folder.path()).read("/a").error().code, ELOOP);
}

TEST(Sysroot, FifoIsRefusedAtOnce) {
    const test::Folder folder{};
    ASSERT_EQ(::mkfifo((folder.path() + "/f").c_str(), 0600), 0);
    const Result<std::string> text = Sysroot(folder.path()).read("/f");
    ASSERT_FALSE(text);
    EXPECT_NE(text.error().what.find("a FIFO, not a regular file"), std::string::npos);
}

TEST(Sysroot, DeviceIsRefused) {
    EXPECT_NE(Sysroot().read("/dev/zero").error().what.find("a device"), std::string::npos);
}

TEST(Sysroot, TooLargeIsItsOwnError) {
    const test::Folder folder{{"big", std::string(100, 'x')}};
    EXPECT_EQ(Sysroot(folder.path()).read("/big", 99).error().code, EFBIG);
    EXPECT_EQ(Sysroot(folder.path()).read("/big", 100)->size(), 100U);
    EXPECT_EQ(Sysroot(folder.path()).read_head("/big", 10)->size(), 10U);
}

TEST(Sysroot, PastTheDeadlineEveryReadFails) {
    const test::Folder folder{{"a", "x"}};
    set_deadline(std::chrono::steady_clock::now());
    EXPECT_EQ(Sysroot(folder.path()).read("/a").error().code, ETIME);
    set_deadline(std::chrono::steady_clock::time_point::max());
    EXPECT_TRUE(Sysroot(folder.path()).read("/a"));
}

TEST(Sysroot, ListIsInByteOrder) {
    const test::Folder folder{{"d/b", ""}, {"d/B", ""}, {"d/10", ""}, {"d/.h", ""}};
    EXPECT_EQ(*Sysroot(folder.path()).list("/d"), (std::vector<std::string>{".h", "10", "B", "b"}));
}
