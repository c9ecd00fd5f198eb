// SPDX-License-Identifier: GPL-2.0-or-later
// Where GRUB's file names lead on the running system, and its environment block.
#pragma once

#include "core/result.h"
#include "core/sysroot.h"
#include "validator/boot/grub/state.h"
#include "validator/boot/grub/test.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace virt_nested::grub {

struct FoundFile {
    std::string path; ///< inside the root; empty: `elsewhere`
    bool exists = false;
    bool sure = false;     ///< it is on a file system that is known to be mounted here
    bool named = true;     ///< false: its name has unknown pieces
    bool device = false;   ///< it names a device
    bool blocks = false;   ///< it is no file, but a list of blocks: "512+1"
    std::string beside;    ///< a file on the file system that it is looked for on
    std::string elsewhere; ///< not empty: it is on a file system that is surely none of this
                           ///< system's; a clause
};

class Files {
  public:
    /// `config`: GRUB's first; `device`: what GRUB calls the file system that it is on.
    Files(const Sysroot& root, std::string config, Text device);

    /// `path` as GRUB names it; `now`: the value of $root.
    FoundFile find(const State& state, const Text& path, const Text& now) const;
    /// A file of `path`, as GRUB names it, was found as `here`: more of its device lies there.
    void learn(const Text& path, const Text& now, const std::string& here);
    /// $root is what a search for a file system's UUID has found: that is mounted here where fstab
    /// says so, and is none of this system's where fstab knows others.
    void learn_uuid(const Text& device, std::string_view uuid);
    /// `loopback` has made it of a file.
    void learn_loop(const Text& device);
    /// As far as fstab tells, and surely: this system's root has another UUID, and so has /boot.
    bool is_elsewhere(std::string_view uuid) const;
    /// `test -e` and the like.
    Tri ask(const State& state, char question, const Text& path, const Text& now) const;

  private:
    const Sysroot& root_;
    std::map<Text, std::string> homes_; ///< a file on each device that is known
    std::map<Text, std::string> elsewhere_;
    std::string config_;
};

/// A list of blocks of 512 bytes, "512+1", of the disk below the btrfs that holds `beside`, where
/// GRUB keeps what it writes itself (grub: grub-core/commands/loadenv.c, manual: env_block). Of the
/// running system alone; ENOTBLK: there is no such disk.
Result<std::string> read_blocks(const Sysroot& root, const std::string& beside,
                                std::string_view blocks);

/// The variables of an environment block, in order (grub: grub-core/lib/envblk.c). Of any size:
/// only grub-editenv minds that. False: GRUB takes it for none.
bool read_environment(std::string_view block,
                      std::vector<std::pair<std::string, std::string>>& variables);

} // namespace virt_nested::grub
