// SPDX-License-Identifier: GPL-2.0-or-later
// The domain XML, read as a stream with libxml2's SAX2 interface: nothing is kept but the answer.
#include "core/domain.h"

#include "core/text.h"

#include <libxml/parser.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

namespace virt_nested {

namespace {

constexpr std::string_view qemu_uri = "http://libvirt.org/schemas/domain/qemu/1.0";
constexpr size_t text_limit = 4096;    ///< bytes kept of one element's text
constexpr size_t feature_limit = 4096; ///< more <feature> elements than any CPU has
constexpr size_t depth_limit = 256; ///< libxml2's own, which it keeps only where it builds a tree

/// The elements that matter; `other` is every one else, and everything below it.
enum class Room {
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

template<typename Value>
struct Word {
    std::string_view word;
    Value value;
};

constexpr std::array<Word<LabelPolicy>, 3> label_words = {{{"require", LabelPolicy::require},
                                                           {"forbid", LabelPolicy::forbid},
                                                           {"allow", LabelPolicy::allow}}};
constexpr std::array<Word<FeaturePolicy>, 5> policy_words = {{{"require", FeaturePolicy::require},
                                                              {"force", FeaturePolicy::force},
                                                              {"optional", FeaturePolicy::optional},
                                                              {"disable", FeaturePolicy::disable},
                                                              {"forbid", FeaturePolicy::forbid}}};
constexpr std::array<Word<CpuMode>, 4> mode_words = {
    {{"host-passthrough", CpuMode::host_passthrough},
     {"maximum", CpuMode::maximum},
     {"host-model", CpuMode::host_model},
     {"custom", CpuMode::custom}}};

template<typename Table, typename Value>
bool look_up(const Table& table, std::string_view word, Value& value) {
    for (const auto& entry : table) {
        if (entry.word == word) {
            value = entry.value;
            return true;
        }
    }
    return false;
}

template<typename Table, typename Value>
const char* word_for(const Table& table, Value value, const char* otherwise) {
    for (const auto& entry : table)
        if (entry.value == value)
            return entry.word.data();
    return otherwise;
}

std::string_view view(const xmlChar* text) {
    return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
}

/// libxml2 hands attributes over as five pointers each: name, prefix, URI, start and end of the
/// value.
class Attributes {
  public:
    Attributes(const xmlChar** raw, int count) : raw_(raw), count_(static_cast<size_t>(count)) {}

    size_t size() const { return count_; }
    std::string_view name(size_t i) const { return view(raw_[i * 5]); }
    std::string_view uri(size_t i) const { return view(raw_[i * 5 + 2]); }
    std::string value(size_t i) const {
        return {reinterpret_cast<const char*>(raw_[i * 5 + 3]),
                reinterpret_cast<const char*>(raw_[i * 5 + 4])};
    }
    std::string get(std::string_view wanted) const {
        for (size_t i = 0; i < count_; ++i)
            if (uri(i).empty() && name(i) == wanted)
                return value(i);
        return {};
    }
    bool has(std::string_view wanted) const {
        for (size_t i = 0; i < count_; ++i)
            if (uri(i).empty() && name(i) == wanted)
                return true;
        return false;
    }

  private:
    const xmlChar** raw_;
    size_t count_;
};

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

/// Builds the Domain out of the parser's events.
class Reader {
  public:
    void start(std::string_view element, std::string_view uri, const Attributes& attributes) {
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

    void end() {
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

    void text(std::string_view more) {
        if (text_.size() < text_limit)
            text_ += more.substr(0, text_limit - text_.size());
    }

    Domain domain;
    std::string problem; ///< why this is no domain; the rest is not read then

  private:
    Room enter(std::string_view element, std::string_view uri) {
        const Room from = path_.empty() ? Room::document : path_.back();
        for (const Door& door : doors)
            if (door.from == from && door.element == element && door.uri == uri)
                return door.to;
        if (from == Room::document)
            problem = "the root element is '" + printable(element, 64) + "', not 'domain'";
        return Room::other;
    }

    void take(Room room, const Attributes& attributes) {
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

    void take_cpu(const Attributes& attributes) {
        domain.cpu.element = true;
        domain.cpu.match = attributes.get("match");
        domain.cpu.check = attributes.get("check");
        if (!look_up(mode_words, attributes.get("mode"), domain.cpu.mode))
            cpu_unknown("mode", attributes);
        if (const std::string& match = domain.cpu.match;
            match != "exact" && match != "minimum" && match != "strict")
            cpu_unknown("match", attributes);
    }

    /// An attribute that is absent has its default.
    void cpu_unknown(const char* attribute, const Attributes& attributes) {
        if (attributes.has(attribute) && domain.cpu.unknown.empty())
            domain.cpu.unknown = std::string("<cpu> says ") + attribute + "='" +
                                 printable(attributes.get(attribute), 64) + "'";
    }

    void take_feature(const Attributes& attributes) {
        CpuFeature feature{attributes.get("name"), FeaturePolicy::require};
        if (!look_up(policy_words, attributes.get("policy"), feature.policy) &&
            attributes.has("policy") && domain.cpu.unknown.empty())
            domain.cpu.unknown = "<cpu> says " + printable(feature.name, 64) + " policy='" +
                                 printable(attributes.get("policy"), 64) + "'";
        if (domain.cpu.features.size() < feature_limit)
            domain.cpu.features.push_back(std::move(feature));
        else
            domain.cpu.unknown = "<cpu> has more features than anybody reads";
    }

    void take_label(const Attributes& attributes) {
        if (labels_++ > 0)
            label_problem("there are two labels");
        for (size_t i = 0; i < attributes.size(); ++i)
            if (!attributes.uri(i).empty() || attributes.name(i) != "policy")
                label_problem("attribute '" + printable(attributes.name(i), 64) +
                              "' of the label is unknown");
        if (!attributes.has("policy"))
            label_problem("the label has no attribute 'policy'");
        else if (!look_up(label_words, attributes.get("policy"), domain.label.policy))
            label_problem("policy '" + printable(attributes.get("policy"), 64) +
                          "' is none of require, forbid and allow");
    }

    void label_problem(const std::string& what) {
        if (domain.label.problem.empty())
            domain.label.problem = what;
    }

    std::vector<Room> path_;
    std::string text_;
    int labels_ = 0;
};

void on_start(void* context, const xmlChar* element, const xmlChar*, const xmlChar* uri, int,
              const xmlChar**, int count, int, const xmlChar** attributes) {
    auto* reader = static_cast<Reader*>(static_cast<xmlParserCtxtPtr>(context)->_private);
    reader->start(view(element), view(uri), Attributes(attributes, count));
}

void on_end(void* context, const xmlChar*, const xmlChar*, const xmlChar*) {
    static_cast<Reader*>(static_cast<xmlParserCtxtPtr>(context)->_private)->end();
}

void on_text(void* context, const xmlChar* text, int length) {
    auto* reader = static_cast<Reader*>(static_cast<xmlParserCtxtPtr>(context)->_private);
    reader->text({reinterpret_cast<const char*>(text), static_cast<size_t>(length)});
}

void on_doctype(void* context, const xmlChar*, const xmlChar*, const xmlChar*) {
    auto* parser = static_cast<xmlParserCtxtPtr>(context);
    static_cast<Reader*>(parser->_private)->problem =
        "it has a document type, which libvirt never writes";
    xmlStopParser(parser);
}

xmlSAXHandler handler() {
    xmlSAXHandler out{};
    out.initialized = XML_SAX2_MAGIC;
    out.startElementNs = on_start;
    out.endElementNs = on_end;
    out.characters = on_text;
    out.ignorableWhitespace = on_text;
    out.cdataBlock = on_text;
    out.internalSubset = on_doctype;
    return out;
}

std::string parser_problem(xmlParserCtxtPtr parser) {
    const xmlError* error = xmlCtxtGetLastError(parser);
    std::string what =
        error && error->message ? printable(trim(error->message), 160) : "not well-formed";
    return "not well-formed XML, line " + std::to_string(error ? error->line : 0) + ": " + what;
}

} // namespace

const CpuFeature* Cpu::feature(std::string_view name) const {
    const auto found = std::find_if(features.begin(), features.end(),
                                    [name](const CpuFeature& f) { return f.name == name; });
    return found == features.end() ? nullptr : &*found;
}

const char* name(LabelPolicy policy) {
    return word_for(label_words, policy, "none");
}

const char* name(FeaturePolicy policy) {
    return word_for(policy_words, policy, "require");
}

const char* name(CpuMode mode) {
    return word_for(mode_words, mode, "none");
}

Result<Domain> parse_domain(const ByteSource& source) {
    Reader reader;
    xmlSAXHandler sax = handler();
    const std::unique_ptr<xmlParserCtxt, void (*)(xmlParserCtxtPtr)> parser(
        xmlCreatePushParserCtxt(&sax, nullptr, nullptr, 0, nullptr), xmlFreeParserCtxt);
    if (!parser)
        return Error{0, "libxml2 gave no parser"};
    parser->_private = &reader;
    // NOENT: without it libxml2 leaves "&#38;" in attribute values; a document type, which could
    // bring entities of its own, is refused before its declarations are read.
    xmlCtxtUseOptions(parser.get(),
                      XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    std::array<char, 16384> buffer{};
    bool good = true;
    long got = 0;
    while (good && reader.problem.empty() && (got = source(buffer.data(), buffer.size())) > 0)
        good = xmlParseChunk(parser.get(), buffer.data(), static_cast<int>(got), 0) == 0;
    if (got < 0)
        return Error{0, "it could not be read to its end"};
    if (good && reader.problem.empty())
        good = xmlParseChunk(parser.get(), buffer.data(), 0, 1) == 0;
    if (!reader.problem.empty())
        return Error{0, reader.problem};
    if (!good || !parser->wellFormed)
        return Error{0, parser_problem(parser.get())};
    return std::move(reader.domain);
}

Result<Domain> parse_domain(std::string_view xml) {
    return parse_domain([&xml](char* buffer, size_t size) {
        const size_t step = std::min(size, xml.size());
        std::memcpy(buffer, xml.data(), step);
        xml.remove_prefix(step);
        return static_cast<long>(step);
    });
}

} // namespace virt_nested
