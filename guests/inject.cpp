// SPDX-License-Identifier: GPL-2.0-or-later
// Fetch, edit, define, look at what libvirt made of it.
#include "guests/inject.h"

#include "cli/diff.h"
#include "core/filter.h"
#include "core/policy.h"
#include "core/relabel.h"
#include "core/text.h"

#include <libvirt/virterror.h>

namespace virt_nested {

namespace {

/// How often an edit is done anew where somebody else keeps changing the definition.
constexpr int tries = 5;
constexpr const char* keeps_changing =
    "somebody else keeps changing its definition, which was left alone; run it again";

/// SECURE: without it passwords are left out of the text, and defining that would lose them.
constexpr unsigned to_define = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;

Injected outcome(Injected::Kind kind, std::string what, int code = 0) {
    return {kind, LabelPolicy::none, code, std::move(what), {}, {}};
}

Injected libvirt_outcome(const Error& error) {
    return outcome(error.code == VIR_ERR_NO_DOMAIN ? Injected::gone : Injected::failed, error.what,
                   error.code);
}

bool agrees(const Delivery& gives, LabelPolicy policy) {
    return !gives.undetermined && (policy != LabelPolicy::require || gives.useless.empty()) &&
           gives.how == (policy == LabelPolicy::require ? Delivers::certainly : Delivers::no);
}

/// For a guest that has no definition to edit.
Injected transient_outcome(const Domain& live, const Platform& platform, const Vouched& vouched) {
    const bool require = live.label.policy == LabelPolicy::require;
    if (agrees(delivery(live, platform, vouched), live.label.policy))
        return outcome(Injected::unchanged, "transient, and its CPU agrees with its label");
    std::string line;
    if (platform.guest_switch == GuestSwitch::cpu_feature)
        line = "<feature policy='" + std::string(require ? "require" : "disable") + "' name='" +
               std::string(platform.feature) + "'/> in its <cpu>";
    else if (platform.guest_switch == GuestSwitch::nested_hv)
        line =
            std::string("<nested-hv state='") + (require ? "on" : "off") + "'/> in its <features>";
    else
        line = std::string(require ? "<virtualization/>" : "no <virtualization/>") +
               " in its <features>";
    return outcome(Injected::failed,
                   "it is transient, so there is no definition to change; create it with " + line);
}

Injected problem_outcome(const EditProblem& problem, const std::string& guest) {
    std::string what = problem.what;
    if (problem.kind == EditProblem::contradiction)
        what += "; change the label, or run: virt-nested inject --override " + guest_word(guest);
    return outcome(problem.kind == EditProblem::undetermined ? Injected::undetermined
                                                             : Injected::failed,
                   what);
}

/// The diff is made of what libvirt shows without secrets: its context lines go to a terminal.
std::string diff_of(virDomainPtr domain, const std::string& before, const Edit& edit) {
    const std::string name = printable(name_of(domain));
    return unified_diff(before, edit.xml, name + " (defined)", name + " (injected)");
}

} // namespace

std::vector<std::string> what_waits(virDomainPtr domain, bool cpu_changed) {
    std::vector<std::string> out;
    const std::string guest = guest_word(name_of(domain));
    if (cpu_changed && running(domain))
        out.emplace_back("it is running: its CPU stays as it is until it is shut down and started");
    if (virDomainHasManagedSaveImage(domain, 0) == 1)
        out.push_back("its managed-save image keeps the old CPU: the next start resumes that; to "
                      "give it up, run: virsh managedsave-remove " +
                      guest);
    std::vector<std::string> snapshots;
    for (const std::string& snapshot : snapshots_of(domain))
        snapshots.push_back("'" + printable(snapshot, 64) + "'");
    if (!snapshots.empty())
        out.push_back("reverting to snapshot " + listed(snapshots) +
                      " brings the old definition and label back");
    return out;
}

std::optional<Result<DomainPtr>> Injector::define(virDomainPtr domain, const std::string& before,
                                                  const std::string& after) {
    const Result<std::string> now = xml_of(domain, to_define);
    if (!now)
        return Result<DomainPtr>(now.error());
    if (*now != before)
        return std::nullopt;
    return guard_.define(uuid_of(domain), after);
}

std::optional<Injected> Injector::write(virDomainPtr domain, const std::string& xml,
                                        const Edit& edit, const Domain& before,
                                        const Platform& platform) {
    const std::optional<Result<DomainPtr>> written = define(domain, xml, edit.xml);
    if (!written)
        return std::nullopt;
    const Result<DomainPtr>& defined = *written;
    if (!defined)
        return libvirt_outcome(defined.error());
    const Result<std::string> after = xml_of(defined->get(), VIR_DOMAIN_XML_INACTIVE);
    if (!after)
        return libvirt_outcome(after.error());
    const Result<Domain> domain_after = parse_domain(*after);
    if (!domain_after ||
        !agrees(delivery(*domain_after, platform, side_.config.vouched), before.label.policy))
        return outcome(Injected::failed,
                       "libvirt took the definition, but it does not hold what was written (" +
                           join(edit.what, ", ") + "): another editor, or a libvirt that drops it");
    Injected out = outcome(Injected::changed, join(edit.what, ", "));
    out.notes = edit.warnings;
    for (std::string& note : what_waits(domain, true))
        out.notes.push_back(std::move(note));
    return out;
}

Injected Injector::inject(virDomainPtr domain, const InjectOptions& options) {
    const bool has_definition = persistent(domain);
    unsigned flags = has_definition ? VIR_DOMAIN_XML_INACTIVE : 0;
    if (has_definition && !options.dry_run)
        flags = to_define;
    for (int i = 0; i < tries; ++i) {
        Result<std::string> xml = xml_of(domain, flags);
        if (xml && options.labelled)
            xml = with_label(*xml, *options.labelled);
        if (!xml)
            return libvirt_outcome(xml.error());
        const Result<Domain> before = parse_domain(*xml);
        if (!before)
            return outcome(Injected::undetermined, "its definition is " + before.error().what);
        std::optional<Injected> out = judged(domain, options, *xml, *before, has_definition);
        if (!out)
            continue;
        out->label = before->label.policy;
        return std::move(*out);
    }
    return outcome(Injected::failed, keeps_changing);
}

std::optional<Injected> Injector::taken_back(virDomainPtr domain, bool dry_run) {
    const Result<std::string> xml =
        xml_of(domain, dry_run ? static_cast<unsigned>(VIR_DOMAIN_XML_INACTIVE) : to_define);
    if (!xml)
        return libvirt_outcome(xml.error());
    const Result<TakenBack> back = virt_nested::take_back(*xml);
    if (!back)
        return outcome(Injected::failed, back.error().what);
    if (back->xml == *xml)
        return outcome(Injected::unchanged, {});
    if (!dry_run) {
        const std::optional<Result<DomainPtr>> defined = define(domain, *xml, back->xml);
        if (!defined)
            return std::nullopt;
        if (!*defined)
            return libvirt_outcome(defined->error());
    }
    Injected out = outcome(Injected::changed, join(back->what, ", "));
    if (!back->what.empty())
        out.notes = what_waits(domain, true);
    for (const std::string& kept : back->kept)
        out.notes.push_back(kept + " stays: somebody has changed it since");
    return out;
}

Injected Injector::take_back(virDomainPtr domain, bool dry_run) {
    if (!persistent(domain))
        return outcome(Injected::unchanged, {});
    for (int i = 0; i < tries; ++i)
        if (std::optional<Injected> out = taken_back(domain, dry_run))
            return std::move(*out);
    return outcome(Injected::failed, keeps_changing);
}

std::optional<Injected> Injector::judged(virDomainPtr domain, const InjectOptions& options,
                                         const std::string& xml, const Domain& before,
                                         bool has_definition) {
    const Label& label = before.label;
    if (!label.problem.empty())
        return outcome(Injected::failed, "its label is not understood: " + label.problem +
                                             in_words(advice_on(label, before.name)));
    if (label.policy == LabelPolicy::none)
        return outcome(Injected::unlabelled, "it carries no label");
    if (label.policy == LabelPolicy::allow)
        return outcome(Injected::unchanged, "the label allow asks nothing of the definition");
    const Platform* platform = platform_of_guest(before, side_.host);
    if (!platform)
        return outcome(Injected::undetermined,
                       unknown_platform(before, side_.host.platform, side_.host.nests.reason));
    if (!has_definition)
        return transient_outcome(before, *platform, side_.config.vouched);
    const EditResult result =
        edit_definition(xml, *platform,
                        {label.policy, options.by_person, options.override_contradiction,
                         side_.libvirt_version, side_.config.vouched});
    if (const auto* problem = std::get_if<EditProblem>(&result))
        return problem_outcome(*problem, before.name);
    const Edit& edit = std::get<Edit>(result);
    if (!edit.changed)
        return outcome(Injected::unchanged, delivery(before, *platform, side_.config.vouched).why);
    if (!options.dry_run)
        return write(domain, xml, edit, before, *platform);
    Injected out = outcome(Injected::changed, join(edit.what, ", "));
    out.notes = edit.warnings;
    out.diff = diff_of(domain, xml, edit);
    return out;
}

} // namespace virt_nested
