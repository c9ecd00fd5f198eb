// SPDX-License-Identifier: GPL-2.0-or-later
// formatcaps.html and formatdomaincaps.html of libvirt.
#include "guests/capabilities.h"

#include "core/kvm.h"
#include "core/text.h"
#include "core/xml.h"

#include <algorithm>
#include <optional>
#include <span>

namespace virt_nested {

namespace {

constexpr const char* source = "domain capabilities of the connection";

bool holds(std::span<const std::string_view> names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

Fact undetermined(std::string reason) {
    return Fact::undetermined_because(std::move(reason), source);
}

XmlNode host_model(const XmlNode& root) {
    for (const XmlNode& mode : root.child("cpu").children("mode"))
        if (mode.attribute("name") == "host-model" && mode.attribute("supported") == "yes")
            return mode;
    return XmlNode();
}

} // namespace

Result<const Platform*> platform_of(std::string_view capabilities) {
    const Result<XmlDocument> document = XmlDocument::parse(capabilities);
    if (!document)
        return Error{0, "the connection's capabilities are " + document.error().what};
    const XmlNode cpu = document->root().child("host").child("cpu");
    const std::string arch = cpu.child("arch").text();
    const std::string vendor = cpu.child("vendor").text();
    for (const Platform& platform : platforms())
        if (holds(platform.hosts, arch) &&
            (platform.libvirt_vendors.empty() || holds(platform.libvirt_vendors, vendor)))
            return &platform;
    if (arch.empty())
        return Error{0, "the connection does not tell the architecture of its host"};
    if (vendor.empty())
        return Error{0, "the connection does not tell the CPU vendor of its host (" +
                            printable(arch, 32) + ")"};
    return Error{0, "nothing is known about hosts of architecture " + printable(arch, 32) +
                        " and CPU vendor " + printable(vendor, 32)};
}

Fact nests_by_capabilities(std::string_view domain_capabilities, const Platform& platform) {
    if (std::optional<Fact> known = known_unasked(platform))
        return std::move(*known);
    if (platform.libvirt_cpu != LibvirtCpu::compares)
        return undetermined("libvirt does not tell it on " + std::string(platform.name));
    const Result<XmlDocument> document = XmlDocument::parse(domain_capabilities);
    if (!document)
        return undetermined(document.error().what);
    const XmlNode mode = host_model(document->root());
    const std::string model = mode.child("model").text();
    if (model.empty())
        return undetermined("they hold no host-model for type kvm");
    const std::string feature(platform.feature);
    for (const XmlNode& named : mode.children("feature")) {
        if (named.attribute("name") != feature)
            continue;
        const bool offered = named.attribute("policy") == "require";
        return {offered ? State::on : State::off,
                "host-model says " + feature + " policy='" +
                    printable(named.attribute("policy").value_or(""), 32) + "'",
                source,
                {}};
    }
    // Elsewhere libvirt names the feature where it is there.
    const bool in_model =
        platform.host_model == Delivers::no && model_with_feature(platform, model) != nullptr;
    return {in_model ? State::on : State::off,
            in_model ? "host-model is " + printable(model, 64) + ", which contains " + feature
                     : "host-model (" + printable(model, 64) + ") has no " + feature,
            source,
            {}};
}

} // namespace virt_nested
