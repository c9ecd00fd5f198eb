// SPDX-License-Identifier: GPL-2.0-or-later
// Label, platform, edit.
#include "core/filter.h"

#include "core/policy.h"
#include "core/text.h"

#include <algorithm>

namespace virt_nested {

namespace {

const Platform* only_platform_of(std::string_view arch) {
    const auto runs = [&](const Platform& row) { return runs_guest(row, arch); };
    const auto all = platforms();
    const auto first = std::find_if(all.begin(), all.end(), runs);
    const bool alone = first != all.end() && std::find_if(first + 1, all.end(), runs) == all.end();
    return alone ? &*first : nullptr;
}

const Platform* platform_for(const Domain& domain, const TargetHost& target) {
    Host host;
    host.platform = target.platform;
    const Platform* platform = platform_of_guest(domain, host);
    return platform || domain.arch.empty() ? platform : only_platform_of(domain.arch);
}

} // namespace

TargetHost target_host(const Host& host, const Vouched& vouched) {
    return {host.platform, host.nests.reason, 0, vouched};
}

EditResult filter_definition(std::string_view xml, const TargetHost& host, const FilterWish& wish) {
    const Result<Domain> domain = parse_domain(xml);
    if (!domain)
        return EditProblem{EditProblem::undetermined, "its definition is " + domain.error().what};
    const Label& label = domain->label;
    if (!label.problem.empty())
        return EditProblem{EditProblem::not_understood,
                           "its label is not understood: " + label.problem};
    const LabelPolicy policy = label.present() ? label.policy : wish.without_label;
    if (policy != LabelPolicy::require && policy != LabelPolicy::forbid)
        return Edit{false, std::string(xml), {}, {}};
    const Platform* platform = platform_for(*domain, host);
    if (!platform)
        return EditProblem{EditProblem::undetermined,
                           unknown_platform(*domain, host.platform, host.unknown)};
    return edit_definition(
        xml, *platform,
        {policy, true, wish.override_contradiction, host.libvirt_version, host.vouched});
}

std::string unknown_platform(const Domain& domain, const Platform* host,
                             const std::string& unknown) {
    if (!host)
        return "the platform of the host is not known: " + unknown;
    return "nothing is known about guests of " + printable(domain.arch, 32) + " on a host of " +
           std::string(host->name);
}

} // namespace virt_nested
