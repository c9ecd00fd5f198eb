// SPDX-License-Identifier: GPL-2.0-or-later
// Hypervisors and clouds that a host may itself be a guest of, and how each gives it what it needs
// to nest.
#pragma once

#include "core/sysroot.h"

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace virt_nested {

/// Where a guest's hypervisor shows. The firmware's words are below /sys/class/dmi/id.
enum class SignIn {
    nothing,
    sys_vendor,
    product_name,
    bios_vendor,
    bios_version,
    chassis_asset_tag,
    chassis_vendor,
    hypervisor_type, ///< /sys/hypervisor/type
    device_tree,     ///< "compatible" of its node "hypervisor"
    kernel,          ///< release
    command_line,    ///< a word of it, whole
    cpu_model,       ///< "model name" of /proc/cpuinfo
    told,            ///< what the machine has told already (/proc/sysinfo, a POWER platform)
    file,            ///< that is there
};

struct OuterSign {
    SignIn in = SignIn::nothing;
    std::string_view text = {}; ///< that stands in it, as written
};

/// All of them have to be there; a set that begins with none is no set.
using OuterSigns = std::array<OuterSign, 3>;

/// How one comes by the feature.
enum class Gives {
    by_setting, ///< of this guest, or of the host that it runs on
    by_type,    ///< another type or size of instance
    never,
};

struct OuterHost {
    std::string_view name;           ///< for people
    std::array<OuterSigns, 4> signs; ///< any of these sets
    OuterSign unless = {};           ///< the same maker's bare metal
    Gives gives = Gives::by_setting;
    /// What the guest's owner, or the outer host's, carries out; of `by_type`: on which types it is
    /// had. Empty: not known for certain, and `see` says what there is.
    std::string_view x86 = {};
    std::string_view arm64 = {};
    std::string_view elsewhere = {}; ///< POWER and IBM Z
    bool while_off = false;          ///< the guest must be powered off for it
    std::string_view see = {};       ///< the vendor's page

    /// For this machine (uname -m); empty as above.
    std::string_view recipe(std::string_view machine) const;
};

std::span<const OuterHost> outer_hosts();

/// What is known of the machine beside its files.
struct OuterTraits {
    std::string_view cpuinfo;
    std::string_view kernel;
    std::string_view told;
};

/// The first row whose signs are there, or nullptr. On x86 many of them are also there on bare
/// metal (a vendor's name): only a machine that is a guest is to be asked.
const OuterHost* outer_host(const Sysroot& root, const OuterTraits& traits);

} // namespace virt_nested
