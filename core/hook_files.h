// SPDX-License-Identifier: GPL-2.0-or-later
// The hook as libvirt finds it (libvirt: src/util/virhook.c); for validate and selftest.
#pragma once

#include "core/fact.h"
#include "core/sysroot.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

inline constexpr std::string_view hooks_folder = "/etc/libvirt/hooks";

/// A file that libvirt would run at every start of a guest.
struct HookFile {
    std::string path;
    FileStatus status;   ///< links followed
    std::string target;  ///< of a link
    std::string real;    ///< resolved, inside the root
    std::string program; ///< the same, or what a wrapper runs
    bool exists = false; ///< false: a link that leads nowhere
    bool regular = false;
    bool executable = false;
    bool foreign = false;    ///< its owner is not root, nor who stands for root in a captured root
    bool ours = false;       ///< our program, a file of our name, or a wrapper
    bool wrapper = false;    ///< somebody's script that names our program
    bool interpreted = true; ///< starts with "#!" or as an ELF: the kernel can run it
    Result<std::string> selinux = Error{0, "not read"}; ///< label of the real file

    bool runs() const { return exists && regular && executable; }
};

struct HookFacts {
    bool libvirt = false;            ///< libvirt's QEMU driver is installed
    Fact folder;                     ///< /etc/libvirt/hooks could be read
    std::string daemon = "libvirtd"; ///< whose configuration it is, as systemctl knows it
    std::vector<HookFile> folders;   ///< that hold them: who can write there can add one
    std::vector<HookFile> files;   ///< hooks/qemu and qemu.d/*, in the order that libvirt runs them
    std::optional<bool> enforcing; ///< SELinux
    bool judge = false;            ///< virt-nested-judge lies beside the front
    bool installed = false;        ///< both lie where a build installs them: there is what to link
    /// 11003000 is 11.3.0; read where there is a hook that is not ours.
    Result<int> libvirt_version = Error{0, "not read"};

    /// The first of ours that libvirt runs, else the first that it does not, or nullptr.
    const HookFile* ours() const;
};

HookFacts read_hook_files(const Sysroot& root);

/// Where a build installs.
struct HookPlaces {
    std::string_view link;    ///< by which libvirt finds the program
    std::string_view program; ///< virt-nested-hook
};
/// Of this build.
HookPlaces hook_places();

/// The command that links the program into libvirt's folder and has the daemon see it.
std::string link_hook_command(const HookPlaces& places, std::string_view daemon);

} // namespace virt_nested
