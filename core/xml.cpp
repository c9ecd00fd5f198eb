// SPDX-License-Identifier: GPL-2.0-or-later
// The document as libxml2's tree and as its bytes, side by side: questions go to the tree, edits to
// the bytes, which are read again then.
#include "core/xml.h"

#include "core/text.h"
#include "core/xml_spans.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <climits>
#include <stdexcept>

namespace virt_nested {

namespace {

constexpr std::string_view blanks = " \t\r\n";

const xmlChar* xml(const char* text) {
    return reinterpret_cast<const xmlChar*>(text);
}

std::string_view view(const xmlChar* text) {
    return text ? reinterpret_cast<const char*>(text) : std::string_view();
}

std::string taken(xmlChar* text) {
    std::string out(view(text));
    xmlFree(text);
    return out;
}

using Tree = std::unique_ptr<xmlDoc, void (*)(xmlDocPtr)>;

Tree read(std::string_view text) {
    return {text.size() > INT_MAX
                ? nullptr
                : xmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, nullptr,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING),
            xmlFreeDoc};
}

Error parse_error() {
    const xmlError* error = xmlGetLastError();
    return {0, "not well-formed XML, line " + std::to_string(error ? error->line : 0) + ": " +
                   (error && error->message ? printable(trim(error->message), 160) : "unknown")};
}

/// All elements below `root`, and itself, in document order.
std::vector<xmlNodePtr> elements(xmlNodePtr root) {
    std::vector<xmlNodePtr> out;
    xmlNodePtr node = root;
    while (node) {
        if (node->type == XML_ELEMENT_NODE)
            out.push_back(node);
        if (node->type == XML_ELEMENT_NODE && node->children) {
            node = node->children;
            continue;
        }
        while (node != root && !node->next)
            node = node->parent;
        node = node == root ? nullptr : node->next;
    }
    return out;
}

std::string escaped(const std::string& text, char quote) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == quote)
            out += quote == '"' ? "&quot;" : "&apos;";
        else
            out += c;
    }
    return out;
}

} // namespace

struct XmlText {
    std::string text;
    Tree tree{nullptr, xmlFreeDoc};
    std::vector<xmlNodePtr> nodes{}; ///< of the tree, and beneath, at the same place, their bytes
    std::vector<XmlSpan> spans{};

    Result<bool> take(std::string bytes);
    /// The document is what it was with `length` bytes at `from` replaced.
    void replace(size_t from, size_t length, const std::string& with);

    xmlNodePtr node(size_t place) const { return nodes[place]; }
    const XmlSpan& span(size_t place) const { return spans[place]; }
    std::string_view qualified_name(const XmlSpan& span) const {
        return std::string_view(text).substr(span.begin + 1, span.name_end - span.begin - 1);
    }
    size_t place_at(size_t begin) const;
    std::optional<XmlAttributeSpan> find(size_t place, std::string_view attribute) const;
    char quote() const;
    std::string line_end() const { return text.find("\r\n") == std::string::npos ? "\n" : "\r\n"; }
    /// What stands before `at` in its line; nothing where that is more than blanks.
    std::optional<std::string> indentation(size_t at) const;
};

Result<bool> XmlText::take(std::string bytes) {
    Tree read_tree = read(bytes);
    if (!read_tree)
        return parse_error();
    if (xmlGetIntSubset(read_tree.get()))
        return Error{0, "it has a document type, which libvirt never writes"};
    std::vector<xmlNodePtr> read_nodes = elements(xmlDocGetRootElement(read_tree.get()));
    std::optional<std::vector<XmlSpan>> read_spans = xml_spans(bytes);
    bool same = read_spans && read_spans->size() == read_nodes.size();
    text = std::move(bytes);
    for (size_t i = 0; same && i < read_nodes.size(); ++i)
        same = qualified_name((*read_spans)[i]).ends_with(view(read_nodes[i]->name));
    if (!same)
        return Error{0, "it is not in UTF-8, as libvirt writes it"};
    tree = std::move(read_tree);
    nodes = std::move(read_nodes);
    spans = std::move(*read_spans);
    return true;
}

void XmlText::replace(size_t from, size_t length, const std::string& with) {
    std::string bytes = text;
    const Result<bool> taken = take(bytes.replace(from, length, with));
    if (!taken)
        throw std::runtime_error("an edited definition cannot be read: " + taken.error().what);
}

size_t XmlText::place_at(size_t begin) const {
    size_t out = 0;
    while (out + 1 < spans.size() && spans[out].begin < begin)
        ++out;
    return out;
}

std::optional<XmlAttributeSpan> XmlText::find(size_t place, std::string_view attribute) const {
    for (const XmlAttributeSpan& one : xml_attributes(text, span(place)))
        if (std::string_view(text).substr(one.name, one.name_end - one.name) == attribute)
            return one;
    return std::nullopt;
}

char XmlText::quote() const {
    for (const XmlSpan& element : spans)
        if (const auto all = xml_attributes(text, element); !all.empty())
            return text[all.front().value_end];
    return '\'';
}

std::optional<std::string> XmlText::indentation(size_t at) const {
    const size_t line = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
    const size_t begin = line == std::string::npos ? 0 : line + 1;
    std::string before = text.substr(begin, at - begin);
    if (before.find_first_not_of(" \t") != std::string::npos)
        return std::nullopt;
    return before;
}

std::string XmlNode::name() const {
    return document_ ? std::string(view(document_->node(place_)->name)) : "";
}

std::string XmlNode::text() const {
    return document_ ? taken(xmlNodeGetContent(document_->node(place_))) : "";
}

std::optional<std::string> XmlNode::attribute(const char* name) const {
    if (!document_ || !xmlHasNsProp(document_->node(place_), xml(name), nullptr))
        return std::nullopt;
    return taken(xmlGetNoNsProp(document_->node(place_), xml(name)));
}

XmlNode XmlNode::child(const char* name) const {
    const std::vector<XmlNode> all = children(name);
    return all.empty() ? XmlNode() : all.front();
}

std::vector<XmlNode> XmlNode::children(const char* name) const {
    std::vector<XmlNode> out;
    for (const XmlNode& child : children_of({}))
        if (child.name() == name)
            out.push_back(child);
    return out;
}

std::vector<XmlNode> XmlNode::children_of(std::string_view uri) const {
    std::vector<XmlNode> out;
    if (!document_)
        return out;
    const size_t end = document_->span(place_).end;
    for (size_t i = place_ + 1; i < document_->spans.size() && document_->span(i).begin < end;
         ++i) {
        const xmlNs* space = document_->node(i)->ns;
        if (document_->span(i).parent == place_ && view(space ? space->href : nullptr) == uri)
            out.emplace_back(document_, i);
    }
    return out;
}

bool XmlNode::bare() const {
    if (!document_)
        return true;
    const XmlSpan& span = document_->span(place_);
    return xml_attributes(document_->text, span).empty() &&
           trim(std::string_view(document_->text).substr(span.inner, span.inner_end - span.inner))
               .empty();
}

void XmlNode::set_attribute(const char* name, const std::string& value) {
    const XmlSpan& span = document_->span(place_);
    if (const std::optional<XmlAttributeSpan> there = document_->find(place_, name)) {
        const char quote = document_->text[there->value_end];
        document_->replace(there->value, there->value_end - there->value, escaped(value, quote));
        return;
    }
    const std::vector<XmlAttributeSpan> all = xml_attributes(document_->text, span);
    const std::string quote(1, all.empty() ? document_->quote()
                                           : document_->text[all.back().value_end]);
    document_->replace(all.empty() ? span.name_end : all.back().value_end + 1, 0,
                       std::string(" ") + name + "=" + quote + escaped(value, quote[0]) + quote);
}

void XmlNode::remove_attribute(const char* name) {
    if (const std::optional<XmlAttributeSpan> there = document_->find(place_, name))
        document_->replace(there->begin, there->value_end + 1 - there->begin, "");
}

void XmlNode::set_text(const std::string& text) {
    const XmlSpan span = document_->span(place_);
    const std::string name(document_->qualified_name(span));
    if (span.empty_tag())
        document_->replace(span.inner - 2, 2, ">" + escaped(text, '\0') + "</" + name + ">");
    else
        document_->replace(span.inner, span.inner_end - span.inner, escaped(text, '\0'));
}

XmlNode XmlNode::inserted(size_t at, const std::string& text, const std::string& before) {
    document_->replace(at, 0, before + text);
    return XmlNode(document_, document_->place_at(at + before.size()));
}

XmlNode XmlNode::add_child(const char* name) {
    const XmlSpan span = document_->span(place_);
    const std::string element = std::string("<") + name + "/>";
    const std::optional<std::string> outer = document_->indentation(span.begin);
    const std::string line = document_->line_end();
    if (span.empty_tag()) { // <cpu/> opens up
        const std::string end_tag = "</" + std::string(document_->qualified_name(span)) + ">";
        const std::string before = outer ? line + *outer + "  " : "";
        document_->replace(span.inner - 2, 2,
                           ">" + before + element + (outer ? line + *outer : "") + end_tag);
        return XmlNode(document_, place_ + 1);
    }
    if (!document_->indentation(span.inner_end) || !outer)
        return inserted(span.inner_end, element, "");
    const size_t last = document_->text.find_last_not_of(blanks, span.inner_end - 1);
    return inserted(last + 1, element, line + *outer + "  ");
}

XmlNode XmlNode::add_first_child(const char* name) {
    const XmlSpan span = document_->span(place_);
    if (span.empty_tag())
        return add_child(name);
    const size_t first = document_->text.find_first_not_of(blanks, span.inner);
    return inserted(span.inner, std::string("<") + name + "/>",
                    document_->text.substr(span.inner, first - span.inner));
}

XmlNode XmlNode::add_child_after(const XmlNode& before, const char* name) {
    if (!before)
        return add_child(name);
    const XmlSpan span = document_->span(before.place_);
    const std::optional<std::string> own_line = document_->indentation(span.begin);
    return inserted(span.end, std::string("<") + name + "/>",
                    own_line ? document_->line_end() + *own_line : "");
}

void XmlNode::remove_child(const XmlNode& child) {
    const XmlSpan span = document_->span(child.place_);
    const XmlSpan parent = document_->span(document_->span(child.place_).parent);
    const std::string& text = document_->text;
    size_t begin = text.find_last_not_of(blanks, span.begin - 1) + 1;
    if (text[begin - 1] != '>')
        begin = span.begin;
    const size_t rest = text.find_first_not_of(blanks, span.end);
    if (begin == parent.inner && rest == parent.inner_end)
        document_->replace(begin - 1, parent.end - begin + 1, "/>");
    else
        document_->replace(begin, span.end - begin, "");
}

Result<XmlDocument> XmlDocument::parse(std::string_view text) {
    auto document = std::make_shared<XmlText>();
    if (const Result<bool> taken = document->take(std::string(text)); !taken)
        return taken.error();
    return XmlDocument(std::move(document));
}

XmlNode XmlDocument::root() const {
    return XmlNode(document_.get(), 0);
}

const std::string& XmlDocument::text() const {
    return document_->text;
}

Result<XmlNode> XmlDocument::adopt(XmlNode parent, std::string_view element) {
    if (!read(element))
        return parse_error();
    const XmlNode placeholder = parent.add_child("placeholder");
    const XmlSpan span = document_->span(placeholder.place_);
    document_->replace(span.begin, span.end - span.begin, std::string(element));
    return placeholder;
}

} // namespace virt_nested
