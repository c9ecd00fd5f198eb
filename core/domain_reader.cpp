// SPDX-License-Identifier: GPL-2.0-or-later
// The elements of a domain XML: nothing is kept but the answer.
#include "core/domain_reader.h"

#include "core/injected.h"
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
    commandline, ///< from here on QEMU's namespace
    argument,
    variable,
    capabilities,
    capability,
    override,
    override_device,
    frontend,
    property,
    deprecation,
    qemu_unknown, ///< up to here
    other
};

namespace {

constexpr std::string_view qemu_uri = "http://libvirt.org/schemas/domain/qemu/1.0";
constexpr size_t feature_limit = 4096; ///< more <feature> elements than any CPU has
constexpr size_t qemu_limit = 4096;
constexpr size_t qemu_bytes_limit = 1024UL * 1024;
constexpr size_t depth_limit = 256; ///< libxml2's own, which it keeps only where it builds a tree

struct Door {
    Room from;
    std::string_view uri;
    std::string_view element;
    Room to;
};

constexpr std::array<Door, 27> doors = {{
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
    {Room::commandline, qemu_uri, "env", Room::variable},
    {Room::domain, qemu_uri, "capabilities", Room::capabilities},
    {Room::capabilities, qemu_uri, "add", Room::capability},
    {Room::capabilities, qemu_uri, "del", Room::capability},
    {Room::domain, qemu_uri, "override", Room::override},
    {Room::override, qemu_uri, "device", Room::override_device},
    {Room::override_device, qemu_uri, "frontend", Room::frontend},
    {Room::frontend, qemu_uri, "property", Room::property},
    {Room::domain, qemu_uri, "deprecation", Room::deprecation},
}};

bool is_qemu(Room room) {
    return room >= Room::commandline && room <= Room::qemu_unknown;
}

Switch switch_of(const std::string& state, Switch without) {
    if (state.empty())
        return without;
    return state == "on" ? Switch::on : Switch::off;
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
    look_for_label(room, element, uri, attributes);
    if (path_.size() >= depth_limit && problem.empty())
        problem = "its elements are nested deeper than " + std::to_string(depth_limit);
    path_.push_back(room);
    text_.clear();
    if (is_qemu(room))
        take_qemu(room, element, attributes);
    else
        take(room, attributes);
}

/// Ours in any place, and below <metadata>, where labels stand, whatever only a label can be.
void DomainReader::look_for_label(Room room, std::string_view element, std::string_view uri,
                                  const Attributes& attributes) {
    const bool in_metadata = path_.size() > 1 && path_[1] == Room::metadata;
    const bool direct = in_metadata && path_.size() == 2;
    if (uri == label_uri && room != Room::label)
        label_problem(direct ? LabelFault::words : LabelFault::place,
                      "element '" + printable(element, 64) +
                          (element == "nested" ? "' is not a direct child of <metadata>"
                                               : "' is unknown in the label's namespace"));
    else if (in_metadata && uri != label_uri && is_label_namespace(uri)) {
        if (domain.label.problem.empty())
            domain.label.uri = std::string(uri);
        label_problem(direct ? LabelFault::version : LabelFault::place,
                      "the namespace '" + printable(uri, 64) + "' of element '" +
                          printable(element, 64) + "' is not known here");
    }
    if (!path_.empty() && path_.back() == Room::label)
        label_problem(LabelFault::words,
                      "child '" + printable(element, 64) + "' of the label is unknown");
    if (!in_metadata || room == Room::label)
        return;
    for (size_t i = 0; i < attributes.size(); ++i)
        if (is_label_namespace(attributes.uri(i)))
            label_problem(LabelFault::place, "attribute '" + printable(attributes.name(i), 64) +
                                                 "' of the namespace '" +
                                                 printable(attributes.uri(i), 64) +
                                                 "' stands outside a label");
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
        if (!is_plain_name(text))
            cpu_beyond("<cpu> names the model '" + printable(text, 64) +
                       "', which is more than a name");
        break;
    case Room::emulator:
        domain.emulator = text;
        break;
    case Room::label:
        if (!text.empty())
            label_problem(LabelFault::words,
                          "text in the label is unknown: '" + printable(text, 32) + "'");
        break;
    default:
        break;
    }
    text_.clear();
    path_.pop_back();
    complete_ = path_.empty();
}

Room DomainReader::enter(std::string_view element, std::string_view uri) {
    const Room from = path_.empty() ? Room::document : path_.back();
    for (const Door& door : doors)
        if (door.from == from && door.element == element && door.uri == uri)
            return door.to;
    if (uri == qemu_uri && (from == Room::domain || is_qemu(from)))
        return Room::qemu_unknown;
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
    default:
        break;
    }
}

void DomainReader::take_qemu(Room room, std::string_view element, const Attributes& attributes) {
    QemuPiece piece;
    switch (room) {
    case Room::argument:
        piece = {QemuPiece::argument, {}, attributes.get("value")};
        break;
    case Room::variable:
        piece = {QemuPiece::variable, attributes.get("name"), attributes.get("value")};
        break;
    case Room::capability:
        piece = {QemuPiece::capability, attributes.get("capability"), {}};
        break;
    case Room::override_device:
        alias_ = attributes.get("alias");
        return;
    case Room::property:
        piece = {QemuPiece::property, alias_, attributes.get("name")};
        break;
    case Room::qemu_unknown:
        piece = {QemuPiece::unknown, std::string(element), {}};
        break;
    default:
        return;
    }
    qemu_bytes_ += piece.name.size() + piece.value.size();
    domain.more_qemu |= domain.qemu.size() >= qemu_limit || qemu_bytes_ > qemu_bytes_limit;
    if (!domain.more_qemu)
        domain.qemu.push_back(std::move(piece));
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
    if (attributes.has(attribute))
        cpu_beyond(std::string("<cpu> says ") + attribute + "='" +
                   printable(attributes.get(attribute), 64) + "', which is not known here");
}

void DomainReader::cpu_beyond(const std::string& clause) {
    if (domain.cpu.unknown.empty())
        domain.cpu.unknown = clause;
}

void DomainReader::take_feature(const Attributes& attributes) {
    const std::optional<FeaturePolicy> policy = feature_policy_of(attributes.get("policy"));
    CpuFeature feature{attributes.get("name"), policy.value_or(FeaturePolicy::require)};
    if (!policy && attributes.has("policy"))
        cpu_beyond("<cpu> says " + printable(feature.name, 64) + " policy='" +
                   printable(attributes.get("policy"), 64) + "', which is not known here");
    if (feature.name.empty() || !is_plain_name(feature.name))
        cpu_beyond("<cpu> names the feature '" + printable(feature.name, 64) + "', which is " +
                   (feature.name.empty() ? "no name" : "more than a name"));
    if (domain.cpu.features.size() < feature_limit)
        domain.cpu.features.push_back(std::move(feature));
    else
        cpu_beyond("<cpu> has more features than anybody reads");
}

void DomainReader::take_label(const Attributes& attributes) {
    if (labels_++ > 0)
        label_problem(LabelFault::words, "there are two labels");
    for (size_t i = 0; i < attributes.size(); ++i)
        if (!attributes.uri(i).empty() ||
            (attributes.name(i) != "policy" && attributes.name(i) != "injected"))
            label_problem(LabelFault::words, "attribute '" + printable(attributes.name(i), 64) +
                                                 "' of the label is unknown");
    if (!attributes.has("policy"))
        label_problem(LabelFault::words, "the label has no attribute 'policy'");
    else if (const std::optional<LabelPolicy> policy = label_policy_of(attributes.get("policy")))
        domain.label.policy = *policy;
    else
        label_problem(LabelFault::words, "policy '" + printable(attributes.get("policy"), 64) +
                                             "' is none of require, forbid and allow");
    domain.label.injected = attributes.get("injected");
    if (const Result<InjectedItems> items = parse_injected(domain.label.injected); !items)
        label_problem(LabelFault::words,
                      "in the label's attribute 'injected', " + items.error().what);
}

/// The first problem is the one that is told. Where there are several that no one command mends, an
/// editor is the advice, as for a label out of its place.
void DomainReader::label_problem(LabelFault fault, const std::string& what) {
    Label& label = domain.label;
    if (label.problem.empty())
        label.problem = what;
    const bool alone = label.fault == LabelFault::none;
    const bool one_mend = label.fault == LabelFault::words && fault == LabelFault::words;
    label.fault = alone || one_mend ? fault : LabelFault::place;
}

} // namespace virt_nested
