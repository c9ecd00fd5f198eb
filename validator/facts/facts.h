// SPDX-License-Identifier: GPL-2.0-or-later
// Everything that a validation rests on, read once, before any check decides, and not written to
// afterwards. Never fails: what could not be read is undetermined, with its reason.
#pragma once

#include "core/config.h"
#include "core/hook_files.h"
#include "core/host.h"
#include "validator/facts/boot.h"
#include "validator/facts/configuration.h"
#include "validator/facts/libvirt.h"
#include "validator/facts/machine.h"
#include "validator/facts/modules.h"
#include "validator/prove/proof.h"

#include <optional>
#include <string>
#include <string_view>

namespace virt_nested {

struct Facts {
    std::string root; ///< prefix of the shown paths
    bool live = true;
    Config config;
    Host host;
    MachineFacts machine;
    ModuleFacts modules;
    ConfigurationFacts configuration;
    BootFacts boot;
    HookFacts hook;
    LibvirtFacts libvirt;
    std::optional<prove::Proof> proof;     ///< where one was asked for
    std::optional<prove::Kept> kept_proof; ///< the last that `prove --save` has kept

    const Platform* platform() const { return host.platform; }
    std::string shown(std::string_view path) const { return root + std::string(path); }
};

struct GatherOptions : BootOptions {
    std::string config;              ///< path of the configuration; empty: the root's own
    std::optional<int> kmod_profile; ///< version of kmod; absent: the installed one
    bool prove = false;              ///< runs an L2; on the live host alone
};

Facts gather(const Sysroot& root, const GatherOptions& options);

} // namespace virt_nested
