// SPDX-License-Identifier: GPL-2.0-or-later
// What was written: modprobe.d, what lies beside it, and the kernel command line.
#pragma once

#include "core/host.h"
#include "core/modconf/load_lists.h"
#include "core/modconf/places.h"
#include "core/modconf/values.h"
#include "validator/facts/modules.h"

#include <optional>
#include <string>
#include <vector>

namespace virt_nested {

struct ConfigurationFacts {
    InstalledKmod kmod;
    ModConf conf;
    Result<Cmdline> cmdline = Error{0, "not read"};
    LoadContext context;             ///< of the module's next load
    Effective effective;             ///< of the parameter, at the next load
    LoadArguments at_boot;           ///< what an init other than systemd hands to the module
    std::vector<ConfProblem> beside; ///< of what else counts: sysctl.d, lists of modules
    std::vector<PlaceLine> places;   ///< about KVM, where modprobe does not read
    bool own = false;                ///< own_file is as enable or disable wrote it
    /// The types of the module's parameters as its own file states them; only read where something
    /// was written about KVM.
    std::optional<Parmtypes> types;
    std::optional<Error> types_problem; ///< the module is there, its parameters' types are not

    /// Without a word where it could not be read.
    const Cmdline& known_cmdline() const;
};

/// `kmod_profile`: version of kmod; absent: the installed one. `kernel`: the running one's release.
ConfigurationFacts read_configuration(const Sysroot& root, const Platform* platform,
                                      const ModuleFacts& modules, const std::string& kernel,
                                      std::optional<int> kmod_profile);

} // namespace virt_nested
