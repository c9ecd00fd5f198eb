// SPDX-License-Identifier: GPL-2.0-or-later
// Kinds of hosts that are not changed file by file.
#pragma once

#include "core/fact.h"
#include "core/sysroot.h"

#include <span>
#include <string_view>

namespace virt_nested {

/// What becomes of a file that an administrator writes below /etc.
enum class Etc {
    kept,           ///< it stays, and that is the host's own way
    made_elsewhere, ///< an image or a declaration makes /etc: it is written there
    made_anew,      ///< at every boot, but where the mounts say that it lasts
    lost,           ///< the same, and only where the mounts say that it is lost
};

/// A kind of host that is not changed file by file.
struct HostKind {
    std::string_view name;   ///< "ostree"
    std::string_view marker; ///< file that tells, or empty
    std::string_view os_id;  ///< ID of os-release that tells, or empty; both empty: every host
    std::string_view add;    ///< how an argument (@) gets onto the kernel command line,
                             ///< as in loaders.h
    std::string_view remove; ///< and off it
    std::string_view initramfs;
    std::string_view files; ///< how a file of /etc/modprobe.d gets there
    std::string_view hook;  ///< the same for a hook of libvirt; empty: in place
    Etc etc;
    std::string_view apply = {}; ///< the command that makes a change count at the next boot
};

std::span<const HostKind> host_kinds();

/// The first row that fits, or nullptr: an ordinary host. `os_id`: ID of os-release; `lasts`:
/// whether what stands in /etc/modprobe.d is there after the next boot.
const HostKind* host_kind(const Sysroot& root, std::string_view os_id, const Fact& lasts);

} // namespace virt_nested
