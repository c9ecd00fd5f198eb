// SPDX-License-Identifier: GPL-2.0-or-later
// A machine's answers in a file: what comes back is what went in, without secrets, and nothing else
// is taken for one.
#include "tests/unit/captured_host.h"
#include "validator/capture/archive.h"
#include "validator/capture/capture.h"
#include "validator/capture/secrets.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <functional>

using namespace virt_nested;

namespace {

Recording of(const Sysroot& root, const std::function<void(const Sysroot&)>& ask) {
    auto recording = std::make_shared<Recording>();
    ask(Sysroot(root.root(), recording));
    return *recording;
}

Sysroot through_a_file(const Recording& recording) {
    Result<Recording> again = unpack(pack(recording), "test");
    EXPECT_TRUE(again) << (again ? "" : again.error().what);
    return Sysroot::replayed(std::make_shared<Recording>(again ? *again : Recording{}));
}

using Make = std::function<void(archive_entry*)>;

/// An archive of one entry with a text of `size` zeros.
std::string archive_of(const std::string& name, size_t size, const Make& make = {}) {
    std::string out(size + 65536, '\0');
    size_t used = 0;
    archive* a = ::archive_write_new();
    ::archive_write_set_format_pax_restricted(a);
    ::archive_write_open_memory(a, out.data(), out.size(), &used);
    archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, name.c_str());
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_entry_set_size(entry, static_cast<la_int64_t>(size));
    if (make)
        make(entry);
    ::archive_write_header(a, entry);
    if (size > 0)
        ::archive_write_data(a, std::string(size, '\0').data(), size);
    ::archive_entry_free(entry);
    ::archive_write_close(a);
    ::archive_write_free(a);
    out.resize(used);
    return out;
}

int code_of(const std::string& file, const ArchiveLimits& limits = {}) {
    const Result<Recording> out = unpack(file, "test", limits);
    return out ? 0 : out.error().code;
}

} // namespace

TEST(Capture, GivesEveryAnswerAgain) {
    const test::Folder folder{{"etc/a", "text\n"}, {"etc/\xff\"\n", std::string("\0\xfe", 2)}};
    folder.link("a", "etc/link");
    const Sysroot live(folder.path());
    const std::string odd = "/etc/\xff\"\n";
    const auto ask = [&](const Sysroot& root) {
        EXPECT_EQ(*root.read("/etc/a"), "text\n");
        EXPECT_EQ(*root.read(odd), std::string("\0\xfe", 2));
        EXPECT_EQ(*root.link("/etc/link"), "a");
        EXPECT_EQ(*root.inside("/etc/link"), "/etc/a");
        EXPECT_EQ(root.list("/etc")->size(), 3U);
        const Result<FileStatus> status = root.status("/etc/a");
        EXPECT_EQ(status->size, 5U);
        EXPECT_EQ(status->mtime_ns, live.status("/etc/a")->mtime_ns);
        EXPECT_EQ(root.read("/etc/none").error().code, ENOENT);
        EXPECT_EQ(root.list("/etc/a").error().code, ENOTDIR);
        EXPECT_EQ(root.read("/etc").error().code, EINVAL);
        EXPECT_EQ(*root.answer("a word", [] { return Result<std::string>("yes"); }), "yes");
        EXPECT_EQ(root.answer("no word",
                              [] {
                                  return Result<std::string>(Error{EIO, "no"});
                              })
                      .error()
                      .code,
                  EIO);
    };
    const Sysroot again = through_a_file(of(live, ask));
    ask(again);
    EXPECT_FALSE(again.here());
    EXPECT_FALSE(again.live()); // it was a folder
    EXPECT_EQ(
        again.answer("a word", [] { return Result<std::string>("asked again"); }).value_or(""),
        "yes");
}

TEST(Capture, ErrorsNameThePathOfTheMachine) {
    const test::Folder folder{};
    const Sysroot again = through_a_file(
        of(Sysroot(folder.path()), [](const Sysroot& root) { (void)root.read("/etc/none"); }));
    EXPECT_EQ(again.read("/etc/none").error().what, "/etc/none: No such file or directory");
}

TEST(Capture, WhatWasNotAskedIsNotAbsent) {
    const Sysroot again = through_a_file(Recording{});
    EXPECT_TRUE(again.live());
    EXPECT_EQ(again.read("/etc/a").error().code, ENODATA);
    EXPECT_EQ(again.status("/etc/a").error().code, ENODATA);
    EXPECT_EQ(again.open("/etc/passwd").error().code, ENODATA);
    EXPECT_EQ(again.resolve("/etc/passwd").error().code, ENODATA);
    EXPECT_EQ(again.read("/etc/a").error().what, "/etc/a: was not captured");
}

TEST(Capture, NoMoreIsKnownThanWasRead) {
    const test::Folder folder{{"a", "0123456789"}};
    const Sysroot again = through_a_file(
        of(Sysroot(folder.path()), [](const Sysroot& root) { (void)root.read_head("/a", 4); }));
    EXPECT_EQ(*again.read_head("/a", 2), "01");
    EXPECT_EQ(*again.read_head("/a", 4), "0123");
    EXPECT_EQ(again.read_head("/a", 5).error().code, ENODATA);
    EXPECT_EQ(again.read("/a", 3).error().code, EFBIG);
}

TEST(Capture, KernelAndKvmAnswerAsTheyDid) {
    const test::IntelHost host;
    const Captured taken = capture(Sysroot(host.path()), {});
    const Sysroot again = through_a_file(*taken.recording);
    EXPECT_EQ(report_to_compare(again, {}), taken.report);
    EXPECT_NE(taken.report.find("vmx offered"), std::string::npos);
    EXPECT_EQ(taken.report.find(host.path()), std::string::npos);
}

TEST(Capture, OfEveryCapturedMachineSaysTheSame) {
    size_t machines = 0;
    for (const auto& folder : std::filesystem::directory_iterator(VN_TEST_DATA "/roots")) {
        if (!folder.is_directory())
            continue;
        ++machines;
        const Captured taken = capture(Sysroot(folder.path().string()), {});
        take_out_secrets(*taken.recording, "localhost");
        ValidateOptions deep;
        deep.deep = true;
        const Sysroot again = through_a_file(*taken.recording);
        EXPECT_EQ(report_to_compare(again, {}), taken.report) << folder.path();
        EXPECT_EQ(report_to_compare(again, deep),
                  report_to_compare(Sysroot(folder.path().string()), deep))
            << folder.path();
    }
    EXPECT_GT(machines, 60U);
}

TEST(Capture, RefusesWhatIsNone) {
    EXPECT_EQ(code_of(""), EINVAL);
    EXPECT_EQ(code_of("not an archive"), EINVAL);
    EXPECT_EQ(code_of(archive_of("capture.json", 10)), EINVAL);
    EXPECT_EQ(code_of(archive_of("other", 10)), EINVAL);
    EXPECT_EQ(code_of(archive_of("/etc/passwd", 1)), EBADMSG);
    EXPECT_EQ(code_of(archive_of("root/../../passwd", 1)), EBADMSG);
    EXPECT_EQ(code_of(archive_of("link", 0,
                                 [](archive_entry* entry) {
                                     ::archive_entry_set_filetype(entry, AE_IFLNK);
                                     ::archive_entry_set_symlink(entry, "/etc/passwd");
                                 })),
              EBADMSG);
    EXPECT_EQ(code_of(archive_of("hard", 0,
                                 [](archive_entry* entry) {
                                     ::archive_entry_set_hardlink(entry, "/etc/passwd");
                                 })),
              EBADMSG);
    for (const auto kind : {AE_IFCHR, AE_IFBLK, AE_IFIFO})
        EXPECT_EQ(code_of(archive_of(
                      "device", 0,
                      [&](archive_entry* entry) { ::archive_entry_set_filetype(entry, kind); })),
                  EBADMSG);
    EXPECT_EQ(code_of(archive_of("big", 5000), {.unpacked = 4999}), EFBIG);
    EXPECT_EQ(code_of(archive_of("one", 1), {.entries = 0}), EFBIG);
}

TEST(Capture, EveryTruncationIsNoticed) {
    const test::Folder folder{{"etc/a", "text\n"}};
    const std::string whole = pack(of(Sysroot(folder.path()), [](const Sysroot& root) {
        (void)root.read("/etc/a");
        (void)root.read("/etc/b");
    }));
    ASSERT_EQ(code_of(whole), 0);
    for (size_t size = 0; size < whole.size(); ++size)
        EXPECT_NE(code_of(whole.substr(0, size)), 0) << size << " of " << whole.size();
}

TEST(Secrets, OfAnyTextAreCrossedOut) {
    const std::pair<const char*, const char*> rows[] = {
        {"ro inst.rootpw=hunter2 quiet", "ro inst.rootpw=xxxxxxx quiet"},
        {"rd.luks.key=/k:UUID=1", "rd.luks.key=xxxxxxxxx"},
        {"systemd.set_credential=a:b x", "systemd.set_credential=xxx x"},
        {"api_token=\"two words\" y", "api_token=\"xxxxxxxxx\" y"},
        {R"({"text":"password=\"a b\" c"})", R"({"text":"password=\"xxx\" c"})"},
        {"password_pbkdf2 root grub.pbkdf2.sha512.10000.AB.CD",
         "password_pbkdf2 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
        {"  password root geheim\nset a=b", "  password xxxxxxxxxxx\nset a=b"},
        {"netroot=iscsi:me:pw@10.0.0.1::::iqn ro", "netroot=iscsi:xxxxxxxxxxxxxxxxxxxxx ro"},
        {"MENU MASTER PASSWD $4$x$y\nTIMEOUT 5", "MENU MASTER PASSWD xxxxxx\nTIMEOUT 5"},
        {"password\nset a=b", "password\nset a=b"},
        {"ks=https://me:pw@host/ks", "ks=https://xxxxx@host/ks"},
        {"x $6$saltsalt$abcdefghijklmnop y", "x xxxxxxxxxxxxxxxxxxxxxxxxxxxx y"},
        {"-----BEGIN RSA PRIVATE KEY-----\nab\n-----END RSA PRIVATE KEY-----",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\nxx\n-----END RSA PRIVATE KEY-----"},
        // what only looks like one
        {"vconsole.keymap=de sort-key debian", "vconsole.keymap=de sort-key debian"},
        {"options kvm_intel nested=1 ept=1", "options kvm_intel nested=1 ept=1"},
        {"menuentry \"a\" --hotkey=b { echo $1$2 }", "menuentry \"a\" --hotkey=b { echo $1$2 }"},
        {"root=UUID=1 intel_iommu=on iommu=pt", "root=UUID=1 intel_iommu=on iommu=pt"},
        {"", ""},
        {"key=", "key="},
    };
    for (const auto& [before, after] : rows)
        EXPECT_EQ(without_secrets(before), after);
}

TEST(Secrets, NamesOfHosts) {
    EXPECT_EQ(without_name("on web1.example.com now", "web1.example.com"),
              "on xxxxxxxxxxxxxxxx now");
    EXPECT_EQ(without_name("web1 web12 aweb1 /boot/web1.conf", "web1"),
              "xxxx web12 aweb1 /boot/xxxx.conf");
    EXPECT_EQ(without_name("kvm.nested=1 localhost", "kvm"), "kvm.nested=1 localhost");
    EXPECT_EQ(without_name("a b", ""), "a b");
}

namespace {

/// What a recording of this one file keeps of it.
std::string kept(const std::string& path, const std::string& text, std::string_view host = "web1") {
    Recording recording;
    recording.paths[path].text = text;
    recording.paths[path].asked = 65536;
    take_out_secrets(recording, host);
    return recording.paths.begin()->second.text->value_or("");
}

} // namespace

TEST(Secrets, OfSomeFilesALittleIsKept) {
    EXPECT_EQ(kept("/etc/libvirt/hooks/qemu", "#!/bin/sh\nTOP=x\nexec /usr/bin/virt-nested-hook\n"),
              "#!/bin/sh\nexec /usr/bin/virt-nested-hook\n");
    EXPECT_EQ(kept("/etc/libvirt/hooks/qemu.d/a", "#!/bin/sh\ncurl -u me:pw x\n"), "#!/bin/sh\n");
    EXPECT_EQ(kept("/etc/libvirt/hooks/qemu", "\x7f"
                                              "ELF..secret..virt-nested-hook.."),
              "\x7f"
              "ELFvirt-nested-hook");
    EXPECT_EQ(kept("/run/libvirt/qemu/a.xml",
                   "<domstatus><domain type='qemu' id='1'><vnc passwd='x'/></domain></domstatus>"),
              "<domain type='qemu'>\n");
    EXPECT_EQ(kept("/sys/class/dmi/id/chassis_asset_tag", "owner's tag 17\n"), "");
    EXPECT_EQ(kept("/sys/class/dmi/id/chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77\n"),
              "7783-7084-3265-9085-8269-3286-77\n");
    EXPECT_EQ(kept("/var/log/dmesg", "usb 1-1: SerialNumber: 4711\n[    4.1] kvm_amd: Nested "
                                     "Virtualization enabled\n"),
              "[    4.1] kvm_amd: Nested Virtualization enabled\n");
    EXPECT_EQ(kept("/etc/fstab", "filer:/vol /mnt nfs\n//srv/x /y cifs password=abc\n"),
              "xxxxx:/vol /mnt nfs\n//xxx/x /y cifs password=xxx\n");
    EXPECT_EQ(kept("/proc/self/mountinfo", "1 2 0:3 / / rw - overlay overlay lowerdir=/a:/b\n"),
              "1 2 0:3 / / rw - overlay overlay lowerdir=/a:/b\n");
    EXPECT_EQ(kept("/proc/sysinfo", "VM00 Name:            LINUX1\nModel: 1\n"),
              "VM00 Name:            xxxxxx\nModel: 1\n");
    EXPECT_EQ(kept("/proc/cmdline", "ip=10.0.0.5::10.0.0.1:::eth0 kvm.x=1"),
              "ip=xxxxxxxxxxxxxxxxxxxxxxxxx kvm.x=1");
    EXPECT_EQ(kept("/proc/cmdline", "root=nfs:filer:/x ro"), "root=nfs:xxxxxxxx ro");
    EXPECT_EQ(kept("/proc/cmdline", "root=UUID=1 ro"), "root=UUID=1 ro");
    EXPECT_EQ(kept("/proc/cmdline", "ip=10.0.0.5 inst.sshpw=a web1", ""),
              "ip=10.0.0.5 inst.sshpw=x web1");
}
