// SPDX-License-Identifier: GPL-2.0-or-later
// The elements of a domain XML: nothing is kept but the answer.
#include "core/domain_reader.h"

#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

/// `other` is every element that does not matter, and everything below it.
enum class Room : int {
    document,
    domain,
    name,
    uuid,
    os,
    os_type,
    features,
    nested_hv,
    virtualization,
    cpu,
    model,
    feature,
    metadata,
    label,
    devices,
    emulator,
    launch_security,
    commandline,
    argument,
    other
};

namespace {

constexpr std::string_view qemu_uri = "http://libvirt.org/schemas/domain/qemu/1.0";
constexpr size_t feature_limit = 4096; ///< more <feature> elements than any CPU has
constexpr size_t depth_limit = 256; ///< libxml2's own, which it keeps only where it builds a tree

struct Door {
    Room from;
    std::string_view uri;
    std::string_view element;
    Room to;
};

constexpr std::array<Door, 18> doors = {{
    {Room::document, "", "domain", Room::domain},
    {Room::domain, "", "name", Room::name},
    {Room::domain, "", "uuid", Room::uuid},
    {Room::domain, "", "os", Room::os},
    {Room::os, "", "type", Room::os_type},
    {Room::domain, "", "features", Room::features},
    {Room::features, "", "nested-hv", Room::nested_hv},
    {Room::features, "", "virtualization", Room::virtualization},
    {Room::domain, "", "cpu", Room::cpu},
    {Room::cpu, "", "model", Room::model},
    {Room::cpu, "", "feature", Room::feature},
    {Room::domain, "", "metadata", Room::metadata},
    {Room::metadata, label_uri, "nested", Room::label},
    {Room::domain, "", "devices", Room::devices},
    {Room::devices, "", "emulator", Room::emulator},
    {Room::domain, "", "launchSecurity", Room::launch_security},
    {Room::domain, qemu_uri, "commandline", Room::commandline},
    {Room::commandline, qemu_uri, "arg", Room::argument},
}};

/// QEMU options that can change the CPU or the accelerator behind libvirt's back (qemu-options.hx);
/// QEMU takes them with one dash or two.
constexpr std::array<std::string_view, 8> cpu_options = {
    "cpu", "global", "set", "readconfig", "machine", "M", "accel", "enable-kvm"};

Switch switch_of(const std::string& state, Switch without) {
    if (state.empty())
        return without;
    return state == "on" ? Switch::on : Switch::off;
}

bool touches_cpu(std::string_view argument) {
    if (!argument.starts_with('-'))
        return false;
    argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
    argument = argument.substr(0, argument.find('='));
    return std::find(cpu_options.begin(), cpu_options.end(), argument) != cpu_options.end();
}

} // namespace

std::string Attributes::value(size_t i) const {
    return {reinterpret_cast<const char*>(raw_[i * 5 + 3]),
            reinterpret_cast<const char*>(raw_[i * 5 + 4])};
}

std::string Attributes::get(std::string_view wanted) const {
    for (size_t i = 0; i < count_; ++i)
        if (uri(i).empty() && name(i) == wanted)
            return value(i);
    return {};
}

bool Attributes::has(std::string_view wanted) const {
    for (size_t i = 0; i < count_; ++i)
        if (uri(i).empty() && name(i) == wanted)
            return true;
    return false;
}

void DomainReader::start(std::string_view element, std::string_view uri,
                         const Attributes& attributes) {
    const Room room = enter(element, uri);
    if (uri == label_uri && room != Room::label)
        label_problem("element '" + printable(element, 64) +
                      (element == "nested" ? "' is not a direct child of <metadata>"
                                           : "' is unknown in the label's namespace"));
    if (!path_.empty() && path_.back() == Room::label)
        label_problem("child '" + printable(element, 64) + "' of the label is unknown");
    if (path_.size() >= depth_limit && problem.empty())
        problem = "its elements are nested deeper than " + std::to_string(depth_limit);
    path_.push_back(room);
    text_.clear();
    take(room, attributes);
}

void DomainReader::end() {
    const std::string text(trim(text_));
    switch (path_.back()) {
    case Room::name:
        domain.name = text_;
        break;
    case Room::uuid:
        domain.uuid = text;
        break;
    case Room::model:
        domain.cpu.model = text;
        break;
    case Room::emulator:
        domain.emulator = text;
        break;
    case Room::label:
        if (!text.empty())
            label_problem("text in the label is unknown: '" + printable(text, 32) + "'");
        break;
    default:
        break;
    }
    text_.clear();
    path_.pop_back();
}

Room DomainReader::enter(std::string_view element, std::string_view uri) {
    const Room from = path_.empty() ? Room::document : path_.back();
    for (const Door& door : doors)
        if (door.from == from && door.element == element && door.uri == uri)
            return door.to;
    if (from == Room::document)
        problem = "the root element is '" + printable(element, 64) + "', not 'domain'";
    return Room::other;
}

void DomainReader::take(Room room, const Attributes& attributes) {
    switch (room) {
    case Room::domain:
        domain.type = attributes.get("type");
        domain.running = attributes.has("id");
        break;
    case Room::os_type:
        domain.arch = attributes.get("arch");
        domain.machine = attributes.get("machine");
        break;
    case Room::nested_hv:
        domain.nested_hv = switch_of(attributes.get("state"), Switch::off);
        break;
    case Room::virtualization:
        domain.virtualization = switch_of(attributes.get("state"), Switch::on);
        break;
    case Room::cpu:
        take_cpu(attributes);
        break;
    case Room::feature:
        take_feature(attributes);
        break;
    case Room::label:
        take_label(attributes);
        break;
    case Room::launch_security:
        domain.launch_security = attributes.get("type");
        break;
    case Room::argument:
        if (touches_cpu(attributes.get("value")) && domain.cpu_arguments.size() < 64)
            domain.cpu_arguments.push_back(attributes.get("value"));
        break;
    default:
        break;
    }
}

void DomainReader::take_cpu(const Attributes& attributes) {
    domain.cpu.element = true;
    domain.cpu.match = attributes.get("match");
    domain.cpu.check = attributes.get("check");
    if (const std::optional<CpuMode> mode = cpu_mode_of(attributes.get("mode")))
        domain.cpu.mode = *mode;
    else
        cpu_unknown("mode", attributes);
    if (const std::string& match = domain.cpu.match;
        match != "exact" && match != "minimum" && match != "strict")
        cpu_unknown("match", attributes);
}

/// An attribute that is absent has its default.
void DomainReader::cpu_unknown(const char* attribute, const Attributes& attributes) {
    if (attributes.has(attribute) && domain.cpu.unknown.empty())
        domain.cpu.unknown = std::string("<cpu> says ") + attribute + "='" +
                             printable(attributes.get(attribute), 64) + "'";
}

void DomainReader::take_feature(const Attributes& attributes) {
    const std::optional<FeaturePolicy> policy = feature_policy_of(attributes.get("policy"));
    CpuFeature feature{attributes.get("name"), policy.value_or(FeaturePolicy::require)};
    if (!policy && attributes.has("policy") && domain.cpu.unknown.empty())
        domain.cpu.unknown = "<cpu> says " + printable(feature.name, 64) + " policy='" +
                             printable(attributes.get("policy"), 64) + "'";
    if (domain.cpu.features.size() < feature_limit)
        domain.cpu.features.push_back(std::move(feature));
    else
        domain.cpu.unknown = "<cpu> has more features than anybody reads";
}

void DomainReader::take_label(const Attributes& attributes) {
    if (labels_++ > 0)
        label_problem("there are two labels");
    for (size_t i = 0; i < attributes.size(); ++i)
        if (!attributes.uri(i).empty() || attributes.name(i) != "policy")
            label_problem("attribute '" + printable(attributes.name(i), 64) +
                          "' of the label is unknown");
    if (!attributes.has("policy"))
        label_problem("the label has no attribute 'policy'");
    else if (const std::optional<LabelPolicy> policy = label_policy_of(attributes.get("policy")))
        domain.label.policy = *policy;
    else
        label_problem("policy '" + printable(attributes.get("policy"), 64) +
                      "' is none of require, forbid and allow");
}

void DomainReader::label_problem(const std::string& what) {
    if (domain.label.problem.empty())
        domain.label.problem = what;
}

} // namespace virt_nested
