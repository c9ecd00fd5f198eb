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

struct Question {
    Phase phase;
    const Domain& domain;
    const Host& host;
    const Config& config;
    const Platform* platform; ///< the guest's; nullptr: not known
    Delivery gives;
};

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

Verdict refuse(std::string reason, Advice advice, bool undetermined = false) {
    Verdict out;
    out.refuse = true;
    out.undetermined = undetermined;
    out.reason = std::move(reason);
    out.mend = std::move(advice.mend);
    out.decision = std::move(advice.decision);
    return out;
}

Verdict pass(std::string reason) {
    Verdict out;
    out.reason = std::move(reason);
    return out;
}

/// What ends a refusal that the definition is the ground of. `sure`: what stands in the way in
/// spite of a doubt, and has to go as well.
Advice advise(const Question& q, Rule rule, const Delivery* sure = nullptr) {
    if (rule == Rule::site && !q.config.unreadable.empty())
        return {{}, "mend that file first"};
    Advice out = advice_on(q.gives, q.domain, rule, q.config.honour_allow);
    if (sure && !out.mend.empty())
        out = both(out, advice_on(*sure, q.domain, rule, q.config.honour_allow));
    // Here an incoming guest has no definition.
    if (q.phase == Phase::migrate && !out.mend.empty())
        out.decision = "at the source, and start it anew there" +
                       (out.decision.empty() ? "" : "; " + out.decision);
    return out;
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
                                   "; run: virt-nested inject " + guest_word(q.domain.name));
}

/// What host and definition lack, where it is both: mending the host alone ends no refusal.
Verdict refuse_host(const Question& q, const std::string& label, bool enough) {
    std::string reason = label + host_problem(q.host);
    Advice advice = advice_on(q.host);
    if (!enough && !advice.mend.empty()) {
        reason += ", and " + q.gives.why;
        const Advice more = advise(q, Rule::require);
        // Not in one line: one part is for this host, the other for the source's.
        advice = q.phase == Phase::migrate && !more.mend.empty()
                     ? Advice{advice.mend, "and run: " + more.mend + " " + more.decision}
                     : both(advice, more);
    }
    return refuse(std::move(reason), std::move(advice), q.host.nests.undetermined());
}

Verdict judge_require(const Question& q) {
    const std::string feature = feature_words(q.platform);
    const std::string label = "labelled require, but ";
    if (!q.platform)
        return refuse(label + "nothing is known about guests of " + printable(q.domain.arch, 32) +
                          " on this host" + (q.host.platform ? "" : ": " + q.host.nests.reason),
                      advise(q, Rule::require), true);
    // Confidential guests cannot nest, whatever host and definition say besides.
    if (q.gives.obstacle == Obstacle::masked || q.gives.obstacle == Obstacle::unusable)
        return refuse(label + (q.gives.useless.empty() ? q.gives.why : q.gives.useless),
                      advise(q, Rule::require));
    const bool enough =
        !q.gives.undetermined && (q.gives.how == Delivers::certainly ||
                                  (q.gives.how == Delivers::possibly && resolved_later(q.phase)));
    const bool needs_host = !emulated(q.domain) && q.phase != Phase::started;
    if (needs_host && !q.host.nests.on())
        return refuse_host(q, label, enough);
    if (q.gives.undetermined)
        return refuse(label + "whether the guest gets " + feature +
                          " cannot be determined: " + q.gives.why,
                      advise(q, Rule::require), true);
    if (!enough && q.phase == Phase::started)
        return refuse(label + "the running CPU has no " + feature + ": " + q.gives.why +
                          " (dropped by QEMU)",
                      advice_on(q.host));
    if (!enough)
        return refuse(label + q.gives.why, advise(q, Rule::require));
    Verdict verdict =
        pass("labelled require, and " + q.gives.why +
             (q.gives.how == Delivers::possibly ? ", which is decided at the start" : ""));
    warn_of_shadow_paging(q, verdict);
    return verdict;
}

/// Both stand in the way: what is in doubt, and what is certain in spite of it.
Verdict refuse_sure(const Question& q, Rule rule, const std::string& who, const Delivery& sure) {
    return refuse(who + ", but " + sure.why + " and this host nests: " + q.host.nests.found + " (" +
                      q.host.nests.source + "), and " + q.gives.why,
                  advise(q, rule, &sure));
}

/// forbid, or no label under `unlabelled = forbid`; `who` begins the sentence.
Verdict judge_forbid(const Question& q, Rule rule, const std::string& who) {
    if (emulated(q.domain) && !q.gives.undetermined)
        return pass(who + ", and the guest is emulated: nothing of the host's CPU reaches it");
    const std::string feature = feature_words(q.platform);
    const bool open = q.platform ? q.gives.how != Delivers::no || q.gives.undetermined : true;
    if (!open)
        return pass(who + ", and " + q.gives.why);
    if (q.platform && (q.host.nests.off() || q.host.nests.absent()))
        return pass(who + ", and this host gives " + feature +
                    " to no guest: " + host_problem(q.host));
    if (q.platform && q.host.nests.on())
        if (const auto sure = certain_in_spite_of(q.gives, q.domain, *q.platform))
            return refuse_sure(q, rule, who, *sure);
    const bool unknown = !q.platform || q.host.nests.undetermined() || q.gives.undetermined;
    if (!unknown)
        return refuse(who + ", but " + q.gives.why + " and this host nests: " + q.host.nests.found +
                          " (" + q.host.nests.source + ")",
                      advise(q, rule));
    const std::string why = q.gives.undetermined ? q.gives.why : host_problem(q.host);
    const std::string sentence =
        who + ", but whether the guest would get " + feature + " cannot be determined: " + why;
    if (q.config.undetermined == UndeterminedRule::allow) {
        Verdict verdict = pass(sentence + "; undetermined = allow lets it pass");
        verdict.undetermined = true;
        verdict.warnings.push_back(verdict.reason);
        return verdict;
    }
    return refuse(sentence, advise(q, rule), true);
}

/// The rule that judges a guest without a label, in words.
std::string site_words(const Config& config) {
    if (!config.unreadable.empty())
        return ", and the configuration cannot be read and counts as unlabelled = forbid (" +
               config.unreadable + ")";
    return std::string(" under unlabelled = ") +
           (config.unlabelled == UnlabelledRule::warn ? "warn" : "forbid");
}

Verdict judge_unlabelled(const Question& q, const std::string& who) {
    if (q.config.unlabelled == UnlabelledRule::allow)
        return pass(who + ", and the site has no rule for such guests");
    Verdict strict = judge_forbid(q, Rule::site, who + site_words(q.config));
    if (q.config.unlabelled == UnlabelledRule::forbid || !strict.refuse)
        return strict;
    strict.refuse = false;
    strict.mend.clear();
    strict.decision.clear();
    strict.warnings.push_back(strict.reason);
    return strict;
}

Verdict judge(const Question& q) {
    const Label& label = q.domain.label;
    if (!label.problem.empty())
        return refuse("its nesting label is not understood: " + label.problem,
                      advice_on(label, q.domain.name));
    switch (label.policy) {
    case LabelPolicy::require:
        return judge_require(q);
    case LabelPolicy::forbid:
        return judge_forbid(q, Rule::forbid, "labelled forbid");
    case LabelPolicy::allow:
        if (q.config.honour_allow)
            return pass("labelled allow");
        return judge_unlabelled(q, q.config.unreadable.empty()
                                       ? "labelled allow, which honour_allow = no sets aside"
                                       : "labelled allow");
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

Verdict soften(Phase phase, const Config& config, Verdict verdict) {
    if (!verdict.refuse)
        return verdict;
    const std::string told = verdict.reason + in_words({verdict.mend, verdict.decision});
    if (only_looks(phase)) {
        verdict.refuse = false;
        verdict.warnings.push_back(told);
    } else if (config.mode == Mode::report) {
        verdict.refuse = false;
        verdict.would_refuse = true;
        verdict.warnings.push_back("would be refused: " + told);
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
    if (domain.arch.empty() && !host.platform)
        return nullptr;
    const std::string_view arch =
        host.platform ? guest_arch(domain, *host.platform) : std::string_view(domain.arch);
    if (emulated(domain))
        return emulated_platform(arch);
    return host.platform && runs_guest(*host.platform, arch) ? host.platform : nullptr;
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
    const Delivery gives =
        platform || emulated(domain)
            ? delivery(domain, platform ? *platform : platforms().front(), config.vouched)
            : Delivery{Delivers::possibly, true, "unknown platform", Obstacle::platform};
    return soften(phase, config, judge({phase, domain, host, config, platform, gives}));
}

Verdict decide_unreadable(Phase phase, const std::string& problem, bool label_seen,
                          const Config& config) {
    Verdict verdict =
        refuse("its definition cannot be judged: " + problem,
               {{}, "libvirt sent no definition, or a hook before this one rewrote it"}, true);
    const bool by_rule = config.unlabelled == UnlabelledRule::forbid;
    if (!label_seen && by_rule && !config.unreadable.empty()) {
        verdict.reason += site_words(config);
        verdict.decision = "mend that file first";
    }
    verdict.refuse = label_seen || by_rule;
    if (!verdict.refuse) {
        verdict.decision.clear();
        verdict.warnings.push_back(verdict.reason);
    }
    return soften(phase, config, std::move(verdict));
}

std::string refusal(std::string_view guest, const Verdict& verdict) {
    return "virt-nested: '" + printable(guest) + "' refused: " + verdict.reason +
           in_words({verdict.mend, verdict.decision});
}

} // namespace virt_nested
