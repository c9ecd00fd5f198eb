// SPDX-License-Identifier: GPL-2.0-or-later
// What files that modprobe does not read say about KVM, to nobody.
#pragma once

#include "core/modconf/load_lists.h"
#include "core/modconf/profile.h"
#include "core/sysroot.h"

#include <cstdint>
#include <optional>
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
    /// What the file's lines for the parameter `nested` say, all of them.
    std::vector<std::string> nested;
    bool taken = false; ///< where it would be read stands a file of its name
    /// Of a load_list: what its arguments come to; absent: they are not handed on.
    std::optional<LoadOrder> handed_on;
};

/// The name that the file needs to be read: "/etc/modprobe.d/kvm.conf" for kvm.conf_old beside it.
std::string place_to_be_read(const PlaceLine& line);

/// Of every folder that has been one of modprobe.d or modules-load.d for some version of kmod.
std::vector<PlaceLine> read_places(const Sysroot& root, const KmodProfile& profile,
                                   LoadedBy loaded_by = LoadedBy::cpu_alias);

} // namespace virt_nested
