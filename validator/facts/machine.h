// SPDX-License-Identifier: GPL-2.0-or-later
// What the host is: kernel, distribution, container, how deep, how its boot is changed.
#pragma once

#include "core/fact.h"
#include "core/host.h"
#include "validator/facts/host_kinds.h"
#include "validator/facts/outer_hosts.h"

#include <string>
#include <string_view>

namespace virt_nested {

/// How deep the host itself is: L0 is bare metal.
enum class Level { unknown, l0, l1, deeper };
const char* name(Level level);

struct MachineFacts {
    std::string cpuinfo; ///< first record; on POWER also what is behind the last
    std::string kernel;  ///< release; empty if unknown
    std::string distribution;
    std::string container;            ///< its manager; empty outside
    std::string hypervisor;           ///< that this host runs under, where it tells
    const OuterHost* outer = nullptr; ///< the same as a row; nullptr: none is known by its signs
    Level level = Level::unknown;
    bool dom0 = false; ///< of Xen, beside which no KVM runs
    Fact confidential; ///< on: this host is a confidential guest; found is its kind
    Fact etc_lasts;    ///< what stands in /etc/modprobe.d is there after the next boot
    Fact etc_writable;
    const HostKind* kind = nullptr; ///< nullptr: an ordinary host

    /// What is written below /etc does not stay, or comes from somewhere else.
    bool made_elsewhere() const { return kind && kind->etc != Etc::kept; }
};

MachineFacts read_machine(const Sysroot& root, const Host& host);

} // namespace virt_nested
