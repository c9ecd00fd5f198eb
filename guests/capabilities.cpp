// SPDX-License-Identifier: GPL-2.0-or-later
// formatcaps.html and formatdomaincaps.html of libvirt.
#include "guests/capabilities.h"

#include "core/text.h"
#include "guests/xml.h"

#include <array>

namespace virt_nested {

namespace {

struct Row {
    std::string_view arch;
    std::string_view vendor; ///< as libvirt names it (cpu_map/x86_vendors.xml)
    PlatformId id;
};

constexpr std::array<Row, 7> rows = {{{"x86_64", "Intel", PlatformId::intel},
                                      {"x86_64", "AMD", PlatformId::amd},
                                      {"x86_64", "Hygon", PlatformId::amd},
                                      {"ppc64le", "", PlatformId::power},
                                      {"ppc64", "", PlatformId::power},
                                      {"s390x", "", PlatformId::z},
                                      {"aarch64", "", PlatformId::arm64}}};

constexpr const char* source = "domain capabilities of the connection";

Fact undetermined(std::string reason) {
    return {State::undetermined, {}, source, std::move(reason)};
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
    for (const Row& row : rows)
        if (arch == row.arch && (row.vendor.empty() || vendor == row.vendor))
            return &platform(row.id);
    if (arch.empty())
        return Error{0, "the connection does not tell the architecture of its host"};
    if (vendor.empty())
        return Error{0, "the connection does not tell the CPU vendor of its host (" +
                            printable(arch, 32) + ")"};
    return Error{0, "nothing is known about hosts of architecture " + printable(arch, 32) +
                        " and CPU vendor " + printable(vendor, 32)};
}

Fact nests_by_capabilities(std::string_view domain_capabilities, const Platform& platform) {
    if (platform.id != PlatformId::intel && platform.id != PlatformId::amd)
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
    const bool in_model = platform.id == PlatformId::amd && svm_in_model(model).svm;
    return {in_model ? State::on : State::off,
            in_model ? "host-model is " + printable(model, 64) + ", which contains " + feature
                     : "host-model (" + printable(model, 64) + ") has no " + feature,
            source,
            {}};
}

} // namespace virt_nested
