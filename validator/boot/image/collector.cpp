// SPDX-License-Identifier: GPL-2.0-or-later
// What matters of an initramfs.
#include "validator/boot/image/collector.h"

#include "core/text.h"
#include "validator/boot/image/unpack.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/stat.h>
#include <vector>

namespace virt_nested {

namespace {

constexpr std::array<std::string_view, 5> places = {"etc", "run", "usr/local/lib", "usr/lib",
                                                    "lib"};
constexpr std::array<std::string_view, 2> lists = {"modprobe.d", "modules-load.d"};

std::string parent_of(std::string_view path) {
    const size_t slash = path.rfind('/');
    return std::string(path.substr(0, slash == std::string_view::npos ? 0 : slash));
}

std::string below(const std::string& folder, std::string_view name) {
    return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

/// The parts between slashes, last one first.
void push_parts(std::string_view path, std::vector<std::string>& out) {
    while (!path.empty()) {
        const size_t slash = path.rfind('/');
        const size_t start = slash == std::string_view::npos ? 0 : slash + 1;
        if (start < path.size())
            out.emplace_back(path.substr(start));
        path = path.substr(0, start == 0 ? 0 : slash);
    }
}

} // namespace

std::string normal_name(std::string_view name) {
    std::vector<std::string> parts;
    push_parts(name, parts);
    std::string out;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
        if (*part == "..")
            out = parent_of(out);
        else if (*part != ".")
            out = below(out, *part);
    return out;
}

Collector::Collector(const InitramfsLimits& limits) : limits_(limits) {
    for (const std::string_view place : places)
        for (const std::string_view list : lists)
            folders_.insert(std::string(place) + "/" + std::string(list));
    folders_.insert("etc/cmdline.d");
    for (const std::string& folder : folders_)
        watch(folder);
    // A mask's target, and that of Debian's /etc/modules-load.d/modules.conf.
    for (const char* path : {"conf/modules", "etc/cmdline", "etc/modules", "dev/null"})
        watch(path);
}

void Collector::watch(const std::string& path) {
    for (std::string part = path; !part.empty(); part = parent_of(part))
        paths_.insert(part);
}

void Collector::begin() {
    content_ = {};
    modules_.clear();
    nodes_.clear();
    bytes_.clear();
    waiting_.clear();
    archive_ = entries_ = kept_ = emitted_ = 0;
}

bool Collector::watched(const std::string& path) const {
    if (paths_.contains(path))
        return true;
    const size_t slash = path.rfind('/');
    return folders_.contains(
        std::string_view(path).substr(0, slash == std::string::npos ? 0 : slash));
}

void Collector::see_module(const ImageEntry& entry) {
    constexpr std::string_view tree = "lib/modules/";
    constexpr size_t most_modules = 4096;
    const std::string_view path = entry.name;
    const std::string_view file = base_name(path);
    const size_t at = path.find(tree);
    if (!file.starts_with("kvm") || at == std::string_view::npos)
        return;
    const std::string_view rest = path.substr(at + tree.size());
    std::string module = module_in_path(file);
    if (module.empty())
        return;
    const size_t slash = rest.find('/');
    modules_.insert({std::move(module),
                     std::string(rest.substr(0, slash == std::string_view::npos ? 0 : slash))});
    if (modules_.size() > most_modules)
        throw UnpackError{
            {EFBIG, "more than " + std::to_string(most_modules) + " modules of KVM in it"}};
}

bool Collector::see(const ImageEntry& entry) {
    if (++entries_ > limits_.entries)
        throw UnpackError{{EFBIG, "more than " + std::to_string(limits_.entries) + " entries"}};
    see_module(entry);
    // dracut's squash modules put the whole tree into one such file.
    const std::string_view file = base_name(entry.name);
    content_.squashed = content_.squashed || file == "squash-root.img" ||
                        file == "squashfs-root.img" || file == "erofs-root.img";
    const bool here = watched(entry.name);
    if (S_ISREG(entry.mode)) {
        const Inode inode{archive_, entry.inode};
        return here || (entry.links > 1 && (waiting_.contains(inode) || inodes_.contains(inode)));
    }
    if (here && S_ISDIR(entry.mode)) { // takes the place of a link
        const std::optional<std::string> path = real(entry.name, false);
        if (const auto node = nodes_.find(path.value_or("")); node != nodes_.end())
            nodes_.erase(node);
    }
    return here && S_ISLNK(entry.mode);
}

void Collector::keep(const ImageEntry& entry, std::optional<std::string> text) {
    kept_ += (text ? text->size() : 0) + entry.name.size();
    if (kept_ > limits_.kept)
        throw UnpackError{
            {EFBIG, "more than " + std::to_string(limits_.kept) + " bytes of configuration in it"}};
    const Inode inode{archive_, entry.inode};
    const bool shared = S_ISREG(entry.mode) && entry.links > 1;
    // Of several hard links the last one alone carries the bytes.
    if (shared && entry.size > 0) {
        bytes_[inode] = text;
        waiting_.erase(inode);
    }
    const std::optional<std::string> path = real(entry.name, false);
    if (!path || !watched(entry.name))
        return;
    Node node{S_ISLNK(entry.mode), std::move(text), std::nullopt};
    if (shared && entry.size == 0) {
        node.elsewhere = inode;
        waiting_.insert(inode);
    }
    // A folder with something in it stays.
    const auto next = nodes_.lower_bound(*path + "/");
    if (node.link && next != nodes_.end() && next->first.starts_with(*path + "/"))
        return;
    nodes_[*path] = std::move(node);
}

const Collector::Node* Collector::find(const std::string& path) {
    if (!watched(path))
        more_paths_.insert(path);
    const auto node = nodes_.find(path);
    return node == nodes_.end() ? nullptr : &node->second;
}

/// The path without links in it; `last`: of its last part neither. None: links in a circle.
std::optional<std::string> Collector::real(std::string_view path, bool last) {
    constexpr int most_links = 40; // the kernel's MAXSYMLINKS
    std::vector<std::string> todo;
    push_parts(path, todo);
    std::string done;
    for (int links = 0; !todo.empty();) {
        const std::string part = std::move(todo.back());
        todo.pop_back();
        if (part == ".")
            continue;
        if (part == "..") {
            done = parent_of(done);
            continue;
        }
        std::string next = below(done, part);
        const Node* node = todo.empty() && !last ? nullptr : find(next);
        if (!node || !node->link || !node->text) {
            done = std::move(next);
            continue;
        }
        if (++links > most_links)
            return std::nullopt;
        if (node->text->starts_with("/"))
            done.clear();
        push_parts(*node->text, todo);
    }
    return done;
}

const std::optional<std::string>& Collector::bytes_of(const Node& node) {
    if (!node.elsewhere)
        return node.text;
    if (const auto bytes = bytes_.find(*node.elsewhere); bytes != bytes_.end())
        return bytes->second;
    if (!inodes_.contains(*node.elsewhere))
        more_inodes_.insert(*node.elsewhere);
    return node.text;
}

/// The file that `path` leads to, if there is one: a link to nowhere is passed over by all who read
/// these files.
void Collector::emit(const std::string& path, const std::string& shown,
                     std::vector<ConfFile>& out) {
    const std::optional<std::string> end = real(path, true);
    if (!end)
        return;
    if (*end == "dev/null") {
        out.push_back({"/" + shown, {}});
        return;
    }
    const Node* node = find(*end);
    if (!node || node->link)
        return;
    const std::optional<std::string>& text = bytes_of(*node);
    if (!text)
        throw UnpackError{{EFBIG, "/" + printable(shown) + " in it has more than " +
                                      std::to_string(most_bytes) + " bytes"}};
    emitted_ += text->size();
    if (emitted_ > limits_.kept)
        throw UnpackError{
            {EFBIG, "more than " + std::to_string(limits_.kept) + " bytes of configuration in it"}};
    out.push_back({"/" + shown, *text});
}

void Collector::emit_folder(const std::string& folder, std::string_view ending,
                            std::vector<ConfFile>& out) {
    const std::optional<std::string> path = real(folder, true);
    if (!path || (folder.starts_with("lib/") && *path == "usr/" + folder))
        return; // where /lib is /usr/lib, once is enough
    if (!folders_.contains(*path))
        more_folders_.insert(*path);
    std::vector<std::string> names;
    for (auto node = nodes_.lower_bound(*path + "/");
         node != nodes_.end() && node->first.starts_with(*path + "/"); ++node)
        if (parent_of(node->first) == *path && node->first.ends_with(ending))
            names.emplace_back(base_name(node->first));
    for (const std::string& name : names)
        emit(below(*path, name), below(folder, name), out);
}

bool Collector::settled() {
    more_paths_.clear(); // what was asked for on the way is asked for again, where it matters
    for (const std::string_view place : places) {
        emit_folder(std::string(place) + "/modprobe.d", "", content_.modprobe);
        emit_folder(std::string(place) + "/modules-load.d", "", content_.loads);
    }
    emit("conf/modules", "conf/modules", content_.loads);
    emit("etc/cmdline", "etc/cmdline", content_.cmdline);
    emit_folder("etc/cmdline.d", ".conf", content_.cmdline);
    content_.modules.assign(modules_.begin(), modules_.end());
    if (more_paths_.empty() && more_folders_.empty() && more_inodes_.empty())
        return true;
    missed_ = !more_paths_.empty()     ? *more_paths_.begin()
              : !more_folders_.empty() ? *more_folders_.begin()
                                       : "a hard link";
    for (const std::string& path : more_paths_)
        watch(path);
    for (const std::string& folder : more_folders_) {
        watch(folder);
        folders_.insert(folder);
    }
    inodes_.insert(more_inodes_.begin(), more_inodes_.end());
    more_paths_.clear();
    more_folders_.clear();
    more_inodes_.clear();
    return false;
}

} // namespace virt_nested
