// SPDX-License-Identifier: GPL-2.0-or-later
// The hook as libvirt finds it: every file that it would run, with owner, mode and label.
#include "core/hook_files.h"

#include "core/text.h"
#include "hook_places.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace virt_nested {

namespace {

const std::string folder(hooks_folder);
constexpr std::string_view front = "virt-nested-hook";
constexpr std::string_view judge = "virt-nested-judge";

std::string judge_beside(std::string_view program) {
    return std::string(program.substr(0, program.rfind('/') + 1)) + std::string(judge);
}

/// security.selinux of a file. Under SELinux the kernel gives every file one; a copy of a file, in
/// a captured root, may have lost it.
Result<std::string> selinux_label(const std::string& real) {
    std::array<char, 256> label{};
    if (::getxattr(real.c_str(), "security.selinux", label.data(), label.size() - 1) >= 0)
        return std::string(label.data());
    return Error{errno, printable(real, 512) + ": " +
                            (errno == ENODATA || errno == ENOTSUP ? "no SELinux label is kept"
                                                                  : std::strerror(errno))};
}

/// The program that a script runs: by the path that stands there, or else where it is installed.
std::string program_named_in(std::string_view script) {
    const size_t at = script.find(front);
    const size_t start = script.find_last_of(" \t\n\"'`=(;|&", at) + 1;
    const std::string_view path = script.substr(start, at + front.size() - start);
    return std::string(path.starts_with('/') ? path : hook_places().program);
}

HookFile look_at(const Sysroot& root, const std::string& path) {
    HookFile file;
    file.path = path;
    file.target = root.link(path).value_or({});
    file.ours =
        base_name(file.target) == front || base_name(path).find("virt-nested") != std::string::npos;
    const Result<FileStatus> status = root.status(path);
    file.exists = static_cast<bool>(status);
    if (!status)
        return file;
    file.status = *status;
    file.regular = S_ISREG(status->mode);
    file.executable = (status->mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
    file.real = root.inside(path).value_or({});
    // A folder or a FIFO has no head to read, and libvirt runs none either.
    const Result<std::string> head =
        file.regular ? root.read_head(path, Sysroot::small_file) : Result<std::string>("");
    file.interpreted = !head || head->starts_with("#!") ||
                       head->starts_with("\x7f"
                                         "ELF");
    const bool program = base_name(file.real) == front || base_name(file.target) == front;
    const bool names_it = file.executable && head && head->find(front) != std::string::npos;
    file.wrapper = !program && names_it && head->starts_with("#!");
    file.program = file.wrapper ? program_named_in(*head) : file.real;
    file.ours = file.ours || program || names_it;
    file.selinux = root.answer("security.selinux of " + path, [&] {
        return selinux_label(file.real.empty() ? "" : root.shown(file.real));
    });
    if (file.selinux)
        file.selinux = printable(*file.selinux, 128);
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
        const std::string numbers = std::string(base_name(*target).substr(stem.size()));
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

bool has_daemon(const Sysroot& root, const std::string& name) {
    return root.exists("/usr/sbin/" + name) || root.exists("/usr/bin/" + name);
}

/// By the links that systemctl enable makes (libvirt: src/remote/{libvirtd,virtqemud}.service.in).
bool is_enabled(const Sysroot& root, const std::string& name) {
    const std::string wants = "/etc/systemd/system/";
    return root.link(wants + "multi-user.target.wants/" + name + ".service") ||
           root.link(wants + "sockets.target.wants/" + name + ".socket");
}

/// Of a host that has both, the one that is enabled; a link to a unit is dead in a captured root.
std::string daemon_of(const Sysroot& root) {
    const bool modular = has_daemon(root, "virtqemud");
    const bool monolithic = has_daemon(root, "libvirtd");
    const bool by_units = is_enabled(root, "virtqemud") && !is_enabled(root, "libvirtd");
    return modular && (!monolithic || by_units) ? "virtqemud" : "libvirtd";
}

} // namespace

const HookFile* HookFacts::ours() const {
    const HookFile* out = nullptr;
    for (const HookFile& file : files)
        if (file.ours && (!out || (file.runs() && !out->runs())))
            out = &file;
    return out;
}

HookPlaces hook_places() {
    return {VIRT_NESTED_HOOK_LINK, VIRT_NESTED_HOOK_PROGRAM};
}

std::string link_hook_command(const HookPlaces& places, std::string_view daemon) {
    const std::filesystem::path place = std::filesystem::path(places.link).parent_path();
    const std::filesystem::path target =
        std::filesystem::path(places.program).lexically_relative(place);
    return "mkdir -p " + shell_word(place.string()) + " && ln -s " + shell_word(target.string()) +
           " " + shell_word(places.link) + " && systemctl reload " + std::string(daemon);
}

HookFacts read_hook_files(const Sysroot& root) {
    HookFacts out;
    out.installed =
        root.exists(hook_places().program) && root.exists(judge_beside(hook_places().program));
    out.libvirt = has_daemon(root, "virtqemud") || has_daemon(root, "libvirtd") ||
                  root.exists("/etc/libvirt/qemu.conf");
    out.daemon = daemon_of(root);
    out.folder = Fact::on({}, root.shown(folder));
    const Result<std::vector<std::string>> top = root.list(folder);
    if (!top) {
        const bool absent = top.error().code == ENOENT;
        out.folder = {
            absent ? State::absent : State::undetermined, {}, root.shown(folder), top.error().what};
        return out;
    }
    if (std::find(top->begin(), top->end(), "qemu") != top->end())
        out.files.push_back(look_at(root, folder + "/qemu"));
    const Result<std::vector<std::string>> names = root.list(folder + "/qemu.d");
    for (const std::string& file : names.value_or({}))
        if (out.files.size() < 1000)
            out.files.push_back(look_at(root, folder + "/qemu.d/" + file));
    if (!names && names.error().code != ENOENT)
        out.folder = Fact::undetermined_because(names.error().what, root.shown(folder + "/qemu.d"));
    for (const std::string& path : {folder, folder + "/qemu.d"})
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
        if (file.ours && !file.program.empty())
            out.judge = out.judge || root.exists(judge_beside(file.program));
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
