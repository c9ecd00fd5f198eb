// SPDX-License-Identifier: GPL-2.0-or-later
// The hook as libvirt finds it: every file that it would run, with owner, mode and label.
#include "core/text.h"
#include "validator/facts/facts.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace virt_nested {

namespace {

constexpr const char* folder = "/etc/libvirt/hooks";
constexpr const char* front = "virt-nested-hook";
constexpr const char* judge = "virt-nested-judge";

std::string base_name(std::string_view path) {
    const size_t slash = path.rfind('/');
    return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

/// The file behind all links, as a path of this machine; empty where there is none.
std::string real_path(const Sysroot& root, const std::string& path) {
    if (!root.live()) {
        const Result<std::string> real = root.resolve(path);
        return real ? *real : std::string();
    }
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
    return real ? std::string(real.get()) : std::string();
}

/// security.selinux of a file. Under SELinux the kernel gives every file one; a copy of a file, in
/// a captured root, may have lost it.
Result<std::string> selinux_label(const std::string& real) {
    std::array<char, 256> label{};
    if (::getxattr(real.c_str(), "security.selinux", label.data(), label.size() - 1) >= 0)
        return printable(std::string_view(label.data()), 128);
    return Error{errno, printable(real, 512) + ": " +
                            (errno == ENODATA || errno == ENOTSUP ? "no SELinux label is kept"
                                                                  : std::strerror(errno))};
}

HookFile look_at(const Sysroot& root, const std::string& path) {
    HookFile file;
    file.path = path;
    const Result<std::string> target = root.link(path);
    file.target = target ? *target : std::string();
    const Result<FileStatus> status = root.status(path);
    file.exists = static_cast<bool>(status);
    if (!status)
        return file;
    file.status = *status;
    file.regular = S_ISREG(status->mode);
    file.executable = (status->mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
    const std::string real = real_path(root, path);
    file.real = real.substr(std::min(root.root().size(), real.size()));
    // A folder or a FIFO has no head to read, and libvirt runs none either.
    const Result<std::string> head =
        file.regular ? root.read_head(path, 4) : Result<std::string>(std::string());
    file.interpreted = !head || head->starts_with("#!") ||
                       head->starts_with("\x7f"
                                         "ELF");
    file.ours = base_name(file.real) == front || base_name(file.target) == front ||
                base_name(path).find("virt-nested") != std::string::npos;
    file.selinux = selinux_label(real);
    return file;
}

/// By the name of its library, libvirt.so.0.(1000 * major + minor).micro (libvirt: meson.build,
/// libvirt_lib_version): a fact without running anything, true of a captured root too.
Result<int> libvirt_version(const Sysroot& root) {
    constexpr std::string_view stem = "libvirt.so.0.";
    std::vector<std::string> folders = {"/usr/lib64", "/usr/lib"};
    if (const Result<std::vector<std::string>> names = root.list("/usr/lib"))
        for (const std::string& name : *names)
            if (name.find("-linux-gnu") != std::string::npos) // Debian's multiarch
                folders.push_back("/usr/lib/" + name);
    for (const std::string& place : folders) {
        const Result<std::string> target = root.link(place + "/libvirt.so.0");
        if (!target || !base_name(*target).starts_with(stem))
            continue;
        const std::string numbers = base_name(*target).substr(stem.size());
        const char* const end = numbers.data() + numbers.size();
        int release = 0;
        int micro = 0;
        const auto [dot, wrong] = std::from_chars(numbers.data(), end, release);
        if (wrong == std::errc() && dot != end && release < 1'000'000 &&
            std::from_chars(dot + 1, end, micro).ec == std::errc())
            return release * 1000 + micro;
    }
    return Error{ENOENT, "no libvirt.so.0 below " + root.shown("/usr/lib") + " tells it"};
}

bool has_libvirt(const Sysroot& root) {
    constexpr std::array<const char*, 5> places = {"/usr/sbin/virtqemud", "/usr/sbin/libvirtd",
                                                   "/usr/bin/virtqemud", "/usr/bin/libvirtd",
                                                   "/etc/libvirt/qemu.conf"};
    return std::any_of(places.begin(), places.end(),
                       [&](const char* path) { return root.exists(path); });
}

} // namespace

HookFacts gather_hook(const Sysroot& root) {
    HookFacts out;
    out.libvirt = has_libvirt(root);
    if (root.exists("/usr/sbin/virtqemud") && !root.exists("/usr/sbin/libvirtd"))
        out.daemon = "virtqemud";
    out.folder = {State::on, {}, root.shown(folder), {}};
    const Result<std::vector<std::string>> top = root.list(folder);
    if (!top) {
        const bool absent = top.error().code == ENOENT;
        out.folder = {
            absent ? State::absent : State::undetermined, {}, root.shown(folder), top.error().what};
        return out;
    }
    if (std::find(top->begin(), top->end(), "qemu") != top->end())
        out.files.push_back(look_at(root, std::string(folder) + "/qemu"));
    const Result<std::vector<std::string>> names = root.list(std::string(folder) + "/qemu.d");
    for (const std::string& file : names ? *names : std::vector<std::string>())
        if (out.files.size() < 1000)
            out.files.push_back(look_at(root, std::string(folder) + "/qemu.d/" + file));
    if (!names && names.error().code != ENOENT)
        out.folder = {State::undetermined,
                      {},
                      root.shown(std::string(folder) + "/qemu.d"),
                      names.error().what};
    for (const char* path : {folder, "/etc/libvirt/hooks/qemu.d"})
        if (HookFile holder = look_at(root, path); holder.exists)
            out.folders.push_back(std::move(holder));
    const Result<FileStatus> top_owner = root.status("/");
    const auto tell_owner = [&](HookFile& file) {
        const bool stands_for_root = !root.live() && top_owner && file.status.uid == top_owner->uid;
        file.foreign = file.exists && file.status.uid != 0 && !stands_for_root;
    };
    std::for_each(out.folders.begin(), out.folders.end(), tell_owner);
    for (HookFile& file : out.files) {
        tell_owner(file);
        if (file.ours && !file.real.empty())
            out.judge =
                out.judge || root.exists(file.real.substr(0, file.real.rfind('/') + 1) + judge);
    }
    // Only asked where somebody else's hook makes it matter.
    if (std::any_of(out.files.begin(), out.files.end(), [](const HookFile& f) { return !f.ours; }))
        out.libvirt_version = libvirt_version(root);
    const Result<std::string> enforcing = root.read("/sys/fs/selinux/enforce", 16);
    if (enforcing)
        out.enforcing = trim(*enforcing) == "1";
    return out;
}

} // namespace virt_nested
