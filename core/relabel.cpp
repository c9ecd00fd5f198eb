// SPDX-License-Identifier: GPL-2.0-or-later
// The label's element, and the edits of core/edit.cpp the other way round.
#include "core/relabel.h"

#include "core/platform.h"
#include "core/text.h"
#include "core/xml.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

std::string quoted(const std::string& word) {
    return "'" + printable(word, 64) + "'";
}

/// One definition on its way back.
struct Undoing {
    XmlNode root;
    InjectedItems items;
    TakenBack out{};

    const InjectedItem* item(std::string_view what) const {
        const auto found = std::find_if(items.begin(), items.end(),
                                        [&](const InjectedItem& one) { return one.what == what; });
        return found == items.end() ? nullptr : &*found;
    }
    void done(std::string what) { out.what.push_back(std::move(what)); }
    void kept(std::string what) { out.kept.push_back(std::move(what)); }
};

void put_attribute(XmlNode& node, const char* name, const std::string& value) {
    if (value.empty())
        node.remove_attribute(name);
    else
        node.set_attribute(name, value);
}

void undo_feature(Undoing& work, const InjectedItem& item) {
    const std::string name = item.what.substr(injected_feature.size());
    XmlNode cpu = work.root.child("cpu");
    for (XmlNode& feature : cpu.children("feature")) {
        if (feature.attribute("name") != name)
            continue;
        const std::string policy = feature.attribute("policy").value_or("require");
        const std::string shown = name + " policy=" + quoted(policy);
        if (policy != item.now) {
            work.kept(shown);
        } else if (item.before.empty()) {
            cpu.remove_child(feature);
            work.done(shown + " removed");
        } else {
            feature.set_attribute("policy", item.before);
            work.done(name + " policy='" + item.before + "' instead of " + quoted(policy));
        }
        return;
    }
}

/// Whether the CPU is still as it was chosen, and what it was before can hold what is in it now: a
/// <cpu> without a model takes no features (libvirt: src/conf/cpu_conf.c).
bool can_give_back_cpu(const Undoing& work, const XmlNode& cpu, const InjectedItem& mode) {
    const bool untouched =
        cpu.attribute("mode") == mode.now && !cpu.attribute("match") && !cpu.child("model");
    const bool had_model = !mode.before.empty() || work.item("model");
    return untouched && (had_model || cpu.children("feature").empty());
}

void undo_cpu(Undoing& work, const InjectedItem& mode) {
    XmlNode cpu = work.root.child("cpu");
    if (!can_give_back_cpu(work, cpu, mode)) {
        if (cpu)
            work.kept("CPU mode " + quoted(cpu.attribute("mode").value_or("")));
        return;
    }
    put_attribute(cpu, "mode", mode.before);
    if (const InjectedItem* match = work.item("match"))
        cpu.set_attribute("match", match->before);
    // libvirt writes it for these two modes, and takes it for no other.
    if (mode.before != "host-passthrough" && mode.before != "maximum")
        cpu.remove_attribute("migratable");
    if (const InjectedItem* model = work.item("model")) {
        const size_t comma = model->before.find(',');
        XmlNode element = cpu.add_first_child("model");
        element.set_text(model->before.substr(0, comma));
        if (comma != std::string::npos)
            element.set_attribute("fallback", model->before.substr(comma + 1));
    }
    work.done("the CPU of before in the place of mode " + quoted(mode.now));
}

void undo_check(Undoing& work, const InjectedItem& item) {
    XmlNode cpu = work.root.child("cpu");
    const std::string now = cpu.attribute("check").value_or("");
    if (!cpu || now == item.before)
        return;
    if (now != item.now) {
        work.kept("check=" + quoted(now));
        return;
    }
    put_attribute(cpu, "check", item.before);
    work.done("check=" + quoted(now) + (item.before.empty() ? " removed" : " set back"));
}

/// `without_state`: what the element says where it has no attribute `state`; empty: it always has.
void undo_element(Undoing& work, const InjectedItem& item, const char* without_state) {
    XmlNode features = work.root.child("features");
    XmlNode element = features.child(item.what.c_str());
    const std::string now = element ? element.attribute("state").value_or(without_state) : "";
    const std::string shown = "<" + item.what + "/>";
    if (now == item.before)
        return;
    if (now != item.now) {
        work.kept(shown);
        return;
    }
    if (item.before.empty()) {
        features.remove_child(element);
        if (features.bare())
            work.root.remove_child(features);
    } else {
        if (!features)
            features = work.root.add_child("features");
        if (!element)
            element = features.add_child(item.what.c_str());
        put_attribute(element, "state", item.before == without_state ? "" : item.before);
    }
    work.done(shown + (item.before.empty() ? " removed" : " set back"));
}

/// Also from a second <metadata>, where the hook sees it too.
void take_label_away(const XmlNode& root) {
    for (size_t i = 0; i < root.children("metadata").size(); ++i) {
        XmlNode metadata = root.children("metadata")[i];
        std::vector<XmlNode> labels = metadata.children_of(label_uri);
        for (; !labels.empty(); labels = metadata.children_of(label_uri))
            metadata.remove_child(labels.front());
    }
}

void remove_bare(XmlNode root, const char* child) {
    if (const XmlNode element = root.child(child); element && element.bare())
        root.remove_child(element);
}

} // namespace

std::string label_element(LabelPolicy policy) {
    return "<vn:nested xmlns:vn=\"" + std::string(label_uri) + "\" policy=\"" + name(policy) +
           "\"/>";
}

Result<std::string> with_label(std::string_view xml, LabelPolicy policy) {
    Result<XmlDocument> document = XmlDocument::parse(xml);
    if (!document)
        return document.error();
    XmlNode root = document->root();
    take_label_away(root);
    if (policy == LabelPolicy::none)
        return document->text();
    XmlNode metadata = root.child("metadata");
    if (!metadata)
        metadata = root.add_child_after(root.child("name"), "metadata");
    const Result<XmlNode> added = document->adopt(metadata, label_element(policy));
    if (!added)
        return added.error();
    return document->text();
}

std::vector<std::string> said_of_nesting(const Domain& domain) {
    const Cpu& cpu = domain.cpu;
    std::vector<std::string> out;
    if (cpu.mode == CpuMode::host_passthrough || cpu.mode == CpuMode::maximum)
        out.push_back(std::string("CPU mode '") + name(cpu.mode) + "'");
    for (const Platform& platform : platforms())
        for (const std::string_view feature : {platform.feature, platform.paging_feature})
            if (const CpuFeature* said = feature.empty() ? nullptr : cpu.feature(feature))
                out.push_back(said->name + " policy='" + name(said->policy) + "'");
    if (domain.nested_hv != Switch::absent)
        out.push_back(std::string("<nested-hv state='") +
                      (domain.nested_hv == Switch::on ? "on" : "off") + "'/>");
    if (domain.virtualization != Switch::absent)
        out.emplace_back("<virtualization/>");
    return out;
}

Result<TakenBack> take_back(std::string_view xml) {
    const Result<Domain> domain = parse_domain(xml);
    if (!domain)
        return Error{0, "its definition is " + domain.error().what};
    if (!domain->label.problem.empty())
        return Error{0, "its label is not understood, so what was written for it is not known: " +
                            domain->label.problem};
    const Result<InjectedItems> items = parse_injected(domain->label.injected);
    const Result<XmlDocument> document = XmlDocument::parse(xml);
    if (!items || !document)
        return items ? document.error() : items.error();
    Undoing work{document->root(), *items};
    for (const InjectedItem& item : work.items)
        if (item.what.starts_with(injected_feature))
            undo_feature(work, item);
    if (const InjectedItem* mode = work.item("mode"))
        undo_cpu(work, *mode);
    if (const InjectedItem* check = work.item("check"))
        undo_check(work, *check);
    if (!work.items.empty())
        remove_bare(work.root, "cpu");
    if (const InjectedItem* nested_hv = work.item("nested-hv"))
        undo_element(work, *nested_hv, "");
    if (const InjectedItem* virtualization = work.item("virtualization"))
        undo_element(work, *virtualization, "on");
    take_label_away(work.root);
    if (domain->label.present())
        remove_bare(work.root, "metadata");
    work.out.xml = document->text();
    return std::move(work.out);
}

} // namespace virt_nested
