// SPDX-License-Identifier: GPL-2.0-or-later
// KVM's modules: built in or not, installed, loaded, in use, with which parameters; and what the
// kernel logged about them.
#include "core/text.h"
#include "validator/facts/facts.h"
#include "validator/facts/module_users.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

namespace {

/// In modules.dep and modules.builtin.
bool lists_module(std::string_view text, std::string_view module) {
    const std::vector<std::string_view> all = lines(text);
    return std::any_of(all.begin(), all.end(), [&](std::string_view line) {
        return module_in_path(line.substr(0, line.find(':'))) == module;
    });
}

/// Where the architecture keeps KVM; looking there spares reading modules.dep.
bool in_usual_folder(const Sysroot& root, const std::string& modules, const Platform& platform) {
    const Result<std::vector<std::string>> names =
        root.list(modules + "/kernel/arch/" + std::string(platform.arch_folder) + "/kvm");
    return names && std::any_of(names->begin(), names->end(), [&](const std::string& file) {
               return module_in_path(file) == platform.module;
           });
}

/// A loaded module has initstate, a built-in has none (kernel/module/sysfs.c, kernel/params.c).
void tell_linkage_by_sysfs(const Sysroot& root, Facts& facts) {
    const std::string folder = "/sys/module/" + std::string(facts.platform()->module);
    if (!facts.host.module.on())
        return;
    facts.linkage = root.exists(folder + "/initstate") || root.exists(folder + "/refcnt")
                        ? Linkage::module
                        : Linkage::built_in;
    facts.linkage_known = true;
}

void tell_availability(const Sysroot& root, Facts& facts) {
    const Platform& platform = *facts.platform();
    const std::string modules = "/lib/modules/" + facts.kernel;
    Fact& out = facts.available;
    out.source = root.shown(modules);
    tell_linkage_by_sysfs(root, facts);
    if (facts.kernel.empty() || !root.exists(modules)) {
        out.reason = facts.kernel.empty() ? "the kernel's release is not known"
                                          : root.shown(modules) + " does not exist";
        if (facts.linkage_known && facts.linkage == Linkage::built_in)
            out = {State::on, "built in", root.shown("/sys/module"), {}};
        return;
    }
    if (in_usual_folder(root, modules, platform)) {
        out.state = State::on;
        out.found = "installed";
        facts.linkage_known = true;
        return;
    }
    const Result<std::string> built_in = root.read(modules + "/modules.builtin", 4U << 20);
    if (built_in && lists_module(*built_in, platform.module)) {
        out = {State::on, "built in", root.shown(modules + "/modules.builtin"), {}};
        facts.linkage = Linkage::built_in;
        facts.linkage_known = true;
        return;
    }
    const Result<std::string> listed = root.read(modules + "/modules.dep", 32U << 20);
    if (!listed && listed.error().code != ENOENT) {
        out.reason = listed.error().what;
        return;
    }
    if (listed && lists_module(*listed, platform.module)) {
        out = {State::on, "installed", root.shown(modules + "/modules.dep"), {}};
        facts.linkage_known = true;
    } else if (facts.linkage_known && facts.linkage == Linkage::built_in) {
        out = {State::on, "built in", root.shown("/sys/module"), {}};
    } else if (listed) {
        out = {State::absent, "not installed", root.shown(modules + "/modules.dep"), {}};
    } else {
        out.reason = "there is no modules.dep in " + root.shown(modules);
    }
}

/// Those that are there: a kernel has more than anybody lists.
void read_parameters(const Sysroot& root, Facts& facts) {
    const Result<std::vector<std::string>> modules = root.list("/sys/module");
    for (const std::string& module : modules.value_or({})) {
        if (!module.starts_with("kvm"))
            continue;
        const std::string folder = "/sys/module/" + module + "/parameters";
        const Result<std::vector<std::string>> names = root.list(folder);
        for (const std::string& name : names.value_or({})) {
            const std::string path = folder + "/" + name;
            const Result<std::string> text = root.read(path, 4096);
            Fact& fact = facts.parameters[module + "." + name];
            if (text)
                fact = parse_parameter(*text, root.shown(path));
            else
                fact = {State::undetermined, {}, root.shown(path), text.error().what};
        }
    }
}

} // namespace

void gather_modules(const Sysroot& root, Facts& facts) {
    if (facts.platform())
        for (const std::string_view module : facts.platform()->rivals)
            if (root.exists("/sys/module/" + std::string(module)))
                facts.rivals.emplace_back(module);
    read_parameters(root, facts);
    facts.guests = libvirt_guests(root);
    if (!facts.host.nests.on())
        facts.log = read_kernel_log(root);
    if (!facts.platform() || facts.platform()->module.empty())
        return;
    facts.references = reference_count(root, std::string(facts.platform()->module));
    tell_availability(root, facts);
}

} // namespace virt_nested
