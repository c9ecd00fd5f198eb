// SPDX-License-Identifier: GPL-2.0-or-later
// Where GRUB's file names lead, and its environment block.
#include "validator/boot/grub/files.h"

#include "core/text.h"
#include "validator/boot/grub/test.h"
#include "validator/boot/paths.h"
#include "validator/facts/mounts.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace virt_nested::grub {

namespace {

/// The device and the path; a name without a device is on $root (grub: kern/file.c).
std::pair<Text, Text> apart(const Text& path, const Text& now) {
    Text device = now;
    Text rest = path;
    if (const size_t end = path.find(')'); path.starts_with('(') && end != Text::npos) {
        device = path.substr(1, end - 1);
        rest = path.substr(end + 1);
    }
    if (device.starts_with('('))
        device = device.substr(1, device.find(')') - 1);
    std::replace(device.begin(), device.end(), '\x03', '\x02');
    return {std::move(device), std::move(rest)};
}

/// What no running system has mounted.
bool is_made_up(std::string_view device) {
    constexpr std::array names = {"memdisk", "proc", "loop", "cd", "fd", "tftp", "http", "pxe"};
    return std::any_of(names.begin(), names.end(),
                       [&](const char* name) { return device.starts_with(name); });
}

/// A line of fstab(5) that names a file system by its UUID, or in another way: "".
struct Mounted {
    std::string uuid, at;
};

std::vector<Mounted> read_fstab(const Sysroot& root) {
    std::vector<Mounted> out;
    const Result<std::string> text = root.read("/etc/fstab");
    for (const std::string_view line : lines(text ? std::string_view(*text) : "")) {
        const std::vector<std::string_view> fields = words(line);
        if (fields.size() < 3 || fields[0].starts_with('#') || fields[2] == "swap")
            continue;
        std::string named = lower_case(fields[0]);
        std::erase(named, '"');
        Mounted one{{}, std::string(fields[1])};
        for (const std::string_view front : {"uuid=", "/dev/disk/by-uuid/"})
            if (named.starts_with(front))
                one.uuid = named.substr(front.size());
        out.push_back(std::move(one));
    }
    return out;
}

} // namespace

Files::Files(const Sysroot& root, std::string config, Text device)
    : root_(root), homes_{{std::move(device), config}}, config_(std::move(config)) {}

FoundFile Files::find(const State& state, const Text& path, const Text& now) const {
    auto [device, rest] = apart(path, now);
    FoundFile out;
    out.named = is_known(rest);
    out.device = path.starts_with('(');
    rest = state.shown(rest);
    out.blocks = !rest.empty() && rest[0] != '/';
    const auto home = homes_.find(device);
    out.sure = home != homes_.end();
    const std::string& beside = out.sure ? home->second : config_;
    out.beside = beside;
    const auto other = elsewhere_.find(device);
    if (other != elsewhere_.end())
        out.elsewhere = other->second;
    else if (!out.sure && is_made_up(device))
        out.elsewhere = "(" + printable(device, 64) + "), which is not looked into";
    if (!out.elsewhere.empty()) {
        out.sure = false;
        return out;
    }
    // $prefix has the folder's whole path here, also where GRUB sees less of it.
    const std::string folder = beside.substr(0, beside.rfind('/') + 1);
    if (rest.starts_with(folder) && root_.exists(rest)) {
        out.path = rest;
        out.exists = true;
        return out;
    }
    BootFile found = boot_file(root_, beside, rest);
    if (!found.exists && !out.sure)
        for (const char* place : {"/boot/", "/", "/boot/efi/"})
            if (BootFile there = boot_file(root_, place, rest); there.exists) {
                found = std::move(there);
                break;
            }
    // Of a file that is nowhere, the more likely of its two places.
    out.path = !found.exists && rest.starts_with("/boot/") ? rest : std::move(found.path);
    out.exists = found.exists;
    return out;
}

void Files::learn(const Text& path, const Text& now, const std::string& here) {
    homes_.emplace(apart(path, now).first, here);
}

void Files::learn_uuid(const Text& device, std::string_view uuid) {
    if (uuid.empty() || !is_known(uuid))
        return;
    const std::vector<Mounted> fstab = read_fstab(root_);
    // Of a btrfs all subvolumes have it; what GRUB sees is the one that is the root.
    for (const Mounted& one : fstab)
        for (const char* mount : {"/", "/boot", "/boot/efi", "/efi"})
            if (one.uuid == lower_case(uuid) && one.at == mount) {
                homes_.try_emplace(device, std::string(mount) + (one.at == "/" ? "" : "/") + "x");
                return;
            }
    if (is_elsewhere(uuid))
        elsewhere_.try_emplace(device, "another file system (UUID " + printable(uuid, 64) +
                                           ") than this system's");
}

void Files::learn_loop(const Text& device) {
    elsewhere_.try_emplace(device, "(" + printable(device, 64) + "), which is not looked into");
}

bool Files::is_elsewhere(std::string_view uuid) const {
    const std::string small = lower_case(uuid);
    if (small.find_first_not_of("0123456789abcdef-") != std::string::npos)
        return false;   // no UUID
    bool known = false; // the root's
    std::vector<std::string> places;
    for (const Mounted& one : read_fstab(root_)) {
        known = known || (one.at == "/" && !one.uuid.empty());
        const bool boots = one.at == "/" || one.at == "/efi" || one.at.starts_with("/boot");
        if (boots && (one.uuid.empty() || one.uuid == small))
            return false;
        places.push_back(one.at);
    }
    // What runs is more to the point than a table that nobody has looked at for long.
    const std::string running = lower_case(root_.read("/proc/cmdline").value_or(std::string()));
    if (!known || running.find("uuid=" + small) != std::string::npos)
        return false;
    if (!root_.live())
        return true;
    // systemd-gpt-auto-generator(8) mounts without any line.
    const std::vector<Mount> mounts = parse_mountinfo(
        root_.read("/proc/self/mountinfo", size_t{4} << 20).value_or(std::string()));
    const Mount* mount = mount_of(mounts, config_);
    return mount != nullptr && std::find(places.begin(), places.end(), mount->at) != places.end();
}

Tri Files::ask(const State& state, char question, const Text& path, const Text& now) const {
    const FoundFile found = find(state, path, now);
    if (!found.named || found.blocks || !found.elsewhere.empty())
        return Tri::unknown;
    const Result<FileStatus> status = root_.status(found.path);
    if (!status && status.error().code != ENOENT && status.error().code != ENOTDIR)
        return Tri::unknown;
    if (!status)
        return found.sure ? Tri::no : Tri::unknown;
    if (!S_ISDIR(status->mode) && !S_ISREG(status->mode))
        return Tri::unknown;
    switch (question) {
    case 'd':
        return tri(S_ISDIR(status->mode));
    case 'f':
        return tri(!S_ISDIR(status->mode));
    case 's':
        return tri(!S_ISDIR(status->mode) && status->size > 0);
    default:
        return Tri::yes;
    }
}

namespace {

/// No Sysroot opens a device; this one is mounted, so that opening it waits for nothing.
Result<std::string> read_disk(const std::string& device, unsigned long offset, size_t size) {
    const auto fail = [&](int code) {
        return Error{code, printable(device, 512) + ": " + std::strerror(code)};
    };
    const Fd disk(::open(device.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status {};
    if (disk.get() < 0 || ::fstat(disk.get(), &status) != 0)
        return fail(errno);
    if (!S_ISBLK(status.st_mode))
        return fail(ENOTBLK);
    std::string out(size, '\0');
    const ssize_t got = ::pread(disk.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (got != static_cast<ssize_t>(out.size()))
        return fail(got < 0 ? errno : EIO);
    return out;
}

} // namespace

Result<std::string> read_blocks(const Sysroot& root, const std::string& beside,
                                std::string_view blocks) {
    constexpr unsigned long block = 512, most_blocks = 128;
    const auto fail = [&](int code, const std::string& where) {
        return Error{code, printable(where, 512) + ": " + std::strerror(code)};
    };
    unsigned long first = 0, count = 0;
    std::string_view rest;
    if (!read_number(blocks, first, rest) || !rest.starts_with('+') ||
        !read_number(rest.substr(1), count, rest) || !rest.empty() || count > most_blocks ||
        first > (1UL << 40))
        return fail(EINVAL, std::string(blocks));
    if (!root.live())
        return fail(ENOTBLK, beside);
    const Result<std::string> table = root.read("/proc/self/mountinfo", size_t{4} << 20);
    if (!table)
        return table.error();
    const std::vector<Mount> mounts = parse_mountinfo(*table);
    const Mount* mount = mount_of(mounts, beside);
    if (mount == nullptr || mount->type != "btrfs" || !mount->source.starts_with("/dev/"))
        return fail(ENOTBLK, mount == nullptr ? beside : mount->source);
    return root.answer("blocks " + std::string(blocks) + " of " + mount->source,
                       [&] { return read_disk(mount->source, first * block, count * block); });
}

bool read_environment(std::string_view block,
                      std::vector<std::pair<std::string, std::string>>& variables) {
    constexpr std::string_view signature = "# GRUB Environment Block\n";
    if (block.size() <= signature.size() || !block.starts_with(signature))
        return false;
    size_t at = signature.size();
    const auto skip_line = [&](size_t from) {
        while (from < block.size() && block[from] != '\n')
            from += block[from] == '\\' ? 2 : 1;
        return from;
    };
    for (; at < block.size(); ++at) {
        if (block[at] == '#') {
            at = skip_line(at);
            continue;
        }
        const size_t equals = block.find('=', at);
        const size_t end = equals == std::string_view::npos ? equals : skip_line(equals + 1);
        if (end >= block.size()) // broken: GRUB stops there
            return true;
        std::string value;
        for (size_t i = equals + 1; i < end; ++i)
            value += block[i] == '\\' ? block[++i] : block[i];
        for (char& c : value)
            c = c >= '\x01' && c <= '\x04' ? '?' : c;
        // Strings of C there.
        value = value.substr(0, value.find('\0'));
        std::string name(block.substr(at, equals - at));
        variables.emplace_back(name.substr(0, name.find('\0')), std::move(value));
        at = end;
    }
    return true;
}

} // namespace virt_nested::grub
