// SPDX-License-Identifier: GPL-2.0-or-later
// Changes that must not change a verdict: what is the same machine gets the same answer, and one of
// which less can be read the same answer or none.
#include "tests/unit/captured_host.h"
#include "tests/unit/image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sys/stat.h>

using namespace virt_nested;

namespace {

/// Files beside those of IntelHost, by name.
using Files = std::map<std::string, std::string>;

struct Machine {
    const char* what;
    Files files;
};

const std::string kernel = "vmlinuz-6.1.0-50-amd64";

std::string stale_image() {
    return test::kvm_image("options kvm_intel nested=0\n");
}

/// Machines of every boot loader whose files are read, with verdicts of every kind.
std::vector<Machine> machines() {
    const std::string grub_head =
        "if [ -s $prefix/grubenv ]; then\n  load_env\nfi\nif [ \"${next_entry}\" ] ; then\n  set "
        "default=\"${next_entry}\"\nelse\n  set default=\"0\"\nfi\n";
    const std::string two = "menuentry 'a' --id a {\nlinux /boot/" + kernel +
                            " ro\n}\nmenuentry 'b' --id b {\nlinux /boot/" + kernel +
                            " ro kvm_intel.nested=0\n}\n";
    return {
        {"nothing that tells", {{"etc/modprobe.d/a.conf", "options kvm_intel nested=1\n"}}},
        {"off in a file", {{"etc/modprobe.d/a.conf", "options kvm_intel nested=0\n"}}},
        {"two files",
         {{"etc/modprobe.d/a.conf", "options kvm_intel nested=0\n"},
          {"etc/modprobe.d/b.conf", "options kvm_intel nested=1\n"}}},
        {"a blacklist", {{"etc/modprobe.d/a.conf", "blacklist kvm_intel\n"}}},
        {"GRUB", {{"boot/grub/grub.cfg", grub_head + two}}},
        {"GRUB, next_entry",
         {{"boot/grub/grub.cfg", grub_head + two},
          {"boot/grub/grubenv",
           "# GRUB Environment Block\nnext_entry=b\n" + std::string(985, '#')}}},
        {"GRUB, the second",
         {{"boot/grub/grub.cfg", "set default=1\n" + two},
          {"etc/modprobe.d/a.conf", "options kvm_intel nested=1\n"}}},
        {"GRUB with a stale image",
         {{"boot/grub/grub.cfg",
           "menuentry a {\nlinux /boot/" + kernel + "\ninitrd /boot/ucode.img /boot/i.img\n}\n"},
          {"boot/ucode.img",
           test::newc("kernel/x86/microcode/GenuineIntel.bin", "x") + test::trailer()},
          {"boot/i.img", stale_image()}}},
        {"entry files",
         {{"boot/loader/loader.conf", "default b*\n"},
          {"boot/loader/entries/a.conf", "title A\nlinux /" + kernel + "\noptions ro\n"},
          {"boot/loader/entries/b.conf",
           "title B\nlinux /" + kernel + "\ninitrd /ucode.img\ninitrd /i.img\noptions ro\n"},
          {"boot/" + kernel, ""},
          {"boot/ucode.img",
           test::newc("kernel/x86/microcode/GenuineIntel.bin", "x") + test::trailer()},
          {"boot/i.img", stale_image()}}},
        {"entry files, by order",
         {{"efi/loader/entries/a.conf",
           "sort-key x\nversion 2\nlinux /" + kernel + "\noptions ro\n"},
          {"efi/loader/entries/b.conf",
           "sort-key x\nversion 1\nlinux /" + kernel + "\noptions kvm_intel.nested=0\n"},
          {"efi/" + kernel, ""}}},
        {"syslinux",
         {{"boot/syslinux/syslinux.cfg", "DEFAULT b\nLABEL a\nLINUX /" + kernel +
                                             "\nLABEL b\nLINUX /" + kernel +
                                             "\nAPPEND ro kvm_intel.nested=0\n"}}},
        {"a kernel without KVM",
         {{"boot/grub/grub.cfg", "menuentry a {\nlinux /boot/vmlinuz-6.9.0 ro\n}\n"},
          {"lib/modules/6.9.0/modules.dep", "kernel/fs/ext4.ko:\n"}}},
    };
}

std::array<Outcome, 3> verdict(const test::IntelHost& host) {
    return host.report().verdict;
}

std::array<Outcome, 3> verdict(const Files& files) {
    const test::IntelHost host;
    for (const auto& [name, text] : files)
        host.write(name, text);
    return verdict(host);
}

std::string words(const std::array<Outcome, 3>& all) {
    return std::string(name(all[0])) + " " + name(all[1]) + " " + name(all[2]);
}

/// Every machine through a change that must not matter.
void holds(const char* change, const std::function<void(Files&)>& apply) {
    for (const Machine& machine : machines()) {
        Files files = machine.files;
        apply(files);
        EXPECT_EQ(words(verdict(files)), words(verdict(machine.files)))
            << machine.what << ": " << change;
    }
}

bool is_text(const std::string& name) {
    return !name.ends_with(".img") && name.find("grubenv") == std::string::npos &&
           name.find("vmlinuz") == std::string::npos &&
           name.find("modules.dep") == std::string::npos;
}

} // namespace

TEST(Metamorphic, TheMachinesDiffer) {
    std::map<std::string, int> seen;
    for (const Machine& machine : machines())
        ++seen[words(verdict(machine.files))];
    EXPECT_GE(seen.size(), 3U);
}

TEST(Metamorphic, OrderOfDirectoryEntries) {
    for (const Machine& machine : machines()) {
        const test::IntelHost host;
        for (auto file = machine.files.rbegin(); file != machine.files.rend(); ++file)
            host.write(file->first, file->second);
        EXPECT_EQ(words(verdict(host)), words(verdict(machine.files))) << machine.what;
    }
}

TEST(Metamorphic, DashesForUnderscores) {
    holds("kvm-intel", [](Files& files) {
        for (auto& [name, text] : files)
            for (size_t at = 0;
                 is_text(name) && (at = text.find("kvm_intel", at)) != std::string::npos;)
                text.replace(at, 9, "kvm-intel");
    });
}

TEST(Metamorphic, AFileOfAnotherNameAndTheSameOrder) {
    holds("renamed", [](Files& files) {
        Files renamed;
        for (const auto& [name, text] : files) {
            const bool modprobe = name.starts_with("etc/modprobe.d/");
            renamed[modprobe ? name.substr(0, name.size() - 5) + "-more.conf" : name] = text;
        }
        files = renamed;
    });
}

TEST(Metamorphic, Comments) {
    holds("a comment", [](Files& files) {
        for (auto& [name, text] : files)
            if (is_text(name))
                text = "# kvm_intel.nested=0, options kvm_intel nested=0\n" + text +
                       "# set default=7\n";
    });
}

TEST(Metamorphic, CarriageReturns) {
    holds("CR LF", [](Files& files) {
        for (auto& [name, text] : files)
            if (name.starts_with("boot/loader") || name.starts_with("efi/loader") ||
                name.starts_with("boot/syslinux")) {
                std::string out;
                for (const char c : text)
                    out += c == '\n' ? std::string("\r\n") : std::string(1, c);
                text = out;
            }
    });
}

TEST(Metamorphic, WhatCannotBeReadIsTheSameOrUndetermined) {
    for (const Machine& machine : machines()) {
        const std::array<Outcome, 3> whole = verdict(machine.files);
        for (const auto& [name, text] : machine.files) {
            // A captured machine has no kernels, and so their names alone count.
            if (name.find("vmlinuz") != std::string::npos)
                continue;
            Files rest = machine.files;
            rest.erase(name);
            const test::IntelHost host;
            for (const auto& [other, other_text] : rest)
                host.write(other, other_text);
            host.write(name + ".d", "");
            ASSERT_EQ(::mkfifo((host.path() + "/" + name).c_str(), 0600), 0) << name;
            const std::array<Outcome, 3> less = verdict(host);
            for (size_t i = 0; i < whole.size(); ++i)
                EXPECT_TRUE(less[i] == whole[i] || less[i] == Outcome::undetermined)
                    << machine.what << ", " << name << ": " << words(whole) << " became "
                    << words(less);
        }
    }
}
