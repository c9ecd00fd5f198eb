// SPDX-License-Identifier: GPL-2.0-or-later
// The entries of systemd-boot, gathered (systemd_boot_entries.cpp), and its choice among them
// (systemd_boot_choice.cpp). For systemd_boot.cpp alone.
#pragma once

#include "core/sysroot.h"
#include "validator/boot/menu.h"
#include "validator/boot/menus/efi_variables.h"

#include <optional>
#include <string>
#include <vector>

namespace virt_nested {

/// An entry with what it is sorted by. Absent is not empty: systemd-boot puts absent keys first.
struct SystemdBootEntry {
    BootEntry entry;
    std::string id; ///< the file's name in small letters, its count of tries included
    std::optional<std::string> sort_key, machine_id;
    std::string version;
    int tries_left = -1;
    int tries_done = -1;
    bool there = true; ///< the program that it starts is in the tree
};

struct SystemdBootFiles {
    bool found = false;
    std::vector<SystemdBootEntry> entries; ///< sorted
    /// Unified kernel images that name no system, which systemd-boot passes over: `entries` where
    /// there are no others.
    std::vector<SystemdBootEntry> nameless;
    std::vector<Doubt> doubts;
};

/// The order does not tell which one comes first: that of the folder on the disk decides.
bool in_one_place(const SystemdBootEntry& a, const SystemdBootEntry& b);

/// Of file systems mounted at `homes`.
SystemdBootFiles gather_systemd_boot(const Sysroot& root, const std::vector<std::string>& homes,
                                     const EfiVariables& variables, const BootLimits& limits);

/// loader.conf.
struct LoaderConf {
    std::string home; ///< of the file system that holds it
    std::string path;
    std::string default_pattern, preferred_pattern; ///< in small letters; empty: not given
    unsigned default_line = 0, preferred_line = 0;
};
LoaderConf read_loader_conf(const Sysroot& root, const std::vector<std::string>& homes,
                            const BootLimits& limits, std::vector<Doubt>& doubts);

/// Marks the chosen in `menu`, whose entries are those of `files` in their order; puts an entry
/// that systemd-boot makes by itself ("auto-windows") behind them where it is the one.
void choose_systemd_boot(const Sysroot& root, const std::vector<std::string>& homes,
                         const SystemdBootFiles& files, const LoaderConf& conf,
                         const EfiVariables& variables, BootMenu& menu);

} // namespace virt_nested
