// SPDX-License-Identifier: GPL-2.0-or-later
// How a machine boots, and what boots next: the rows of the boot loaders, the kernel of an entry,
// and the verdict with every doubt.
#include "tests/unit/captured_host.h"
#include "tests/unit/image.h"
#include "validator/boot/loaders.h"
#include "validator/boot/next_kernel.h"
#include "validator/checks/mend.h"

#include <gtest/gtest.h>

using namespace virt_nested;
using test::finding;
using test::Folder;
using test::IntelHost;

namespace {

constexpr const char* efi_loader_info =
    "sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// As the firmware's variable has it: attributes, then UTF-16.
std::string efi_text(std::string_view text) {
    std::string out("\6\0\0\0", 4);
    for (const char c : text)
        out += {c, '\0'};
    return out + std::string(2, '\0');
}

struct Machine {
    const char* what;
    BootedBy by;
    std::vector<const char*> files;
    const char* loader; ///< nullptr: none
};

std::string chosen_row(const Machine& machine) {
    const Folder folder{{"etc/hostname", "a\n"}};
    for (const char* file : machine.files)
        folder.write(file, "");
    const BootLoader* row = boot_loader_of(Sysroot(folder.path()), machine.by);
    return row ? std::string(row->name) : "none";
}

/// What `validate` would have people do with an argument of this host.
std::string removal(const IntelHost& host, const char* argument) {
    return in_words(mend_remove_argument(gather(Sysroot(host.path()), {}), argument));
}
std::string addition(const IntelHost& host, const char* argument) {
    return in_words(mend_add_argument(gather(Sysroot(host.path()), {}), argument));
}

std::string grub(const std::string& arguments, const std::string& release = "6.1.0-50-amd64") {
    return "menuentry 'Debian' {\n\tlinux /boot/vmlinuz-" + release + " root=/dev/sda1 ro " +
           arguments + "\n}\n";
}

} // namespace

TEST(BootLoaders, AreToldByWhatBootedAndWhatIsThere) {
    const std::vector<Machine> machines = {
        {"nothing", {}, {}, nullptr},
        {"nothing but Debian", {"", "", "debian", "x86_64", ""}, {}, "GRUB"},
        {"nothing but Z", {"", "", "rhel", "s390x", ""}, {}, "zipl"},
        {"Debian",
         {"BOOT_IMAGE=/vmlinuz-6 ro", "", "debian", "", ""},
         {"boot/grub/grub.cfg"},
         "GRUB"},
        {"entries and grub.cfg",
         {"BOOT_IMAGE=(hd0,gpt2)/vmlinuz-5", "", "rhel", "", ""},
         {"boot/grub2/grub.cfg", "boot/loader/entries/a.conf"},
         "GRUB"},
        {"a leftover grub.cfg beside systemd-boot",
         {"initrd=\\EFI\\Pop_OS-1\\initrd.img root=a", "", "pop", "", ""},
         {"boot/grub/grub.cfg", "boot/efi/loader/entries/a.conf"},
         "systemd-boot"},
        {"the same by the loader's own word",
         {"root=a", "", "debian", "", "systemd-boot 252.39-1"},
         {"boot/grub/grub.cfg", "efi/EFI/Linux/a.efi"},
         "systemd-boot"},
        {"its own word, and nothing mounted",
         {"root=a", "", "debian", "", "systemd-boot 252.39-1"},
         {"boot/grub/grub.cfg"},
         "systemd-boot"},
        {"Proxmox, systemd-boot",
         {"initrd=\\EFI\\proxmox\\6.5\\initrd.img-6.5", "", "debian", "", ""},
         {"etc/kernel/proxmox-boot-uuids", "boot/grub/grub.cfg"},
         "systemd-boot, by proxmox-boot-tool"},
        {"Proxmox, GRUB",
         {"BOOT_IMAGE=/vmlinuz-6.5.11-8-pve", "", "debian", "", ""},
         {"etc/kernel/proxmox-boot-uuids", "boot/grub/grub.cfg"},
         "GRUB, by proxmox-boot-tool"},
        {"WSL",
         {"initrd=\\initrd.img", "5.15.1-microsoft-standard-WSL2", "debian", "", ""},
         {},
         "WSL"},
        {"an EFI stub", {"initrd=\\EFI\\a\\initrd.img", "", "", "", ""}, {}, "the EFI firmware"},
        {"PowerNV",
         {"root=a", "", "debian", "ppc64le", ""},
         {"sys/firmware/opal/msglog", "boot/grub/grub.cfg"},
         "petitboot"},
        {"Z", {"root=a", "", "debian", "s390x", ""}, {"etc/zipl.conf"}, "zipl"},
        {"SUSE on Z",
         {"root=a BOOT_IMAGE=0", "", "sles", "s390x", ""},
         {"boot/grub2/grub.cfg"},
         "GRUB"},
        {"U-Boot",
         {"root=a", "", "debian", "aarch64", ""},
         {"boot/extlinux/extlinux.conf"},
         "syslinux"},
        {"Unraid",
         {"BOOT_IMAGE=/bzimage", "", "slackware", "", ""},
         {"boot/syslinux/syslinux.cfg"},
         "syslinux"},
        {"entries alone",
         {"root=a", "", "arch", "", ""},
         {"boot/loader/entries/a.conf"},
         "systemd-boot"},
    };
    for (const Machine& machine : machines)
        EXPECT_EQ(chosen_row(machine), machine.loader ? machine.loader : "none") << machine.what;
}

TEST(BootLoaders, EveryRowCanBeReached) {
    for (const BootLoader& row : boot_loaders()) {
        EXPECT_FALSE(row.name.empty());
        EXPECT_FALSE(row.booted.empty() && row.installed.empty() && row.usual.empty()) << row.name;
        EXPECT_FALSE(row.lists.empty()) << row.name;
        for (const ArgumentList& list : row.lists) {
            EXPECT_NE(list.add.find('@'), std::string_view::npos) << row.name;
            EXPECT_NE(list.remove.find('@'), std::string_view::npos) << row.name;
        }
    }
}

TEST(BootArguments, AreNamedWhereTheyStandAndAsTheyAreSpelled) {
    const IntelHost host;
    host.write("etc/os-release", "ID=debian\n");
    host.write("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro kvm-intel.nested=0\n");
    host.write("boot/grub/grub.cfg", grub("kvm-intel.nested=0"));
    host.write("etc/default/grub", "GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX=\"\"\n");
    host.write("etc/default/grub.d/50-x.cfg",
               "# kvm-intel.nested=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet kvm-intel.nested=0\"\n");
    EXPECT_EQ(removal(host, "kvm_intel.nested=0"),
              "remove kvm-intel.nested=0 from GRUB_CMDLINE_LINUX_DEFAULT in " + host.path() +
                  "/etc/default/grub.d/50-x.cfg:2, then run: update-grub");
    host.write("etc/os-release", "ID=rocky\n");
    EXPECT_EQ(removal(host, "kvm_intel.nested=0"),
              "run: grubby --update-kernel=ALL --remove-args=kvm-intel.nested=0");
    EXPECT_EQ(addition(host, "kvm_intel.nested=1"),
              "run: grubby --update-kernel=ALL --remove-args=kvm-intel.nested=0, then run: grubby "
              "--update-kernel=ALL --args=kvm_intel.nested=1");
}

TEST(BootArguments, OfAListTheOthersStay) {
    const IntelHost host;
    host.write("etc/os-release", "ID=rocky\n");
    host.write("proc/cmdline", "BOOT_IMAGE=/v ro modprobe.blacklist=floppy,kvm_intel,pcspkr\n");
    EXPECT_EQ(removal(host, "modprobe.blacklist=kvm_intel"),
              "run: grubby --update-kernel=ALL "
              "--remove-args=modprobe.blacklist=floppy,kvm_intel,pcspkr, then "
              "run: grubby --update-kernel=ALL --args=modprobe.blacklist=floppy,pcspkr");
    host.write("etc/os-release", "ID=debian\n");
    host.write("etc/default/grub", "GRUB_CMDLINE_LINUX='modprobe.blacklist=floppy,kvm_intel'\n");
    host.write("boot/grub/grub.cfg", grub("modprobe.blacklist=floppy,kvm_intel"));
    EXPECT_EQ(removal(host, "modprobe.blacklist=kvm_intel"),
              "replace modprobe.blacklist=floppy,kvm_intel with modprobe.blacklist=floppy in "
              "GRUB_CMDLINE_LINUX in " +
                  host.path() + "/etc/default/grub:1, then run: update-grub");
}

TEST(BootArguments, GoByWhatBootsTheMachine) {
    struct Case {
        const char* what;
        std::vector<std::pair<const char*, std::string>> files;
        const char* add;
        const char* remove;
    };
    const std::vector<Case> cases = {
        {"Debian with systemd-boot",
         {{"etc/os-release", "ID=debian\n"},
          {"efi/loader/entries/a.conf", "linux /vmlinuz\noptions kvm_intel.nested=0\n"},
          {"etc/kernel/cmdline", "root=a kvm_intel.nested=0\n"}},
         "add kvm.x=1 to /etc/kernel/cmdline, then run: kernel-install add 6.1.0-50-amd64 "
         "/lib/modules/6.1.0-50-amd64/vmlinuz",
         "remove kvm_intel.nested=0 from ROOT/etc/kernel/cmdline:1, then run: kernel-install add "
         "6.1.0-50-amd64 /lib/modules/6.1.0-50-amd64/vmlinuz"},
        {"Fedora with systemd-boot",
         {{"etc/os-release", "ID=fedora\n"},
          {"boot/efi/loader/entries/a.conf", "linux /vmlinuz\noptions kvm_intel.nested=0\n"},
          {"etc/kernel/cmdline", "root=a kvm_intel.nested=0\n"}},
         "add kvm.x=1 to /etc/kernel/cmdline, then run: kernel-install add 6.1.0-50-amd64 "
         "/lib/modules/6.1.0-50-amd64/vmlinuz",
         "remove kvm_intel.nested=0 from ROOT/etc/kernel/cmdline:1, then run: kernel-install add "
         "6.1.0-50-amd64 /lib/modules/6.1.0-50-amd64/vmlinuz"},
        {"Arch with a unified image",
         {{"etc/os-release", "ID=arch\n"},
          {"etc/mkinitcpio.d/linux.preset", "default_uki=/efi/EFI/Linux/arch-linux.efi\n"},
          {"efi/EFI/Linux/arch-linux.efi", test::pe({{".osrel", "ID=arch\n"},
                                                     {".uname", "6.1.0-50-amd64"},
                                                     {".cmdline", "root=a kvm_intel.nested=0"}})},
          {"etc/kernel/cmdline", "root=a kvm_intel.nested=0\n"}},
         "add kvm.x=1 to /etc/kernel/cmdline, then run: mkinitcpio -P",
         "remove kvm_intel.nested=0 from ROOT/etc/kernel/cmdline:1, then run: mkinitcpio -P"},
        {"entries by hand",
         {{"etc/os-release", "ID=arch\n"},
          {"boot/loader/loader.conf", "default a.conf\n"},
          {"boot/loader/entries/a.conf", "linux /vmlinuz\noptions kvm_intel.nested=0\n"}},
         "add kvm.x=1 to the options of /boot/loader/entries/a.conf:2",
         "remove kvm_intel.nested=0 from ROOT/boot/loader/entries/a.conf:2"},
        {"Proxmox",
         {{"etc/os-release", "ID=debian\n"},
          {"etc/kernel/proxmox-boot-uuids", "A\n"},
          {"etc/kernel/cmdline", "root=a kvm_intel.nested=0\n"}},
         "add kvm.x=1 to /etc/kernel/cmdline, then run: proxmox-boot-tool refresh",
         "remove kvm_intel.nested=0 from ROOT/etc/kernel/cmdline:1, then run: proxmox-boot-tool "
         "refresh"},
        {"SUSE",
         {{"etc/os-release", "ID=sles\n"},
          {"boot/grub2/grub.cfg",
           "menuentry a {\nlinux /boot/vmlinuz-6.1.0-50-amd64 kvm_intel.nested=0\n}\n"},
          {"etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"kvm_intel.nested=0\"\n"}},
         "add kvm.x=1 to GRUB_CMDLINE_LINUX in /etc/default/grub, then run: grub2-mkconfig -o "
         "/boot/grub2/grub.cfg",
         "remove kvm_intel.nested=0 from GRUB_CMDLINE_LINUX_DEFAULT in ROOT/etc/default/grub:1, "
         "then run: grub2-mkconfig -o /boot/grub2/grub.cfg"},
        {"Alpine",
         {{"etc/os-release", "ID=alpine\n"},
          {"boot/extlinux.conf", "default a\nlabel a\nlinux /vmlinuz\nappend kvm_intel.nested=0\n"},
          {"etc/update-extlinux.conf", "default_kernel_opts=\"quiet kvm_intel.nested=0\"\n"}},
         "add kvm.x=1 to default_kernel_opts in /etc/update-extlinux.conf, then run: "
         "update-extlinux",
         "remove kvm_intel.nested=0 from default_kernel_opts in ROOT/etc/update-extlinux.conf:1, "
         "then run: update-extlinux"},
        {"syslinux by hand",
         {{"etc/os-release", "ID=void\n"},
          {"boot/syslinux/syslinux.cfg",
           "DEFAULT a\nLABEL a\n LINUX /vmlinuz\n APPEND ro kvm_intel.nested=0\n"}},
         "add kvm.x=1 to the append lines of /boot/syslinux/syslinux.cfg",
         "remove kvm_intel.nested=0 from ROOT/boot/syslinux/syslinux.cfg:4"},
        {"WSL",
         {{"proc/sys/kernel/osrelease", "5.15.153.1-microsoft-standard-WSL2\n"},
          {"etc/os-release", "ID=debian\n"}},
         "add kvm.x=1 to kernelCommandLine= below [wsl2] of .wslconfig on Windows",
         "remove kvm_intel.nested=0 from kernelCommandLine= below [wsl2] of .wslconfig on "
         "Windows"},
        {"nothing that tells",
         {},
         "add kvm.x=1 to the kernel command line in the boot loader's configuration",
         "remove kvm_intel.nested=0 from the kernel command line in the boot loader's "
         "configuration"},
    };
    for (const Case& one : cases) {
        const IntelHost host;
        host.write("proc/cmdline", "root=a kvm_intel.nested=0\n");
        for (const auto& [file, text] : one.files)
            host.write(file, text);
        const auto here = [&](std::string text) {
            for (size_t at; (at = text.find("ROOT")) != std::string::npos;)
                text.replace(at, 4, host.path());
            return text;
        };
        EXPECT_EQ(addition(host, "kvm.x=1"), here(one.add)) << one.what;
        EXPECT_EQ(removal(host, "kvm_intel.nested=0"), here(one.remove)) << one.what;
    }
}

TEST(BootArguments, ThatTheNextBootHasNoMoreNeedAReboot) {
    const IntelHost host;
    host.write("etc/os-release", "ID=debian\n");
    host.write("proc/cmdline", "BOOT_IMAGE=/v ro kvm_intel.nested=0\n");
    host.write("boot/grub/grub.cfg", grub(""));
    EXPECT_EQ(removal(host, "kvm_intel.nested=0"),
              "reboot: what boots next is without kvm_intel.nested=0");
    EXPECT_EQ(host.report().at(Horizon::next_load), Outcome::fail);
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::warn);
}

TEST(BootArguments, ThatTheListHasNoMoreNeedItsCommand) {
    const IntelHost host;
    host.write("etc/os-release", "ID=debian\n");
    host.write("boot/grub/grub.cfg", grub("kvm_intel.nested=0"));
    host.write("etc/default/grub", "GRUB_CMDLINE_LINUX=\"quiet\"\n");
    EXPECT_EQ(removal(host, "kvm_intel.nested=0"), "run: update-grub (no line of " + host.path() +
                                                       "/etc/default/grub is seen to have "
                                                       "kvm_intel.nested=0; where one has it, "
                                                       "take it out first)");
}

TEST(ReleaseOf, AnEntrysKernel) {
    const Folder folder{{"lib/modules/6.1.0-50-amd64/modules.dep", ""},
                        {"lib/modules/6.1.0-5/modules.dep", ""},
                        {"lib/modules/6.10.6-arch1-1/modules.dep", ""},
                        {"lib/modules/6.10.6-arch1-1/pkgbase", "linux\n"},
                        {"lib/modules/6.6.68/modules.dep", ""},
                        {"lib/modules/6.6.6/modules.dep", ""},
                        {"boot/vmlinuz-6.1.0-50-amd64", ""}};
    folder.link("vmlinuz-6.1.0-50-amd64", "boot/vmlinuz");
    std::string header(0x400, '\0');
    header.replace(0x202, 4, "HdrS");
    header[0x20e] = '\x10';
    header.replace(0x210, 20, "5.10.0-9 (a@b) #1 SMP");
    folder.write("boot/bzImage", header);
    const Sysroot root(folder.path());
    const std::vector<std::string> installed = installed_releases(root);
    EXPECT_EQ(installed.size(), 5U);
    const auto of = [&](const char* file) {
        BootEntry entry;
        entry.kernel_file = file;
        return release_of(root, entry, installed);
    };
    EXPECT_EQ(of("/boot/vmlinuz-6.1.0-50-amd64"), "6.1.0-50-amd64");
    EXPECT_EQ(of("/boot/vmlinuz"), "6.1.0-50-amd64");
    EXPECT_EQ(of("/boot/vmlinuz-linux"), "6.10.6-arch1-1");
    EXPECT_EQ(of("/boot/EFI/nixos/9z-linux-6.6.68-bzImage.efi"), "6.6.68");
    EXPECT_EQ(of("/boot/0123456789abcdef/6.6.6/linux"), "6.6.6");
    EXPECT_EQ(of("/boot/vmlinuz-16.6.6"), "16.6.6");
    EXPECT_EQ(of("/boot/6.6.6/vmlinuz-6.9.0-nokvm"), "6.9.0-nokvm");
    for (const char* more : {"/boot/vmlinuz-6.6.6.old", "/boot/vmlinuz-6.6.6.efi.signed",
                             "/boot/vmlinuz-6.6.6-test", "/boot/vmlinuz-0-rescue-0123"})
        EXPECT_EQ(of(more), "") << more;
    folder.write("boot/vmlinuz-6.6.6", header);
    EXPECT_EQ(of("/boot/vmlinuz-6.6.6"), "5.10.0-9") << "the kernel's own word counts";
    EXPECT_EQ(of("/boot/bzImage"), "5.10.0-9");
    EXPECT_EQ(of("/boot/vmlinuz-7.0.0-1-amd64"), "7.0.0-1-amd64");
    EXPECT_EQ(of("/boot/kernel"), "");
    BootEntry told;
    told.kernel = "9.9";
    EXPECT_EQ(release_of(root, told, installed), "9.9");
    EXPECT_EQ(release_of(root, BootEntry(), {"6.6.6"}), "6.6.6");
}

TEST(NextKernel, WithoutTheModuleDoesNotNest) {
    const IntelHost host;
    host.write("boot/grub/grub.cfg", grub("", "6.9.0-1-cloud"));
    host.write("lib/modules/6.9.0-1-cloud/modules.dep", "kernel/fs/ext4/ext4.ko:\n");
    Report report = host.report();
    EXPECT_EQ(report.at(Horizon::next_boot), Outcome::fail);
    EXPECT_EQ(finding(report, "next-boot").found, "kernel 6.9.0-1-cloud has no kvm_intel");
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::pass);
    // Its folder is gone, and those of others are there.
    host.write("boot/grub/grub.cfg", grub("", "6.9.0-2-cloud"));
    report = host.report();
    EXPECT_EQ(report.at(Horizon::next_boot), Outcome::fail);
    EXPECT_NE(finding(report, "next-boot").why.find("6.9.0-2-cloud does not exist"),
              std::string::npos)
        << finding(report, "next-boot").why;
}

TEST(NextKernel, WithKvmBuiltInTakesTheCommandLineAlone) {
    const IntelHost host;
    host.write("boot/grub/grub.cfg", grub("kvm_intel.nested=1", "6.9.0-1"));
    host.write("lib/modules/6.9.0-1/modules.dep", "");
    host.write("lib/modules/6.9.0-1/modules.builtin", "kernel/arch/x86/kvm/kvm-intel.ko\n");
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=0\n");
    const Report report = host.report();
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::fail);
    EXPECT_NE(report.at(Horizon::next_boot), Outcome::fail);
    host.write("boot/grub/grub.cfg", grub("", "6.9.0-1"));
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::pass);
}

TEST(NextKernel, ThatIsNotToldIsEachOfThoseInstalled) {
    const IntelHost host;
    host.write("boot/grub/grub.cfg", "menuentry a {\nlinux /boot/kernel root=a\n}\n");
    host.write("lib/modules/6.9.0-1/modules.dep", "kernel/arch/x86/kvm/kvm-intel.ko:\n");
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::pass);
    host.write("lib/modules/6.9.0-1/modules.dep", "");
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::undetermined);
}

TEST(NextKernel, OfAnotherDeploymentIsUndetermined) {
    const IntelHost host;
    host.write("run/ostree-booted", "");
    host.write("boot/grub2/grub.cfg",
               "menuentry a {\nlinux /ostree/fedora-1/vmlinuz-6.9.0-1 ro\n}\n");
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::undetermined);
    host.write("boot/grub2/grub.cfg",
               "menuentry a {\nlinux /ostree/fedora-1/vmlinuz-6.1.0-50-amd64 ro\n}\n");
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::pass);
}

TEST(NextBoot, AnArgumentAtTheEndOfTheLineIsTheSame) {
    const IntelHost host;
    host.write("proc/cmdline", "BOOT_IMAGE=/v ro kvm_intel.nested=1\n");
    host.write("boot/grub/grub.cfg", grub("kvm_intel.nested=1"));
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::pass);
}

TEST(NextBoot, OfSeveralConfigurationsOfGrub) {
    const std::string stub = "search.fs_uuid 6f0c root\nset prefix=($root)'/boot/grub'\n";
    const std::string esp = "boot/efi/EFI/debian/grub.cfg";
    const IntelHost host;
    host.write("boot/grub/grub.cfg", grub(""));
    host.write(esp, stub + "configfile $prefix/grub.cfg\n");
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::pass) << "what installers write";
    host.write(esp, grub("kvm_intel.nested=0"));
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::undetermined) << "it has its own";
    host.write(esp, grub(""));
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::pass) << "they come to the same";
    host.write(esp, stub + "set default=1\nexport default\nconfigfile $prefix/grub.cfg\n");
    EXPECT_NE(host.report().at(Horizon::next_boot), Outcome::fail);
    host.write("boot/grub2/grub.cfg", grub("kvm_intel.nested=0"));
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::undetermined);
}

TEST(NextBoot, TheFirmwaresOwnChoiceComesFirst) {
    const IntelHost host;
    const std::string folder = "sys/firmware/efi/efivars/";
    const std::string guid = "-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    host.write("boot/grub/grub.cfg", grub(""));
    host.write(folder + "BootCurrent" + guid, std::string("\6\0\0\0\1\0", 6));
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::pass);
    host.write(folder + "BootNext" + guid, std::string("\6\0\0\0\3\0", 6));
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::undetermined);
    host.write(folder + "BootNext" + guid, std::string("\6\0\0\0\1\0", 6));
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::pass);
}

TEST(NextBoot, OfAnotherHypervisorIsToldSo) {
    const IntelHost host;
    host.write("boot/grub/grub.cfg",
               "menuentry 'Debian, with Xen' {\nmultiboot2 /boot/xen.gz\nmodule2 "
               "/boot/vmlinuz-6.1.0-50-amd64 ro\n}\n");
    const Report report = host.report();
    EXPECT_EQ(report.at(Horizon::next_boot), Outcome::fail);
    EXPECT_EQ(finding(report, "next-boot").found,
              "'Debian, with Xen' boots another hypervisor, and this system under it");
}

TEST(NextBoot, DoubtsAreNeverAPass) {
    struct Case {
        const char* what;
        std::vector<std::pair<const char*, std::string>> files;
    };
    const std::vector<Case> cases = {
        {"a variable that a key sets",
         {{"boot/grub/grub.cfg",
           "if keystatus --shift; then\nset w=kvm_intel.nested=0\nfi\n" + grub("$w")}}},
        {"a file that includes itself",
         {{"boot/grub/grub.cfg", grub("") + "source /boot/grub/grub.cfg\n"}}},
        {"a missing end",
         {{"boot/grub/grub.cfg", "menuentry 'a' {\nlinux /boot/vmlinuz-6.1.0-50-amd64\n"}}},
        {"no entry", {{"boot/grub/grub.cfg", "set default=0\n"}}},
        {"its kernel is not there, another one's is",
         {{"boot/grub/grub.cfg",
           grub("") + "menuentry b {\nlinux /boot/vmlinuz-6.1.0-49-amd64\n}\n"},
          {"boot/vmlinuz-6.1.0-49-amd64", ""}}},
        {"a loader whose files are not mounted", {{efi_loader_info, efi_text("systemd-boot 257")}}},
        {"a kernel for kexec", {{"sys/kernel/kexec_loaded", "1\n"}}},
        {"an image that is not there",
         {{"boot/grub/grub.cfg",
           "menuentry a {\nlinux /boot/vmlinuz-6.1.0-50-amd64\ninitrd /boot/initrd.img\n}\n"}}},
        {"a list of modules that cannot be read",
         {{"boot/grub/grub.cfg", grub("", "6.9.0")}, {"lib/modules/6.9.0/modules.builtin", ""}}},
        {"a list that was not applied",
         {{"etc/kernel/proxmox-boot-uuids", "A\n"},
          {"etc/kernel/cmdline", "root=a kvm_intel.nested=1\n"}}},
    };
    for (const Case& one : cases) {
        const IntelHost host;
        for (const auto& [file, text] : one.files)
            host.write(file, text);
        const Report report = host.report();
        EXPECT_EQ(report.at(Horizon::next_boot), Outcome::undetermined) << one.what;
        EXPECT_EQ(report.at(Horizon::now), Outcome::pass) << one.what;
    }
}

TEST(NextBoot, BootConfigurationInTheImageIsADoubt) {
    const IntelHost host;
    const std::string config = "kernel.kvm_intel.nested = 0\n";
    uint32_t sum = 0;
    for (const char c : config)
        sum += static_cast<unsigned char>(c);
    std::string foot;
    for (const uint32_t number : {static_cast<uint32_t>(config.size()), sum})
        for (unsigned shift = 0; shift < 32; shift += 8)
            foot += static_cast<char>((number >> shift) & 0xff);
    host.write("boot/i.img",
               test::newc("init", "#!") + test::trailer() + config + foot + "#BOOTCONFIG\n");
    const std::string entry = "menuentry a {\nlinux /boot/vmlinuz-6.1.0-50-amd64 ro";
    host.write("boot/grub/grub.cfg", entry + " bootconfig\ninitrd /boot/i.img\n}\n");
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::undetermined);
    host.write("boot/grub/grub.cfg", entry + "\ninitrd /boot/i.img\n}\n");
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::pass);
}

TEST(NextBoot, SeveralImagesAreOne) {
    const IntelHost host;
    const std::string stale =
        "menuentry a {\nlinux /boot/vmlinuz-6.1.0-50-amd64\ninitrd /boot/ucode.img ";
    host.write("boot/grub/grub.cfg", stale + "/boot/i.img\n}\n");
    host.write("boot/ucode.img", "what is this");
    host.write("boot/i.img", "what is this");
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::undetermined);
}
