// SPDX-License-Identifier: GPL-2.0-or-later
// What a boot loader would offer and choose, as its files tell, with every doubt: the one form that
// the readers of all boot loaders give.
#pragma once

#include <string>
#include <vector>

namespace virt_nested {

/// What was not read, or not followed: with it, the answer may be another one. A reader never
/// passes over such a thing in silence.
struct Doubt {
    std::string what;   ///< a clause, printable: "the entry 'memtest' lies in a branch that ..."
    std::string source; ///< file, with its line where there is one, inside the root; printable
    int code = 0;       ///< errno, where a file could not be read; else 0
};

enum class EntryKind {
    linux,
    under_hypervisor, ///< another hypervisor, with this Linux as its first guest (Xen's dom0)
    other,            ///< no Linux: memory test, firmware set-up, another boot loader
};

/// One entry. What it gives the kernel is as the kernel will see it, variables replaced.
struct BootEntry {
    std::string id;     ///< as the loader's default may name it; not yet printable
    std::string title;  ///< as its menu shows it; not yet printable
    std::string source; ///< file and line inside the root, of its arguments; not yet printable
    EntryKind kind = EntryKind::linux;
    std::string kernel_file; ///< inside the root, where the loader's path leads (paths.h); empty:
                             ///< the entry names none, or it is in a unified kernel image
    std::string kernel;      ///< release, as far as the entry itself tells; empty: it does not
    std::string cmdline;
    std::vector<std::string> initrds; ///< files inside the root, in the order of loading
    bool unified = false; ///< a unified kernel image: `initrds` is the one file, the image itself
    bool chosen = false;  ///< may be the next boot's: the default, as far as the files tell
    std::vector<Doubt> doubts; ///< about what this entry gives
};

struct BootMenu {
    bool found = false;             ///< the loader's files are there, readable or not
    std::vector<BootEntry> entries; ///< in the loader's order
    /// About which entry is next: with any of them, it may be another one than the chosen.
    std::vector<Doubt> doubts;
    std::string choice; ///< where the choice stands: "/boot/grub/grub.cfg:12"; empty: nowhere
};

/// Bounds on what readers take; beyond, a doubt says so.
struct BootLimits {
    size_t file_bytes = 4U << 20; ///< of one configuration file; GRUB's with 500 kernels has 1 MiB
    size_t all_bytes = 8U << 20;  ///< of all files of one menu
    size_t entries = 4096;
    size_t steps = 200'000;   ///< commands that are followed
    size_t depth = 16;        ///< of files that read files, of menus in menus
    size_t text = 256 * 1024; ///< bytes of one value, e.g. a variable's
};

} // namespace virt_nested
