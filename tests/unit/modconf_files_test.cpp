// SPDX-License-Identifier: GPL-2.0-or-later
// Which files modprobe reads, in each version of kmod, and what becomes of those that cannot be.
#include "core/modconf/modconf.h"
#include "tests/unit/folder.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

using namespace virt_nested;
using test::Folder;

namespace {

constexpr const char* on = "options kvm_intel nested=1\n";
constexpr const char* off = "options kvm_intel nested=0\n";

ModConf load(const Folder& folder, int version = 30) {
    return load_modconf(Sysroot(folder.path()), kmod_profile(version));
}

std::string options(const ModConf& conf) {
    return effective(conf, {}, "kvm_intel", "nested").options;
}

} // namespace

TEST(ModconfFiles, NoFolderAtAllIsACompleteAnswer) {
    const ModConf conf = load(Folder{});
    EXPECT_TRUE(conf.complete());
    EXPECT_TRUE(conf.directives.empty());
}

TEST(ModconfFiles, SameNameMasksInTheOrderOfFolders) {
    const Folder folder{{"etc/modprobe.d/kvm.conf", on},
                        {"run/modprobe.d/kvm.conf", off},
                        {"lib/modprobe.d/kvm.conf", off}};
    const ModConf conf = load(folder);
    EXPECT_EQ(options(conf), "nested=1");
    ASSERT_EQ(conf.masked.size(), 2U);
    EXPECT_EQ(conf.masked[0].path, "/run/modprobe.d/kvm.conf");
    EXPECT_EQ(conf.masked[0].by, "/etc/modprobe.d/kvm.conf");
}

TEST(ModconfFiles, AsIfAFileStoodThere) {
    const Folder folder{{"etc/modprobe.d/00-virt-nested.conf", off},
                        {"lib/modprobe.d/00-virt-nested.conf", off}};
    const auto options_with = [&] {
        return options(load_modconf_with(Sysroot(folder.path()), kmod_profile(30),
                                         {"/etc/modprobe.d/00-virt-nested.conf", on}));
    };
    EXPECT_EQ(options_with(), "nested=1");
    folder.write("etc/modprobe.d/kvm.conf", off);
    EXPECT_EQ(options_with(), "nested=1 nested=0");
    folder.link("/dev/null", "etc/modprobe.d/zz.conf");
    folder.write("lib/modprobe.d/zz.conf", on);
    EXPECT_EQ(options_with(), "nested=1 nested=0");
}

TEST(ModconfFiles, EmptyFileMasks) {
    EXPECT_EQ(options(load({{"etc/modprobe.d/kvm.conf", ""}, {"lib/modprobe.d/kvm.conf", on}})),
              "");
}

TEST(ModconfFiles, LinkToDevNullMasksInARootWithoutDev) {
    const Folder folder{{"lib/modprobe.d/kvm.conf", on}};
    folder.link("/dev/null", "etc/modprobe.d/kvm.conf");
    const ModConf conf = load(folder);
    EXPECT_EQ(options(conf), "");
    EXPECT_TRUE(conf.problems.empty());
    EXPECT_EQ(conf.masked.size(), 1U);
}

TEST(ModconfFiles, MergedUsrIsReadOnce) {
    const Folder folder{{"usr/lib/modprobe.d/kvm.conf", on}};
    folder.link("usr/lib", "lib");
    for (const int version : kmod_versions()) {
        const ModConf conf = load(folder, version);
        EXPECT_EQ(options(conf), "nested=1") << version;
        EXPECT_TRUE(conf.masked.empty()) << version;
    }
}

TEST(ModconfFiles, UsrLocalIsReadSince29) {
    const Folder folder{{"usr/local/lib/modprobe.d/kvm.conf", on}};
    EXPECT_EQ(options(load(folder, 25)), "");
    EXPECT_EQ(options(load(folder, 28)), "");
    EXPECT_EQ(options(load(folder, 30)), "nested=1");
    EXPECT_EQ(options(load(folder, 34)), "nested=1");
}

TEST(ModconfFiles, UnmergedUsrLibIsReadSince32) {
    const Folder folder{{"usr/lib/modprobe.d/kvm.conf", on}, {"lib/modprobe.d/kvm.conf", off}};
    EXPECT_EQ(options(load(folder, 30)), "nested=0");
    EXPECT_EQ(options(load(folder, 34)), "nested=1");
}

TEST(ModconfFiles, AliasFilesAreReadUntil32) {
    const Folder folder{{"etc/modprobe.d/kvm.alias", on}};
    EXPECT_EQ(options(load(folder, 30)), "nested=1");
    EXPECT_EQ(options(load(folder, 32)), "nested=1");
    EXPECT_EQ(options(load(folder, 33)), "");
}

TEST(ModconfFiles, OtherNamesAreNotRead) {
    EXPECT_EQ(options(load({{"etc/modprobe.d/kvm", on},
                            {"etc/modprobe.d/kvm.CONF", on},
                            {"etc/modprobe.d/kvm.conf.rpmsave", on},
                            {"etc/modprobe.d/.kvm.conf", on},
                            {"etc/modprobe.d/.conf", on},
                            {"etc/modprobe.d/sub/kvm.conf", on}})),
              "");
}

TEST(ModconfFiles, FolderNamedLikeAFileIsAProblemButNoDoubt) {
    const ModConf conf = load({{"etc/modprobe.d/sub.conf/kvm.conf", on}});
    ASSERT_EQ(conf.problems.size(), 1U);
    EXPECT_EQ(conf.problems[0].kind, ConfProblem::Kind::skipped);
    EXPECT_TRUE(conf.complete());
}

TEST(ModconfFiles, DanglingLinkMasksUntil33) {
    const Folder folder{{"lib/modprobe.d/kvm.conf", on}};
    folder.link("gone", "etc/modprobe.d/kvm.conf");
    EXPECT_EQ(options(load(folder, 30)), "");
    EXPECT_EQ(options(load(folder, 34)), "nested=1");
    EXPECT_EQ(load(folder, 34).problems.size(), 1U);
}

TEST(ModconfFiles, LinkLoopEnds) {
    const Folder folder{};
    folder.link("b.conf", "etc/modprobe.d/a.conf");
    folder.link("a.conf", "etc/modprobe.d/b.conf");
    const ModConf conf = load(folder);
    EXPECT_EQ(conf.problems.size(), 2U);
    EXPECT_TRUE(conf.complete());
}

TEST(ModconfFiles, FifoIsNamedAndNotWaitedFor) {
    const Folder folder{{"etc/modprobe.d/kvm.conf", on}};
    ASSERT_EQ(::mkfifo((folder.path() + "/etc/modprobe.d/x.conf").c_str(), 0600), 0);
    const ModConf conf = load(folder);
    EXPECT_FALSE(conf.complete());
    ASSERT_EQ(conf.problems.size(), 1U);
    EXPECT_EQ(conf.problems[0].path, "/etc/modprobe.d/x.conf");
    EXPECT_NE(conf.problems[0].reason.find("a FIFO"), std::string::npos);
    EXPECT_EQ(options(conf), "nested=1") << "the others count all the same";
}

TEST(ModconfFiles, HugeFileIsNotReadWhole) {
    const Folder folder{{"etc/modprobe.d/huge.conf", ""}, {"etc/modprobe.d/kvm.conf", on}};
    ASSERT_EQ(::truncate((folder.path() + "/etc/modprobe.d/huge.conf").c_str(), 1 << 30), 0);
    const ModConf conf = load(folder);
    EXPECT_FALSE(conf.complete());
    EXPECT_EQ(options(conf), "nested=1");
}

TEST(ModconfFiles, TooManyFilesAreAProblem) {
    const Folder folder{};
    for (int i = 0; i < 20; ++i)
        folder.write("etc/modprobe.d/" + std::to_string(i) + ".conf", on);
    ConfLimits limits;
    limits.files = 10;
    const ModConf conf = load_modconf(Sysroot(folder.path()), kmod_profile(30), limits);
    EXPECT_EQ(conf.files.size(), 10U);
    EXPECT_FALSE(conf.complete());
}

TEST(ModconfFiles, TooManyLinesAreAProblem) {
    std::string text;
    for (int i = 0; i < 100; ++i)
        text += "blacklist x\n";
    ConfLimits limits;
    limits.directives = 50;
    const ModConf conf =
        parse_modconf({{"/etc/modprobe.d/a.conf", text}}, kmod_profile(30), limits);
    EXPECT_EQ(conf.directives.size(), 50U);
    EXPECT_FALSE(conf.complete());
}

TEST(ModconfFiles, ALineThatIsTooLongIsSaid) {
    const Folder folder{{"etc/modprobe.d/a.conf", "options kvm_intel nested=1\noptions kvm_intel " +
                                                      std::string(100'000, 'a') +
                                                      "\noptions kvm_intel nested=0\n"}};
    const ModConf conf = load_modconf(Sysroot(folder.path()), kmod_profile(30));
    EXPECT_FALSE(conf.complete());
    EXPECT_NE(conf.problems.at(0).reason.find("line 2 is longer than 65536 bytes"),
              std::string::npos)
        << conf.problems.at(0).reason;
}

TEST(ModconfFiles, FolderThatIsAFileIsReadAsOne) {
    EXPECT_EQ(options(load({{"etc/modprobe.d", on}})), "nested=1");
}

TEST(ModconfFiles, FilesOfAnImageAreTakenByTheirPaths) {
    const std::vector<ConfFile> files = {{"/usr/lib/modprobe.d/kvm.conf", off},
                                         {"/etc/modprobe.d/kvm.conf", on},
                                         {"/etc/modprobe.d/sub/x.conf", off},
                                         {"/etc/x.conf", off},
                                         {"x.conf", off},
                                         {"", off}};
    const ModConf conf = parse_modconf(files, kmod_profile(28));
    EXPECT_EQ(options(conf), "nested=1");
    EXPECT_EQ(conf.masked.size(), 1U) << "/usr/lib is /lib in an image";
}

TEST(ModconfProfile, RowIsTheLastThatIsNotNewer) {
    EXPECT_EQ(kmod_profile(20).since, 25);
    EXPECT_EQ(kmod_profile(28).since, 25);
    EXPECT_EQ(kmod_profile(31).since, 29);
    EXPECT_EQ(kmod_profile(40).since, 34);
    EXPECT_EQ(kmod_profile(28).version, 28);
}

TEST(ModconfProfile, InstalledVersionIsToldByTheLibrary) {
    Folder folder{};
    folder.link("libkmod.so.2.3.6", "usr/lib64/libkmod.so.2");
    EXPECT_EQ(installed_kmod(Sysroot(folder.path())).profile.version, 28);
    const Folder debian{};
    debian.link("libkmod.so.2.5.1", "usr/lib/x86_64-linux-gnu/libkmod.so.2");
    EXPECT_EQ(installed_kmod(Sysroot(debian.path())).profile.version, 34);
    const Folder old{};
    old.link("libkmod.so.2.2.5", "lib64/libkmod.so.2");
    EXPECT_EQ(installed_kmod(Sysroot(old.path())).profile.version, 25);
    const Folder future{};
    future.link("libkmod.so.2.6.0", "usr/lib64/libkmod.so.2");
    EXPECT_EQ(installed_kmod(Sysroot(future.path())).profile.version, 34);
}

TEST(ModconfProfile, UnknownVersionSaysSo) {
    const InstalledKmod kmod = installed_kmod(Sysroot(Folder{}.path()));
    EXPECT_FALSE(kmod.known);
    EXPECT_EQ(kmod.profile.version, 34);
}
