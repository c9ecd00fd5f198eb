// SPDX-License-Identifier: GPL-2.0-or-later
// The versions of kmod in the field, and in what they read modprobe.d and the command line
// differently.
#pragma once

#include "core/sysroot.h"

#include <span>
#include <string>
#include <string_view>

namespace virt_nested {

/// What holds from version `since` on. Source: the tags of kmod (libkmod/libkmod.c
/// default_config_paths, libkmod/libkmod-config.c, shared/util.c), run side by side.
struct KmodProfile {
    int version = 0;                           ///< the version asked for, e.g. 30
    int since = 0;                             ///< the first that behaves so
    std::span<const std::string_view> folders; ///< of modprobe.d, the first one masks the others
    bool alias_files = false;                  ///< reads *.alias beside *.conf
    bool states = false;       ///< command line: GRUB's "mod.param=value" in quotes, every blank
                               ///< separates, mod.x.y=1 is none; before: none of these
    bool weakdep = false;      ///< knows the keyword
    bool checks_links = false; ///< a dangling link is left out; before, it masks (unchecked stat)
    bool end_after_backslash = false; ///< a backslash at the end of a file vanishes; before, it
                                      ///< becomes byte 0xff
};

/// The profile of that version: the last row that is not newer; below the first row, that.
KmodProfile kmod_profile(int version);

/// Versions with a name in the field: 25 (EL 8), 28 (EL 9), 30 (Debian 12), 34 (Debian 13).
std::span<const int> kmod_versions();

struct InstalledKmod {
    KmodProfile profile;
    bool known = false; ///< false: could not be told, the newest is assumed
    std::string source; ///< the file that told, or why none did
};

/// Told by the name of the library's file (libkmod.so.2.4.0 is kmod 30), nothing is run.
InstalledKmod installed_kmod(const Sysroot& root);

} // namespace virt_nested
