// SPDX-License-Identifier: GPL-2.0-or-later
// blscfg of GRUB: Fedora's and EL's menus.
#include "tests/unit/folder.h"
#include "validator/boot/readers.h"

#include <gtest/gtest.h>

using namespace virt_nested;
using test::Folder;

namespace {

using Ids = std::vector<std::string>;

Folder fedora(const std::string& config, const std::string& environment = "") {
    std::string block = "# GRUB Environment Block\n" + environment;
    block.resize(1024, '#');
    return Folder({{"etc/os-release", "ID=fedora\n"},
                   {"boot/grub2/grub.cfg", config},
                   {"boot/grub2/grubenv", block},
                   {"boot/loader/entries/8a3c-6.5.6-300.fc39.x86_64.conf",
                    "title Fedora 39 (6.5.6)\nversion 6.5.6-300.fc39.x86_64\n"
                    "linux /vmlinuz-6.5.6-300.fc39.x86_64\n"
                    "initrd /initramfs-6.5.6-300.fc39.x86_64.img $tuned_initrd\n"
                    "options $kernelopts $tuned_params\ngrub_users $grub_users\n"},
                   {"boot/loader/entries/8a3c-6.10.1-300.fc39.x86_64.conf",
                    "title Fedora 39 (6.10.1)\nversion 6.10.1-300.fc39.x86_64\n"
                    "linux /vmlinuz-6.10.1-300.fc39.x86_64\n"
                    "initrd /initramfs-6.10.1-300.fc39.x86_64.img\n"
                    "options root=UUID=1 ro kvm_intel.nested=0\n"},
                   {"boot/loader/entries/8a3c-0-rescue.conf",
                    "title Rescue\nversion 0-rescue\nlinux /vmlinuz-0-rescue\noptions root=x\n"}});
}

BootMenu read(const Folder& root) {
    return read_grub_menu(Sysroot(root.path()), "/boot/grub2/grub.cfg");
}

Ids ids(const BootMenu& menu, bool chosen_alone = false) {
    Ids out;
    for (const BootEntry& entry : menu.entries)
        if (entry.chosen || !chosen_alone)
            out.push_back(entry.id);
    return out;
}

std::string doubts(const BootMenu& menu) {
    std::string out;
    for (const Doubt& doubt : menu.doubts)
        out += doubt.source + ": " + doubt.what + "\n";
    for (const BootEntry& entry : menu.entries)
        for (const Doubt& doubt : entry.doubts)
            out += entry.id + ": " + doubt.source + ": " + doubt.what + "\n";
    return out;
}

const char* const header = R"(set pager=1
if [ -f ${config_directory}/grubenv ]; then
  load_env -f ${config_directory}/grubenv
elif [ -s $prefix/grubenv ]; then
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
insmod part_gpt
search --no-floppy --fs-uuid --set=root 0eb7
set boot=${root}
if [ -z "${kernelopts}" ]; then
  set kernelopts="root=UUID=fallback ro "
fi
insmod blscfg
blscfg
if [ "${boot_success}" = "1" -o "${boot_indeterminate}" = "1" ]; then
  set last_boot_ok=1
else
  set last_boot_ok=0
fi
if [ "${boot_counter}" -a "${boot_success}" = "0" ]; then
  if  [ "${boot_counter}" = "0" -o "${boot_counter}" = "-1" ]; then
    set default=1
    set boot_counter=-1
  else
    decrement boot_counter
  fi
  save_env boot_counter
fi
if [ "${menu_auto_hide}" = "2" -o \( "${menu_auto_hide}" = "1" -a "${last_boot_ok}" = "1" \) ]; then
  set timeout_style=hidden
fi
if [ -f $prefix/custom.cfg ]; then
  source $prefix/custom.cfg
fi
)";

} // namespace

TEST(GrubBls, EntriesAreInOrderOfTheirVersions) {
    const BootMenu menu = read(fedora(header));
    EXPECT_EQ(ids(menu),
              (Ids{"8a3c-6.10.1-300.fc39.x86_64", "8a3c-6.5.6-300.fc39.x86_64", "8a3c-0-rescue"}));
    EXPECT_EQ(ids(menu, true), Ids{"8a3c-6.10.1-300.fc39.x86_64"});
    const BootEntry& one = menu.entries.at(0);
    EXPECT_EQ(one.cmdline, "root=UUID=1 ro kvm_intel.nested=0");
    EXPECT_EQ(one.kernel, "") << "its version is for people";
    EXPECT_EQ(one.title, "Fedora 39 (6.10.1)");
    EXPECT_EQ(one.source, "/boot/loader/entries/8a3c-6.10.1-300.fc39.x86_64.conf:5");
    EXPECT_EQ(one.kernel_file, "/boot/vmlinuz-6.10.1-300.fc39.x86_64");
    EXPECT_EQ(one.initrds, Ids{"/boot/initramfs-6.10.1-300.fc39.x86_64.img"});
    EXPECT_EQ(doubts(menu), "");
}

TEST(GrubBls, VariablesComeFromTheEnvironmentAndTheConfiguration) {
    const BootMenu menu = read(fedora(header));
    EXPECT_EQ(menu.entries.at(1).cmdline, "root=UUID=fallback ro");
    EXPECT_EQ(menu.entries.at(1).initrds, Ids{"/boot/initramfs-6.5.6-300.fc39.x86_64.img"});
    const BootMenu set = read(fedora(header, "saved_entry=8a3c-6.5.6-300.fc39.x86_64\n"
                                             "kernelopts=root=/dev/x ro kvm_intel.nested=0\n"
                                             "tuned_params=isolcpus=1\ntuned_initrd=/tuned.img\n"));
    EXPECT_EQ(ids(set, true), Ids{"8a3c-6.5.6-300.fc39.x86_64"});
    EXPECT_EQ(set.choice, "/boot/grub2/grubenv");
    EXPECT_EQ(set.entries.at(1).cmdline, "root=/dev/x ro kvm_intel.nested=0 isolcpus=1");
    EXPECT_EQ(set.entries.at(1).initrds,
              (Ids{"/boot/initramfs-6.5.6-300.fc39.x86_64.img", "/boot/tuned.img"}));
    EXPECT_EQ(doubts(set), "");
}

TEST(GrubBls, TheCounterOfFailedBootsChangesTheDefault) {
    EXPECT_EQ(ids(read(fedora(header, "boot_success=0\nboot_counter=0\n")), true),
              Ids{"8a3c-6.5.6-300.fc39.x86_64"});
    EXPECT_EQ(ids(read(fedora(header, "boot_success=0\nboot_counter=2\n")), true),
              Ids{"8a3c-6.10.1-300.fc39.x86_64"});
}

TEST(GrubBls, CallsForSomeEntriesAdd) {
    const std::string some = "default=8a3c-0-rescue\nblscfg default\nmenuentry a { true; }\n"
                             "blscfg non-default\n";
    const BootMenu menu = read(fedora(some));
    EXPECT_EQ(ids(menu), (Ids{"8a3c-0-rescue", "a", "8a3c-6.10.1-300.fc39.x86_64",
                              "8a3c-6.5.6-300.fc39.x86_64"}));
    EXPECT_EQ(ids(read(fedora("blscfg 8a3c-0-rescue\n"))), Ids{"8a3c-0-rescue"});
}

TEST(GrubBls, EveryFileIsReadAsGrubReadsIt) {
    const Folder root = fedora(header);
    root.write("boot/loader/entries/9-two.conf",
               "linux /vmlinuz-9\noptions a=1\noptions kvm_intel.nested=0\n");
    root.write("boot/loader/entries/8-blank.conf", "linux /vmlinuz-8\n\noptions a\n");
    root.write("boot/loader/entries/7-none.conf", "title nothing\n");
    root.write("boot/loader/entries/8.1.conf", "linux /vmlinuz-8\n");
    root.write("boot/grub2/grub.cfg", "set default_kernelopts=fall=back\n" + std::string(header));
    const BootMenu menu = read(root);
    const auto named = [&](const std::string& id) {
        for (const BootEntry& entry : menu.entries)
            if (entry.id == id)
                return entry;
        return BootEntry();
    };
    EXPECT_EQ(menu.entries.size(), 6U);
    EXPECT_EQ(named("9-two").cmdline, "a=1");
    EXPECT_EQ(named("9-two").doubts.size(), 1U);
    EXPECT_EQ(named("8-blank").doubts.size(), 1U) << doubts(menu);
    EXPECT_EQ(named("8.1").cmdline, "fall=back");
}

TEST(GrubBls, AFolderThatIsNotThereIsADoubt) {
    const Folder root({{"boot/grub2/grub.cfg", "blscfg\nmenuentry a { linux /vmlinuz\n}\n"}});
    EXPECT_EQ(read(root).doubts.size(), 1U) << doubts(read(root));
    const Folder other({{"boot/grub2/grub.cfg", "set blsdir=/other\nblscfg\n"},
                        {"boot/other/x.conf", "linux /vmlinuz\n"}});
    EXPECT_EQ(ids(read(other)), Ids{"x"});
}
