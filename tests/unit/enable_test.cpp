// SPDX-License-Identifier: GPL-2.0-or-later
// enable and disable on captured machines: what is written, what stands against it, what is left
// alone.
#include "core/modconf/values.h"
#include "folder.h"
#include "validator/bringup/enable.h"
#include "validator/bringup/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace virt_nested {
namespace {

using test::Folder;

const std::pair<std::string, std::string> amd = {
    "proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu svm npt\n\n"};
const std::pair<std::string, std::string> power = {
    "proc/cpuinfo", "processor\t: 0\ncpu\t\t: POWER9, altivec supported\nrevision\t: 2.2\n\n"
                    "platform\t: PowerNV\nMMU\t\t: Radix\n"};
const std::pair<std::string, std::string> z = {
    "proc/cpuinfo", "vendor_id       : IBM/S390\nfeatures\t: esan3 zarch stfle sie\n"};
const std::pair<std::string, std::string> riscv = {
    "proc/cpuinfo", "processor\t: 0\nisa\t\t: rv64imafdch_zicsr\n\n"};
const std::pair<std::string, std::string> arm = {"proc/cpuinfo",
                                                 "processor\t: 0\nCPU implementer\t: 0x41\n\n"};

std::string text_of(const Folder& folder, const std::string& path = own_file) {
    std::ifstream in(folder.path() + path);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct Outcome {
    ExitStatus status;
    std::string out;
    std::string err;
};

Outcome run(const Folder& folder, bool on, bool dry_run = false) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    EnableResult result;
    const ExitStatus status =
        enable(Sysroot(folder.path()), {.on = on, .dry_run = dry_run}, result);
    return {status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(OwnText, HoldsNumbersThatEveryModuleTakes) {
    for (const bool on : {true, false}) {
        const std::string text = own_text({"kvm_intel", "kvm_amd"}, on);
        EXPECT_TRUE(contains(text, std::string("\noptions kvm_intel nested=") + (on ? "1" : "0") +
                                       "\noptions kvm_amd nested=" + (on ? "1" : "0") + "\n"))
            << text;
        EXPECT_TRUE(is_own_text(text));
    }
}

TEST(OwnText, IsToldFromWhatSomebodyHasChanged) {
    const std::string text = own_text({"kvm_amd"}, true);
    EXPECT_FALSE(is_own_text(text + "options kvm_amd npt=0\n"));
    EXPECT_FALSE(is_own_text(text + "# a note\n"));
    EXPECT_FALSE(is_own_text("options kvm_amd nested=1\n"));
    EXPECT_FALSE(is_own_text(""));
}

TEST(Enable, SaysWhereKvmCannotNest) {
    const Folder folder{riscv};
    const Outcome said = run(folder, true);
    EXPECT_EQ(said.status, exit_fail);
    EXPECT_TRUE(contains(said.err, "KVM on RISC-V does not offer nesting yet")) << said.err;
    EXPECT_EQ(text_of(folder), "");
    EXPECT_EQ(run(folder, false).status, exit_pass) << "it is off already";
}

TEST(Enable, WritesTheLinesOfTheMachineAndIsIdempotent) {
    const Folder folder{amd,
                        {"usr/lib/modprobe.d/00-virt-nested.conf", "options kvm_amd nested=1\n"}};
    EXPECT_EQ(run(folder, true).status, exit_pass);
    EXPECT_EQ(text_of(folder), own_text({"kvm_intel", "kvm_amd"}, true));
    const Outcome again = run(folder, true);
    EXPECT_EQ(again.status, exit_pass);
    EXPECT_TRUE(contains(again.out, "already written")) << again.out;
    EXPECT_EQ(run(folder, false).status, exit_pass);
    EXPECT_EQ(text_of(folder), own_text({"kvm_intel", "kvm_amd"}, false));
}

TEST(Enable, DryRunChangesNothing) {
    const Folder folder{amd};
    const Outcome outcome = run(folder, true, true);
    EXPECT_EQ(outcome.status, exit_pass);
    EXPECT_TRUE(contains(outcome.out, "would write " + folder.path() + own_file)) << outcome.out;
    EXPECT_FALSE(std::filesystem::exists(folder.path() + "/etc"));
}

TEST(Enable, DryRunSaysWhatBeatsIt) {
    const Folder folder{amd, {"etc/modprobe.d/kvm.conf", "# x\noptions kvm_amd nested=0\n"}};
    const Outcome outcome = run(folder, true, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "/etc/modprobe.d/kvm.conf:2 says nested=0")) << outcome.err;
}

TEST(Enable, NamesFileAndLineThatBeatIt) {
    const Folder folder{amd, {"etc/modprobe.d/kvm.conf", "\noptions kvm-amd nested=0\n"}};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "/etc/modprobe.d/kvm.conf:2 says nested=0 for kvm_amd"))
        << outcome.err;
    EXPECT_EQ(text_of(folder, "/etc/modprobe.d/kvm.conf"), "\noptions kvm-amd nested=0\n");
}

TEST(Enable, NamesTheCommandLineThatBeatsIt) {
    const Folder folder{amd, {"proc/cmdline", "quiet kvm-amd.nested=0\n"}};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "/proc/cmdline says nested=0")) << outcome.err;
    EXPECT_EQ(run(folder, false).status, exit_pass);
}

TEST(Enable, CallsAValueFatalThatTheKernelRefuses) {
    const Folder folder{amd,
                        {"etc/modprobe.d/kvm.conf", "options kvm_amd nested=Y\n"},
                        {"etc/modprobe.d/kvm2.conf", "options kvm_amd nested=1\n"}};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "kvm.conf:1 says nested=Y: fatal")) << outcome.err;
}

TEST(Enable, CallsOtherOptionsFatalToo) {
    const Folder folder{amd, {"etc/modprobe.d/kvm.conf", "options kvm_amd npt=maybe\n"}};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "does not load with 'npt=maybe'")) << outcome.err;
}

TEST(Enable, NamesWhatKeepsTheModuleOut) {
    const Folder folder{amd, {"etc/modprobe.d/hard.conf", "install kvm_amd /bin/false\n"}};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "hard.conf:1 keeps kvm_amd from being loaded"))
        << outcome.err;
    EXPECT_EQ(run(folder, false).status, exit_pass);
}

TEST(Disable, SaysWhatStillTurnsItOn) {
    const Folder folder{amd, {"etc/modprobe.d/zz.conf", "options kvm_amd nested=1\n"}};
    const Outcome outcome = run(folder, false);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "zz.conf:1 says nested=1 for kvm_amd and has the last word"))
        << outcome.err;
}

TEST(Disable, MasksTheVendorsFile) {
    const Folder folder{amd,
                        {"usr/lib/modprobe.d/00-virt-nested.conf", "options kvm_amd nested=1\n"}};
    EXPECT_EQ(run(folder, false).status, exit_pass);
}

TEST(Enable, LeavesAFileOfSomebodyElseAlone) {
    const Folder folder{amd, {own_file + 1, "options kvm_amd nested=0\n"}};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "holds what virt-nested did not write")) << outcome.err;
    EXPECT_EQ(text_of(folder), "options kvm_amd nested=0\n");
    EXPECT_EQ(run(folder, false).status, exit_pass) << "it says what is wanted already";
    EXPECT_EQ(text_of(folder), "options kvm_amd nested=0\n");
}

TEST(Enable, LeavesAMaskAlone) {
    const Folder folder{amd};
    folder.link("/dev/null", own_file + 1);
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "is a link that somebody has made")) << outcome.err;
    EXPECT_TRUE(std::filesystem::is_symlink(folder.path() + own_file));
}

TEST(Enable, WritesThroughNoLinkOutOfTheRoot) {
    const Folder outside{{"modprobe.d/x.conf", ""}};
    const Folder folder{amd, {"etc/hostname", "x"}};
    folder.link(outside.path() + "/modprobe.d", "etc/modprobe.d");
    run(folder, true);
    EXPECT_FALSE(std::filesystem::exists(outside.path() + "/modprobe.d/00-virt-nested.conf"));
}

TEST(Enable, RefusesWhereTheFolderIsAFile) {
    const Folder folder{amd, {"etc/modprobe.d", "not a folder\n"}};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "/etc/modprobe.d")) << outcome.err;
    EXPECT_EQ(text_of(folder, "/etc/modprobe.d"), "not a folder\n");
}

TEST(Enable, WritesThePlatformsOwnLines) {
    const Folder on_power{power};
    EXPECT_EQ(run(on_power, true).status, exit_pass);
    EXPECT_EQ(text_of(on_power), own_text({"kvm_hv"}, true));
    const Folder on_z{z};
    EXPECT_EQ(run(on_z, true).status, exit_pass);
    EXPECT_EQ(text_of(on_z), own_text({"kvm"}, true));
}

TEST(Enable, KnowsThatHugePagesKeepKvmOnZFromLoading) {
    const Folder old{z,
                     {"proc/sys/kernel/osrelease", "6.12.9\n"},
                     {"etc/modprobe.d/kvm.conf", "options kvm hpage=1\n"}};
    const Outcome outcome = run(old, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "kvm.conf:1 says hpage=1")) << outcome.err;
    EXPECT_EQ(run(old, false).status, exit_pass);
    const Folder recent{z,
                        {"proc/sys/kernel/osrelease", "7.2.0\n"},
                        {"etc/modprobe.d/kvm.conf", "options kvm hpage=1\n"}};
    EXPECT_EQ(run(recent, true).status, exit_pass);
}

TEST(Enable, HasABootOptionForArm) {
    const Folder folder{arm};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "kvm-arm.mode=nested")) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(folder.path() + "/etc"));
}

TEST(Enable, HasTheCommandLineForBuiltInKvm) {
    const Folder folder{amd,
                        {"proc/sys/kernel/osrelease", "6.1.0\n"},
                        {"etc/os-release", "ID=fedora\n"},
                        {"sys/module/kvm_amd/parameters/nested", "0\n"},
                        {"lib/modules/6.1.0/modules.builtin", "kernel/arch/x86/kvm/kvm-amd.ko\n"}};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "grubby --update-kernel=ALL --args=kvm_amd.nested=1"))
        << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(folder.path() + own_file));
}

TEST(Enable, HasTheWayOfAHostMadeFromAnImage) {
    const Folder folder{amd, {"etc/os-release", "ID=nixos\n"}};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "boot.extraModprobeConfig")) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(folder.path() + own_file));
    const Folder ostree{amd, {"run/ostree-booted", ""}};
    EXPECT_EQ(run(ostree, true).status, exit_pass) << "its /etc stays";
}

TEST(Enable, PromisesNothingWhereEtcIsGoneAfterABoot) {
    const std::string in_ram = "1 1 0:2 / / rw - rootfs rootfs rw\n";
    const std::string on_disk = "1 1 8:2 / / rw - ext4 /dev/sda2 rw\n";
    struct Case {
        std::pair<std::string, std::string> marker;
        std::string mounts;
        const char* says; ///< nullptr: it is written
    };
    for (const Case& c : {
             Case{{"etc/unraid-version", "version=\"7.2.0\"\n"}, in_ram, "/boot/config/modprobe.d"},
             Case{{"etc/unraid-version", "version=\"7.2.0\"\n"}, "", "/boot/config/modprobe.d"},
             Case{{"etc/os-release", "ID=alpine\n"}, in_ram, "lbu commit"},
             Case{{"etc/os-release", "ID=alpine\n"}, on_disk, nullptr},
             Case{{"etc/os-release", "ID=alpine\n"}, "", nullptr},
             Case{{"oem/harvester.config", ""}, in_ram, "CloudInit"},
             Case{{"run/elemental/active_mode", "1"}, in_ram, "/oem"},
             Case{{"run/elemental/active_mode", "1"}, on_disk, nullptr},
             Case{{"etc/kairos-release", ""}, in_ram, "/oem"},
             Case{{"usr/bin/midclt", ""}, on_disk, "kernel_extra_options"},
             Case{{"run/live/medium/x", ""}, in_ram, "nothing written here outlives the boot"},
             Case{{"run/archiso/x", ""}, in_ram, "nothing written here outlives the boot"},
             Case{{"etc/hostname", "x"}, in_ram, "gone after the next boot"},
             Case{{"etc/hostname", "x"}, on_disk, nullptr},
             Case{{"etc/hostname", "x"},
                  "1 1 7:0 / / ro - squashfs /dev/loop0 ro\n",
                  "cannot be written to"},
             Case{{"run/ostree-booted", ""}, on_disk, nullptr},
             Case{{"run/ostree-booted", ""}, in_ram, "gone after the next boot"},
         }) {
        const Folder folder{amd, c.marker};
        if (!c.mounts.empty())
            folder.write("proc/self/mountinfo", c.mounts);
        for (const bool dry_run : {true, false}) {
            const Outcome outcome = run(folder, true, dry_run);
            EXPECT_EQ(outcome.status, c.says ? exit_fail : exit_pass) << c.marker.first << c.mounts;
            EXPECT_EQ(contains(outcome.out, own_file), !c.says) << outcome.out;
            EXPECT_TRUE(!c.says || contains(outcome.err, c.says)) << outcome.err;
        }
        EXPECT_EQ(std::filesystem::exists(folder.path() + own_file), !c.says);
    }
}

TEST(Enable, AProcfsThatIsMountedInAnImageIsAboutAnotherRoot) {
    const Folder folder{amd, {"proc/4711/mountinfo", "1 1 0:2 / / rw - tmpfs tmpfs rw\n"}};
    folder.link("4711", "proc/self");
    EXPECT_EQ(run(folder, true).status, exit_pass);
}

TEST(Enable, NothingRunsBesideXen) {
    const Folder folder{amd, {"proc/xen/capabilities", "control_d\n"}};
    for (const bool dry_run : {true, false}) {
        const Outcome outcome = run(folder, true, dry_run);
        EXPECT_EQ(outcome.status, exit_fail);
        EXPECT_TRUE(contains(outcome.err, "booted with Xen, and this is its dom0")) << outcome.err;
        EXPECT_FALSE(contains(outcome.out, "would write")) << outcome.out;
    }
    EXPECT_FALSE(std::filesystem::exists(folder.path() + own_file));
}

TEST(Enable, KnowsAnImageByItsKernels) {
    const Folder folder{{"usr/lib/modules/6.1.0/kernel/arch/x86/kvm/kvm-amd.ko", ""}};
    EXPECT_EQ(run(folder, true).status, exit_pass);
    EXPECT_EQ(text_of(folder), own_text({"kvm_intel", "kvm_amd"}, true));
    const Folder empty{{"etc/hostname", "x"}};
    EXPECT_EQ(run(empty, true).status, exit_undetermined);
    EXPECT_FALSE(std::filesystem::exists(empty.path() + "/etc/modprobe.d"));
}

TEST(Enable, RefusesAKernelWithoutTheModule) {
    const Folder folder{amd,
                        {"proc/sys/kernel/osrelease", "6.1.0\n"},
                        {"lib/modules/6.1.0/modules.dep", "kernel/fs/ext4.ko:\n"}};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "this kernel has no module kvm_amd")) << outcome.err;
}

/// An initramfs (Documentation/driver-api/early-userspace/buffer-format.rst, newc) with these
/// files.
std::string newc(std::initializer_list<std::pair<std::string, std::string>> files) {
    std::string out;
    const auto add = [&out](const std::string& name, const std::string& text, unsigned mode) {
        char header[111];
        std::snprintf(header, sizeof header,
                      "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1U, mode, 0U,
                      0U, 1U, 0U, static_cast<unsigned>(text.size()), 0U, 0U, 0U, 0U,
                      static_cast<unsigned>(name.size() + 1), 0U);
        for (const std::string& part : {std::string(header) + name + std::string(1, '\0'), text}) {
            out += part;
            out.resize((out.size() + 3) / 4 * 4);
        }
    };
    for (const auto& [name, text] : files)
        add(name, text, 0100644);
    add("TRAILER!!!", "", 0);
    return out;
}

Folder with_image(const std::string& options) {
    return Folder{
        amd,
        {"proc/sys/kernel/osrelease", "6.1.0\n"},
        {"lib/modules/6.1.0/kernel/arch/x86/kvm/kvm-amd.ko", ""},
        {"usr/sbin/update-initramfs", ""},
        {"boot/initrd.img-6.1.0", newc({{"lib/modules/6.1.0/kernel/arch/x86/kvm/kvm-amd.ko", "x"},
                                        {"etc/modprobe.d/kvm.conf", options}})}};
}

TEST(Enable, NamesAnInitramfsThatHoldsTheModuleWithOtherOptions) {
    const Folder folder = with_image("options kvm_amd nested=0\n");
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_warn);
    EXPECT_TRUE(contains(outcome.err, "/boot/initrd.img-6.1.0 holds kvm_amd and loads it with "
                                      "nested=0"))
        << outcome.err;
    EXPECT_EQ(run(folder, false).status, exit_pass) << "that is what the image says";
}

TEST(Enable, HasNothingToSayOfAnInitramfsThatAgrees) {
    const Outcome outcome = run(with_image("options kvm_amd nested=1\n"), true);
    EXPECT_EQ(outcome.status, exit_pass);
    EXPECT_EQ(outcome.err, "");
}

TEST(Enable, AdvisesToItsOwnEndWhateverTheSiteMeans) {
    const Folder folder{amd, {"etc/modprobe.d/kvm.conf", "options kvm_amd nested=1\n"}};
    EXPECT_TRUE(contains(run(folder, false, true).err, "replace 'nested=1' with 'nested=0'"))
        << run(folder, false, true).err;
    folder.write("etc/modprobe.d/kvm.conf", "options kvm_amd nested=Y\n");
    EXPECT_TRUE(contains(run(folder, false, true).err, "replace 'nested=Y' with 'nested=0'"));
    folder.write("etc/virt-nested/virt-nested.conf", "host = off\n");
    folder.write("etc/modprobe.d/kvm.conf", "options kvm_amd nested=0\n");
    const Outcome on = run(folder, true, true);
    EXPECT_TRUE(contains(on.err, "replace 'nested=0' with 'nested=1'")) << on.err;
    EXPECT_TRUE(contains(on.out, "virt-nested.conf says host = off")) << on.out;
}

TEST(Enable, IsNotForAContainerThatWasCaptured) {
    const Folder folder{amd, {"run/systemd/container", "docker\n"}};
    EXPECT_TRUE(contains(run(folder, true).err, "this is a container (docker)"));
    EXPECT_EQ(text_of(folder), "");
}

TEST(Reset, NamesTheImageThatStillHoldsTheFileAndWhatWaits) {
    const Folder folder{
        amd,
        {"proc/sys/kernel/osrelease", "6.1.0\n"},
        {"proc/cmdline", "quiet\n"},
        {"lib/modules/6.1.0/modules.builtin", ""},
        {"lib/modules/6.1.0/modules.dep", "kernel/arch/x86/kvm/kvm-amd.ko:\n"},
        {"usr/sbin/update-initramfs", ""},
        {"sys/module/kvm_amd/initstate", "live\n"},
        {"sys/module/kvm_amd/parameters/nested", "0\n"},
        {own_file + 1, own_text({"kvm_intel", "kvm_amd"}, false)},
        {"boot/initrd.img-6.1.0",
         newc({{"lib/modules/6.1.0/kernel/arch/x86/kvm/kvm-amd.ko", "x"},
               {"etc/modprobe.d/00-virt-nested.conf", own_text({"kvm_amd"}, false)}})}};
    const auto reset_it = [&](EnableResult& result) {
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        const ExitStatus status = reset(Sysroot(folder.path()), false, result);
        return Outcome{status, testing::internal::GetCapturedStdout(),
                       testing::internal::GetCapturedStderr()};
    };
    EnableResult result;
    const Outcome outcome = reset_it(result);
    EXPECT_EQ(outcome.status, exit_warn);
    EXPECT_TRUE(contains(outcome.out, "at the next load nesting is on: ")) << outcome.out;
    EXPECT_TRUE(contains(outcome.err, "/boot/initrd.img-6.1.0 still holds it; run: "
                                      "update-initramfs -u -k 6.1.0"))
        << outcome.err;
    EXPECT_EQ(result.waits, (std::vector<std::string>{"reload", "image"}));
    EXPECT_EQ(result.file_before, "nested=0");
    EXPECT_FALSE(std::filesystem::exists(folder.path() + own_file));
    EnableResult again;
    EXPECT_EQ(reset_it(again).status, exit_pass);
    EXPECT_FALSE(again.changed);
}

TEST(Enable, NamesTheBootLoadersArgument) {
    const Folder folder{amd,
                        {"etc/machine-id", "0\n"},
                        {"boot/loader/entries/a.conf",
                         "title a\nversion 6.1.0\nlinux /vmlinuz-6.1.0\noptions quiet "
                         "kvm_amd.nested=0\n"}};
    const Outcome outcome = run(folder, true);
    EXPECT_EQ(outcome.status, exit_fail);
    EXPECT_TRUE(contains(outcome.err, "gives the next kernel kvm_amd.nested=0")) << outcome.err;
}

struct ShowDepends {
    const char* printed;
    bool on;
    bool good;
};

TEST(ShowDependsJudged, ByWhatModprobePrints) {
    const ShowDepends cases[] = {
        {"insmod /lib/modules/6.1/virt/irqbypass.ko \ninsmod /lib/modules/6.1/kvm-amd.ko "
         "nested=1\n",
         true, true},
        {"insmod /m/kvm-amd.ko.xz nested=0 nested=1\n", true, true},
        {"insmod /m/kvm-amd.ko nested=1 nested=0\n", true, false},
        {"insmod /m/kvm-amd.ko nested=1 nested=0\n", false, true},
        {"insmod /m/kvm-amd.ko nested=Y nested=1\n", true, false},
        {"insmod /m/kvm-amd.ko nested\n", true, false},
        {"insmod /m/kvm-amd.ko\n", true, false},
        {"insmod /m/kvm-intel.ko nested=1\n", true, false},
        {"install /bin/false\n", true, false},
        {"builtin kvm_amd\n", true, false},
        {"", true, false},
    };
    for (const ShowDepends& c : cases)
        EXPECT_EQ(why_not_by_modprobe(c.printed, "kvm_amd", c.on).empty(), c.good)
            << c.printed << why_not_by_modprobe(c.printed, "kvm_amd", c.on);
}

} // namespace
} // namespace virt_nested
