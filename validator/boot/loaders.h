// SPDX-License-Identifier: GPL-2.0-or-later
// The boot loaders, one row each: what tells that one boots this machine, where its entries, its
// default and its list of kernel arguments live, how an argument gets there and away, and which
// command applies it. The row is all that the validator knows about a boot loader.
#pragma once

#include "core/sysroot.h"
#include "validator/boot/menu.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// Something by which a machine tells how it boots, or which tool writes its boot loader's files.
struct Sign {
    enum class Kind {
        file,         ///< it is there; with '*' for its last name, one of these is
        argument,     ///< a word of the running kernel's command line begins so
        release,      ///< the running kernel's release contains it
        loader,       ///< the EFI variable LoaderInfo begins so (systemd: Boot Loader Interface)
        distribution, ///< ID of os-release
        machine,      ///< uname -m
    };
    Kind kind = Kind::file;
    std::string_view what;
};
using Signs = std::span<const Sign>;

/// What the signs are looked for in.
struct BootedBy {
    std::string cmdline;      ///< of this boot
    std::string release;      ///< of the running kernel
    std::string distribution; ///< ID of os-release
    std::string machine;      ///< uname -m
    std::string loader;       ///< EFI variable LoaderInfo, "systemd-boot 252.39-1"; empty: none
};

/// Where the arguments of all later boots stand. In the texts @ is the argument, %c the boot
/// loader's own file, %e the next entry's place, %k the next kernel's release, %v that kernel's
/// file.
struct ArgumentList {
    Signs when = {};                              ///< any of these; empty: always
    std::span<const std::string_view> files = {}; ///< '*' stands for a last name's beginning
    std::string_view key = {}; ///< how the lines begin that hold it; empty: all do
    bool shell = false;        ///< a shell reads the files, and the key begins variables
    /// The key of the line that an argument is added to; empty: the file is the command line.
    std::string_view adds_to = {};
    std::string_view add = {};    ///< a clause; or "run: " and a command
    std::string_view remove = {}; ///< the same, where it was not found in `files`
    std::string_view apply = {};  ///< a command, behind a change of `files`; empty: none is needed
};

struct BootLoader {
    std::string_view name = {}; ///< for people
    Signs booted = {};          ///< any of these: it booted this kernel
    Signs installed = {};       ///< any of these: it is there; empty: nothing is needed
    Signs usual = {};           ///< where nothing is there that tells
    std::span<const std::string_view> configs = {};
    /// Of those that are there; nullptr: its entries are where files of this system do not tell.
    BootMenu (*read)(const Sysroot& root, const std::vector<std::string>& configs) = nullptr;
    std::span<const ArgumentList> lists = {}; ///< the first that fits
    std::string_view reboot = {};             ///< how it is booted anew; empty: by a reboot
};

std::span<const BootLoader> boot_loaders();

bool shows(const Sysroot& root, const BootedBy& by, Signs signs);

/// The row of what booted this kernel and is there; else of what is there; else the usual one;
/// nullptr: nothing tells.
const BootLoader* boot_loader_of(const Sysroot& root, const BootedBy& by);
std::span<const ArgumentList> unified_image_lists();
const ArgumentList* argument_list_of(const Sysroot& root, const BootedBy& by,
                                     const BootLoader& loader);

/// The same for a unified kernel image, which carries its command line.
const ArgumentList* unified_image_list(const Sysroot& root, const BootedBy& by);

/// The files that a pattern of a row names and that are there, or may be: one that cannot be looked
/// at counts.
std::vector<std::string> files_of(const Sysroot& root, std::span<const std::string_view> patterns);

} // namespace virt_nested
