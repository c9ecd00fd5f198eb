// SPDX-License-Identifier: GPL-2.0-or-later
// Injection without libvirt: a definition in, the same one out that does what its label asks.
#pragma once

#include "core/edit.h"
#include "core/host.h"

#include <string>
#include <string_view>

namespace virt_nested {

/// All that the edit needs to know of the host that is to run the guest; it may be another one.
struct TargetHost {
    const Platform* platform = nullptr;
    std::string unknown{};             ///< why there is no platform
    unsigned long libvirt_version = 0; ///< edit.h, Wish
    Vouched vouched{};                 ///< by its configuration
};

TargetHost target_host(const Host& host, const Vouched& vouched);

struct FilterWish {
    /// For a definition that carries no label; one that does goes by that.
    LabelPolicy without_label = LabelPolicy::none;
    bool override_contradiction = false; ///< edit.h, Wish
};

/// The same text where nothing asks for anything, or nothing is to be done. Somebody handed in
/// this very definition, so one without a CPU of its own gets one, as by `virt-nested inject
/// GUEST`. A guest of another architecture than the host's is for a host of that architecture,
/// where there is but one kind of these.
EditResult filter_definition(std::string_view xml, const TargetHost& host, const FilterWish& wish);

/// Why no platform judges this guest; `host`: the host's own, or nullptr for the reason `unknown`.
std::string unknown_platform(const Domain& domain, const Platform* host,
                             const std::string& unknown);

} // namespace virt_nested
