// SPDX-License-Identifier: GPL-2.0-or-later
// What the host is: kernel, distribution, container, how deep, how its boot is changed.
#pragma once

#include "core/host.h"

#include <string>
#include <string_view>

namespace virt_nested {

/// How deep the host itself is: L0 is bare metal.
enum class Level { unknown, l0, l1, deeper };
const char* name(Level level);

/// A kind of host that is not changed file by file.
struct HostKind {
    std::string_view name;   ///< "ostree"
    std::string_view marker; ///< file that tells, or empty
    std::string_view os_id;  ///< ID of os-release that tells, or empty
    std::string_view add;    ///< how an argument (@) gets onto the kernel command line
    std::string_view remove; ///< and off it
    std::string_view initramfs;
    std::string_view files; ///< how a file of /etc/modprobe.d gets there
    std::string_view hook;  ///< the same for a hook of libvirt; empty: in place
    bool keeps_etc;         ///< what is written below /etc stays, and is the host's own way
};

struct MachineFacts {
    std::string cpuinfo; ///< first record; on POWER also what is behind the last
    std::string kernel;  ///< release; empty if unknown
    std::string distribution;
    std::string container;  ///< its manager; empty outside
    std::string hypervisor; ///< that this host runs under, where it tells
    Level level = Level::unknown;
    const HostKind* kind = nullptr; ///< nullptr: an ordinary host

    /// What is written below /etc does not stay, or comes from somewhere else.
    bool made_elsewhere() const { return kind && !kind->keeps_etc; }
};

MachineFacts read_machine(const Sysroot& root, const Host& host);

} // namespace virt_nested
