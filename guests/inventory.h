// SPDX-License-Identifier: GPL-2.0-or-later
// One row for each guest: what it is meant to be, what it has, and what a start would do. Reading
// and judging are apart: the judgement is pure.
#pragma once

#include "core/policy.h"
#include "guests/host_side.h"

#include <functional>
#include <optional>

namespace virt_nested {

/// All that libvirt says of one guest; a text that does not apply is empty.
struct GuestTexts {
    std::string name;
    std::string uuid;
    bool running = false;
    bool persistent = true;
    bool saved = false;     ///< has a managed-save image
    std::string definition; ///< the persistent one; the live one of a transient guest
    std::string live;
    std::string image;   ///< the definition in the managed-save image
    std::string problem; ///< why something of it could not be read
};

struct GuestRow {
    std::string name;
    std::string uuid;
    std::string state; ///< running, saved, "shut off"
    bool persistent = true;
    bool readable = true;      ///< false: only what does not rest on its definition is filled in
    std::string label;         ///< require, forbid, allow, none, invalid; unknown if unreadable
    std::string running_label; ///< of the live definition where it differs, else empty
    std::string cpu;           ///< CPU mode, with the model of a named one
    std::string feature;       ///< vmx, svm, ...; empty where the platform is unknown
    bool emulated = false;
    Delivery gives; ///< by the definition, whatever the host's state
    State now =
        State::absent; ///< the running guest has it: on, off, undetermined; absent: it does not run
    std::string now_why;
    State start = State::undetermined; ///< a start: on passes, off is refused
    std::string start_why;
    std::string start_fix;
    std::string start_decision;
    std::vector<std::string> notes;

    /// Has the host's feature now, or would get it at a start, or that cannot be ruled out.
    bool exposed = false;
};

/// One bulk call for all guests, one for each of the sets (transient, saved), then the XML of each,
/// which `take` gets and nobody keeps: ten thousand of them would be 50 MB. A guest that is
/// undefined in between is left out. Returns why not all could be read.
std::optional<Error> read_guests(const Connection& connection,
                                 const std::function<void(const GuestTexts& guest)>& take);
/// One guest. Errors: it is gone, or cannot be read.
Result<GuestTexts> read_guest(virDomainPtr domain);

GuestRow row_of(const GuestTexts& texts, const HostSide& side);

/// Whether a guest that runs has the feature. Named models and host-model: libvirt writes what QEMU
/// really gave into the live definition (qemu_process.c, qemuProcessUpdateLiveGuestCPU).
/// host-passthrough and maximum are never expanded: there the guest has what KVM offers, which on
/// x86 and Z cannot change while a guest uses the module.
Fact has_now(const Domain& live, const Platform& platform, const Host& host,
             const Vouched& vouched = {});

} // namespace virt_nested
