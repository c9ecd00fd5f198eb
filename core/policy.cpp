// SPDX-License-Identifier: GPL-2.0-or-later
// The decision.
#include "core/policy.h"

#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

constexpr std::array phase_names = {"prepare", "start",   "started",
                                    "migrate", "restore", "reconnect"};
static_assert(phase_names.size() == static_cast<size_t>(Phase::reconnect) + 1);

/// "svm", or what there is to say where the guest's platform is not known.
std::string feature_words(const Platform* platform) {
    return platform ? std::string(platform->feature) : "nested virtualization";
}

std::string mend_definition(const Domain& domain) {
    return "virt-nested inject " + guest_word(domain.name);
}

struct Question {
    Phase phase;
    const Domain& domain;
    const Host& host;
    const Config& config;
    const Platform* platform; ///< the guest's; nullptr: not known
    Delivery gives;
};

/// The command that mends a host which does not nest; none where KVM cannot.
std::string mend_host(const Host& host) {
    if (host.platform && host.platform->probe == KvmProbe::none)
        return {};
    const bool switched_off =
        host.parameter.off() || (host.platform && !host.platform->boot_option.empty());
    return switched_off && host.cpu.state != State::off ? "virt-nested enable"
                                                        : "virt-nested validate";
}

/// "kvm_amd.nested is 0 (...)", or what KVM said where the parameter does not explain it.
std::string host_problem(const Host& host) {
    if (!host.platform)
        return host.nests.reason;
    if (host.platform->probe == KvmProbe::none)
        return std::string(host.platform->not_offered);
    const std::string parameter =
        std::string(host.platform->module) + "." + std::string(host.platform->parameter);
    if (host.nests.undetermined())
        return "whether KVM offers " + std::string(host.platform->feature) +
               " could not be determined: " + host.nests.reason + " (" + host.nests.source + ")";
    if (host.parameter.off())
        return in_words(host.parameter, parameter);
    if (host.kvm.device.absent())
        return "/dev/kvm is missing" +
               std::string(host.module.absent() && !host.platform->module.empty()
                               ? ", " + std::string(host.platform->module) + " is not loaded"
                               : "");
    std::string out = "KVM on this host does not offer " + std::string(host.platform->feature) +
                      " (" + host.nests.source + ")";
    if (!host.nests.reason.empty())
        out += " " + host.nests.reason;
    else if (host.module.absent() && !host.platform->module.empty())
        out +=
            ", " + std::string(host.platform->module) + " is not loaded" +
            (host.backends.empty() ? "" : " and the KVM backend is " + join(host.backends, ", "));
    return out;
}

Verdict refuse(std::string reason, std::string mend, bool undetermined = false) {
    return {true, undetermined, std::move(reason), std::move(mend), {}};
}

Verdict pass(std::string reason) {
    return {false, false, std::move(reason), {}, {}};
}

/// Where libvirt has not resolved the CPU yet, a later phase decides. Not at migrate: a refusal
/// after it can cost the vTPM state of the guest that still runs at the source (libvirt:
/// src/qemu/qemu_migration.c, qemuMigrationDstPrepareAny; docs/refusals.md).
bool resolved_later(Phase phase) {
    return phase == Phase::prepare;
}

void warn_of_shadow_paging(const Question& q, Verdict& verdict) {
    if (emulated(q.domain))
        return;
    if (q.host.nested_paging.off())
        verdict.warnings.push_back("the guest's own guests will run on shadow paging, slowly: " +
                                   q.host.nested_paging.found + " (" + q.host.nested_paging.source +
                                   ")");
    const std::string_view paging = q.platform->paging_feature;
    const CpuFeature* asked = paging.empty() ? nullptr : q.domain.cpu.feature(paging);
    const CpuModel* model = model_with_feature(*q.platform, q.domain.cpu.model);
    const bool named_model = q.domain.cpu.mode == CpuMode::custom && !(model && model->paging);
    if ((asked && asked->policy == FeaturePolicy::disable) ||
        (!asked && named_model && !paging.empty()))
        verdict.warnings.push_back("the definition gives " + std::string(q.platform->feature) +
                                   " without " + std::string(paging) +
                                   "; run: " + mend_definition(q.domain));
}

Verdict judge_require(const Question& q) {
    const std::string feature = feature_words(q.platform);
    const std::string label = "labelled require, but ";
    if (!q.platform)
        return refuse(label + "nothing is known about guests of " + printable(q.domain.arch, 32) +
                          " on this host" + (q.host.platform ? "" : ": " + q.host.nests.reason),
                      "virt-nested validate", true);
    const bool needs_host = !emulated(q.domain) && q.phase != Phase::started;
    if (needs_host && !q.host.nests.on())
        return refuse(label + host_problem(q.host), mend_host(q.host), q.host.nests.undetermined());
    if (q.gives.undetermined)
        return refuse(label + "whether the guest gets " + feature +
                          " cannot be determined: " + q.gives.why,
                      "virsh edit " + guest_word(q.domain.name), true);
    const bool enough = q.gives.how == Delivers::certainly ||
                        (q.gives.how == Delivers::possibly && resolved_later(q.phase));
    if (!enough && q.phase == Phase::started)
        return refuse(label + "the running CPU has no " + feature + ": " + q.gives.why +
                          " (dropped by QEMU)",
                      mend_host(q.host));
    if (!enough)
        return refuse(label + q.gives.why,
                      emulated(q.domain) && !q.platform->emulated ? "" : mend_definition(q.domain));
    Verdict verdict =
        pass("labelled require, and " + q.gives.why +
             (q.gives.how == Delivers::possibly ? ", which is decided at the start" : ""));
    warn_of_shadow_paging(q, verdict);
    return verdict;
}

/// forbid, or no label under `unlabelled = forbid`; `who` begins the sentence.
Verdict judge_forbid(const Question& q, const std::string& who, const std::string& mend) {
    if (emulated(q.domain) && !q.gives.undetermined)
        return pass(who + ", and the guest is emulated: nothing of the host's CPU reaches it");
    const std::string feature = feature_words(q.platform);
    const bool open = q.platform ? q.gives.how != Delivers::no || q.gives.undetermined : true;
    if (!open)
        return pass(who + ", and " + q.gives.why);
    if (q.platform && (q.host.nests.off() || q.host.nests.absent()))
        return pass(who + ", and this host gives " + feature +
                    " to no guest: " + host_problem(q.host));
    const bool unknown = !q.platform || q.host.nests.undetermined() || q.gives.undetermined;
    if (!unknown)
        return refuse(who + ", but " + q.gives.why + " and this host nests: " + q.host.nests.found +
                          " (" + q.host.nests.source + ")",
                      mend);
    const std::string why = q.gives.undetermined ? q.gives.why : host_problem(q.host);
    const std::string sentence =
        who + ", but whether the guest would get " + feature + " cannot be determined: " + why;
    if (q.config.undetermined == UndeterminedRule::allow) {
        Verdict verdict = pass(sentence + "; undetermined = allow lets it pass");
        verdict.undetermined = true;
        verdict.warnings.push_back(verdict.reason);
        return verdict;
    }
    return refuse(sentence, mend, true);
}

Verdict judge_unlabelled(const Question& q, const std::string& who) {
    const std::string guest = guest_word(q.domain.name);
    if (q.config.unlabelled == UnlabelledRule::allow)
        return pass(who + ", and the site has no rule for such guests");
    Verdict strict =
        judge_forbid(q,
                     who + " under unlabelled = " +
                         (q.config.unlabelled == UnlabelledRule::warn ? "warn" : "forbid"),
                     "virt-nested label " + guest + " forbid");
    if (q.config.unlabelled == UnlabelledRule::forbid || !strict.refuse)
        return strict;
    strict.refuse = false;
    strict.mend.clear();
    strict.warnings.push_back(strict.reason);
    return strict;
}

Verdict judge(const Question& q) {
    const Label& label = q.domain.label;
    if (!label.problem.empty())
        return refuse("its nesting label is not understood: " + label.problem,
                      "virt-nested label " + guest_word(q.domain.name) + " POLICY");
    switch (label.policy) {
    case LabelPolicy::require:
        return judge_require(q);
    case LabelPolicy::forbid:
        return judge_forbid(q, "labelled forbid", mend_definition(q.domain));
    case LabelPolicy::allow:
        if (q.config.honour_allow)
            return pass("labelled allow");
        return judge_unlabelled(q, "labelled allow, which honour_allow = no sets aside");
    case LabelPolicy::none:
        break;
    }
    return judge_unlabelled(q, "unlabelled");
}

/// Where a failure loses what it was to protect: at reconnect it kills a running guest (libvirt:
/// docs/hooks.rst), at restore libvirt 11.2 to 11.10 unlink the managed-save image
/// (src/qemu/qemu_driver.c, qemuDomainObjRestore), and prepare follows, on the CPU of the image.
bool only_looks(Phase phase) {
    return phase == Phase::reconnect || phase == Phase::restore;
}

Verdict soften(Phase phase, Verdict verdict) {
    if (only_looks(phase) && verdict.refuse) {
        verdict.refuse = false;
        verdict.warnings.push_back(verdict.reason +
                                   (verdict.mend.empty() ? "" : "; run: " + verdict.mend));
    }
    return verdict;
}

} // namespace

const char* name(Phase phase) {
    return phase_names[static_cast<size_t>(phase)];
}

std::optional<Phase> phase_of(std::string_view operation) {
    for (size_t i = 0; i < phase_names.size(); ++i)
        if (operation == phase_names[i])
            return static_cast<Phase>(i);
    return std::nullopt;
}

const Platform* platform_of_guest(const Domain& domain, const Host& host) {
    if (emulated(domain))
        return emulated_platform(domain.arch);
    return host.platform && runs_guest(*host.platform, domain.arch) ? host.platform : nullptr;
}

bool needs_host(const Domain& domain, const Config& config) {
    const LabelPolicy policy = domain.label.policy;
    if (!domain.label.problem.empty())
        return false;
    if (policy == LabelPolicy::require || policy == LabelPolicy::forbid)
        return true;
    return config.unlabelled != UnlabelledRule::allow &&
           (policy == LabelPolicy::none || !config.honour_allow);
}

Verdict decide(Phase phase, const Domain& domain, const Host& host, const Config& config) {
    const Platform* platform = platform_of_guest(domain, host);
    // An emulated guest of an architecture that nothing is known about: any platform tells whether
    // something in its definition is beyond judging.
    const Delivery gives = platform || emulated(domain)
                               ? delivery(domain, platform ? *platform : platforms().front())
                               : Delivery{Delivers::possibly, true, "unknown platform"};
    return soften(phase, judge({phase, domain, host, config, platform, gives}));
}

Verdict decide_unreadable(Phase phase, const std::string& problem, bool label_seen,
                          const Config& config) {
    Verdict verdict;
    verdict.undetermined = true;
    verdict.reason = "its definition cannot be judged: " + problem;
    verdict.refuse = label_seen || config.unlabelled == UnlabelledRule::forbid;
    if (!verdict.refuse)
        verdict.warnings.push_back(verdict.reason);
    return soften(phase, std::move(verdict));
}

std::string refusal(std::string_view guest, const Verdict& verdict) {
    return "virt-nested: '" + printable(guest) + "' refused: " + verdict.reason +
           (verdict.mend.empty() ? std::string() : "; run: " + verdict.mend);
}

} // namespace virt_nested
