// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/atomic_file.h"
#include "folder.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <sys/stat.h>

namespace virt_nested {
namespace {

using test::Folder;

constexpr const char* path = "/etc/modprobe.d/00-virt-nested.conf";

std::string now(const Folder& folder) {
    std::ifstream in(folder.path() + path);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> names(const Folder& folder) {
    return *Sysroot(folder.path()).list("/etc/modprobe.d");
}

TEST(AtomicFile, IsMadeTogetherWithItsFolder) {
    const Folder folder{{"etc/passwd", ""}};
    Result<AtomicFile> file =
        AtomicFile::open(Sysroot(folder.path()), path, AtomicFile::Access::change);
    ASSERT_TRUE(file) << file.error().what;
    EXPECT_EQ(file->kind(), AtomicFile::Kind::absent);
    const Result<bool> done = file->replace("one\n");
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_TRUE(*done);
    EXPECT_EQ(now(folder), "one\n");
    struct stat status {};
    ASSERT_EQ(::stat((folder.path() + path).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0644U);
}

TEST(AtomicFile, LooksWithoutMakingAnything) {
    const Folder folder{{"etc/passwd", ""}};
    const Result<AtomicFile> file =
        AtomicFile::open(Sysroot(folder.path()), path, AtomicFile::Access::look);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ENOENT);
    EXPECT_FALSE(std::filesystem::exists(folder.path() + "/etc/modprobe.d"));
}

TEST(AtomicFile, ReplacesAndLeavesNothingBeside) {
    const Folder folder{{path + 1, "old\n"}};
    Result<AtomicFile> file =
        AtomicFile::open(Sysroot(folder.path()), path, AtomicFile::Access::change);
    ASSERT_TRUE(file) << file.error().what;
    EXPECT_EQ(file->text(), "old\n");
    EXPECT_TRUE(*file->replace("new\n"));
    EXPECT_FALSE(*file->replace("new\n"));
    EXPECT_TRUE(*file->replace("newer\n"));
    EXPECT_EQ(now(folder), "newer\n");
    EXPECT_EQ(names(folder), std::vector<std::string>{"00-virt-nested.conf"});
    EXPECT_TRUE(*file->remove());
    EXPECT_FALSE(*file->remove());
    EXPECT_TRUE(names(folder).empty());
}

TEST(AtomicFile, KeepsAnEditMadeInTheMeantime) {
    const Folder folder{{path + 1, "old\n"}};
    Result<AtomicFile> file =
        AtomicFile::open(Sysroot(folder.path()), path, AtomicFile::Access::change);
    ASSERT_TRUE(file);
    folder.write(path + 1, "somebody's\n");
    const Result<bool> done = file->replace("new\n");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, EBUSY);
    const Result<bool> removed = file->remove();
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().code, EBUSY);
    EXPECT_EQ(now(folder), "somebody's\n");
    EXPECT_EQ(names(folder).size(), 1U);
}

TEST(AtomicFile, KeepsAFileThatCameInTheMeantime) {
    const Folder folder{{"etc/modprobe.d/kvm.conf", ""}};
    Result<AtomicFile> file =
        AtomicFile::open(Sysroot(folder.path()), path, AtomicFile::Access::change);
    ASSERT_TRUE(file);
    folder.write(path + 1, "somebody's\n");
    const Result<bool> done = file->replace("new\n");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, EBUSY);
    EXPECT_EQ(now(folder), "somebody's\n");
}

TEST(AtomicFile, DoesNotWriteThroughALink) {
    const Folder folder{{"etc/target", "keep\n"}};
    folder.link("../target", path + 1);
    Result<AtomicFile> file =
        AtomicFile::open(Sysroot(folder.path()), path, AtomicFile::Access::change);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->kind(), AtomicFile::Kind::link);
    EXPECT_EQ(file->target(), "../target");
    EXPECT_FALSE(file->replace("new\n"));
    EXPECT_EQ(now(folder), "keep\n");
}

TEST(AtomicFile, SaysThatTheFolderIsAFile) {
    const Folder folder{{"etc/modprobe.d", "a file\n"}};
    const Result<AtomicFile> file =
        AtomicFile::open(Sysroot(folder.path()), path, AtomicFile::Access::change);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ENOTDIR);
    EXPECT_NE(file.error().what.find("not a folder"), std::string::npos) << file.error().what;
}

TEST(AtomicFile, AdmitsOneWriterAtATime) {
    const Folder folder{{path + 1, "old\n"}};
    const Result<AtomicFile> first =
        AtomicFile::open(Sysroot(folder.path()), path, AtomicFile::Access::change);
    ASSERT_TRUE(first);
    const Result<AtomicFile> second =
        AtomicFile::open(Sysroot(folder.path()), path, AtomicFile::Access::change);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, EWOULDBLOCK);
}

TEST(AtomicFile, SweepsWhatAKilledWriterLeft) {
    const Folder folder{{path + 1, "old\n"},
                        {"etc/modprobe.d/.00-virt-nested.conf.virt-nested-abcdefgh", "half"},
                        {"etc/modprobe.d/.00-virt-nested.conf.swp", "an editor's"}};
    ASSERT_TRUE(AtomicFile::open(Sysroot(folder.path()), path, AtomicFile::Access::change));
    EXPECT_EQ(names(folder),
              (std::vector<std::string>{".00-virt-nested.conf.swp", "00-virt-nested.conf"}));
}

TEST(AtomicFile, RefusesAHugeFile) {
    const Folder folder{{path + 1, std::string(AtomicFile::limit + 1, 'x')}};
    const Result<AtomicFile> file =
        AtomicFile::open(Sysroot(folder.path()), path, AtomicFile::Access::change);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, EFBIG);
}

TEST(AtomicFile, OverwritesAReportWithoutALook) {
    const Folder folder{{"run/x", ""}};
    const Sysroot root(folder.path());
    ASSERT_TRUE(AtomicFile::overwrite(root, "/run/virt-nested/validate.txt", "one\n"));
    const Result<AtomicFile> other = AtomicFile::open(root, "/run/virt-nested/validate.txt",
                                                      AtomicFile::Access::change); // has the lock
    ASSERT_TRUE(other);
    ASSERT_TRUE(AtomicFile::overwrite(root, "/run/virt-nested/validate.txt",
                                      std::string(2 * AtomicFile::limit, 'x')));
    EXPECT_EQ(root.status("/run/virt-nested/validate.txt")->size, 2 * AtomicFile::limit);
    EXPECT_EQ(root.list("/run/virt-nested")->size(), 1U);
}

} // namespace
} // namespace virt_nested
