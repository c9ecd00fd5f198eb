// SPDX-License-Identifier: GPL-2.0-or-later
// What lies where: the table of mounts, and whether what is written to a path outlives a boot.
#pragma once

#include "core/fact.h"
#include "core/sysroot.h"

#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

struct Mount {
    int id = -1; ///< -1 with all of them: /proc/mounts has none
    int parent = -1;
    std::string at;
    std::string type;
    std::string source;
    std::string options; ///< of the mount and of the file system, with commas
};

/// proc_pid_mountinfo(5). Lines that are none are passed over.
std::vector<Mount> parse_mountinfo(std::string_view text);
/// fstab(5)'s form, of /proc/mounts.
std::vector<Mount> parse_mounts(std::string_view text);

/// The mount that this absolute path leads to, or nullptr.
const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path);

struct Lasting {
    Fact lasts;    ///< what stands below the path is there after the next boot
    Fact writable; ///< it is not on something that is read only
};
/// `source`: where the table was read.
Lasting lasting(const std::vector<Mount>& mounts, const Sysroot& root, std::string_view path,
                const std::string& source);

/// Of this root's own table. In an image there is none: a procfs that is mounted there is about
/// another root.
Lasting read_lasting(const Sysroot& root, std::string_view path);

} // namespace virt_nested
