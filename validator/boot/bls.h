// SPDX-License-Identifier: GPL-2.0-or-later
// Entry files of the Boot Loader Specification (UAPI group, "Type #1 entries"): read here once, for
// systemd-boot, for GRUB's blscfg and for zipl, which differ in order, default and variables.
#pragma once

#include "core/sysroot.h"
#include "validator/boot/menu.h"

#include <string>
#include <vector>

namespace virt_nested {

/// A value, and the line of the file that it stands in, from 1.
struct BlsValue {
    std::string text; ///< as written
    unsigned line = 0;
};

/// One file NAME.conf, its keys as written.
struct BlsFile {
    std::string path;    ///< inside the root
    std::string id;      ///< the file's name without .conf and without the count of tries
    int tries_left = -1; ///< of "NAME+LEFT-DONE.conf"; -1: no count
    std::string title, version, machine_id, sort_key, architecture;
    std::string kernel;            ///< `linux`, as written; empty: none
    std::string efi;               ///< `efi` or `uki`: a program in place of it
    std::vector<BlsValue> initrds; ///< in order
    std::vector<BlsValue> options; ///< in order; the loader joins them with blanks
    std::vector<Doubt> doubts;     ///< what in this file could not be taken
};

/// The files of a folder of entries in byte order of their names. What could not be read becomes a
/// doubt in `doubts`; a folder that is not there gives nothing.
std::vector<BlsFile> read_bls_files(const Sysroot& root, const std::string& folder,
                                    const BootLimits& limits, std::vector<Doubt>& doubts);

} // namespace virt_nested
