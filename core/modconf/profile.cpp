// SPDX-License-Identifier: GPL-2.0-or-later
// What the versions of kmod do differently, as a table.
#include "core/modconf/profile.h"

#include "core/text.h"

#include <array>

namespace virt_nested {

namespace {

using namespace std::string_view_literals;

constexpr std::array folders_25 = {"/etc/modprobe.d"sv, "/run/modprobe.d"sv, "/lib/modprobe.d"sv};
constexpr std::array folders_29 = {"/etc/modprobe.d"sv, "/run/modprobe.d"sv,
                                   "/usr/local/lib/modprobe.d"sv, "/lib/modprobe.d"sv};
// The fourth is configurable (--with-distconfdir); /usr/lib is its default.
constexpr std::array folders_32 = {"/etc/modprobe.d"sv, "/run/modprobe.d"sv,
                                   "/usr/local/lib/modprobe.d"sv, "/usr/lib/modprobe.d"sv,
                                   "/lib/modprobe.d"sv};

// version, since, folders, alias_files, states, weakdep, checks_links, end_after_backslash
constexpr std::array profiles = {
    KmodProfile{25, 25, folders_25, true, false, false, false, false},
    KmodProfile{29, 29, folders_29, true, true, false, false, false},
    KmodProfile{32, 32, folders_32, true, true, false, false, false},
    KmodProfile{33, 33, folders_32, false, true, true, false, false},
    KmodProfile{34, 34, folders_32, false, true, true, true, true},
};

constexpr std::array versions = {25, 28, 30, 34};

struct Soname {
    std::string_view suffix; ///< of libkmod.so.2
    int version;
};

// kmod: Makefile.am LIBKMOD_CURRENT/REVISION/AGE, meson.build, at each tag.
constexpr std::array sonames = {
    Soname{".3.3", 25}, Soname{".3.4", 26}, Soname{".3.5", 27}, Soname{".3.6", 28},
    Soname{".3.7", 29}, Soname{".4.0", 30}, Soname{".4.1", 31}, Soname{".4.2", 32},
    Soname{".5.0", 33}, Soname{".5.1", 34},
};

constexpr std::array libraries = {
    "/usr/lib64"sv,
    "/usr/lib/x86_64-linux-gnu"sv,
    "/usr/lib/powerpc64le-linux-gnu"sv,
    "/usr/lib/s390x-linux-gnu"sv,
    "/usr/lib/aarch64-linux-gnu"sv,
    "/usr/lib"sv,
    "/lib64"sv,
    "/lib/x86_64-linux-gnu"sv,
    "/lib/powerpc64le-linux-gnu"sv,
    "/lib/s390x-linux-gnu"sv,
    "/lib/aarch64-linux-gnu"sv,
    "/lib"sv,
};

/// 2.4.0 is kmod 30; what the table does not have is newer than it (the library counts up) or
/// older.
int version_of(std::string_view suffix) {
    for (const Soname& row : sonames)
        if (row.suffix == suffix)
            return row.version;
    const bool older = suffix.size() == 4 && suffix < sonames.front().suffix;
    return older ? profiles.front().version : profiles.back().version;
}

} // namespace

KmodProfile kmod_profile(int version) {
    KmodProfile found = profiles.front();
    for (const KmodProfile& row : profiles)
        if (row.since <= version)
            found = row;
    found.version = version;
    return found;
}

std::span<const int> kmod_versions() {
    return versions;
}

InstalledKmod installed_kmod(const Sysroot& root) {
    constexpr std::string_view soname = "libkmod.so.2";
    for (std::string_view folder : libraries) {
        const std::string path = std::string(folder) + "/" + std::string(soname);
        const Result<std::string> target = root.link(path);
        if (!target)
            continue;
        const std::string_view file = base_name(*target);
        if (!file.starts_with(soname) || file.size() == soname.size())
            continue;
        const int version = version_of(file.substr(soname.size()));
        return {kmod_profile(version), true, printable(path + " -> " + *target)};
    }
    return {kmod_profile(profiles.back().version), false,
            "no libkmod.so.2 below " + root.shown("/")};
}

} // namespace virt_nested
