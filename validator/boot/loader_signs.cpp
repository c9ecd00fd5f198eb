// SPDX-License-Identifier: GPL-2.0-or-later
// Which row is this machine's.
#include "core/text.h"
#include "validator/boot/loaders.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

namespace {

/// One that cannot be looked at may well be there: then it is what could not be read.
bool there(const Sysroot& root, const std::string& path) {
    const Result<FileStatus> status = root.status(path);
    return status || (status.error().code != ENOENT && status.error().code != ENOTDIR);
}

/// A last name with one '*', or a folder's with it ("/boot/efi/EFI/*/grub.cfg").
std::vector<std::string> expand(const Sysroot& root, std::string_view pattern) {
    const size_t star = pattern.find('*');
    if (star == std::string_view::npos)
        return there(root, std::string(pattern)) ? std::vector{std::string(pattern)}
                                                 : std::vector<std::string>();
    const size_t slash = pattern.rfind('/', star);
    const std::string folder(pattern.substr(0, slash));
    const size_t next = std::min(pattern.find('/', star), pattern.size());
    const std::string_view before = pattern.substr(slash + 1, star - slash - 1);
    const std::string_view behind = pattern.substr(star + 1, next - star - 1);
    const std::string_view rest = pattern.substr(next);
    std::vector<std::string> out;
    for (const std::string& name : root.list(folder).value_or({}))
        if (name.size() >= before.size() + behind.size() && name.starts_with(before) &&
            name.ends_with(behind)) {
            std::string path = folder + "/" + name + std::string(rest);
            if (rest.empty() || there(root, path))
                out.push_back(std::move(path));
        }
    return out;
}

bool shows(const Sysroot& root, const BootedBy& by, const Sign& sign) {
    switch (sign.kind) {
    case Sign::Kind::file:
        return !expand(root, sign.what).empty();
    case Sign::Kind::argument: {
        const std::vector<std::string_view> all = words(by.cmdline);
        return std::any_of(all.begin(), all.end(),
                           [&](std::string_view word) { return word.starts_with(sign.what); });
    }
    case Sign::Kind::release:
        return by.release.find(sign.what) != std::string::npos;
    case Sign::Kind::loader:
        return by.loader.starts_with(sign.what);
    case Sign::Kind::distribution:
        return by.distribution == sign.what;
    case Sign::Kind::machine:
        return by.machine == sign.what;
    }
    return false;
}

} // namespace

bool shows(const Sysroot& root, const BootedBy& by, Signs signs) {
    return std::any_of(signs.begin(), signs.end(),
                       [&](const Sign& sign) { return shows(root, by, sign); });
}

namespace {

const ArgumentList* first_that_fits(const Sysroot& root, const BootedBy& by,
                                    std::span<const ArgumentList> lists) {
    const auto found = std::find_if(lists.begin(), lists.end(), [&](const ArgumentList& list) {
        return list.when.empty() || shows(root, by, list.when);
    });
    return found == lists.end() ? nullptr : &*found;
}

} // namespace

const BootLoader* boot_loader_of(const Sysroot& root, const BootedBy& by) {
    const auto first = [&](auto fits) -> const BootLoader* {
        const auto found = std::find_if(boot_loaders().begin(), boot_loaders().end(), fits);
        return found == boot_loaders().end() ? nullptr : &*found;
    };
    if (const BootLoader* row = first([&](const BootLoader& one) {
            return shows(root, by, one.booted) &&
                   (one.installed.empty() || shows(root, by, one.installed));
        }))
        return row;
    // The loader's own word counts, also where its files are not mounted.
    if (const BootLoader* row = by.loader.empty() ? nullptr : first([&](const BootLoader& one) {
            return one.read &&
                   std::any_of(one.booted.begin(), one.booted.end(), [&](const Sign& sign) {
                       return sign.kind == Sign::Kind::loader && shows(root, by, sign);
                   });
        }))
        return row;
    if (const BootLoader* row =
            first([&](const BootLoader& one) { return shows(root, by, one.installed); }))
        return row;
    return first([&](const BootLoader& one) { return shows(root, by, one.usual); });
}

const ArgumentList* argument_list_of(const Sysroot& root, const BootedBy& by,
                                     const BootLoader& loader) {
    return first_that_fits(root, by, loader.lists);
}

const ArgumentList* unified_image_list(const Sysroot& root, const BootedBy& by) {
    return first_that_fits(root, by, unified_image_lists());
}

std::vector<std::string> files_of(const Sysroot& root, std::span<const std::string_view> patterns) {
    std::vector<std::string> out;
    for (const std::string_view pattern : patterns)
        for (std::string& file : expand(root, pattern))
            out.push_back(std::move(file));
    return out;
}

} // namespace virt_nested
