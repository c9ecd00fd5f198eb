// SPDX-License-Identifier: GPL-2.0-or-later
// Reading what was written.
#include "validator/facts/configuration.h"

#include "core/modconf/sysctl.h"
#include "validator/facts/own_file.h"
#include "validator/facts/parmtypes.h"

#include <cerrno>

namespace virt_nested {

const Cmdline& ConfigurationFacts::known_cmdline() const {
    static const Cmdline none;
    return cmdline ? *cmdline : none;
}

ConfigurationFacts read_configuration(const Sysroot& root, const Platform* platform,
                                      const ModuleFacts& modules, const std::string& kernel,
                                      std::optional<int> kmod_profile) {
    ConfigurationFacts out;
    out.kmod = kmod_profile
                   ? InstalledKmod{virt_nested::kmod_profile(*kmod_profile), true, "--kmod-profile"}
                   : installed_kmod(root);
    out.conf = load_modconf(root, out.kmod.profile);
    out.cmdline = read_cmdline(root, out.kmod.profile);
    out.own = is_own_text(root.read(own_file).value_or(""));
    if (!platform || platform->module.empty())
        return out;
    out.context = {modules.likely_linkage(), modules.dependencies,
                   root.read("/sys/devices/system/cpu/modalias").value_or("")};
    out.context.kernel = kernel;
    out.context.beside = read_modules_disabled(root, out.beside);
    out.effective = effective(out.conf, out.known_cmdline(), platform->module, platform->parameter,
                              out.context);
    out.at_boot = read_load_arguments(root, *platform, kernel, out.beside);
    out.places = read_places(root, out.kmod.profile, platform->loaded_by);
    const bool written = !out.conf.noted.empty() || !out.known_cmdline().options.empty();
    if (!written || kernel.empty() || !modules.linkage)
        return out;
    const Result<Parmtypes> types = read_parmtypes(root, kernel, platform->module);
    if (types)
        out.types = *types;
    // A captured root has the list of modules and not the modules.
    else if (types.error().code != ENOENT)
        out.types_problem = types.error();
    return out;
}

} // namespace virt_nested
