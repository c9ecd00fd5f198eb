// SPDX-License-Identifier: GPL-2.0-or-later
// Types of parameters out of modules, packed and not, whole and broken.
#include "tests/unit/captured_host.h"
#include "tests/unit/elf.h"
#include "tests/unit/image.h"
#include "validator/boot/image/unpack.h"
#include "validator/facts/parmtypes.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <sys/resource.h>

using namespace virt_nested;
using namespace std::string_literals;

TEST(ReadParmtypes, FromAModuleOfEveryKind) {
    const std::string modinfo = "license=GPL\0parmtype=nested:int\0parmtype=npt:bool\0"s;
    for (const bool is_64 : {true, false})
        for (const bool big : {true, false}) {
            const test::Folder folder{
                {"lib/modules/6.1/modules.dep",
                 "kernel/x.ko:\nkernel/arch/kvm-amd.ko: kernel/x.ko\n"},
                {"lib/modules/6.1/kernel/arch/kvm-amd.ko", test::module_file(modinfo, is_64, big)}};
            const Result<Parmtypes> found =
                read_parmtypes(Sysroot(folder.path()), "6.1", "kvm_amd");
            ASSERT_TRUE(found) << found.error().what;
            EXPECT_EQ(found->type("nested"), Parmtype::integer);
            EXPECT_EQ(found->type("npt"), Parmtype::boolean);
            EXPECT_FALSE(found->has("license"));
            EXPECT_EQ(found->source, "/lib/modules/6.1/kernel/arch/kvm-amd.ko");
        }
}

TEST(ReadParmtypes, OfABuiltIn) {
    const test::Folder folder{
        {"usr/lib/modules/6.1/modules.dep", ""},
        {"usr/lib/modules/6.1/modules.builtin.modinfo",
         "kvm.parmtype=hpage:int\0kvm_intel.parmtype=nested:bool\0kvm_intel.parm=nested:x\0"s}};
    const Result<Parmtypes> found = read_parmtypes(Sysroot(folder.path()), "6.1", "kvm-intel");
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_EQ(found->types.size(), 1U);
    EXPECT_EQ(found->type("nested"), Parmtype::boolean);
}

/// libarchive's name of the filter, and the module's suffix.
using Packing = std::pair<std::string, std::string>;

class PackedModule : public testing::TestWithParam<Packing> {
  protected:
    test::Folder folder_{
        {"lib/modules/6.1/modules.dep", "kernel/kvm-amd.ko" + GetParam().second + ":\n"}};

    void put(const std::string& bytes) const {
        folder_.write("lib/modules/6.1/kernel/kvm-amd.ko" + GetParam().second, bytes);
    }
    std::string bytes() const {
        return test::packed(test::module_file("parmtype=nested:int\0"s), GetParam().first.c_str());
    }
    Result<Parmtypes> read() const {
        return read_parmtypes(Sysroot(folder_.path()), "6.1", "kvm_amd");
    }
};

TEST_P(PackedModule, IsUnpacked) {
    put(bytes());
    const Result<Parmtypes> found = read();
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_EQ(found->type("nested"), Parmtype::integer);
}

TEST_P(PackedModule, CutShortOrSpoiltIsAnError) {
    const std::string good = bytes();
    for (size_t cut = 0; cut + 1 < good.size(); cut += 5) {
        put(good.substr(0, cut));
        const Result<Parmtypes> found = read();
        // What hangs behind the last byte of the data may be missing: a checksum, an index.
        EXPECT_TRUE(found ? found->type("nested") == Parmtype::integer
                          : found.error().code == EBADMSG)
            << cut << " of " << good.size();
        EXPECT_TRUE(!found || cut >= good.size() / 2) << cut;
    }
    std::string spoilt = good;
    for (size_t i = 16; i < spoilt.size() / 2; ++i)
        spoilt[i] = static_cast<char>(~spoilt[i]);
    put(spoilt);
    ASSERT_FALSE(read());
    EXPECT_EQ(read().error().code, EBADMSG);
    EXPECT_NE(read().error().what.find("/lib/modules/6.1/kernel/kvm-amd.ko"), std::string::npos);
}

TEST_P(PackedModule, BombIsStoppedInBoundedMemory) {
    put(test::packed(std::string(1U << 20, '\0'), GetParam().first.c_str(), 64));
    rusage before{};
    rusage after{};
    ::getrusage(RUSAGE_SELF, &before);
    const Result<std::string> found =
        read_unpacked(Sysroot(folder_.path()),
                      "/lib/modules/6.1/kernel/kvm-amd.ko" + GetParam().second, 8U << 20);
    ::getrusage(RUSAGE_SELF, &after);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, EFBIG);
    EXPECT_NE(found.error().what.find("unpacks to more than 8388608 bytes"), std::string::npos);
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 40L * 1024) << "KiB";
}

INSTANTIATE_TEST_SUITE_P(ReadParmtypes, PackedModule,
                         testing::Values(Packing("gzip", ".gz"), Packing("xz", ".xz"),
                                         Packing("zstd", ".zst")),
                         [](const auto& chosen) { return chosen.param.first; });

TEST(ReadParmtypes, CorruptModulesAreRefused) {
    const std::string good = test::module_file("parmtype=nested:int\0"s);
    for (size_t cut = 0; cut + 48 < good.size(); cut += 7) {
        const test::Folder folder{{"lib/modules/6.1/modules.dep", "kvm-amd.ko:\n"},
                                  {"lib/modules/6.1/kvm-amd.ko", good.substr(0, cut)}};
        const Result<Parmtypes> found = read_parmtypes(Sysroot(folder.path()), "6.1", "kvm_amd");
        ASSERT_FALSE(found) << cut;
        EXPECT_EQ(found.error().code, EBADMSG) << cut;
    }
}

TEST(ReadParmtypes, NoSuchModule) {
    const Result<Parmtypes> found =
        read_parmtypes(Sysroot(test::Folder{}.path()), "6.1", "kvm_amd");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ENOENT);
}

TEST(OwnTypes, OfAPackedModuleDecideWhatIsRefused) {
    // A kernel whose kvm_intel takes a number: the built-in table says bool.
    test::IntelHost host;
    host.write("lib/modules/6.1.0-50-amd64/modules.dep", "kernel/arch/x86/kvm/kvm-intel.ko.xz:\n");
    host.write("lib/modules/6.1.0-50-amd64/kernel/arch/x86/kvm/kvm-intel.ko.xz",
               test::packed(test::module_file("parmtype=nested:int\0"s), "xz"));
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=Y\n");
    const CheckResult said = test::finding(host.report(), "parameter-values");
    EXPECT_EQ(said.result, Outcome::fail);
    EXPECT_NE(said.found.find("nested=Y"), std::string::npos) << said.found;
}

TEST(OwnTypes, OfACorruptModuleAreUndetermined) {
    test::IntelHost host;
    host.write("lib/modules/6.1.0-50-amd64/modules.dep", "kernel/arch/x86/kvm/kvm-intel.ko.zst:\n");
    host.write("lib/modules/6.1.0-50-amd64/kernel/arch/x86/kvm/kvm-intel.ko.zst", "what is this");
    host.write("etc/modprobe.d/kvm.conf", "options kvm_intel nested=1\n");
    const Report report = host.report();
    const CheckResult said = test::finding(report, "parameter-values");
    EXPECT_EQ(said.result, Outcome::undetermined);
    EXPECT_EQ(said.found, host.path() + "/lib/modules/6.1.0-50-amd64/kernel/arch/x86/kvm/"
                                        "kvm-intel.ko.zst: no kernel module");
    EXPECT_EQ(in_words(said.mend), "install the package of kernel 6.1.0-50-amd64 anew");
    EXPECT_EQ(report.at(Horizon::next_load), Outcome::pass);
}
