// SPDX-License-Identifier: GPL-2.0-or-later
// What lies where. Whether a path outlives a boot is told by the file system it is on, for an
// overlay by the one that its upperdir is on (Documentation/filesystems/overlayfs.rst).
#include "validator/facts/mounts.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace virt_nested {

namespace {

constexpr size_t most_bytes = 4U << 20; ///< a host with many containers has thousands of lines

constexpr std::array<std::string_view, 3> in_ram = {"tmpfs", "ramfs", "rootfs"};
constexpr std::array<std::string_view, 2> ram_disks = {"/dev/ram", "/dev/zram"};
constexpr std::array<std::string_view, 4> read_only = {"squashfs", "erofs", "iso9660", "cramfs"};

/// Where the initramfs of live systems keeps the upper half of the root, which nobody sees later
/// on: casper and initramfs-tools, live-boot, dracut, archiso.
constexpr std::array<std::string_view, 4> hidden_upper = {"/cow/", "/rw/", "/run/",
                                                          "/live/overlay/"};

template<size_t count>
bool is_one_of(const std::array<std::string_view, count>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

template<size_t count>
bool begins_with_one_of(const std::array<std::string_view, count>& list, std::string_view text) {
    return std::any_of(list.begin(), list.end(),
                       [&](std::string_view begin) { return text.starts_with(begin); });
}

/// "\040" for a blank, and so on (fs/proc_namespace.c mangle).
std::string unescaped(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* end = text.data() + std::min(text.size(), i + 4);
        const bool octal = text[i] == '\\' && text.size() - i >= 4 &&
                           std::from_chars(text.data() + i + 1, end, value, 8).ptr == end;
        // No name holds a NUL.
        if (octal && value > 0 && value < 256) {
            out += static_cast<char>(value);
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::optional<int> number(std::string_view text) {
    int out = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
    return code == std::errc() && end == text.data() + text.size() ? std::optional(out)
                                                                   : std::nullopt;
}

bool is_below(std::string_view path, std::string_view folder) {
    return folder == "/" || path == folder ||
           (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

/// The folders on the way to a path, "/" first, itself last.
std::vector<std::string_view> ways(std::string_view path) {
    std::vector<std::string_view> out = {"/"};
    for (size_t slash = path.find('/', 1); path.size() > 1; slash = path.find('/', slash + 1)) {
        out.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos)
            break;
    }
    return out;
}

/// As the kernel walks: into what is mounted on each folder, and what is mounted on that.
const Mount* walk(const std::vector<Mount>& mounts, std::string_view path) {
    std::map<std::pair<int, std::string_view>, const Mount*> on;
    std::map<int, const Mount*> by_id;
    for (const Mount& mount : mounts) {
        on[{mount.parent, mount.at}] = &mount;
        by_id[mount.id] = &mount;
    }
    const auto root = std::find_if(mounts.begin(), mounts.end(), [&](const Mount& mount) {
        return mount.at == "/" && (!by_id.contains(mount.parent) || mount.parent == mount.id);
    });
    if (root == mounts.end())
        return nullptr;
    const Mount* current = &*root;
    size_t steps = 0;
    for (const std::string_view folder : ways(path))
        for (auto next = on.find({current->id, folder});
             next != on.end() && next->second != current && steps < mounts.size();
             next = on.find({current->id, folder}), ++steps)
            current = next->second;
    return current;
}

/// For a table without numbers, or a part of one: the longest, and the last of those.
const Mount* longest(const std::vector<Mount>& mounts, std::string_view path) {
    const Mount* found = nullptr;
    for (const Mount& mount : mounts)
        if (is_below(path, mount.at) && (!found || mount.at.size() >= found->at.size()))
            found = &mount;
    return found;
}

std::string option(const Mount& mount, std::string_view name) {
    std::string_view rest = mount.options;
    while (!rest.empty()) {
        const std::string_view word = rest.substr(0, rest.find(','));
        if (word.starts_with(name) && word.substr(name.size()).starts_with('='))
            return std::string(word.substr(name.size() + 1));
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
    return {};
}

std::string named(const Mount& mount) {
    return printable(mount.type, 32) + " on " + printable(mount.at, 64);
}

Fact by_type(const Mount& mount, const std::string& source) {
    if (is_one_of(in_ram, mount.type) || begins_with_one_of(ram_disks, mount.source))
        return Fact::off("in RAM: " + named(mount), source);
    return Fact::on(named(mount), source);
}

/// What holds the upper half of an overlay: the path is the initramfs's, before its root became
/// /sysroot and then /.
const Mount* upper_mount(const std::vector<Mount>& mounts, const Mount& overlay,
                         std::string_view upper) {
    constexpr std::string_view sysroot = "/sysroot";
    const Mount* early = longest(mounts, upper);
    if (is_below(upper, sysroot) && upper != sysroot && !(early && is_below(early->at, sysroot)))
        upper.remove_prefix(sysroot.size());
    const Mount* found = mount_of(mounts, upper);
    if (found != &overlay || overlay.at == "/")
        return found == &overlay ? nullptr : found;
    const auto beneath = std::find_if(mounts.begin(), mounts.end(), [&](const Mount& mount) {
        return mount.id == overlay.parent && &mount != &overlay;
    });
    return overlay.parent < 0 || beneath == mounts.end() ? nullptr : &*beneath;
}

Fact by_upper(const std::vector<Mount>& mounts, const Sysroot& root, const Mount& overlay,
              const std::string& source) {
    std::string upper = option(overlay, "upperdir");
    if (upper.empty())
        return Fact::on("an overlay that nothing is written to", source);
    // dracut's live images with a disk to write to have a link in its place (90dmsquash-live).
    if (const Result<std::string> real = root.inside(upper); root.live() && real)
        upper = *real;
    const std::string shown = "an overlay, whose upper half is " + printable(upper, 64);
    const Mount* below = upper_mount(mounts, overlay, upper);
    if (below && below->type == "overlay")
        return Fact::undetermined_because(shown + ", on another overlay", source);
    if (below) {
        Fact out = by_type(*below, source);
        out.found = shown + ", " + out.found;
        return out;
    }
    if (begins_with_one_of(hidden_upper, upper))
        return Fact::off(shown + ", made anew at every boot", source);
    return Fact::undetermined_because(shown + ", which is on nothing that is mounted here", source);
}

} // namespace

std::vector<Mount> parse_mountinfo(std::string_view text) {
    std::vector<Mount> out;
    for (const std::string_view line : lines(text)) {
        const std::vector<std::string_view> fields = words(line);
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (dash - fields.begin() < 6 || fields.end() - dash < 4)
            continue;
        const std::optional<int> id = number(fields[0]);
        const std::optional<int> parent = number(fields[1]);
        if (!id || !parent || *id < 0 || !fields[4].starts_with('/'))
            continue;
        out.push_back({*id, *parent, unescaped(fields[4]), unescaped(dash[1]), unescaped(dash[2]),
                       std::string(fields[5]) + "," + unescaped(dash[3])});
    }
    return out;
}

std::vector<Mount> parse_mounts(std::string_view text) {
    std::vector<Mount> out;
    for (const std::string_view line : lines(text)) {
        const std::vector<std::string_view> fields = words(line);
        if (fields.size() < 4 || !fields[1].starts_with('/'))
            continue;
        out.push_back({-1, -1, unescaped(fields[1]), unescaped(fields[2]), unescaped(fields[0]),
                       unescaped(fields[3])});
    }
    return out;
}

const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path) {
    const bool numbered = !mounts.empty() && mounts.front().id >= 0;
    const Mount* found = numbered ? walk(mounts, path) : nullptr;
    return found ? found : longest(mounts, path);
}

Lasting lasting(const std::vector<Mount>& mounts, const Sysroot& root, std::string_view path,
                const std::string& source) {
    const Mount* mount = mount_of(mounts, path);
    if (!mount) {
        const Fact unknown =
            Fact::undetermined_because(std::string(path) + " is on no mount of " + source, source);
        return {unknown, unknown};
    }
    const bool no_upper = mount->type == "overlay" && option(*mount, "upperdir").empty();
    const bool fixed =
        no_upper || is_one_of(read_only, mount->type) || has_item(mount->options, "ro");
    return {
        mount->type == "overlay" ? by_upper(mounts, root, *mount, source) : by_type(*mount, source),
        fixed ? Fact::off("read only: " + named(*mount), source) : Fact::on(named(*mount), source)};
}

Lasting read_lasting(const Sysroot& root, std::string_view path) {
    const auto unknown = [&](const std::string& why, const char* file) -> Lasting {
        const Fact fact = Fact::undetermined_because(why, root.shown(file));
        return {fact, fact};
    };
    constexpr const char* table = "/proc/self/mountinfo";
    if (!root.live() && root.link("/proc/self"))
        return unknown("the procfs in there is about another root", table);
    if (const Result<std::string> text = root.read(table, most_bytes))
        return lasting(parse_mountinfo(*text), root, path, root.shown(table));
    constexpr const char* older = "/proc/mounts";
    const Result<std::string> text = root.read(older, most_bytes);
    if (!text)
        return unknown(text.error().what, table);
    return lasting(parse_mounts(*text), root, path, root.shown(older));
}

} // namespace virt_nested
