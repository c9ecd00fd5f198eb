// SPDX-License-Identifier: GPL-2.0-or-later
// Entry files of the Boot Loader Specification (UAPI group, "Type #1 entries"): read here once, for
// systemd-boot, for GRUB's blscfg and for zipl, which differ in order, default and variables.
#pragma once

#include "core/sysroot.h"
#include "validator/boot/menu.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// A value, and the line of the file that it stands in, from 1.
struct BlsValue {
    std::string text; ///< as written
    unsigned line = 0;
};

/// One file NAME.conf, its keys as written (systemd-boot takes quotes off, GRUB does not); of a key
/// that stands twice the last, with a doubt, for systemd-boot takes the last and GRUB the first.
struct BlsFile {
    std::string path;    ///< inside the root
    std::string id;      ///< the file's name without .conf and without the count of tries
    int tries_left = -1; ///< of "NAME+LEFT-DONE.conf"; -1: no count
    int tries_done = -1; ///< 0 where only LEFT is there
    std::string title, version, machine_id, sort_key, architecture;
    std::string kernel;            ///< `linux`, as written; empty: none
    std::string efi;               ///< `efi` or `uki`: a program in place of it
    bool uki = false;              ///< it is `uki`
    std::string url;               ///< `uki-url`: an image from the network
    std::string profile;           ///< `profile`: which one of that image's
    std::vector<BlsValue> initrds; ///< in order
    std::vector<BlsValue> options; ///< in order; the loader joins them with blanks
    std::vector<Doubt> doubts;     ///< what in this file could not be taken
};

/// A line of such a file, and of systemd-boot's loader.conf.
struct BlsLine {
    std::string_view key, value; ///< without blanks around them
    unsigned line = 0;
};

/// Calls `take` for each line that has a key and a value. What loaders read in different ways, or
/// not at all, becomes a doubt, each kind once.
void for_each_bls_line(std::string_view text, std::string_view path, std::vector<Doubt>& doubts,
                       const std::function<void(const BlsLine&)>& take);

/// A value without the quotes around it, as systemd-boot takes it.
std::string_view bls_unquoted(std::string_view value);

/// One file's text. Pure; `path` gives the id.
BlsFile parse_bls(const std::string& path, std::string_view text, const BootLimits& limits);

/// The files of a folder of entries in byte order of their names. What could not be read becomes a
/// doubt in `doubts`; a folder that is not there gives nothing. Hidden files are left out, which no
/// loader reads; ".CONF" counts as ".conf", for the file system is mostly VFAT.
std::vector<BlsFile> read_bls_files(const Sysroot& root, const std::string& folder,
                                    const BootLimits& limits, std::vector<Doubt>& doubts);

} // namespace virt_nested
