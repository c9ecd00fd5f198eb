// SPDX-License-Identifier: GPL-2.0-or-later
// Reading what there is of KVM's modules.
#include "validator/facts/modules.h"

#include "core/text.h"
#include "validator/facts/kernel_config.h"
#include "validator/facts/module_users.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

namespace {

/// A loaded module has initstate, a built-in has none (kernel/module/sysfs.c, kernel/params.c).
std::optional<Linkage> linkage_by_sysfs(const Sysroot& root, const Host& host) {
    if (!host.module.on())
        return std::nullopt;
    const std::string folder = "/sys/module/" + std::string(host.platform->module);
    return root.exists(folder + "/initstate") || root.exists(folder + "/refcnt")
               ? Linkage::module
               : Linkage::built_in;
}

/// Why the module is not among those of the running kernel.
void look_for_absence(const Sysroot& root, const Platform& platform, const std::string& kernel,
                      ModuleFacts& out) {
    if (out.available.on())
        return;
    const bool gone = !kernel.empty() && !out.folder;
    const std::optional<bool> built = built_with(root, kernel, platform.config, true);
    if (built == false) {
        out.absence = Absence::built_without;
        out.available = Fact::absent("not built", root.shown("/lib/modules"));
    } else if (out.available.absent() && gone) {
        out.absence = Absence::replaced;
        for (const std::string& release : installed_releases(root))
            out.installed_kernels.push_back(printable(release, 64));
    } else if (out.available.absent()) {
        out.absence = built ? Absence::not_installed : Absence::unknown;
    }
}

/// Those that are there: a kernel has more than anybody lists.
std::map<std::string, Fact> read_parameters(const Sysroot& root) {
    std::map<std::string, Fact> out;
    const Result<std::vector<std::string>> modules = root.list("/sys/module");
    for (const std::string& module : modules.value_or({})) {
        if (!module.starts_with("kvm"))
            continue;
        const std::string folder = "/sys/module/" + module + "/parameters";
        const Result<std::vector<std::string>> names = root.list(folder);
        for (const std::string& name : names.value_or({})) {
            const std::string path = folder + "/" + name;
            const Result<std::string> text = root.read(path, 4096);
            Fact& fact = out[module + "." + name];
            if (text)
                fact = parse_parameter(*text, root.shown(path));
            else
                fact = Fact::undetermined_because(text.error().what, root.shown(path));
        }
    }
    return out;
}

/// kernel/module/main.c: once 1, it stays so until the next boot.
Fact read_loading(const Sysroot& root) {
    const std::string path = "/proc/sys/kernel/modules_disabled";
    const Result<std::string> text = root.read(path, 64);
    if (!text)
        return Fact::undetermined_because(text.error().what, root.shown(path));
    return trim(*text) == "1" ? Fact::off("kernel.modules_disabled is 1", root.shown(path))
                              : Fact::on("kernel.modules_disabled is 0", root.shown(path));
}

} // namespace

const Fact* ModuleFacts::parameter(std::string_view module, std::string_view parameter) const {
    const auto found = parameters.find(std::string(module) + "." + std::string(parameter));
    return found == parameters.end() ? nullptr : &found->second;
}

const std::string* ModuleFacts::refusal() const {
    const LogLine* line = log.refusal(Lasts::always);
    return line ? &line->text : nullptr;
}

ModuleFacts read_modules(const Sysroot& root, const Host& host, const std::string& kernel) {
    ModuleFacts out;
    static_cast<KernelFacts&>(out) = read_kernel(root, host.platform, kernel);
    out.release = kernel;
    out.parameters = read_parameters(root);
    out.guests = libvirt_guests(root);
    out.loading = read_loading(root);
    if (!host.platform)
        return out;
    if (!host.nests.on())
        out.log = read_kernel_log(root, host.platform->module);
    for (const std::string_view module : host.platform->rivals)
        if (const std::string folder = "/sys/module/" + std::string(module); root.exists(folder)) {
            const Result<std::string> version = root.read(folder + "/version", 4096);
            out.rivals.push_back(
                {std::string(module), version ? printable(trim(*version), 64) : std::string()});
        }
    if (host.platform->module.empty())
        return out;
    out.references = reference_count(root, std::string(host.platform->module));
    if (out.references == 0)
        out.guests.clear(); // whatever they run on, they hold nothing
    const std::optional<Linkage> now = linkage_by_sysfs(root, host);
    if (out.linkage != Linkage::built_in && now)
        out.linkage = now;
    if (out.built_in() && !out.available.on())
        out.available = Fact::on("built in", root.shown("/sys/module"));
    if (!host.module.on() || (out.available.absent() && !out.folder))
        look_for_absence(root, *host.platform, kernel, out);
    // A built-in shows its parameters in sysfs although it refused to come up.
    if (host.module.on() && !out.built_in())
        out.log.lines.clear();
    return out;
}

} // namespace virt_nested
