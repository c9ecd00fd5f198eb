// SPDX-License-Identifier: GPL-2.0-or-later
// What files that modprobe does not read say about KVM, to nobody.
#pragma once

#include "core/modconf/profile.h"
#include "core/sysroot.h"

#include <cstdint>
#include <string>
#include <vector>

namespace virt_nested {

/// The first line of such a file.
struct PlaceLine {
    enum class Place {
        folder_not_read, ///< a .conf file where this kmod does not look
        leftover,        ///< .rpmsave and the like
        wrong_suffix,    ///< neither that nor .conf
        sub_folder,      ///< of modprobe.d
        load_list,       ///< modules-load.d and /etc/modules: names of modules to load
        old_file,        ///< /etc/modprobe.conf
    };
    Place place = Place::folder_not_read;
    std::string path; ///< inside the root
    uint32_t line = 0;
    std::string text;
};

/// Of every folder that has been one of modprobe.d or modules-load.d for some version of kmod.
std::vector<PlaceLine> read_places(const Sysroot& root, const KmodProfile& profile);

} // namespace virt_nested
