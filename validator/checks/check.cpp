// SPDX-License-Identifier: GPL-2.0-or-later
// Running the checks, and putting each finding beside its entry.
#include "validator/checks/check.h"

#include "core/text.h"
#include "validator/checks/causes.h"

#include <algorithm>

namespace virt_nested {

namespace {

std::string names_of(const Platforms& which) {
    std::vector<std::string> out;
    for (const Platform& platform : platforms())
        if (which(platform))
            out.emplace_back(platform.name);
    return listed(out);
}

/// Where KVM has nothing to offer, nothing that nesting would rest on is worth a look.
bool can_nest(const Platform& platform) {
    return platform.probe != KvmProbe::none;
}

CheckResult beside(const Check& check, Finding finding) {
    CheckResult out;
    out.id = check.id;
    out.title = check.title;
    out.result = finding.result;
    out.expected = std::move(finding.expected);
    out.found = std::move(finding.found);
    out.source = std::move(finding.source);
    out.why = finding.why.empty() ? std::string(check.why) : std::move(finding.why);
    const bool to_mend = finding.result != Outcome::pass && finding.result != Outcome::skip;
    if (to_mend)
        out.mend = finding.mend.empty() ? Mend(check.mend) : std::move(finding.mend);
    out.reference = check.reference;
    out.horizons = finding.horizons != 0 ? finding.horizons : check.horizons;
    out.decides = check.decides & out.horizons;
    out.waived = finding.waived;
    out.tells = check.tells;
    out.told = finding.told;
    return out;
}

Finding skipped(std::string reason) {
    return Finding::skip(std::move(reason));
}

Findings run(const Check& check, const Facts& facts, const ValidateOptions& options) {
    const auto waived = options.waived.find(std::string(check.id));
    if (waived != options.waived.end()) {
        Finding out = skipped("waived: " + printable(waived->second));
        out.waived = true;
        return {out};
    }
    if (check.platforms && facts.platform() && !check.platforms(*facts.platform()))
        return {skipped("for " + names_of(check.platforms) + " only")};
    if (check.platforms && !facts.platform())
        return {skipped("the platform is not known")};
    if (check.wants_nesting && facts.config.host == HostIntent::off)
        return {skipped("this host is meant not to nest (host = off)")};
    return check.run(facts);
}

} // namespace

bool has_cpu_flag(const Platform& platform) {
    return can_nest(platform) && !platform.cpu_flag.empty();
}

bool has_nested_paging(const Platform& platform) {
    return !platform.paging_flag.empty();
}

bool has_module(const Platform& platform) {
    return can_nest(platform) && !platform.module.empty();
}

bool has_parameter(const Platform& platform) {
    return !platform.parameter.empty();
}

bool has_boot_option(const Platform& platform) {
    return !platform.boot_option.empty();
}

bool has_rivals(const Platform& platform) {
    return !platform.rivals.empty();
}

bool has_libvirt_copies(const Platform& platform) {
    return platform.libvirt_cpu == LibvirtCpu::compares;
}

Platforms only_on(PlatformId id) {
    return [id](const Platform& platform) { return platform.id == id; };
}

const std::vector<Check>& checks() {
    static const std::vector<Check> table = [] {
        std::vector<Check> out;
        add_kvm_checks(out);
        add_proof_checks(out);
        add_parameter_checks(out);
        add_configuration_checks(out);
        add_boot_checks(out);
        add_hook_checks(out);
        add_libvirt_checks(out);
        return out;
    }();
    return table;
}

const Check* check(std::string_view id) {
    const auto found = std::find_if(checks().begin(), checks().end(),
                                    [&](const Check& entry) { return entry.id == id; });
    return found == checks().end() ? nullptr : &*found;
}

Outcome outcome_of(const Facts& facts, State state) {
    if (facts.config.host == HostIntent::any)
        return Outcome::pass;
    if (state == State::undetermined)
        return Outcome::undetermined;
    const bool wanted = facts.config.host == HostIntent::on;
    return (state == State::on) == wanted ? Outcome::pass : Outcome::fail;
}

std::string libvirt_version_text(int libvirt) {
    return std::to_string(libvirt / 1'000'000) + "." + std::to_string(libvirt / 1000 % 1000) + "." +
           std::to_string(libvirt % 1000);
}

Report report_on(const Facts& facts, const ValidateOptions& options) {
    Report report;
    if (const Platform* platform = facts.platform()) {
        report.platform = platform->name;
        report.module = platform->module;
    } else {
        report.platform = "unknown";
    }
    report.machine = facts.host.machine;
    report.level = facts.machine.level;
    report.hypervisor = facts.machine.hypervisor;
    report.container = facts.machine.container;
    report.kernel = facts.machine.kernel;
    report.wanted = facts.config.host;
    for (const Check& entry : checks()) {
        const bool chosen = options.checks.empty() ||
                            std::find(options.checks.begin(), options.checks.end(), entry.id) !=
                                options.checks.end();
        if (!chosen)
            continue;
        for (Finding& finding : run(entry, facts, options))
            report.checks.push_back(beside(entry, std::move(finding)));
    }
    settle(report);
    if (facts.boot.loader && !facts.boot.loader->reboot.empty())
        for (CheckResult& check : report.checks)
            say_reboot(check.mend, facts.boot.loader->reboot);
    plan(report);
    return report;
}

Report validate(const Sysroot& root, const ValidateOptions& options) {
    return report_on(gather(root, options), options);
}

} // namespace virt_nested
