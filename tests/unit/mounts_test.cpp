// SPDX-License-Identifier: GPL-2.0-or-later
// The table of mounts, and what of it outlives a boot.
#include "tests/unit/folder.h"
#include "validator/facts/mounts.h"

#include <gtest/gtest.h>

using namespace virt_nested;
using test::Folder;

namespace {

/// What becomes of /etc/modprobe.d by this table, of a captured machine.
Lasting of(const std::string& mountinfo) {
    const Folder folder{{"proc/self/mountinfo", mountinfo}};
    return read_lasting(Sysroot(folder.path()), "/etc/modprobe.d");
}

} // namespace

TEST(Mountinfo, LinesAsTheKernelWritesThem) {
    const std::vector<Mount> mounts =
        parse_mountinfo("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=c\n"
                        "37 36 0:5 / /a\\040b\\134c\\011 ro shared:1 master:2 unbindable - tmpfs "
                        "none rw\n"
                        "38 36 0:5 / /x rw - overlay over\\040lay rw,upperdir=/u\\040p\n");
    ASSERT_EQ(mounts.size(), 3U);
    EXPECT_EQ(mounts[0].id, 36);
    EXPECT_EQ(mounts[0].parent, 35);
    EXPECT_EQ(mounts[0].at, "/mnt2");
    EXPECT_EQ(mounts[0].type, "ext3");
    EXPECT_EQ(mounts[0].source, "/dev/root");
    EXPECT_EQ(mounts[0].options, "rw,noatime,rw,errors=c");
    EXPECT_EQ(mounts[1].at, "/a b\\c\t");
    EXPECT_EQ(mounts[2].options, "rw,rw,upperdir=/u p");
}

TEST(Mountinfo, WhatIsNoLineIsPassedOver) {
    for (const std::string& text :
         {std::string(), std::string("\n\n"), std::string("\0\0\0", 3), std::string(1U << 20, 'x'),
          std::string("36 35 98:0 / / rw -"), std::string("36 35 98:0 / / rw - ext4"),
          std::string("36 35 98:0 / / rw - ext4 /dev/sda"), std::string("- - - - - - - - - -"),
          std::string("36 35 98:0 / relative rw - ext4 /dev/sda rw"),
          std::string("x 35 98:0 / / rw - ext4 /dev/sda rw"),
          std::string("-3 35 98:0 / / rw - ext4 /dev/sda rw"),
          std::string("99999999999999 35 98:0 / / rw - ext4 /dev/sda rw")})
        EXPECT_TRUE(parse_mountinfo(text).empty()) << text.substr(0, 80);
    const std::vector<Mount> odd =
        parse_mountinfo("1 1 0:1 / /\\ rw - ext4 d rw\n2 1 0:1 / /\\99\\000\\7 rw - ext4 d rw\n"
                        "3 1 0:1 / /\\777 rw - ext4 d rw\n");
    ASSERT_EQ(odd.size(), 3U);
    EXPECT_EQ(odd[0].at, "/\\");
    EXPECT_EQ(odd[1].at, "/\\99\\000\\7") << "no name holds a NUL";
    EXPECT_EQ(odd[2].at, "/\\777");
}

TEST(Mountinfo, ThePathIsWalkedAsTheKernelDoes) {
    // tmpfs on /etc, and then another root over it all.
    const std::vector<Mount> mounts = parse_mountinfo("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
                                                      "2 1 0:9 / /etc rw - tmpfs etc rw\n"
                                                      "3 1 8:2 / / rw - xfs /dev/sda2 rw\n"
                                                      "4 3 8:3 / /etcetera rw - ext4 /dev/sda3 rw\n"
                                                      "5 3 8:4 / /var rw - ext2 /dev/sda4 rw\n"
                                                      "6 5 8:5 / /var rw - ext4 /dev/sda5 rw\n");
    EXPECT_EQ(mount_of(mounts, "/etc/modprobe.d")->id, 3);
    EXPECT_EQ(mount_of(mounts, "/etcetera")->id, 4);
    EXPECT_EQ(mount_of(mounts, "/var/lib")->id, 6) << "the last one on a folder";
    EXPECT_EQ(mount_of(mounts, "/")->id, 3);
    EXPECT_EQ(mount_of({}, "/etc"), nullptr);
    const std::vector<Mount> loop = parse_mountinfo("1 2 0:1 / / rw - ext4 a rw\n"
                                                    "2 1 0:1 / / rw - tmpfs b rw\n");
    EXPECT_NE(mount_of(loop, "/etc"), nullptr);
}

TEST(Mountinfo, ManyLinesAreNoTrouble) {
    std::string text = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n";
    for (int i = 2; i < 20'000; ++i)
        text += std::to_string(i) + " " + std::to_string(i - 1) + " 0:1 / /etc rw - tmpfs t rw\n";
    EXPECT_EQ(mount_of(parse_mountinfo(text), "/etc/modprobe.d")->id, 19'999);
}

TEST(Lasting, ByTheFileSystem) {
    struct Case {
        const char* table;
        State lasts;
        State writable;
    };
    for (const Case& c : {
             // an ordinary host
             Case{"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n", State::on, State::on},
             Case{"1 0 8:1 / / ro - ext4 /dev/sda1 ro\n", State::on, State::off},
             Case{"1 0 0:30 / / rw - nfs4 server:/root rw\n", State::on, State::on},
             // Unraid, Alpine diskless
             Case{"1 1 0:2 / / rw - rootfs rootfs rw\n", State::off, State::on},
             Case{"1 0 0:20 / / rw - tmpfs tmpfs rw\n", State::off, State::on},
             Case{"1 0 1:0 / / rw - ext2 /dev/ram0 rw\n", State::off, State::on},
             // TrueNAS: a ro root, and /etc is a data set of its own
             Case{"1 0 0:30 / / ro - zfs boot-pool/ROOT/25.10/root ro\n"
                  "2 1 0:31 / /etc rw - zfs boot-pool/ROOT/25.10/etc rw\n",
                  State::on, State::on},
             // overlayroot, and Debian's live-boot: the upper half is mounted, and seen
             Case{"1 0 0:40 / / rw - overlay overlayroot rw,lowerdir=/media/root-ro,"
                  "upperdir=/media/root-rw/overlay\n"
                  "2 1 0:41 / /media/root-rw rw - tmpfs tmpfs-root rw\n",
                  State::off, State::on},
             Case{"1 0 0:40 / / rw - overlay overlay rw,lowerdir=/run/live/rootfs/,upperdir=/run/"
                  "live/overlay/rw\n"
                  "2 1 0:41 / /run rw - tmpfs tmpfs rw\n",
                  State::off, State::on},
             Case{"1 0 0:40 / / rw - overlay overlay rw,lowerdir=/run/live/rootfs/,upperdir=/run/"
                  "live/persistence/sdb2/rw\n"
                  "2 1 0:41 / /run rw - tmpfs tmpfs rw\n"
                  "3 2 8:18 / /run/live/persistence/sdb2 rw - ext4 /dev/sdb2 rw\n",
                  State::on, State::on},
             // casper: it is hidden
             Case{"1 0 0:40 / / rw - overlay /cow rw,lowerdir=/a.squashfs,upperdir=/cow/upper\n",
                  State::off, State::on},
             Case{"1 0 0:40 / / rw - overlay x rw,lowerdir=/a,upperdir=/somewhere/upper\n",
                  State::undetermined, State::on},
             Case{"1 0 0:40 / / ro - overlay x ro,lowerdir=/a:/b\n", State::on, State::off},
             // MicroOS and Flatcar: /etc is an overlay with its upper half on the disk
             Case{"1 0 0:30 / / ro - btrfs /dev/vda3 rw\n"
                  "2 1 0:31 / /var rw - btrfs /dev/vda3 rw\n"
                  "3 1 0:40 / /etc rw - overlay overlay rw,lowerdir=/sysroot/etc,upperdir=/sysroot/"
                  "var/lib/overlay/1/etc,workdir=/sysroot/var/lib/overlay/1/work-etc\n",
                  State::on, State::on},
             Case{"1 0 8:9 / / rw - ext4 /dev/vda9 rw\n"
                  "3 1 0:40 / /etc rw - overlay overlay rw,lowerdir=/sysroot/usr/share/flatcar/etc,"
                  "upperdir=/sysroot/etc,workdir=/sysroot/.etc-work\n",
                  State::on, State::on},
             // Elemental: /etc is made anew, but for what is mounted below it
             Case{"1 0 7:0 / / ro - ext2 /dev/loop0 ro\n"
                  "2 1 0:41 / /run rw - tmpfs tmpfs rw\n"
                  "4 2 0:42 / /run/elemental/overlay rw - tmpfs tmpfs rw\n"
                  "3 1 0:40 / /etc rw - overlay overlay rw,lowerdir=/etc,upperdir=/run/elemental/"
                  "overlay/etc/upper\n",
                  State::off, State::on},
             Case{"1 0 7:0 / / ro - ext2 /dev/loop0 ro\n"
                  "2 1 0:42 / /etc rw - tmpfs tmpfs rw\n"
                  "3 2 8:5 /.state/etc-modprobe.d.bind /etc/modprobe.d rw - ext4 /dev/sda5 rw\n",
                  State::on, State::on},
             Case{"", State::undetermined, State::undetermined},
             Case{"nonsense\n", State::undetermined, State::undetermined},
         }) {
        const Lasting said = of(c.table);
        EXPECT_EQ(said.lasts.state, c.lasts) << c.table << said.lasts.found << said.lasts.reason;
        EXPECT_EQ(said.writable.state, c.writable) << c.table;
    }
}

TEST(Lasting, TheOlderTableDoesAsWell) {
    const Folder folder{{"proc/mounts", "rootfs / rootfs rw 0 0\n/dev/sda1 / ext4 rw 0 0\n"
                                        "etc /etc tmpfs rw 0 0\nbad line\n"}};
    EXPECT_TRUE(read_lasting(Sysroot(folder.path()), "/etc/modprobe.d").lasts.off());
    EXPECT_TRUE(read_lasting(Sysroot(folder.path()), "/usr").lasts.on());
}

TEST(Lasting, NothingIsClaimedOfAnImage) {
    const Folder folder{{"etc/hostname", "x"}};
    EXPECT_TRUE(read_lasting(Sysroot(folder.path()), "/etc/modprobe.d").lasts.undetermined());
}

TEST(Lasting, ThisMachinesOwnTableIsRead) {
    const Lasting said = read_lasting(Sysroot(), "/proc");
    EXPECT_FALSE(said.lasts.undetermined()) << said.lasts.reason;
}
