// SPDX-License-Identifier: GPL-2.0-or-later
// Where a boot loader's path leads.
#include "validator/boot/paths.h"

#include <algorithm>
#include <array>
#include <vector>

namespace virt_nested {

namespace {

/// Where systems mount the file systems that loaders read (bootctl(1): $BOOT and the ESP), and
/// which folders a path there may be relative to.
struct Home {
    std::string_view mount;
    std::array<std::string_view, 2> relative_to;
};
constexpr std::array<Home, 5> homes = {{
    {"/boot/efi/", {"/boot/efi", "/boot/efi"}},
    {"/boot/firmware/", {"/boot/firmware", "/boot/firmware"}},
    {"/efi/", {"/efi", "/efi"}},
    {"/boot/", {"/boot", ""}}, // a file system of its own, or a folder of the root's
    {"/", {"", "/boot"}},
}};

/// The path, and what remains of it behind a subvolume.
std::vector<std::string> forms(std::string_view path) {
    std::string slashes(path);
    std::replace(slashes.begin(), slashes.end(), '\\', '/');
    if (!slashes.starts_with('/'))
        slashes.insert(slashes.begin(), '/');
    std::vector<std::string> out{slashes};
    if (const size_t at = slashes.rfind("@/"); at != std::string::npos)
        out.push_back(slashes.substr(at + 1));
    if (const size_t second = slashes.find('/', 1); second != std::string::npos)
        out.push_back(slashes.substr(second));
    return out;
}

} // namespace

BootFile boot_file(const Sysroot& root, std::string_view beside, std::string_view path) {
    const auto home = std::find_if(homes.begin(), homes.end(),
                                   [&](const Home& one) { return beside.starts_with(one.mount); });
    const Home& found = home == homes.end() ? homes.back() : *home;
    const std::vector<std::string> paths = forms(path);
    for (const std::string& form : paths)
        for (const std::string_view folder : found.relative_to)
            if (root.exists(std::string(folder) + form))
                return {std::string(folder) + form, true};
    return {std::string(found.relative_to[0]) + paths.front(), false};
}

} // namespace virt_nested
