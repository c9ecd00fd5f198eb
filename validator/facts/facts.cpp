// SPDX-License-Identifier: GPL-2.0-or-later
// Reading everything that a validation rests on: the order.
#include "validator/facts/facts.h"

namespace virt_nested {

Facts gather(const Sysroot& root, const GatherOptions& options) {
    Facts facts;
    facts.root = root.root();
    facts.live = root.live();
    facts.config =
        options.config.empty() ? read_config(root) : read_config(Sysroot(), options.config);
    facts.host = read_host(root, *kvm_of(root));
    facts.machine = read_machine(root, facts.host);
    facts.modules = read_modules(root, facts.host, facts.machine.kernel);
    facts.configuration = read_configuration(root, facts.platform(), facts.modules,
                                             facts.machine.kernel, options.kmod_profile);
    facts.boot = read_boot(root, facts.platform(), facts.machine, options);
    facts.hook = read_hook_files(root);
    facts.libvirt = read_libvirt(root, facts.platform(), facts.machine);
    return facts;
}

} // namespace virt_nested
