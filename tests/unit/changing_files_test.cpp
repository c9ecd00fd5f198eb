// SPDX-License-Identifier: GPL-2.0-or-later
// Files that another process changes while they are read: rewritten in place, cut off, replaced,
// removed. Every answer is one that some state of the file gives, or says what was in the way.
#include "tests/unit/captured_host.h"
#include "tests/unit/image.h"
#include "validator/render/render.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <functional>
#include <set>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace virt_nested;
using test::finding;
using test::IntelHost;

namespace {

/// Does one thing over and over beside the test, until it goes out of scope.
class Beside {
  public:
    explicit Beside(std::function<void(unsigned)> change)
        : thread_([this, change = std::move(change)] {
              for (unsigned turn = 0; !done_; ++turn) {
                  change(turn);
                  turns_ = turn + 1;
                  // Now in the middle of a reading, now long enough for a whole one.
                  std::this_thread::sleep_for(turn % 8 * std::chrono::microseconds(100));
              }
          }) {
        while (turns_ == 0)
            std::this_thread::yield();
    }
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;
    ~Beside() {
        done_ = true;
        thread_.join();
    }
    unsigned turns() const { return turns_; }

  private:
    std::atomic<bool> done_{false};
    std::atomic<unsigned> turns_{0};
    std::thread thread_; // last: it uses the others
};

/// In place, as an editor without a temporary does it: empty for a moment, then in two writes.
void rewrite(const std::string& file, const std::string& text) {
    const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    const size_t half = text.size() / 2;
    (void)!::write(fd.get(), text.data(), half);
    (void)!::write(fd.get(), text.data() + half, text.size() - half);
}

/// Whole or not at all.
void replace(const std::string& file, const std::string& text) {
    rewrite(file + "~", text);
    ::rename((file + "~").c_str(), file.c_str());
}

/// What a validation says of one check, over and over, until the file has changed often and been
/// seen in more than one state.
std::set<std::string> answers(const IntelHost& host, const Beside& beside, const std::string& id) {
    std::set<std::string> out;
    const auto start = std::chrono::steady_clock::now();
    const unsigned first = beside.turns();
    for (int run = 0; run < 40 || beside.turns() - first < 40 || out.size() < 2; ++run) {
        const Report report = host.report();
        for (const ReportFormat* format : report_formats())
            EXPECT_FALSE(format->render(report, {}).empty()) << format->name;
        for (const CheckResult& check : report.checks)
            EXPECT_FALSE(check.found.empty()) << check.id;
        const CheckResult said = finding(report, id);
        out.insert(std::string(name(said.result)) + ": " + said.found);
        if (std::chrono::steady_clock::now() - start > std::chrono::seconds(60)) {
            ADD_FAILURE() << "one answer in " << run << " runs";
            break;
        }
    }
    return out;
}

} // namespace

TEST(ChangingFiles, ReplacedModprobeIsTheOldOneOrTheNewOne) {
    const IntelHost host;
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    const Beside beside([&](unsigned turn) {
        replace(host.path() + "/etc/modprobe.d/kvm.conf",
                turn % 2 == 0 ? std::string("options kvm_intel nested=0\n")
                              : std::string(3000, '#') + "\noptions kvm_intel nested=1\n");
    });
    const std::set<std::string> said = answers(host, beside, "next-load");
    for (const std::string& one : said)
        EXPECT_TRUE(one == "pass: nested=1" || one == "fail: nested=0") << one;
}

TEST(ChangingFiles, ModprobeRewrittenInPlaceIsAnsweredFromWhatWasThere) {
    const IntelHost host;
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    const Beside beside([&](unsigned turn) {
        rewrite(host.path() + "/etc/modprobe.d/kvm.conf",
                turn % 2 == 0 ? "options kvm_intel nested=0\n" : "options kvm_intel nested=1\n");
    });
    for (const std::string& one : answers(host, beside, "next-load"))
        // Empty, or its first half: no option.
        EXPECT_TRUE(one == "pass: nested=1" || one == "fail: nested=0" ||
                    one == "pass: no option; the kernel's default is on")
            << one;
}

TEST(ChangingFiles, ModprobeThatComesAndGoesAndBecomesAFifo) {
    const IntelHost host;
    const std::string file = host.path() + "/etc/modprobe.d/kvm.conf";
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    const Beside beside([&](unsigned turn) {
        ::unlink(file.c_str());
        if (turn % 2 == 0)
            (void)::mkfifo(file.c_str(), 0600);
        else
            replace(file, "options kvm_intel nested=0\n");
    });
    for (const std::string& one : answers(host, beside, "next-load"))
        EXPECT_TRUE(one == "fail: nested=0" || one == "pass: nested=1" ||
                    one == "pass: no option; the kernel's default is on" ||
                    (one.starts_with("undetermined: ") &&
                     one.find("/etc/modprobe.d/kvm.conf: ") != std::string::npos))
            << one;
}

TEST(ChangingFiles, CpuinfoCutOffIsUndeterminedOrTheCpu) {
    const IntelHost host;
    const std::string text =
        "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx ept vpid\n\n";
    const Beside beside([&](unsigned) { rewrite(host.path() + "/proc/cpuinfo", text); });
    for (const std::string& one : answers(host, beside, "cpu-virtualization"))
        // A real cpuinfo is never cut in the middle; a copy that is being written is.
        EXPECT_TRUE(one == "pass: vmx present" || one.starts_with("undetermined: ") ||
                    one == "skip: the platform is not known")
            << one;
}

TEST(ChangingFiles, HookFolderThatComesAndGoes) {
    const IntelHost host;
    host.write("usr/sbin/libvirtd", "");
    host.write("usr/bin/virt-nested-hook", "#!/bin/sh\n");
    host.write("usr/bin/virt-nested-judge", "#!/bin/sh\n");
    ::chmod((host.path() + "/usr/bin/virt-nested-hook").c_str(), 0755);
    std::filesystem::create_directories(host.path() + "/etc/libvirt/hooks");
    const std::string folder = host.path() + "/etc/libvirt/hooks/qemu.d";
    const Beside beside([&](unsigned) {
        ::mkdir(folder.c_str(), 0755);
        (void)!::symlink("/usr/bin/virt-nested-hook", (folder + "/99-virt-nested").c_str());
        (void)!::symlink("/gone", (folder + "/98-virt-nested").c_str());
        ::unlink((folder + "/99-virt-nested").c_str());
        ::unlink((folder + "/98-virt-nested").c_str());
        ::rmdir(folder.c_str());
    });
    // "a file": it was there, and gone when its target was asked for.
    for (const std::string& one : answers(host, beside, "hook-installed"))
        EXPECT_TRUE(one == "warn: not installed" || one.starts_with("pass: -> ") ||
                    one == "pass: a file" || one.starts_with("fail: -> ") ||
                    one.starts_with("fail: a file") || one.starts_with("undetermined: "))
            << one;
}

TEST(ChangingFiles, ImageReplacedIsTheOldOneOrTheNewOne) {
    const IntelHost host;
    const std::string on = test::packed(test::kvm_image("options kvm_intel nested=1\n"), "xz");
    const std::string off = test::packed(test::kvm_image("options kvm_intel nested=0\n"), "zstd");
    const std::string file = host.path() + "/boot/initrd.img-6.1.0-50-amd64";
    host.write("boot/initrd.img-6.1.0-50-amd64", on);
    const Beside beside([&](unsigned turn) { replace(file, turn % 2 == 0 ? off : on); });
    for (const std::string& one : answers(host, beside, "next-boot"))
        EXPECT_TRUE(one == "pass: nested=1, in the initramfs" ||
                    one == "fail: nested=0, in the initramfs")
            << one;
}

TEST(ChangingFiles, ImageWrittenInPlaceIsWholeOrUndetermined) {
    const IntelHost host;
    // Larger than one read, so that it is cut off in the middle of one.
    std::string noise;
    for (unsigned i = 0, x = 1; i < (1U << 20); ++i, x = x * 1664525 + 1013904223)
        noise += static_cast<char>(x >> 24);
    const std::string image = test::packed(
        test::newc("usr/noise", noise) + test::kvm_image("options kvm_intel nested=0\n"), "zstd");
    const std::string file = host.path() + "/boot/initrd.img-6.1.0-50-amd64";
    host.write("boot/initrd.img-6.1.0-50-amd64", image);
    const Beside beside([&](unsigned) { rewrite(file, image); });
    for (const std::string& one : answers(host, beside, "next-boot"))
        EXPECT_TRUE(one == "fail: nested=0, in the initramfs" ||
                    (one.starts_with("undetermined: ") &&
                     one.find("/boot/initrd.img-6.1.0-50-amd64: ") != std::string::npos))
            << one;
}

TEST(ChangingFiles, ImageThatShrinksBehindTheReader) {
    // The size is taken first: what is gone by the time of the read is an end, not a wait.
    const IntelHost host;
    const std::string image =
        test::kvm_image("options kvm_intel nested=0\n") + std::string(1U << 20, '\0');
    const std::string file = host.path() + "/boot/initrd.img-6.1.0-50-amd64";
    host.write("boot/initrd.img-6.1.0-50-amd64", image);
    const Beside beside([&](unsigned turn) {
        (void)!::truncate(file.c_str(), turn % 2 == 0 ? 200 : 1 << 20);
        if (turn % 2 == 1)
            rewrite(file, image);
    });
    for (const std::string& one : answers(host, beside, "initramfs"))
        EXPECT_TRUE(one.starts_with("pass: kvm_intel is in the image") ||
                    one.starts_with("undetermined: "))
            << one;
}
