// SPDX-License-Identifier: GPL-2.0-or-later
// What one host, or several, say to `virt-nested list`.
#pragma once

#include "guests/inventory.h"

#include <functional>
#include <string>
#include <vector>

namespace virt_nested {

struct HostAnswer {
    std::string asked; ///< the URI as it was given; empty: libvirt's own choice
    std::string
        problem; ///< why there is no answer, printable; else empty, and the rest is filled in
    HostSide side;
    std::vector<GuestRow> rows;
    bool unreadable = false; ///< the definition of a guest could not be read, shown or not
};

struct Inventory {
    std::vector<HostAnswer> hosts; ///< in the order in which they were asked for
    bool several = false;          ///< hosts are told apart, even where it is one
};

/// Of each guest only its row is kept. `alive` is called whenever the host has said anything.
HostAnswer ask_host(const std::string& uri, bool exposed_only, const std::function<void()>& alive);

} // namespace virt_nested
