// SPDX-License-Identifier: GPL-2.0-or-later
// A private mount namespace with folders of modprobe.d, a command line and modules of our own.
#include "tests/differential/sandbox.h"

#include "tests/differential/module_object.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace virt_nested::test {

namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

Error failure(const std::string& what) {
    return {errno, what + ": " + std::strerror(errno)};
}

int unshare_user_and_mounts() {
    if (::geteuid() == 0)
        return ::unshare(CLONE_NEWNS);
    const std::string uid = std::to_string(::geteuid());
    const std::string gid = std::to_string(::getegid());
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return -1;
    write("/proc/self/setgroups", "deny");
    write("/proc/self/uid_map", "0 " + uid + " 1");
    write("/proc/self/gid_map", "0 " + gid + " 1");
    return 0;
}

/// In a chroot "/" may be no mount point. The namespace's own root is one, and entering the
/// namespace leads there. The way back is by /proc: QEMU's user mode opens another folder for "/",
/// that of the emulated libraries.
int private_mounts() {
    if (unshare_user_and_mounts() != 0)
        return -1;
    const int space = ::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    const int root = ::open("/proc/self/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int here = ::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool done = ::setns(space, CLONE_NEWNS) == 0 &&
                      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                      ::fchdir(root) == 0 && ::chroot(".") == 0 && ::fchdir(here) == 0;
    const int error = errno;
    for (const int fd : {space, root, here})
        ::close(fd);
    errno = error;
    return done ? 0 : -1;
}

int bind_mount(const fs::path& from, const fs::path& onto) {
    return ::mount(from.c_str(), onto.c_str(), nullptr, MS_BIND, nullptr);
}

int tmpfs(const char* onto) {
    return ::mount("virt-nested-test", onto, "tmpfs", 0, "size=64m");
}

std::string output_of(std::vector<std::string> words) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return {};
    const pid_t child = ::fork();
    if (child == 0) {
        std::vector<char*> argv;
        argv.reserve(words.size() + 1);
        for (std::string& word : words)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        ::dup2(ends[1], STDOUT_FILENO);
        ::dup2(null, STDERR_FILENO);
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
    ::close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<size_t>(got));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? std::string() : text;
}

bool make_modules(const fs::path& folder) {
    fs::create_directories(folder / "kernel");
    const std::string nul(1, '\0');
    for (const std::string name : {"kvm", "kvm-intel", "kvm-amd", "dummy"}) {
        ModuleObject object{"name=" + name + nul, {}, {}};
        if (name == "kvm")
            object.exports = "kvm_of_the_test";
        if (name == "kvm-intel") {
            object.imports = "kvm_of_the_test";
            object.modinfo += "alias=cpu:type:x86,ven*fam*mod*:feature:*0085*" + nul;
        }
        write(folder / "kernel" / (name + ".ko"), module_object(object));
    }
    write(folder / "modules.order", "");
    write(folder / "modules.builtin", "");
    const fs::path base = folder.parent_path().parent_path().parent_path();
    output_of({"depmod", "-b", base.string(), folder.filename().string()});
    return fs::exists(folder / "modules.dep.bin");
}

} // namespace

Result<Sandbox> Sandbox::enter() {
    const char* path = std::getenv("PATH");
    ::setenv("PATH", (std::string(path ? path : "") + ":/usr/sbin:/sbin").c_str(), 1);
    for (const char* folder : {"/etc/modprobe.d", "/lib/modprobe.d"})
        if (!fs::is_directory(folder))
            return Error{ENOENT, std::string(folder) + " is missing: install kmod"};
    if (private_mounts() != 0)
        return failure("no private mount namespace");
    if (tmpfs("/run") != 0 || tmpfs("/usr/local/lib") != 0)
        return failure("no tmpfs in the private mount namespace");
    const fs::path root = "/run/tree";
    fs::create_directories("/run/modprobe.d");
    fs::create_directories("/usr/local/lib/modprobe.d");
    for (const std::string& folder : generated_folders()) {
        fs::create_directories(root / folder);
        if (fs::is_directory("/" + folder) && bind_mount(root / folder, "/" + folder) != 0)
            return failure("cannot mount over /" + folder);
    }
    const fs::path last = root / generated_folders().back();
    std::error_code ignored;
    if (!fs::equivalent(last, "/lib/modprobe.d", ignored) &&
        bind_mount(last, "/lib/modprobe.d") != 0)
        return failure("cannot mount over /lib/modprobe.d");
    fs::create_symlink("usr/lib", root / "lib");
    fs::create_directories(root / "proc");
    write(root / "proc/cmdline", "");
    if (bind_mount(root / "proc/cmdline", "/proc/cmdline") != 0)
        return failure("cannot mount over /proc/cmdline");
    Sandbox out(root, "/run/modules");
    if (!make_modules(out.module_folder()))
        return Error{0, "depmod made no modules.dep.bin"};
    return out;
}

void Sandbox::fill(const Case& generated) const {
    for (const std::string& folder : generated_folders())
        for (const auto& entry : fs::directory_iterator(fs::path(root_) / folder))
            fs::remove_all(entry.path());
    for (const Entry& entry : generated.entries) {
        const fs::path path = fs::path(root_) / entry.path;
        if (entry.kind == Entry::Kind::file)
            write(path, entry.text);
        else if (entry.kind == Entry::Kind::link)
            fs::create_symlink(entry.text, path);
        else
            fs::create_directory(path);
    }
    write(fs::path(root_) / "proc/cmdline", generated.cmdline);
}

std::string Sandbox::run_shell(const std::string& command) const {
    const fs::path folder = fs::path(root_) / "bin";
    if (!fs::exists(folder / "modprobe")) {
        fs::create_directories(folder);
        write(folder / "modprobe", "#!/bin/sh\necho called \"$@\" >&3\n");
        write(folder / "logger", "#!/bin/sh\n");
        for (const char* name : {"modprobe", "logger"})
            fs::permissions(folder / name, fs::perms::owner_all);
    }
    return output_of(
        {"sh", "-c",
         "PATH=" + folder.string() + ":/usr/bin:/bin; exec 3>&1 >/dev/null; " + command + "\n:"});
}

std::string Sandbox::run_modprobe(const std::string& module, bool as_udev) const {
    std::vector<std::string> words = {"modprobe", "--show-depends", "--dirname",
                                      modules_,   "--set-version",  release};
    if (as_udev)
        words.emplace_back("--use-blacklist");
    words.push_back(module);
    return output_of(words);
}

} // namespace virt_nested::test
