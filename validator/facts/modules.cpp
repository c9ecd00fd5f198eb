// SPDX-License-Identifier: GPL-2.0-or-later
// KVM's modules: built in or not, installed, loaded, in use, with which parameters; and what the
// kernel logged about them.
#include "core/text.h"
#include "validator/facts/facts.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace virt_nested {

namespace {

/// "kernel/arch/x86/kvm/kvm-intel.ko.xz" in modules.dep and modules.builtin.
bool lists_module(std::string_view text, std::string_view module) {
    for (const std::string_view line : lines(text)) {
        std::string_view path = line.substr(0, line.find(':'));
        const size_t slash = path.rfind('/');
        path = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
        const size_t end = path.find(".ko");
        if (end != std::string_view::npos && module_name(path.substr(0, end)) == module)
            return true;
    }
    return false;
}

/// Where the architecture keeps KVM; looking there spares reading modules.dep.
bool in_usual_folder(const Sysroot& root, const std::string& modules, const Platform& platform) {
    const Result<std::vector<std::string>> names =
        root.list(modules + "/kernel/arch/" + std::string(platform.arch_folder) + "/kvm");
    return names && std::any_of(names->begin(), names->end(), [&](const std::string& file) {
               const size_t end = file.find(".ko");
               return end != std::string::npos &&
                      module_name(file.substr(0, end)) == platform.module;
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

/// libvirt keeps one status file for each running guest (qemu_domain.c, virDomainObjSave).
std::vector<std::string> running_guests(const Sysroot& root) {
    std::vector<std::string> out;
    const Result<std::vector<std::string>> names = root.list("/run/libvirt/qemu");
    for (const std::string& file : names.value_or({}))
        if (file.ends_with(".xml"))
            out.push_back(printable(file.substr(0, file.size() - 4), 64));
    return out;
}

} // namespace

void gather_modules(const Sysroot& root, Facts& facts) {
    if (facts.platform())
        for (const std::string_view module : facts.platform()->rivals)
            if (root.exists("/sys/module/" + std::string(module)))
                facts.rivals.emplace_back(module);
    read_parameters(root, facts);
    facts.guests = running_guests(root);
    if (!facts.host.nests.on())
        facts.log = read_kernel_log(root);
    if (!facts.platform() || facts.platform()->module.empty())
        return;
    const Result<std::string> count =
        root.read("/sys/module/" + std::string(facts.platform()->module) + "/refcnt", 4096);
    if (count) {
        const std::string_view text = trim(*count);
        std::from_chars(text.data(), text.data() + text.size(), facts.references);
    }
    tell_availability(root, facts);
}

} // namespace virt_nested
