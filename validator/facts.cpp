// SPDX-License-Identifier: GPL-2.0-or-later
// Reading everything that a validation rests on: the order, and the configuration's part.
#include "validator/facts.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

const Fact* Facts::parameter(std::string_view module, std::string_view parameter) const {
    const auto found = parameters.find(std::string(module) + "." + std::string(parameter));
    return found == parameters.end() ? nullptr : &found->second;
}

void gather_configuration(const Sysroot& root, const ValidateOptions& options, Facts& facts) {
    facts.kmod = options.kmod_profile
                     ? InstalledKmod{kmod_profile(*options.kmod_profile), true, "--kmod-profile"}
                     : installed_kmod(root);
    facts.conf = load_modconf(root, facts.kmod.profile);
    facts.cmdline = read_cmdline(root, facts.kmod.profile);
    if (!facts.platform() || facts.platform()->module.empty())
        return;
    const Cmdline none;
    const Cmdline& cmdline = facts.cmdline ? *facts.cmdline : none;
    facts.effective = effective(facts.conf, cmdline, facts.platform()->module,
                                facts.platform()->parameter, facts.linkage);
}

Facts gather(const Sysroot& root, const ValidateOptions& options) {
    Facts facts;
    facts.live = root.live();
    facts.root = root.root();
    facts.config =
        options.config.empty() ? read_config(root) : read_config(Sysroot(), options.config);
    facts.host = read_host(root, *kvm_of(root));
    gather_machine(root, facts);
    gather_modules(root, facts);
    gather_configuration(root, options, facts);
    gather_boot(root, options, facts);
    facts.hook = gather_hook(root);
    return facts;
}

} // namespace virt_nested
