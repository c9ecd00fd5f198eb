// SPDX-License-Identifier: GPL-2.0-or-later
// The host that runs a connection's guests, which need not be the machine where the command runs.
#pragma once

#include "core/config.h"
#include "core/host.h"
#include "guests/connection.h"

namespace virt_nested {

struct HostSide {
    std::string uri;
    std::string hypervisor;
    unsigned long libvirt_version = 0;
    bool local = false; ///< the facts and the configuration are this machine's own
    /// Its platform is the connection's word; for a remote host so is all else, and what the
    /// connection does not tell is undetermined.
    Host host;
    Config config; ///< the defaults where it is not `local`

    bool qemu() const { return hypervisor == "QEMU"; }
};

/// Never fails: what cannot be had is undetermined, with its reason.
HostSide read_host_side(const Connection& connection);

/// Why this connection cannot do what was asked, in one sentence, or empty: only QEMU has the hook.
std::string not_qemu(const HostSide& side);

} // namespace virt_nested
