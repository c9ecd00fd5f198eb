// SPDX-License-Identifier: GPL-2.0-or-later
// Looking into an initramfs: every compression, the early segment, and what no builder makes.
#include "tests/unit/captured_host.h"
#include "tests/unit/image.h"
#include "validator/boot/image/initramfs.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <sys/stat.h>

using namespace virt_nested;
using test::Folder;
using test::kvm_image;
using test::newc;
using test::packed;
using test::trailer;

namespace {

const std::string early = newc("kernel/x86/microcode/GenuineIntel.bin", std::string(3000, 'm')) +
                          trailer() + std::string(1024, '\0');

Result<InitramfsContent> look(const std::string& bytes, const InitramfsLimits& limits = {}) {
    const Folder folder{{"boot/i", bytes}};
    return read_initramfs(Sysroot(folder.path()), "/boot/i", 0, 0, limits);
}

std::string problem(const std::string& bytes, const InitramfsLimits& limits = {}) {
    const Result<InitramfsContent> got = look(bytes, limits);
    return got ? "none" : got.error().what.substr(got.error().what.find("/boot/i") + 9);
}

} // namespace

class Compression : public testing::TestWithParam<const char*> {};

TEST_P(Compression, IsUnpackedBehindTheEarlySegment) {
    const Result<InitramfsContent> got =
        look(early + packed(kvm_image("options kvm_intel nested=0\n"), GetParam()));
    ASSERT_TRUE(got) << got.error().what;
    EXPECT_EQ(got->modules, (std::vector<ImageModule>{{"kvm", "6.1.0-50-amd64"},
                                                      {"kvm_intel", "6.1.0-50-amd64"}}));
    ASSERT_EQ(got->modprobe.size(), 1U);
    EXPECT_EQ(got->modprobe[0].path, "/etc/modprobe.d/kvm.conf");
    EXPECT_EQ(got->modprobe[0].text, "options kvm_intel nested=0\n");
}

INSTANTIATE_TEST_SUITE_P(Initramfs, Compression,
                         testing::Values("gzip", "xz", "zstd", "lz4", "bzip2"),
                         [](const auto& chosen) { return std::string(chosen.param); });

TEST_P(Compression, WhatFollowsIsReadOrNotInSilence) {
    const std::string init = newc("init", "#!") + trailer();
    const std::string kvm = kvm_image("options kvm_intel nested=0\n");
    const bool known =
        std::string_view(GetParam()) == "gzip" || std::string_view(GetParam()) == "bzip2";
    const std::string first = early + packed(init, GetParam());
    const std::string fill((4 - first.size() % 4) % 4, '\0');
    for (const std::string& zeros : {std::string(), fill, fill + std::string(512, '\0')})
        for (const std::string& behind : {kvm, packed(kvm, "gzip"), packed(kvm, "xz")}) {
            const Result<InitramfsContent> got = look(first + zeros + behind);
            const std::string shown = std::to_string(zeros.size()) + " zeros, then " + behind[0];
            if (known) {
                EXPECT_EQ(bool(got), behind[0] != '0' || zeros.size() >= fill.size()) << shown;
            }
            EXPECT_TRUE(!got || got->has("kvm_intel")) << shown;
        }
}

TEST(Initramfs, PartsAreBounded) {
    std::string many;
    for (int i = 0; i < 300; ++i)
        many += packed(newc("f", "") + trailer(), "gzip") + '\0';
    EXPECT_EQ(problem(many), "more than 256 parts");
    EXPECT_EQ(problem(packed(packed(newc("f", "") + trailer(), "gzip"), "xz")),
              "corrupt: packed more than once");
    EXPECT_EQ(problem(packed(newc("f", "") + trailer(), "gzip") + "what is this"),
              "unknown compression, or not an initramfs");
}

TEST(Initramfs, UncompressedAndSeveralArchives) {
    const Result<InitramfsContent> got =
        look(early + newc("lib/modules/6.8/kernel/arch/x86/kvm/kvm-amd.ko.zst", "x") + trailer() +
             newc("etc/modules-load.d/kvm.conf", "kvm_amd\n") + trailer());
    ASSERT_TRUE(got);
    EXPECT_TRUE(got->has("kvm_amd"));
    EXPECT_EQ(got->loads.size(), 1U);
}

TEST(Initramfs, KernelsLegacyLz4) {
    // lz4 -l: magic, then blocks of a 32-bit length each; a literals-only block holds the archive.
    const std::string text = kvm_image("options kvm_intel nested=1\n");
    std::string block(1, '\xf0');
    for (size_t rest = text.size() - 15;; rest -= 255) {
        block += static_cast<char>(std::min<size_t>(rest, 255));
        if (rest < 255)
            break;
    }
    block += text;
    std::string image("\x02\x21\x4c\x18", 4);
    for (int i = 0; i < 4; ++i)
        image += static_cast<char>(block.size() >> (8 * i) & 0xff);
    const Result<InitramfsContent> got = look(image + block);
    ASSERT_TRUE(got) << got.error().what;
    EXPECT_TRUE(got->has("kvm_intel"));
}

TEST(Initramfs, HardLinksShareTheLastOnesBytes) {
    const Result<InitramfsContent> got =
        look(newc("etc/modprobe.d/a.conf", "", 0100644, 7, 2) +
             newc("etc/modprobe.d/b.conf", "options kvm x=1\n", 0100644, 7, 2) + trailer());
    ASSERT_TRUE(got);
    ASSERT_EQ(got->modprobe.size(), 2U);
    EXPECT_EQ(got->modprobe[0].text, "options kvm x=1\n");
}

TEST(Initramfs, LinkToDevNullMasks) {
    const Result<InitramfsContent> got =
        look(newc("etc/modprobe.d/a.conf", "/dev/null", 0120777) + trailer());
    ASSERT_TRUE(got);
    ASSERT_EQ(got->modprobe.size(), 1U);
    EXPECT_EQ(got->modprobe[0].text, "");
}

TEST(Initramfs, LinksInsideAreFollowed) {
    constexpr unsigned link = 0120777;
    const std::string text = "options kvm_intel nested=0\n";
    for (const std::string& image :
         {newc("etc/modprobe.d/kvm.conf", "../../nix/store/x.conf", link) +
              newc("nix/store/x.conf", text),
          newc("nix/store/x.conf", text) +
              newc("etc/modprobe.d/kvm.conf", "/nix/./store//x.conf", link),
          newc("etc/modprobe.d", "../x", link) + newc("x/kvm.conf", text),
          newc("etc/modprobe.d", "/x", link) + newc("etc/modprobe.d/kvm.conf", text),
          newc("etc", "nix/etc", link) + newc("nix/etc/modprobe.d", "../m", link) +
              newc("nix/m/kvm.conf", "../y", link) + newc("nix/y", text),
          newc("x/kvm.conf", "", 0100644, 7, 2) + newc("etc", "0", 040755) +
              newc("etc/modprobe.d/kvm.conf", text, 0100644, 7, 2),
          newc("x/kvm.conf", text, 0100644, 7, 2) +
              newc("etc/modprobe.d/kvm.conf", "", 0100644, 7, 2),
          newc("etc/modprobe.d/kvm.conf", "", 0100644, 7, 2) +
              newc("x/kvm.conf", text, 0100644, 7, 2)}) {
        const Result<InitramfsContent> got = look(image + trailer());
        ASSERT_TRUE(got) << got.error().what;
        ASSERT_EQ(got->modprobe.size(), 1U) << image;
        EXPECT_EQ(got->modprobe[0].path, "/etc/modprobe.d/kvm.conf");
        EXPECT_EQ(got->modprobe[0].text, text);
    }
}

TEST(Initramfs, LinksEnd) {
    constexpr unsigned link = 0120777;
    const auto merged = look(newc("lib", "usr/lib", link) + newc("lib/modprobe.d/a.conf", "x") +
                             newc("usr/lib/modules-load.d/b.conf", "y") + trailer());
    ASSERT_TRUE(merged);
    ASSERT_EQ(merged->modprobe.size(), 1U);
    EXPECT_EQ(merged->modprobe[0].path, "/usr/lib/modprobe.d/a.conf");
    EXPECT_EQ(merged->loads.size(), 1U);
    const auto nowhere = look(newc("etc/modprobe.d/a.conf", "b.conf", link) +
                              newc("etc/modprobe.d/b.conf", "a.conf", link) +
                              newc("etc/modprobe.d/c.conf", "/not/there", link) + trailer());
    ASSERT_TRUE(nowhere) << nowhere.error().what;
    EXPECT_TRUE(nowhere->modprobe.empty());
    std::string far = newc("etc/modprobe.d/a.conf", "/1/x", link);
    for (int i = 1; i < 9; ++i)
        far += newc(std::to_string(i) + "/x", "/" + std::to_string(i + 1) + "/x", link);
    EXPECT_EQ(problem(far + trailer()),
              "links of its configuration lead further than is followed: /4");
    // The last one counts, and a folder takes a link's place.
    const auto last =
        look(newc("etc/modprobe.d", "/x", link) + newc("x/a.conf", "x") +
             newc("etc/modprobe.d", "", 040755) + trailer() + newc("etc/modprobe.d/a.conf", "1") +
             newc("etc/modprobe.d", "/x", link) + newc("etc/modprobe.d/a.conf", "2") + trailer());
    ASSERT_TRUE(last);
    ASSERT_EQ(last->modprobe.size(), 1U);
    EXPECT_EQ(last->modprobe[0].text, "2");
}

TEST(Initramfs, NamesAreTheKernels) {
    for (const char* name :
         {"//etc/modprobe.d/kvm.conf", "etc//modprobe.d//kvm.conf", "././etc/modprobe.d/kvm.conf",
          "etc/../etc/modprobe.d/kvm.conf", "/../etc/modprobe.d/./kvm.conf"}) {
        const Result<InitramfsContent> got = look(newc(name, "x") + trailer());
        ASSERT_TRUE(got);
        ASSERT_EQ(got->modprobe.size(), 1U) << name;
        EXPECT_EQ(got->modprobe[0].path, "/etc/modprobe.d/kvm.conf");
    }
}

TEST(Initramfs, TooLongIsNotInSilence) {
    const std::string big(2U << 20, '#');
    EXPECT_EQ(problem(newc("etc/modprobe.d/kvm.conf", big) + trailer()),
              "/etc/modprobe.d/kvm.conf in it has more than 1048576 bytes");
    EXPECT_EQ(problem(newc("share/modprobe.d/kvm.conf", big) + trailer()), "none");
    std::string many;
    for (int i = 0; i < 5000; ++i)
        many += newc("lib/modules/6.1/kvm" + std::to_string(i) + ".ko", "");
    EXPECT_EQ(problem(many + trailer()), "more than 4096 modules of KVM in it");
}

/// As tools/bootconfig puts it there.
std::string bootconfig(const std::string& text, uint32_t wrong = 0) {
    uint32_t sum = wrong;
    for (const char one : text)
        sum += static_cast<unsigned char>(one);
    std::string out = text;
    for (const uint32_t value : {static_cast<uint32_t>(text.size()), sum})
        for (int i = 0; i < 4; ++i)
            out += static_cast<char>(value >> (8 * i) & 0xff);
    return out + "#BOOTCONFIG\n";
}

TEST_P(Compression, BootConfigurationBehindIsSeen) {
    const std::string image = early + packed(kvm_image("x\n"), GetParam());
    const std::string more = bootconfig("kernel.kvm_intel.nested = 0\n");
    for (const char* fill : {"", "\n", "\n\n\n"}) {
        const Result<InitramfsContent> got = look(image + more + fill);
        ASSERT_TRUE(got) << got.error().what;
        EXPECT_TRUE(got->bootconfig);
        EXPECT_TRUE(got->has("kvm_intel"));
    }
    EXPECT_FALSE(look(image)->bootconfig);
}

TEST(Initramfs, BrokenBootConfigurationIsNotPassedOver) {
    const std::string image = kvm_image("x\n");
    EXPECT_TRUE(look(image + bootconfig("kernel.a = 1\n"))->bootconfig);
    EXPECT_FALSE(look(image + bootconfig("kernel.a = 1\n", 1)));
    EXPECT_FALSE(look(image + "\xff\xff\xff\xff\1\1\1\1#BOOTCONFIG\n"));
}

TEST(InitramfsCache, KeepsWhatTheImageEndsIn) {
    const Folder folder{{"boot/i", kvm_image("x\n") + bootconfig("kernel.a = 1\n")}};
    const std::string cache = folder.path() + "/initramfs.json";
    for (int i = 0; i < 2; ++i) {
        const auto got = read_initramfs_cached(Sysroot(folder.path()), "/boot/i", 0, 0, cache);
        ASSERT_TRUE(got);
        EXPECT_TRUE(got->bootconfig);
        EXPECT_TRUE(got->has("kvm_intel", "6.1.0-50-amd64"));
        EXPECT_FALSE(got->has("kvm_intel", "6.1.0-51-amd64"));
    }
}

TEST(NextBoot, ImageOfAnotherKernelLoadsNothing) {
    const test::IntelHost host;
    host.write("boot/initrd.img-6.1.0-50-amd64",
               newc("lib/modules/5.10.0/kernel/kvm-intel.ko", "elf") +
                   newc("etc/modprobe.d/kvm.conf", "options kvm_intel nested=0\n") + trailer());
    EXPECT_EQ(host.report().at(Horizon::next_boot), Outcome::pass);
}

TEST(Initramfs, SquashedTreeIsSaid) {
    const Result<InitramfsContent> got = look(newc("squashfs-root.img", "hsqs") + trailer());
    ASSERT_TRUE(got);
    EXPECT_TRUE(got->squashed);
}

TEST(Initramfs, BrokenImagesAreNamed) {
    const std::string good = packed(kvm_image("x\n"), "xz");
    EXPECT_EQ(problem(""), "empty");
    EXPECT_EQ(problem("some text, no image"), "unknown compression, or not an initramfs");
    EXPECT_EQ(problem(std::string("\x89LZO\0\r\n\x1a\n", 9)),
              "compressed with lzo, which is not looked into");
    EXPECT_EQ(problem(kvm_image("x\n").substr(0, 200)), "truncated: it ends inside an entry");
    EXPECT_NE(problem(good.substr(0, good.size() / 2)).find("truncated or corrupt"),
              std::string::npos);
    EXPECT_EQ(problem("070701zzzzzzzz" + std::string(200, '0')),
              "corrupt: a number in a header of the archive is none");
    EXPECT_EQ(problem(packed("plain text", "gzip")), "corrupt: what it unpacks to is no archive");
}

TEST(Initramfs, BombIsStopped) {
    InitramfsLimits limits;
    limits.unpacked = 1U << 20;
    const std::string bomb =
        packed(newc("usr/zeros", std::string(8U << 20, '\0')) + trailer(), "xz");
    EXPECT_LT(bomb.size(), 100'000U);
    EXPECT_EQ(problem(bomb, limits), "unpacks to more than 1048576 bytes");
    limits = {};
    limits.entries = 10;
    std::string many;
    for (int i = 0; i < 20; ++i)
        many += newc("f", "");
    EXPECT_EQ(problem(many + trailer(), limits), "more than 10 entries");
    limits = {};
    limits.kept = 100;
    EXPECT_EQ(problem(newc("etc/modprobe.d/a.conf", std::string(200, '#')) + trailer(), limits),
              "more than 100 bytes of configuration in it");
}

TEST(Initramfs, SpecialFilesAreNotRead) {
    const Folder folder{};
    ASSERT_EQ(::mkfifo((folder.path() + "/fifo").c_str(), 0600), 0);
    EXPECT_EQ(read_initramfs(Sysroot(folder.path()), "/fifo").error().code, EINVAL);
    EXPECT_EQ(read_initramfs(Sysroot(), "/dev/zero").error().code, EINVAL);
}

TEST(InitramfsCache, AnswersUntilTheImageChanges) {
    const Folder folder{{"boot/i", kvm_image("options kvm_intel nested=0\n")}};
    const std::string cache = folder.path() + "/cache/initramfs.json";
    const Sysroot root(folder.path());
    ASSERT_TRUE(read_initramfs_cached(root, "/boot/i", 0, 0, cache));
    ASSERT_TRUE(std::filesystem::exists(cache));
    // A marked cache proves that it is what answers.
    std::string text = *Sysroot().read(cache);
    text.replace(text.find("nested=0"), 8, "nested=7");
    std::ofstream(cache) << text;
    const Result<InitramfsContent> kept = read_initramfs_cached(root, "/boot/i", 0, 0, cache);
    EXPECT_EQ(kept->modprobe[0].text, "options kvm_intel nested=7\n");
    ASSERT_TRUE(kept->kept_since);
    EXPECT_LE(std::abs(*kept->kept_since - static_cast<int64_t>(::time(nullptr))), 60);
    folder.write("boot/i", kvm_image("options kvm_intel nested=1\n") + std::string(4, '\0'));
    EXPECT_EQ(read_initramfs_cached(root, "/boot/i", 0, 0, cache)->modprobe[0].text,
              "options kvm_intel nested=1\n");
}

TEST(InitramfsCache, WritableByOthersOrBrokenCountsForNothing) {
    const Folder folder{{"boot/i", kvm_image("options kvm_intel nested=0\n")}};
    const std::string cache = folder.path() + "/initramfs.json";
    const Sysroot root(folder.path());
    ASSERT_TRUE(read_initramfs_cached(root, "/boot/i", 0, 0, cache));
    std::string text = *Sysroot().read(cache);
    text.replace(text.find("nested=0"), 8, "nested=7");
    std::ofstream(cache) << text;
    ASSERT_EQ(::chmod(cache.c_str(), 0666), 0);
    EXPECT_EQ(read_initramfs_cached(root, "/boot/i", 0, 0, cache)->modprobe[0].text,
              "options kvm_intel nested=0\n");
    for (const char* junk :
         {"", "{", "[]", R"({"format":3,"images":[{"key":3}]})", R"({"format":3,"images":7})"}) {
        std::ofstream(cache, std::ios::trunc) << junk;
        EXPECT_TRUE(read_initramfs_cached(root, "/boot/i", 0, 0, cache)) << junk;
    }
}

TEST(NextBoot, StaleImageDecides) {
    const test::IntelHost host;
    host.write("boot/initrd.img-6.1.0-50-amd64",
               packed(kvm_image("options kvm_intel nested=0\n"), "zstd"));
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    host.write("usr/sbin/update-initramfs", "");
    const Report report = host.report();
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::pass);
    EXPECT_EQ(report.at(Horizon::next_boot), Outcome::fail);
    EXPECT_EQ(test::finding(report, "initramfs-stale").result, Outcome::warn);
    EXPECT_EQ(in_words(test::finding(report, "next-boot").mend),
              "run: update-initramfs -u -k 6.1.0-50-amd64");
}

TEST(NextBoot, ImageWithoutKvmIsFine) {
    const test::IntelHost host;
    host.write("boot/initrd.img-6.1.0-50-amd64", packed(newc("init", "#!") + trailer(), "gzip"));
    const Report report = host.report();
    EXPECT_EQ(test::finding(report, "initramfs").result, Outcome::pass);
    EXPECT_EQ(report.at(Horizon::next_boot), Outcome::pass);
}

TEST(NextBoot, UnreadableImageIsUndetermined) {
    const test::IntelHost host;
    host.write("boot/initrd.img-6.1.0-50-amd64", "what is this");
    const Report report = host.report();
    EXPECT_EQ(report.at(Horizon::next_boot), Outcome::undetermined);
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::pass);
}

TEST(NextBoot, UnifiedKernelImageBringsItsOwn) {
    const test::IntelHost host;
    host.write("efi/EFI/Linux/debian.efi",
               test::pe({{".cmdline", std::string("ro kvm_intel.nested=0\0", 22)},
                         {".uname", "6.1.0-50-amd64"},
                         {".initrd", packed(newc("init", "#!") + trailer(), "zstd")}}));
    const Report report = host.report();
    EXPECT_EQ(report.at(Horizon::next_boot), Outcome::fail);
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::pass);
    EXPECT_NE(in_words(test::finding(report, "next-boot").mend).find("kernel-install"),
              std::string::npos);
    EXPECT_EQ(test::finding(report, "initramfs").result, Outcome::pass);
}

TEST(Pe, ContradictionsAreRefused) {
    const Folder folder{{"a", "MZ"}, {"b", "MZ" + std::string(0x3a, '\0') + "\xff\xff\xff\xff"}};
    const Sysroot root(folder.path());
    EXPECT_EQ(pe_sections(root, "/a").error().code, EBADMSG);
    EXPECT_EQ(pe_sections(root, "/b").error().code, EBADMSG);
}
