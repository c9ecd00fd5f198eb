// SPDX-License-Identifier: GPL-2.0-or-later
// virDomainSetMetadata, and the managed-save image beside it.
#include "guests/label.h"

#include "core/relabel.h"
#include "core/text.h"
#include "core/xml.h"

#include <libvirt/virterror.h>

#include <optional>

namespace virt_nested {

namespace {

const std::string& uri() {
    static const std::string text(label_uri);
    return text;
}

unsigned flags_of(virDomainPtr domain, const LabelScope& scope) {
    unsigned flags = VIR_DOMAIN_AFFECT_CURRENT;
    const bool everywhere = !scope.live && !scope.config && !scope.current;
    if (scope.live || (everywhere && running(domain)))
        flags |= VIR_DOMAIN_AFFECT_LIVE;
    if (scope.config || (everywhere && persistent(domain)))
        flags |= VIR_DOMAIN_AFFECT_CONFIG;
    return flags;
}

/// The element as libvirt hands it back: its prefix gone. Empty where there is none.
std::string present(virDomainPtr domain, unsigned flags) {
    return taken_text(
               virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, uri().c_str(), flags))
        .value_or({});
}

/// Only what is exactly the label that is wanted counts: an element with more in it is refused by
/// the hook.
bool is_label(const std::string& element, LabelPolicy policy) {
    if (policy == LabelPolicy::none || element.empty())
        return policy == LabelPolicy::none && element.empty();
    const Result<Domain> domain =
        parse_domain("<domain><metadata>" + element + "</metadata></domain>");
    return domain && domain->label.policy == policy && domain->label.problem.empty();
}

/// The label's element in one of the two places, as it stands there; empty: there is none.
std::string element_in(virDomainPtr domain, unsigned flag) {
    std::string element = present(domain, flag);
    // Reading takes the namespace off the element: put it back before it is judged.
    if (Result<XmlDocument> document = XmlDocument::parse(element);
        document && element.find(uri()) == std::string::npos) {
        document->root().set_attribute("xmlns", uri());
        return document->text();
    }
    return element;
}

bool already(virDomainPtr domain, LabelPolicy policy, unsigned flags) {
    for (const unsigned flag : {VIR_DOMAIN_AFFECT_LIVE, VIR_DOMAIN_AFFECT_CONFIG})
        if ((flags & flag) != 0 && !is_label(element_in(domain, flag), policy))
            return false;
    return flags != VIR_DOMAIN_AFFECT_CURRENT;
}

/// The image brings its own definition back, with the label that it had when it was saved.
void label_image(virDomainPtr domain, LabelPolicy policy, bool dry_run, Labelled& out) {
    const Result<std::string> xml = taken_text(virDomainManagedSaveGetXMLDesc(
        domain, dry_run ? 0U : static_cast<unsigned>(VIR_DOMAIN_SAVE_IMAGE_XML_SECURE)));
    Result<std::string> labelled = xml ? with_label(*xml, policy) : xml;
    if (labelled) {
        const Result<Domain> before = parse_domain(*xml);
        if (before && before->label.problem.empty() && before->label.policy == policy)
            return;
        if (dry_run) {
            out.changed = true;
            out.notes.emplace_back("the label in its managed-save image would be changed too");
            return;
        }
        if (virDomainManagedSaveDefineXML(domain, labelled->c_str(), 0) == 0) {
            out.changed = true;
            out.notes.emplace_back("the label in its managed-save image was changed too");
            return;
        }
        labelled = libvirt_error();
    }
    out.notes.push_back("the label in its managed-save image could not be changed, so the next "
                        "start brings the old one: " +
                        labelled.error().what);
}

/// What was written into the definition for the label of before is told by the new one.
std::string injected_before(virDomainPtr domain, unsigned flags) {
    if ((flags & VIR_DOMAIN_AFFECT_CONFIG) == 0)
        return {};
    const Result<std::string> xml = xml_of(domain, VIR_DOMAIN_XML_INACTIVE);
    const Result<Domain> definition = xml ? parse_domain(*xml) : Result<Domain>(xml.error());
    return definition && definition->label.problem.empty() ? definition->label.injected : "";
}

/// Nobody shall think that what the label once brought goes with it.
void tell_what_stays(virDomainPtr domain, Labelled& out) {
    const Result<std::string> xml = xml_of(domain, VIR_DOMAIN_XML_INACTIVE);
    const Result<Domain> definition = xml ? parse_domain(*xml) : Result<Domain>(xml.error());
    if (!definition)
        return;
    const std::vector<std::string> said = said_of_nesting(*definition);
    if (!said.empty())
        out.notes.push_back("its definition keeps " + listed(said) +
                            "; to change that, run: virsh edit " + guest_word(definition->name));
}

} // namespace

namespace {

/// Nothing where it is done; else why it is not.
std::optional<Error> write_label(virDomainPtr domain, LabelPolicy policy, unsigned flags) {
    const bool remove = policy == LabelPolicy::none;
    const std::string injected = injected_before(domain, flags);
    const std::string element = std::string("<nested policy='") + name(policy) + "'" +
                                (injected.empty() ? "" : " injected='" + injected + "'") + "/>";
    if (virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT,
                             remove ? nullptr : element.c_str(), remove ? nullptr : "vn",
                             uri().c_str(), flags) == 0)
        return std::nullopt;
    return libvirt_error();
}

std::string in_words(const Labelled& label, LabelPolicy policy, bool dry_run) {
    const std::string would = dry_run && label.changed ? "would be " : "";
    if (policy == LabelPolicy::none)
        return label.changed ? "label " + would + "taken away" : "carried no label";
    return would + (label.changed ? "labelled " : "was labelled ") + name(policy) +
           (label.changed ? "" : " already");
}

} // namespace

std::string label_now(virDomainPtr domain, const LabelScope& scope) {
    const unsigned flags = flags_of(domain, scope);
    const std::string element =
        element_in(domain, flags == (VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG)
                               ? static_cast<unsigned>(VIR_DOMAIN_AFFECT_CONFIG)
                               : flags);
    for (const LabelPolicy policy :
         {LabelPolicy::none, LabelPolicy::require, LabelPolicy::forbid, LabelPolicy::allow})
        if (is_label(element, policy))
            return name(policy);
    return "invalid";
}

Labelled set_label(virDomainPtr domain, LabelPolicy policy, const LabelScope& scope, bool dry_run) {
    Labelled out;
    if (scope.live && !running(domain)) {
        out.what = "it does not run, so nothing live can carry a label; leave out --live";
        out.code = VIR_ERR_OPERATION_INVALID;
        return out;
    }
    const unsigned flags = flags_of(domain, scope);
    const bool remove = policy == LabelPolicy::none;
    if (!already(domain, policy, flags)) {
        const std::optional<Error> error =
            dry_run ? std::nullopt : write_label(domain, policy, flags);
        if (error && !(remove && error->code == VIR_ERR_NO_DOMAIN_METADATA)) {
            out.what = error->what;
            out.code = error->code;
            return out;
        }
        out.changed = !error;
    }
    if ((flags & VIR_DOMAIN_AFFECT_CONFIG) != 0 && virDomainHasManagedSaveImage(domain, 0) == 1)
        label_image(domain, policy, dry_run, out);
    if (remove && (flags & VIR_DOMAIN_AFFECT_CONFIG) != 0)
        tell_what_stays(domain, out);
    out.done = true;
    out.what = in_words(out, policy, dry_run);
    return out;
}

} // namespace virt_nested
