// SPDX-License-Identifier: GPL-2.0-or-later
// The edits: one function for each way a platform asks for nesting.
#include "core/edit.h"

#include "core/injected.h"
#include "core/policy.h"
#include "core/text.h"
#include "core/xml.h"

#include <algorithm>
#include <optional>

namespace virt_nested {

namespace {

/// libvirt's formatdomain: <virtualization/> of Arm guests since 12.1.0.
constexpr unsigned long virtualization_since = 12001000;

/// One definition in the making.
struct Work {
    const Domain& domain;
    const Platform& platform;
    const Wish& wish;
    XmlNode root;
    std::string feature;
    InjectedItems written; ///< for the label, this time and before
    Edit edit;

    bool require() const { return wish.policy == LabelPolicy::require; }
    bool compared() const { return platform.libvirt_cpu == LibvirtCpu::compares; }
    bool emulated() const { return domain.type == "qemu"; }
    void note(std::string what) {
        edit.what.push_back(std::move(what));
        edit.changed = true;
    }
    void note(std::string what, const InjectedItem& change) {
        note(std::move(what));
        remember(written, change);
    }
};

using Problem = std::optional<EditProblem>;

EditProblem contradiction(const Work& work, const std::string& says) {
    return {EditProblem::contradiction, std::string("the label says ") + name(work.wish.policy) +
                                            ", but the definition says " + says};
}

XmlNode find_feature(const XmlNode& cpu, const std::string& name) {
    for (const XmlNode& feature : cpu.children("feature"))
        if (feature.attribute("name") == name)
            return feature;
    return XmlNode();
}

/// A <feature>; an existing one is changed, for libvirt refuses a feature named twice.
void write_feature(Work& work, XmlNode& cpu, const std::string& name, FeaturePolicy policy) {
    const std::string shown = name + " policy='" + virt_nested::name(policy) + "'";
    InjectedItem change{std::string(injected_feature) + name, virt_nested::name(policy), {}};
    if (XmlNode there = find_feature(cpu, name)) {
        change.before = there.attribute("policy").value_or("require");
        work.note(shown + " instead of '" + change.before + "'", change);
        there.set_attribute("policy", virt_nested::name(policy));
        return;
    }
    XmlNode added = cpu.add_child("feature");
    added.set_attribute("policy", virt_nested::name(policy));
    added.set_attribute("name", name);
    work.note(shown + " added", change);
}

/// check='full' makes libvirt itself refuse a start that would drop a required feature, in these
/// modes only: for named models it also fails on features that QEMU adds (qemu_process.c,
/// qemuProcessVerifyCPU). It looks at every feature that is named, so it is set only where no
/// other one could begin to fail.
void enforce_check(Work& work, XmlNode& cpu) {
    const std::vector<XmlNode> features = cpu.children("feature");
    const bool alone = std::all_of(features.begin(), features.end(), [&](const XmlNode& f) {
        const std::string policy = f.attribute("policy").value_or("require");
        return f.attribute("name") == work.feature || policy == "disable";
    });
    if (cpu.attribute("check") == "full")
        return;
    if (!alone) {
        work.edit.warnings.push_back(
            "check='full' is left out, for the definition names other CPU features that it would "
            "begin to enforce; libvirt alone will not notice a dropped " +
            work.feature);
        return;
    }
    work.note("check='full' set", {"check", "full", cpu.attribute("check").value_or("")});
    cpu.set_attribute("check", "full");
}

/// What is changed in a CPU that nobody chose: all of it, or nothing where not all can be told.
InjectedItems default_cpu_items(const XmlNode& cpu, const char* mode) {
    InjectedItems out = {{"mode", mode, cpu.attribute("mode").value_or("")}};
    for (const char* gone : {"match", "check"})
        if (const auto value = cpu.attribute(gone))
            out.push_back({gone, {}, *value});
    const XmlNode model = cpu.child("model");
    const std::optional<std::string> fallback = model.attribute("fallback");
    if (model)
        out.push_back({"model", {}, model.text() + (fallback ? "," + *fallback : "")});
    const bool more = cpu.child("vendor") || model.attribute("vendor_id");
    return !more && std::all_of(out.begin(), out.end(), can_be_told) ? out : InjectedItems();
}

/// A <cpu> that nobody chose becomes one that delivers; topology, numa and the like stay.
void choose_cpu(Work& work, const char* mode) {
    XmlNode cpu = work.root.child("cpu");
    if (!cpu)
        cpu = work.root.add_child("cpu");
    for (const InjectedItem& item : default_cpu_items(cpu, mode))
        remember(work.written, item);
    work.note(std::string("CPU mode '") + mode + "' in the place of the default CPU");
    for (const char* left : {"match", "check"})
        cpu.remove_attribute(left);
    for (const char* left : {"model", "vendor"})
        if (const XmlNode gone = cpu.child(left))
            cpu.remove_child(gone);
    cpu.set_attribute("mode", mode);
}

bool passes_host_cpu(const XmlNode& cpu) {
    const std::string mode = cpu.attribute("mode").value_or("");
    return mode == "host-passthrough" || mode == "maximum";
}

/// Whether the definition says it already, as explicitly as this platform has it.
bool explicit_enough(const Work& work, const Delivery& gives) {
    if (gives.how != Delivers::certainly)
        return false;
    const bool host_cpu = work.domain.cpu.mode == CpuMode::host_passthrough ||
                          work.domain.cpu.mode == CpuMode::maximum;
    return !work.compared() || (work.emulated() && !host_cpu);
}

void bring_npt(Work& work, XmlNode& cpu) {
    const std::string npt(work.platform.paging_feature);
    if (npt.empty() || passes_host_cpu(cpu))
        return;
    const CpuFeature* asked = work.domain.cpu.feature(npt);
    if (asked && asked->policy != FeaturePolicy::require && asked->policy != FeaturePolicy::force)
        work.edit.warnings.push_back("the definition says " + npt + " policy='" +
                                     name(asked->policy) +
                                     "': the guest's own guests may run on shadow paging, slowly");
    const CpuModel* model = model_with_feature(work.platform, work.domain.cpu.model);
    if (!asked && work.domain.cpu.mode == CpuMode::custom && !(model && model->paging))
        write_feature(work, cpu, npt, FeaturePolicy::require);
}

Problem require_feature(Work& work, const Delivery& gives) {
    const Domain& domain = work.domain;
    const CpuFeature* asked = domain.cpu.feature(work.feature);
    if (work.emulated() && !work.platform.emulated)
        return EditProblem{EditProblem::impossible, "an emulated guest (type='qemu') never has " +
                                                        work.feature +
                                                        "; it needs <domain type='kvm'>"};
    if (!work.emulated() && work.platform.probe == KvmProbe::none)
        return EditProblem{EditProblem::impossible, std::string(work.platform.not_offered)};
    if (gives.obstacle == Obstacle::masked || gives.obstacle == Obstacle::unusable)
        return EditProblem{EditProblem::impossible,
                           (gives.useless.empty() ? gives.why : gives.useless) +
                               in_words(advice_on(gives, domain, Rule::require, false))};
    if (asked && !work.wish.override_contradiction &&
        (asked->policy == FeaturePolicy::disable || asked->policy == FeaturePolicy::forbid))
        return contradiction(work, work.feature + " policy='" + name(asked->policy) + "'");
    if (explicit_enough(work, gives))
        return std::nullopt;
    const bool nobody_chose = domain.cpu.mode == CpuMode::none || default_cpu(domain);
    if (nobody_chose && !work.wish.by_person)
        return EditProblem{EditProblem::needs_person,
                           "the definition has no CPU of its own, and choosing one concerns "
                           "migration and licences; run: virt-nested inject " +
                               guest_word(domain.name)};
    if (nobody_chose)
        choose_cpu(work, work.emulated() ? "maximum" : "host-passthrough");
    XmlNode cpu = work.root.child("cpu");
    const bool said =
        asked && (asked->policy == FeaturePolicy::require || asked->policy == FeaturePolicy::force);
    if (!said)
        write_feature(work, cpu, work.feature, FeaturePolicy::require);
    bring_npt(work, cpu);
    if (work.compared() && passes_host_cpu(cpu))
        enforce_check(work, cpu);
    return std::nullopt;
}

Problem forbid_feature(Work& work, const Delivery& gives) {
    const Domain& domain = work.domain;
    const CpuFeature* asked = domain.cpu.feature(work.feature);
    if (work.emulated() || gives.how == Delivers::no)
        return std::nullopt;
    if (asked && asked->policy != FeaturePolicy::optional && !work.wish.override_contradiction)
        return contradiction(work, work.feature + " policy='" + name(asked->policy) + "'");
    if (domain.cpu.mode == CpuMode::none) {
        if (!work.wish.by_person)
            return EditProblem{EditProblem::needs_person,
                               "the definition has no <cpu> to disable " + work.feature +
                                   " in; run: virt-nested inject " + guest_word(domain.name)};
        choose_cpu(work, "host-model");
    }
    XmlNode cpu = work.root.child("cpu");
    write_feature(work, cpu, work.feature, FeaturePolicy::disable);
    return std::nullopt;
}

/// POWER: <nested-hv state=''/>, pSeries machines only (qemu_validate.c).
Problem switch_nested_hv(Work& work) {
    XmlNode features = work.root.child("features");
    XmlNode element = features.child("nested-hv");
    const bool on = element && element.attribute("state") == "on";
    if (on == work.require())
        return std::nullopt;
    if (work.require() && !work.domain.machine.starts_with("pseries"))
        return EditProblem{EditProblem::impossible, "a machine of type '" +
                                                        printable(work.domain.machine, 64) +
                                                        "' has no nested-hv; it needs pseries"};
    if (element && !work.wish.override_contradiction)
        return contradiction(work, std::string("<nested-hv state='") + (on ? "on" : "off") + "'/>");
    const bool there = static_cast<bool>(element);
    if (!features)
        features = work.root.add_child("features");
    if (!element)
        element = features.add_child("nested-hv");
    const char* state = work.require() ? "on" : "off";
    element.set_attribute("state", state);
    work.note(std::string("<nested-hv state='") + state + "'/> set",
              {"nested-hv", state, there ? (on ? "on" : "off") : ""});
    return std::nullopt;
}

Problem switch_virtualization(Work& work) {
    XmlNode features = work.root.child("features");
    XmlNode element = features.child("virtualization");
    const bool on = work.domain.virtualization == Switch::on;
    if (on == work.require())
        return std::nullopt;
    if (element && !work.wish.override_contradiction)
        return contradiction(work, on ? "<virtualization/>" : "<virtualization state='off'/>");
    if (element && !work.require()) {
        features.remove_child(element);
        work.note("<virtualization/> removed", {"virtualization", {}, "on"});
        return std::nullopt;
    }
    if (element) {
        element.remove_attribute("state");
        work.note("<virtualization/> set", {"virtualization", "on", "off"});
        return std::nullopt;
    }
    if (work.wish.libvirt_version == 0)
        work.edit.warnings.emplace_back(
            "<virtualization/> needs libvirt 12.1.0 or later: an older one drops it, unseen");
    else if (work.wish.libvirt_version < virtualization_since)
        return EditProblem{EditProblem::impossible,
                           "this libvirt has no <virtualization/> for Arm guests (12.1.0 and later "
                           "have it)"};
    if (!features)
        features = work.root.add_child("features");
    features.add_child("virtualization");
    work.note("<virtualization/> added", {"virtualization", "on", {}});
    return std::nullopt;
}

Problem apply(Work& work, const Delivery& gives) {
    if (gives.undetermined)
        return EditProblem{
            EditProblem::undetermined,
            "whether the guest gets " + work.feature + " cannot be determined: " + gives.why +
                in_words(advice_on(gives, work.domain,
                                   work.require() ? Rule::require : Rule::forbid, false))};
    switch (work.platform.guest_switch) {
    case GuestSwitch::cpu_feature:
        return work.require() ? require_feature(work, gives) : forbid_feature(work, gives);
    case GuestSwitch::nested_hv:
        return switch_nested_hv(work);
    case GuestSwitch::virtualization:
        return switch_virtualization(work);
    }
    return std::nullopt;
}

/// The definition's own label, if it has one: never two, which are not understood.
void tell_label(const XmlNode& root, const InjectedItems& written) {
    for (const XmlNode& metadata : root.children("metadata"))
        for (XmlNode& label : metadata.children_of(label_uri)) {
            if (written.empty())
                label.remove_attribute("injected");
            else
                label.set_attribute("injected", injected_text(written));
            return;
        }
}

} // namespace

bool default_cpu(const Domain& domain) {
    const Cpu& cpu = domain.cpu;
    return cpu.mode == CpuMode::custom && cpu.features.empty() && cpu.check != "partial" &&
           (cpu.model == "qemu64" || cpu.model == "qemu32");
}

EditResult edit_definition(std::string_view xml, const Platform& platform, const Wish& wish) {
    const Result<Domain> domain = parse_domain(xml);
    if (!domain)
        return EditProblem{EditProblem::undetermined, "its definition is " + domain.error().what};
    const Result<XmlDocument> document = XmlDocument::parse(xml);
    if (!document)
        return EditProblem{EditProblem::undetermined, "its definition is " + document.error().what};
    Work work{*domain, platform, wish, document->root(), std::string(platform.feature), {}, {}};
    if (const Result<InjectedItems> before = parse_injected(domain->label.injected))
        work.written = *before;
    if (wish.policy == LabelPolicy::require || wish.policy == LabelPolicy::forbid)
        if (Problem problem = apply(work, delivery(*domain, platform, wish.vouched)))
            return std::move(*problem);
    if (work.edit.changed)
        tell_label(document->root(), work.written);
    work.edit.xml = document->text();
    return std::move(work.edit);
}

} // namespace virt_nested
