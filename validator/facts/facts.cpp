// SPDX-License-Identifier: GPL-2.0-or-later
// Reading everything that a validation rests on: the order, and the configuration's part.
#include "validator/facts/facts.h"

#include "validator/facts/parmtypes.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

namespace {

/// The types of the parameters as this host's own modules state them; only looked up where
/// something was written about KVM, for it reads the module's file.
void read_own_types(const Sysroot& root, Facts& facts, LintContext& context) {
    const bool written =
        !facts.conf.noted.empty() || (facts.cmdline && !facts.cmdline->options.empty());
    if (!written || facts.kernel.empty() || !facts.linkage_known)
        return;
    const Result<Parmtypes> types = read_parmtypes(root, facts.kernel, facts.platform()->module);
    if (types)
        context.types.emplace_back(facts.platform()->module, *types);
    // A captured root has the list of modules and not the modules.
    else if (types.error().code != ENOENT)
        facts.types_problem = types.error();
}

} // namespace

const Fact* Facts::parameter(std::string_view module, std::string_view parameter) const {
    const auto found = parameters.find(std::string(module) + "." + std::string(parameter));
    return found == parameters.end() ? nullptr : &found->second;
}

bool Facts::on_for_libvirt() const {
    return host.parameter.found.find_first_of("Yy1") == 0;
}

const std::string* Facts::logged(std::string_view words) const {
    const auto found = std::find_if(log.lines.begin(), log.lines.end(), [&](const std::string& l) {
        return l.find(words) != std::string::npos;
    });
    return found == log.lines.end() ? nullptr : &*found;
}

const std::string* Facts::refusal() const {
    for (const char* words :
         {"disabled by BIOS", "disabled by bios", "not enabled (by BIOS)", "disabled (by BIOS)",
          "SEV guest", "Parent hypervisor does not support nesting", "SIE is not available"})
        if (const std::string* line = logged(words))
            return line;
    return nullptr;
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
    LintContext context;
    if (!facts.platform()->parameter.empty())
        context.module = std::string(facts.platform()->module);
    read_own_types(root, facts, context);
    context.linkage = facts.linkage;
    facts.lint = lint_modconf(root, facts.conf, cmdline, context);
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
    facts.hook = read_hook_files(root);
    gather_capabilities(root, facts);
    return facts;
}

} // namespace virt_nested
