// SPDX-License-Identifier: GPL-2.0-or-later
// systemd-boot's menu: order, default and what it passes over. What its own tool says of the same
// trees is in tests/systemd-boot.
#include "tests/unit/boot_menu.h"
#include "tests/unit/image.h"
#include "validator/boot/menus/spec_order.h"
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

const std::string entries = "efi/loader/entries/";
const std::string guid = "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
const std::string variables = "sys/firmware/efi/efivars/";

/// As efivarfs gives it: attributes, then UTF-16LE with its NUL.
std::string variable(const std::string& text) {
    std::string out = "\7\0\0\0"s;
    for (const char c : text)
        out += {c, '\0'};
    return out + "\0\0"s;
}

std::string magic(const std::string& program) {
    return test::pe({{".sdmagic", "#### LoaderInfo: " + program + " ####"}});
}

/// A machine whose firmware has variables and whose systemd-boot is a new one.
class Machine : public Folder {
  public:
    explicit Machine(const std::string& version = "259")
        : Folder({{variables + "BootOrder-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\7\0\0\0\0\0"s},
                  {"efi/EFI/systemd/systemd-bootx64.efi", magic("systemd-boot " + version)},
                  {"efi/k", "kernel"}}) {}

    void add(const std::string& name, const std::string& lines = "") const {
        write(entries + name, "linux /k\n" + lines);
    }
    void set(const std::string& name, const std::string& text) const {
        write(variables + name + guid, variable(text));
    }
    void conf(const std::string& text) const { write("efi/loader/loader.conf", text); }
    BootMenu menu(const BootLimits& limits = {}) const {
        return read_systemd_boot_menu(Sysroot(path()), {"/efi", "/boot/efi", "/boot"}, limits);
    }
};

std::string uki(const std::string& id, const std::string& version, const std::string& cmdline,
                const std::string& release = "6.9.5-arch1-1") {
    return test::pe({{".osrel", "ID=" + id + "\nPRETTY_NAME=\"" + id +
                                    " Linux\"\nVERSION_ID=" + version + "\n"},
                     {".uname", release + "\n"},
                     {".cmdline", cmdline},
                     {".linux", "MZ"},
                     {".initrd", "cpio"},
                     {".sdmagic", "#### LoaderInfo: systemd-stub 256 ####"}});
}

} // namespace

TEST(VersionOrder, OfTheSpecification) {
    const Strings order = {"122.1",   "123~rc1-1", "123",     "123-a",   "123-a.1", "123-1",
                           "123-1.1", "123^post1", "123.a-1", "123.1-1", "123a-1",  "124-1"};
    for (size_t i = 0; i < order.size(); ++i)
        for (size_t j = 0; j < order.size(); ++j)
            EXPECT_EQ(compare_versions(order[i], order[j]), (i > j) - (i < j))
                << order[i] << " " << order[j];
    EXPECT_EQ(compare_versions("00123", "123"), 0);
    EXPECT_EQ(compare_versions("123_a", "123a"), 0);
    EXPECT_EQ(compare_versions("", ""), 0);
    EXPECT_LT(compare_versions("", "1"), 0);
    EXPECT_GT(compare_versions("", "~"), 0);
    EXPECT_LT(compare_versions("6.9.12", "6.10.1"), 0);
}

TEST(Patterns, OfSystemdBoot) {
    for (const auto& [pattern, text] :
         std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                          {"*", ""},
                                                          {"a*c", "abbc"},
                                                          {"a*b*c", "axbxbc"},
                                                          {"?b", "ab"},
                                                          {"[a-c]x", "bx"},
                                                          {"[]]", "]"},
                                                          {"[a-]", "-"},
                                                          {"\\*", "*"},
                                                          {"**a", "ba"},
                                                          {"[a\\-c]", "-"},
                                                          {"arch-*.conf", "arch-6.9.conf"}})
        EXPECT_TRUE(matches_pattern(pattern, text)) << pattern;
    for (const auto& [pattern, text] :
         std::vector<std::pair<std::string, std::string>>{{"", "a"},
                                                          {"a", ""},
                                                          {"?", ""},
                                                          {"[a", "a"},
                                                          {"[]", "]"},
                                                          {"\\", "\\"},
                                                          {"a*b", "ac"},
                                                          {"[a-c]", "d"},
                                                          {"[!a]", "b"},
                                                          {"a?c*", "ac"}})
        EXPECT_FALSE(matches_pattern(pattern, text)) << pattern;
    const Bounded bounded;
    std::string stars;
    for (int i = 0; i < 1000; ++i)
        stars += "*a";
    EXPECT_FALSE(matches_pattern(stars + "b", std::string(4000, 'a')));
}

TEST(SystemdBoot, OrderByKeysAndVersions) {
    const Machine machine;
    machine.add("old-a.conf");
    machine.add("old-b.conf");
    machine.add("x1.conf", "sort-key b\nversion 2\n");
    machine.add("x2.conf", "sort-key a\nmachine-id 2\nversion 6.9\n");
    machine.add("x3.conf", "sort-key a\nmachine-id 2\nversion 6.10\n");
    machine.add("x4.conf", "sort-key a\nversion 1\n");
    machine.add("x5+0-3.conf", "sort-key a\nversion 9\n");
    const BootMenu menu = machine.menu();
    EXPECT_EQ(ids(menu), (Strings{"x4.conf", "x3.conf", "x2.conf", "x1.conf", "old-b.conf",
                                  "old-a.conf", "x5+0-3.conf"}));
    EXPECT_EQ(chosen(menu), Strings{"x4.conf"});
    EXPECT_TRUE(menu.found);
    EXPECT_EQ(menu.choice, "");
    EXPECT_TRUE(menu.doubts.empty()) << test::doubts(menu.doubts);
}

TEST(SystemdBoot, WhatAnEntryGives) {
    const Machine machine;
    machine.write(entries + "a.conf", "title \"Arch Linux\"\nlinux \\k\ninitrd /ucode.img\n"
                                      "initrd /initrd.img\noptions \"root=/dev/sda1 rw\"\n"
                                      "options kvm_amd.nested=0\nversion 42\n");
    machine.write("efi/initrd.img", "");
    const BootMenu menu = machine.menu();
    const BootEntry& one = entry(menu, "a.conf");
    EXPECT_EQ(one.title, "Arch Linux");
    EXPECT_EQ(one.source, "/efi/loader/entries/a.conf:5");
    EXPECT_EQ(one.kernel_file, "/efi/k");
    EXPECT_EQ(one.kernel, "") << "a version is free text";
    EXPECT_EQ(one.cmdline, "root=/dev/sda1 rw kvm_amd.nested=0");
    EXPECT_EQ(one.initrds, (Strings{"/efi/ucode.img", "/efi/initrd.img"}));
    EXPECT_FALSE(one.unified);
    EXPECT_TRUE(one.doubts.empty()) << test::doubts(one.doubts);
}

TEST(SystemdBoot, DefaultOfTheFile) {
    const Machine machine;
    machine.add("a.conf");
    machine.add("b-1.conf");
    machine.add("b-2.conf");
    const auto with = [&](const std::string& conf) {
        machine.conf(conf);
        return machine.menu();
    };
    EXPECT_EQ(chosen(with("default a.conf\n")), Strings{"a.conf"});
    EXPECT_EQ(with("#\ndefault a.conf\n").choice, "/efi/loader/loader.conf:2");
    EXPECT_EQ(chosen(with("default B-*\r\ntimeout 5\r\n")), Strings{"b-2.conf"});
    EXPECT_EQ(chosen(with("default b-1*\ndefault a*\n")), Strings{"a.conf"}) << "the last";
    EXPECT_EQ(chosen(with("default @odd\n")), Strings{"b-2.conf"});
    EXPECT_EQ(chosen(with("default nothing\n")), Strings{"b-2.conf"});
    EXPECT_EQ(with("default nothing\n").choice, "");
    EXPECT_EQ(chosen(with("preferred a.conf\ndefault b-1.conf\n")), Strings{"a.conf"});
    EXPECT_TRUE(machine.menu().doubts.empty()) << test::doubts(machine.menu().doubts);
}

TEST(SystemdBoot, VariablesComeFirst) {
    const Machine machine;
    for (const char* name : {"a.conf", "b.conf", "c.conf", "d.conf", "e.conf"})
        machine.add(name);
    machine.conf("default e.conf\n");
    machine.set("LoaderEntryDefault", "D.conf");
    EXPECT_EQ(chosen(machine.menu()), Strings{"d.conf"});
    machine.set("LoaderEntryPreferred", "c.conf");
    EXPECT_EQ(chosen(machine.menu()), Strings{"c.conf"});
    machine.set("LoaderEntryOneShot", "b.conf");
    EXPECT_EQ(chosen(machine.menu()), Strings{"b.conf"});
    EXPECT_EQ(machine.menu().choice, "/" + variables + "LoaderEntryOneShot" + guid);
    machine.set("LoaderEntryOneShot", "gone.conf");
    EXPECT_EQ(chosen(machine.menu()), Strings{"c.conf"}) << "one that is not there counts not";
    EXPECT_TRUE(machine.menu().doubts.empty());
}

TEST(SystemdBoot, SavedEntry) {
    const Machine machine;
    machine.add("a.conf");
    machine.add("b.conf");
    machine.conf("default @saved\n");
    EXPECT_EQ(chosen(machine.menu()), Strings{"b.conf"}) << "none is saved yet";
    machine.set("LoaderEntryLastBooted", "a.conf");
    EXPECT_EQ(chosen(machine.menu()), Strings{"a.conf"});
    EXPECT_EQ(machine.menu().choice, "/" + variables + "LoaderEntryLastBooted" + guid);
    const Forbidden secret(machine, variables + "LoaderEntryLastBooted" + guid);
    EXPECT_TRUE(has_doubt(machine.menu().doubts, "/" + variables + "LoaderEntryLastBooted" + guid,
                          "the EFI variable cannot be read", EACCES));
}

TEST(SystemdBoot, VariablesThatAreNone) {
    const Machine machine;
    machine.add("a.conf");
    machine.add("b.conf");
    const std::string path = variables + "LoaderEntryOneShot" + guid;
    for (const std::string& bytes :
         {""s, "\7\0\0"s, "\7\0\0\0"s, "\7\0\0\0a"s, "\7\0\0\0\0\xd8"s}) {
        machine.write(path, bytes);
        EXPECT_TRUE(has_doubt(machine.menu().doubts, "/" + path, "holds no text"));
    }
    std::filesystem::remove_all(machine.path() + "/sys/firmware/efi/efivars");
    const BootMenu menu = machine.menu();
    EXPECT_EQ(chosen(menu), Strings{"b.conf"});
    EXPECT_TRUE(menu.doubts.empty()) << "a captured machine has those that were captured";
    std::filesystem::remove(machine.path() + "/" + entries + "a.conf");
    EXPECT_TRUE(machine.menu().doubts.empty()) << "of one entry there is no choice";
}

TEST(SystemdBoot, FailedEntries) {
    const Machine machine;
    machine.add("a.conf");
    machine.add("b+0-3.conf");
    machine.conf("default b*\n");
    EXPECT_EQ(chosen(machine.menu()), Strings{"b+0-3.conf"}) << "a default is a default";
    machine.conf("preferred b*\n");
    EXPECT_EQ(chosen(machine.menu()), Strings{"a.conf"});
    machine.conf("default b.conf\n");
    EXPECT_EQ(chosen(machine.menu()), Strings{"a.conf"}) << "the count belongs to the name";
}

TEST(SystemdBoot, OtherVersions) {
    const auto takes = [](const std::string& version, const std::string& conf,
                          const std::string& system = "debian") {
        const Machine machine(version);
        machine.add("pop-1.conf", "sort-key a\n");
        machine.add("pop-2.conf", "sort-key z\n");
        machine.add("zed+0-3.conf", "sort-key b\n");
        machine.conf(conf);
        machine.write("etc/os-release", "ID=" + system + "\n");
        EXPECT_TRUE(machine.menu().doubts.empty()) << version << " " << conf;
        return chosen(machine.menu());
    };
    // Names without their endings.
    EXPECT_EQ(takes("244.1", "default Pop-1\n"), Strings{"pop-1.conf"});
    EXPECT_EQ(takes("244.1", "default Pop-1.conf\n"), Strings{"pop-2.conf"});
    EXPECT_EQ(takes("245", "default Pop-1\n"), Strings{"pop-2.conf"});
    EXPECT_EQ(takes("249.11", "default Pop-1.conf\n"), Strings{"pop-1.conf"});
    EXPECT_EQ(takes("249.11-0ubuntu3.12pop0", "default Pop-1\n", "pop"), Strings{"pop-1.conf"});
    EXPECT_EQ(takes("251", "default Pop-1\n", "pop"), Strings{"pop-1.conf"});
    // The order.
    EXPECT_EQ(takes("250.3", ""), Strings{"pop-2.conf"}) << "failed ones come last";
    EXPECT_EQ(takes("251", ""), Strings{"pop-1.conf"});
    EXPECT_EQ(takes("249", "default pop*\n"), Strings{"pop-2.conf"});
    EXPECT_EQ(takes("250", "default pop*\n"), (Strings{"pop-1.conf", "pop-2.conf"}));
    EXPECT_EQ(takes("251", "default pop*\n"), Strings{"pop-1.conf"});

    const Machine unknown;
    std::filesystem::remove_all(unknown.path() + "/efi/EFI");
    unknown.add("a.conf");
    unknown.add("b.conf");
    unknown.conf("preferred a.conf\n");
    EXPECT_EQ(chosen(unknown.menu()), (Strings{"b.conf", "a.conf"}));
    EXPECT_TRUE(unknown.menu().doubts.empty()) << "both are chosen";
    unknown.set("LoaderInfo", "systemd-boot 258");
    EXPECT_EQ(chosen(unknown.menu()), Strings{"b.conf"});
    EXPECT_TRUE(unknown.menu().doubts.empty());
}

TEST(SystemdBoot, EntriesOfItsOwn) {
    const Machine machine;
    machine.add("a.conf");
    machine.conf("default auto-windows\n");
    EXPECT_EQ(chosen(machine.menu()), Strings{"a.conf"}) << "there is no Windows";
    machine.write("efi/EFI/Microsoft/Boot/bootmgfw.efi", "");
    const BootMenu menu = machine.menu();
    EXPECT_EQ(chosen(menu), Strings{"auto-windows"});
    EXPECT_EQ(entry(menu, "auto-windows").kind, EntryKind::other);
    EXPECT_TRUE(menu.doubts.empty());
    machine.conf("default auto-reboot-to-firmware-setup\n");
    EXPECT_EQ(chosen(machine.menu()), (Strings{"a.conf", "auto-reboot-to-firmware-setup"}));
    EXPECT_TRUE(
        has_doubt(machine.menu().doubts, "/efi/loader/loader.conf:1", "whether there is an entry"));
    machine.add("auto-windows.conf");
    EXPECT_EQ(ids(machine.menu()).front(), "a.conf") << "systemd-boot takes no such file";
}

TEST(SystemdBoot, KernelsThatAreNotThere) {
    const Machine machine;
    machine.add("a.conf");
    machine.write(entries + "b.conf", "linux /gone\n");
    EXPECT_EQ(ids(machine.menu()), Strings{"a.conf"});
    EXPECT_TRUE(machine.menu().doubts.empty());
    // A captured machine has none at all.
    std::filesystem::remove(machine.path() + "/efi/k");
    EXPECT_EQ(ids(machine.menu()), (Strings{"b.conf", "a.conf"}));
    EXPECT_EQ(entry(machine.menu(), "b.conf").kernel_file, "/efi/gone");
}

TEST(SystemdBoot, OtherArchitectures) {
    const Machine machine;
    machine.add("a.conf", "architecture X64\n");
    machine.add("b.conf", "architecture aa64\n");
    EXPECT_EQ(ids(machine.menu()), Strings{"a.conf"});
    EXPECT_TRUE(machine.menu().doubts.empty());
    std::filesystem::remove_all(machine.path() + "/efi/EFI");
    EXPECT_EQ(ids(machine.menu()).size(), 2U);
    EXPECT_TRUE(has_doubt(machine.menu().doubts, "/" + entries + "b.conf", "architecture 'aa64'"));
}

TEST(SystemdBoot, EntriesOfNothing) {
    const Machine machine;
    machine.write(entries + "a.conf", "title nothing\n");
    machine.write(entries + "b.conf", "uki-url https://example.org/b.efi\n");
    EXPECT_EQ(ids(machine.menu()), Strings{"b.conf"});
    EXPECT_TRUE(has_doubt(entry(machine.menu(), "b.conf").doubts, "/" + entries + "b.conf",
                          "from the network"));
}

TEST(SystemdBoot, NamesOfOnePlace) {
    const Machine machine;
    machine.add("a_1.conf");
    machine.add("a1.conf");
    const BootMenu menu = machine.menu();
    EXPECT_EQ(chosen(menu).size(), 2U);
    EXPECT_NE(test::doubts(menu.doubts).find("told by nothing but the disk"), std::string::npos);
}

TEST(SystemdBoot, UnifiedImages) {
    const Machine machine;
    machine.write("efi/EFI/Linux/arch.efi",
                  uki("arch", "2", "root=/dev/sda1\tquiet kvm_intel.nested=1\n\0"s));
    machine.write("efi/EFI/Linux/fedora+2-1.EFI", uki("fedora", "40", "quiet"));
    machine.write("efi/EFI/Linux/notes.txt", "");
    machine.write("efi/EFI/Linux/.hidden.efi", "");
    const BootMenu menu = machine.menu();
    EXPECT_EQ(ids(menu), (Strings{"arch.efi", "fedora+2-1.EFI"}));
    EXPECT_EQ(chosen(menu), Strings{"arch.efi"});
    const BootEntry& one = entry(menu, "arch.efi");
    EXPECT_TRUE(one.unified);
    EXPECT_EQ(one.title, "arch Linux");
    EXPECT_EQ(one.cmdline, "root=/dev/sda1 quiet kvm_intel.nested=1");
    EXPECT_EQ(one.kernel, "6.9.5-arch1-1");
    EXPECT_EQ(one.kernel_file, "");
    EXPECT_EQ(one.initrds, Strings{"/efi/EFI/Linux/arch.efi"});
    EXPECT_EQ(one.source, "/efi/EFI/Linux/arch.efi .cmdline");
    EXPECT_TRUE(one.doubts.empty()) << test::doubts(one.doubts);
    EXPECT_TRUE(menu.doubts.empty()) << test::doubts(menu.doubts);
}

TEST(SystemdBoot, UnifiedImagesThatLackSomething) {
    const Machine machine;
    const std::string path = "/efi/EFI/Linux/a.efi";
    machine.write("efi/EFI/Linux/a.efi",
                  test::pe({{".osrel", "ID=a\n"}, {".linux", "MZ"}, {".uname", "6.1"}}));
    EXPECT_TRUE(entry(machine.menu(), "a.efi").initrds.empty());
    EXPECT_TRUE(
        has_doubt(entry(machine.menu(), "a.efi").doubts, path, "has no command line of its own"));
    // systemd-boot passes over it: where there is nothing else, something else starts it.
    machine.write("efi/EFI/Linux/a.efi", test::pe({{".linux", "MZ"}, {".cmdline", "quiet"}}));
    EXPECT_EQ(ids(machine.menu()), Strings{"a.efi"});
    machine.add("b.conf");
    EXPECT_EQ(ids(machine.menu()), Strings{"b.conf"});
    std::filesystem::remove(machine.path() + "/" + entries + "b.conf");
    machine.write("efi/EFI/Linux/a.efi", "no PE");
    EXPECT_TRUE(has_doubt(machine.menu().doubts, path, "not a PE file", EBADMSG));
    machine.write("efi/EFI/Linux/a.efi",
                  test::pe({{".osrel", "ID=a\n"}, {".cmdline", std::string(70'000, 'x')}}));
    EXPECT_TRUE(has_doubt(entry(machine.menu(), "a.efi").doubts, path, "section too long", EFBIG));
    const std::string whole = uki("a", "1", "quiet");
    machine.write("efi/EFI/Linux/a.efi", whole.substr(0, 4096 + 1027));
    EXPECT_TRUE(has_doubt(entry(machine.menu(), "a.efi").doubts, path, ".cmdline is cut off"));
}

TEST(SystemdBoot, Profiles) {
    const Machine machine;
    machine.write("efi/EFI/Linux/a.efi", test::pe({{".osrel", "ID=a\n"},
                                                   {".cmdline", "base"},
                                                   {".profile", "ID=main\n"},
                                                   {".cmdline", "first"},
                                                   {".profile", "ID=rescue\n"},
                                                   {".cmdline", "second"},
                                                   {".linux", "MZ"}}));
    const BootMenu menu = machine.menu();
    EXPECT_EQ(entry(menu, "a.efi").cmdline, "first");
    EXPECT_TRUE(has_doubt(menu.doubts, "/efi/EFI/Linux/a.efi", "several profiles"));
}

TEST(SystemdBoot, Addons) {
    const Machine machine;
    const auto addon = [](const std::string& cmdline) { return test::pe({{".cmdline", cmdline}}); };
    machine.write("efi/EFI/Linux/a+3.efi", uki("a", "1", "quiet"));
    machine.write("efi/EFI/Linux/a.efi.extra.d/2.addon.efi", addon("two"));
    machine.write("efi/EFI/Linux/a.efi.extra.d/1.addon.efi", addon("one"));
    machine.write("efi/EFI/Linux/a.efi.extra.d/x.cred", "secret");
    machine.write("efi/loader/addons/all.addon.efi", addon("all"));
    machine.write("efi/loader/addons/other.addon.efi",
                  test::pe({{".cmdline", "other"}, {".uname", "5.0"}}));
    EXPECT_EQ(entry(machine.menu(), "a+3.efi").cmdline, "quiet all one two");
    const std::string path = "/efi/EFI/Linux/a+3.efi";
    EXPECT_TRUE(has_doubt(entry(machine.menu(), "a+3.efi").doubts, path,
                          "whether the firmware accepts them"));
    machine.write(variables + "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\6\0\0\0\0"s);
    EXPECT_TRUE(entry(machine.menu(), "a+3.efi").doubts.empty());
    machine.write("efi/loader/addons/bad.addon.efi", "x");
    EXPECT_TRUE(has_doubt(entry(machine.menu(), "a+3.efi").doubts,
                          "/efi/loader/addons/bad.addon.efi", "the addon cannot be read", EBADMSG));
}

TEST(SystemdBoot, ProgramsOfEntryFiles) {
    const Machine machine;
    machine.write("efi/u.efi", uki("a", "1", "own"));
    machine.write("efi/vmlinuz.efi", std::string(0x202, 'M') + "HdrS" + std::string(100, '\0'));
    machine.write("efi/memtest.efi", test::pe({{".text", "x"}}));
    machine.write("efi/xen.efi", test::pe({{".text", "x"}}));
    machine.write(entries + "u.conf", "uki /u.efi\n");
    machine.write(entries + "o.conf", "efi /u.efi\noptions given\n");
    machine.write(entries + "v.conf", "efi /vmlinuz.efi\noptions initrd=\\k quiet\n");
    machine.write(entries + "m.conf", "efi /memtest.efi\n");
    machine.write(entries + "x.conf", "efi /xen.efi\n");
    machine.write(entries + "n.conf", "uki /memtest.efi\n");
    const BootMenu menu = machine.menu();
    EXPECT_EQ(entry(menu, "u.conf").cmdline, "own");
    EXPECT_TRUE(entry(menu, "u.conf").unified);
    EXPECT_EQ(entry(menu, "o.conf").cmdline, "given");
    EXPECT_TRUE(has_doubt(entry(menu, "o.conf").doubts, "/efi/u.efi", "under Secure Boot"));
    EXPECT_EQ(entry(menu, "v.conf").kernel_file, "/efi/vmlinuz.efi");
    EXPECT_EQ(entry(menu, "v.conf").initrds, Strings{"/efi/k"});
    EXPECT_FALSE(entry(menu, "v.conf").unified);
    EXPECT_EQ(entry(menu, "m.conf").kind, EntryKind::other);
    EXPECT_EQ(entry(menu, "x.conf").kind, EntryKind::under_hypervisor);
    EXPECT_FALSE(entry(menu, "x.conf").doubts.empty());
    EXPECT_TRUE(has_doubt(entry(menu, "n.conf").doubts, "/" + entries + "n.conf",
                          "no unified kernel image"));
    machine.write(variables + "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\6\0\0\0\1"s);
    EXPECT_EQ(entry(machine.menu(), "o.conf").cmdline, "own");
}

TEST(SystemdBoot, NamesOfNixos) {
    const Machine machine;
    machine.write("efi/EFI/nixos/abc-linux-6.6.32-bzImage.efi",
                  std::string(0x202, 'M') + "HdrS" + std::string(100, '\0'));
    machine.write("efi/EFI/nixos/abc-initrd.efi", "cpio");
    machine.write(entries + "nixos-generation-42.conf",
                  "title NixOS\nsort-key nixos\nversion Generation 42 NixOS 24.05\n"
                  "linux /EFI/nixos/abc-linux-6.6.32-bzImage.efi\n"
                  "initrd /EFI/nixos/abc-initrd.efi\noptions init=/nix/store/x/init\n");
    const BootEntry one = entry(machine.menu(), "nixos-generation-42.conf");
    EXPECT_FALSE(one.unified);
    EXPECT_EQ(one.kernel, "");
    EXPECT_EQ(one.initrds, Strings{"/efi/EFI/nixos/abc-initrd.efi"});
    EXPECT_TRUE(one.doubts.empty());
}

TEST(SystemdBoot, TwoFileSystems) {
    const Machine machine;
    machine.add("a.conf");
    machine.write("boot/loader/entries/b.conf", "linux /kb\n");
    machine.write("boot/kb", "");
    machine.conf("default b.conf\n");
    const BootMenu menu = machine.menu();
    EXPECT_EQ(ids(menu), (Strings{"b.conf", "a.conf"}));
    EXPECT_EQ(entry(menu, "b.conf").kernel_file, "/boot/kb");
    EXPECT_EQ(chosen(menu), Strings{"b.conf"});
    EXPECT_TRUE(menu.doubts.empty());
    // One mounted twice is one.
    machine.link("/efi", "boot/efi");
    EXPECT_EQ(ids(machine.menu()).size(), 2U);
    machine.write("boot/loader/loader.conf", "default a.conf\n");
    EXPECT_EQ(chosen(machine.menu()), Strings{"b.conf"}) << "the system partition's counts";
    std::filesystem::remove_all(machine.path() + "/efi/EFI");
    EXPECT_TRUE(has_doubt(machine.menu().doubts, "/efi/loader/loader.conf", "another loader.conf"));
}

TEST(SystemdBoot, WhatCannotBeReadCouldBeTheOne) {
    const Machine machine;
    machine.add("a.conf");
    machine.add("b.conf");
    {
        const Forbidden secret(machine, entries + "b.conf");
        const BootMenu menu = machine.menu();
        EXPECT_EQ(chosen(menu), Strings{"a.conf"});
        EXPECT_TRUE(has_doubt(menu.doubts, "/" + entries + "b.conf", "Permission denied", EACCES));
    }
    const Forbidden all(machine, "efi");
    const BootMenu menu = machine.menu();
    EXPECT_TRUE(menu.found);
    EXPECT_TRUE(has_doubt(menu.doubts, "/efi/loader/entries", "Permission denied", EACCES));
    EXPECT_TRUE(has_doubt(menu.doubts, "/efi/EFI/Linux", "Permission denied", EACCES));
    EXPECT_TRUE(has_doubt(menu.doubts, "/efi/loader/loader.conf", "Permission denied", EACCES));
}

TEST(SystemdBoot, NothingThere) {
    const Folder folder{{"boot/vmlinuz", ""}};
    const BootMenu menu = read_systemd_boot_menu(Sysroot(folder.path()), {"/efi", "/boot"});
    EXPECT_FALSE(menu.found);
    EXPECT_TRUE(menu.entries.empty());
    EXPECT_TRUE(menu.doubts.empty());
}

TEST(SystemdBoot, StringsOfTheMachine) {
    const Machine machine;
    machine.add("a.conf");
    machine.write("sys/firmware/dmi/entries/11-0/raw",
                  "\x0b\x05\0\0\1io.systemd.boot.kernel-cmdline-extra=kvm.nested=0\0"s);
    EXPECT_TRUE(has_doubt(machine.menu().doubts, "/sys/firmware/dmi/entries/11-0/raw",
                          "the machine's firmware adds"));
}

/// A change that means nothing changes nothing.
TEST(SystemdBoot, CommentsAndOrderOfFiles) {
    const auto menu_of = [](const Strings& names, const std::string& comment) {
        const Machine machine;
        for (const std::string& name : names)
            machine.add(name, comment + "sort-key k\nversion " + name.substr(1, 1) + "\n");
        return machine.menu();
    };
    const BootMenu menu = menu_of({"x1.conf", "x2.conf", "x3.conf"}, "");
    EXPECT_EQ(chosen(menu), Strings{"x3.conf"});
    EXPECT_EQ(ids(menu_of({"x3.conf", "x1.conf", "x2.conf"}, "")), ids(menu));
    EXPECT_EQ(ids(menu_of({"x1.conf", "x2.conf", "x3.conf"}, "# linux /other\n\n")), ids(menu));
    EXPECT_EQ(ids(menu_of({"y1.conf", "y2.conf", "y3.conf"}, "")),
              (Strings{"y3.conf", "y2.conf", "y1.conf"}));
}

TEST(SystemdBoot, FiveHundredEntriesAreQuick) {
    const Machine machine;
    for (int i = 0; i < 500; ++i)
        machine.add("entry-" + std::to_string(i) + ".conf",
                    "title Entry\nsort-key s\nversion 6." + std::to_string(i) +
                        "\ninitrd /initrd\noptions root=/dev/sda1 quiet\n");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(chosen(machine.menu()), Strings{"entry-499.conf"});
    const auto took = std::chrono::steady_clock::now() - start;
    RecordProperty(
        "microseconds",
        static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
    EXPECT_LT(took, std::chrono::seconds(1));
}

TEST(SystemdBoot, FiveThousandEntriesAreBounded) {
    const Machine machine;
    for (int i = 0; i < 5000; ++i)
        machine.add(std::to_string(i) + ".conf");
    const Bounded bounded;
    const BootMenu menu = machine.menu();
    EXPECT_EQ(menu.entries.size(), 4096U);
    EXPECT_TRUE(has_doubt(menu.doubts, "/efi/loader/entries", "more than 4096", E2BIG));
}

TEST(SystemdBoot, LoaderConfOfBytes) {
    const Machine machine;
    machine.add("a.conf");
    machine.conf("default " + std::string(1 << 20, '*') + "\n");
    const Bounded bounded;
    EXPECT_TRUE(has_doubt(machine.menu().doubts, "/efi/loader/loader.conf:1",
                          "the pattern has more than 4096 bytes", EFBIG));
    machine.conf("timeout 3\ndefault a\0b\n"s);
    EXPECT_TRUE(has_doubt(machine.menu().doubts, "/efi/loader/loader.conf:2", "NUL"));
    std::filesystem::remove(machine.path() + "/efi/loader/loader.conf");
    ASSERT_EQ(::mkfifo((machine.path() + "/efi/loader/loader.conf").c_str(), 0644), 0);
    EXPECT_TRUE(has_doubt(machine.menu().doubts, "/efi/loader/loader.conf", "a FIFO", EINVAL));
}
