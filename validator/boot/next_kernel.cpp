// SPDX-License-Identifier: GPL-2.0-or-later
// Which kernel an entry boots, and what it has of KVM.
#include "validator/boot/next_kernel.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace virt_nested {

namespace {

constexpr size_t index_limit = 8U << 20; ///< bytes; modules.dep has some hundred KiB

/// The module's line in modules.dep or modules.builtin, or nothing. They have thousands of lines:
/// only those are cut into parts that have the beginning of the name, which dashes and underscores
/// do not change.
std::string_view line_of_module(std::string_view text, std::string_view module) {
    const std::string_view sign = module.substr(0, module.find('_'));
    for (size_t at = text.find(sign); at != std::string_view::npos;) {
        const size_t start = text.rfind('\n', at) + 1; // 0 on the first line
        const size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(start, end - start);
        if (module_in_path(line.substr(0, line.find(':'))) == module)
            return line;
        at = text.find(sign, end);
    }
    return {};
}

std::vector<std::string> first_few(const std::vector<std::string>& all) {
    constexpr size_t few = 3;
    std::vector<std::string> out(all.begin(),
                                 all.begin() + static_cast<long>(std::min(few, all.size())));
    if (all.size() > few)
        out.push_back(std::to_string(all.size() - few) + " more");
    return out;
}

/// A name that a file of kernels has in front of the release.
std::string_view behind_prefix(std::string_view name) {
    for (const std::string_view prefix :
         {"vmlinuz-", "vmlinux-", "linux-", "bzImage-", "Image-", "image-", "kernel-"})
        if (name.starts_with(prefix))
            return name.substr(prefix.size());
    return {};
}

/// NixOS has no /lib/modules.
std::string folder_of(const Sysroot& root, const std::string& release) {
    for (const char* place : {"/lib/modules/", "/run/booted-system/kernel-modules/lib/modules/",
                              "/run/current-system/kernel-modules/lib/modules/"})
        if (root.exists(place + release))
            return place + release;
    return "/lib/modules/" + release;
}

bool digit(char c) {
    return c >= '0' && c <= '9';
}

/// Of an installed release that stands in a name as a whole: between characters that no release
/// goes on with. The longest; empty: none.
std::string installed_in(std::string_view name, const std::vector<std::string>& installed) {
    std::string out;
    for (const std::string& release : installed) {
        const size_t at = name.find(release);
        if (at == std::string_view::npos || release.size() <= out.size())
            continue;
        const size_t end = at + release.size();
        const bool open_before = at > 0 && (digit(name[at - 1]) || name[at - 1] == '.');
        if (!open_before && (end == name.size() || !digit(name[end])))
            out = release;
    }
    return out;
}

/// Of a name that begins as kernels' do: what follows is a release, unless it goes on with another
/// word behind an installed one (".old", ".efi.signed"), or is a rescue image's.
std::string by_name(std::string_view file, const std::vector<std::string>& installed) {
    const std::string_view base = base_name(file);
    const std::string_view rest = behind_prefix(base);
    const bool there = std::find(installed.begin(), installed.end(), rest) != installed.end();
    if (there)
        return std::string(rest);
    if (!rest.empty() && digit(rest.front()))
        return rest.find("rescue") != std::string_view::npos ||
                       !installed_in(rest, installed).empty()
                   ? std::string()
                   : std::string(rest);
    if (std::string found = installed_in(base, installed); !found.empty())
        return found;
    // kernel-install: /boot/MACHINE/RELEASE/linux
    for (std::string_view folder = file.substr(0, file.size() - base.size()); !folder.empty();) {
        folder.remove_suffix(1);
        const std::string_view name = base_name(folder);
        if (std::find(installed.begin(), installed.end(), name) != installed.end())
            return std::string(name);
        folder.remove_suffix(name.size());
    }
    return {};
}

uint32_t number(std::string_view bytes, size_t at, size_t size) {
    uint32_t out = 0;
    for (size_t i = 0; i < size; ++i)
        out |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    return out;
}

/// Its first word; the rest is who built it, and when.
std::string release_in_header(const Sysroot& root, const std::string& file) {
    constexpr size_t setup_start = 0x200;
    const Result<std::string> head = root.read_head(file, 64 * 1024);
    if (!head || head->size() < 0x210 || head->substr(0x202, 4) != "HdrS")
        return {};
    const size_t at = setup_start + number(*head, 0x20e, 2);
    if (at == setup_start || at >= head->size())
        return {};
    const std::string_view text = std::string_view(*head).substr(at, 256);
    const std::string_view word = text.substr(0, text.find_first_of(std::string_view(" \0", 2)));
    return word.size() < text.size() ? std::string(word) : std::string();
}

/// Arch: /lib/modules/R/pkgbase says "linux-lts" of /boot/vmlinuz-linux-lts.
std::string by_package(const Sysroot& root, std::string_view name,
                       const std::vector<std::string>& installed) {
    std::vector<std::string> found;
    for (const std::string& release : installed) {
        const Result<std::string> base = root.read("/lib/modules/" + release + "/pkgbase", 4096);
        if (base && !trim(*base).empty() && behind_prefix(name) == trim(*base))
            found.push_back(release);
    }
    return found.size() == 1 ? found.front() : std::string();
}

/// Where the file's name leads in the end, inside the root.
std::string real_name(const Sysroot& root, const std::string& file) {
    return root.inside(file).value_or(file);
}

} // namespace

std::vector<std::string> installed_releases(const Sysroot& root) {
    std::vector<std::string> out;
    for (std::string& name : root.list("/lib/modules").value_or({}))
        if (root.exists("/lib/modules/" + name + "/modules.dep") ||
            root.exists("/lib/modules/" + name + "/modules.builtin") ||
            root.exists("/lib/modules/" + name + "/kernel"))
            out.push_back(std::move(name));
    return out;
}

std::string release_of(const Sysroot& root, const BootEntry& entry,
                       const std::vector<std::string>& installed) {
    if (!entry.kernel.empty())
        return entry.kernel;
    if (!entry.kernel_file.empty()) {
        const std::string file = real_name(root, entry.kernel_file);
        if (std::string found = release_in_header(root, file); !found.empty())
            return found;
        if (std::string found = by_name(file, installed); !found.empty())
            return found;
        if (std::string found = by_package(root, base_name(file), installed); !found.empty())
            return found;
    }
    return installed.size() == 1 ? installed.front() : std::string();
}

KernelFacts read_kernel(const Sysroot& root, const Platform* platform, const std::string& release) {
    KernelFacts out;
    out.release = printable(release, 128);
    const std::string folder = folder_of(root, release);
    const std::string source = root.shown(printable(folder, 512));
    const auto unknown = [&](std::string reason) {
        out.available = Fact::undetermined_because(std::move(reason), source);
        return out;
    };
    if (!platform || platform->module.empty())
        return out;
    if (release.empty() || release.find('/') != std::string::npos)
        return unknown("the kernel's release is not known");
    const Result<FileStatus> status = root.status(folder);
    out.folder = status || status.error().code != ENOENT;
    if (!out.folder) {
        const std::vector<std::string> others = installed_releases(root);
        // Without any, modules are kept elsewhere, or were not captured.
        if (others.empty())
            return unknown(source + " does not exist");
        out.available = Fact::absent(source + " does not exist; there are modules of " +
                                         printable(listed(first_few(others)), 256),
                                     root.shown("/lib/modules"));
        return out;
    }
    const Result<std::string> built_in = root.read(folder + "/modules.builtin", index_limit);
    if (built_in && !line_of_module(*built_in, platform->module).empty()) {
        out.available = Fact::on("built in", source + "/modules.builtin");
        out.linkage = Linkage::built_in;
        return out;
    }
    const Result<std::string> index = root.read(folder + "/modules.dep", index_limit);
    if (!index)
        return unknown(index.error().code == ENOENT ? "there is no modules.dep in " + source
                                                    : index.error().what);
    const std::string_view line = line_of_module(*index, platform->module);
    if (line.empty()) {
        out.available = Fact::absent("not installed", source + "/modules.dep");
        return out;
    }
    out.available = Fact::on("installed", source + "/modules.dep");
    out.linkage = Linkage::module;
    out.dependencies = dependencies_in(line, platform->module);
    return out;
}

} // namespace virt_nested
