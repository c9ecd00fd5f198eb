// SPDX-License-Identifier: GPL-2.0-or-later
// Reading everything that a validation rests on: the order.
#include "validator/facts/facts.h"

#include "validator/facts/confidential.h"
#include "validator/facts/parmtypes.h"
#include "validator/prove/here.h"

namespace virt_nested {

namespace {

/// Of another kernel than the running one, where something was written that they judge.
void read_next_types(const Sysroot& root, Facts& facts) {
    const ConfigurationFacts& written = facts.configuration;
    facts.modules.types = written.types;
    for (NextBoot& next : facts.boot.next) {
        if (next.kernel.release == facts.machine.kernel)
            next.kernel.types = written.types;
        else if (next.kernel.linkage && facts.platform() &&
                 (!written.conf.noted.empty() || !kvm_arguments(next.entry.cmdline).empty()))
            if (Result<Parmtypes> types =
                    read_parmtypes(root, next.kernel.release, facts.platform()->module))
                next.kernel.types = std::move(*types);
    }
}

} // namespace

Facts gather(const Sysroot& root, const GatherOptions& options) {
    Facts facts;
    facts.root = root.root();
    facts.live = root.live();
    facts.config =
        options.config.empty() ? read_config(root) : read_config(Sysroot(), options.config);
    facts.host = read_host(root, *kvm_of(root));
    facts.machine = read_machine(root, facts.host);
    facts.modules = read_modules(root, facts.host, facts.machine.kernel);
    facts.machine.confidential = read_confidential(root, facts.machine.cpuinfo, facts.modules.log);
    facts.configuration = read_configuration(root, facts.platform(), facts.modules,
                                             facts.machine.kernel, options.kmod_profile);
    facts.boot = read_boot(root, facts.host, facts.machine, facts.modules, options);
    read_next_types(root, facts);
    facts.hook = read_hook_files(root);
    facts.libvirt = read_libvirt(root, facts.platform(), facts.machine);
    facts.kept_proof = prove::read_kept(root);
    if (options.prove && root.here())
        facts.proof = prove::prove_here(root, facts.platform(), {});
    return facts;
}

} // namespace virt_nested
