// SPDX-License-Identifier: GPL-2.0-or-later
// A module that the running kernel has not got: why, and how it gets one.
#include "validator/checks/missing_module.h"

#include "core/text.h"

#include <array>

namespace virt_nested {

namespace {

/// Distributions that split a kernel's modules into packages, so that KVM's can be missing beside a
/// kernel that was built with them. @ is the kernel's release.
struct ModulePackage {
    std::string_view distribution; ///< ID of os-release
    std::string_view package;
};

constexpr std::string_view red_hat = "kernel-modules-core or kernel-modules of @";
constexpr std::string_view suse = "kernel-default (kernel-default-base has few modules)";

constexpr std::array<ModulePackage, 9> packages = {{
    {"ubuntu", "linux-modules-extra-@"},
    {"rhel", red_hat},
    {"centos", red_hat},
    {"rocky", red_hat},
    {"almalinux", red_hat},
    {"ol", red_hat},
    {"fedora", red_hat},
    {"sles", suse},
    {"opensuse-leap", suse},
}};

/// Empty where no such package is known.
std::string package_of(const Facts& facts) {
    for (const ModulePackage& known : packages)
        if (known.distribution == facts.machine.distribution) {
            std::string out(known.package);
            if (const size_t at = out.find('@'); at != std::string::npos)
                out.replace(at, 1, facts.machine.kernel);
            return out;
        }
    return {};
}

std::string install_or_boot(const Facts& facts, bool built_with_it) {
    const std::string module(facts.platform()->module);
    const std::string other = "boot a kernel that has " + module;
    if (facts.machine.made_elsewhere())
        return "this host is built from an image (" + std::string(facts.machine.kind->name) +
               "), which must bring the kernel's module package";
    const std::string package = package_of(facts);
    if (built_with_it)
        return package.empty() ? "install the kernel's module package" : "install " + package;
    return package.empty()
               ? "if a package of this kernel's modules has it, install that; else the kernel was "
                 "built without it: " +
                     other
               : "install " + package +
                     "; where that has none, the kernel was built without it: " + other;
}

} // namespace

MissingModule missing_module(const Facts& facts) {
    const std::string module(facts.platform()->module);
    const std::string& kernel = facts.machine.kernel;
    switch (facts.modules.absence) {
    case Absence::none:
        return {};
    case Absence::replaced:
        return {"and the running kernel " + kernel + " has no modules any more",
                "The running kernel was replaced by an upgrade, and its modules went with it: " +
                    facts.shown("/lib/modules") + " has only " +
                    listed(facts.modules.installed_kernels) + ".",
                reboot("reboot, into the kernel that is installed")};
    case Absence::built_without:
        return {"this kernel (" + kernel + ") was built without " + module,
                "No package and no option brings it to this kernel.",
                "boot a kernel that has " + module};
    case Absence::not_installed:
        return {"not installed for kernel " + kernel, {}, install_or_boot(facts, true)};
    case Absence::unknown:
        break;
    }
    return {"not installed for kernel " + kernel, {}, install_or_boot(facts, false)};
}

} // namespace virt_nested
