// SPDX-License-Identifier: GPL-2.0-or-later
// The tree, with libxml2.
#include "guests/xml.h"

#include "core/text.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <climits>

namespace virt_nested {

namespace {

const xmlChar* xml(const char* text) {
    return reinterpret_cast<const xmlChar*>(text);
}

std::string taken(xmlChar* text) {
    std::string out = text ? reinterpret_cast<const char*>(text) : "";
    xmlFree(text);
    return out;
}

xmlNodePtr node_of(void* node) {
    return static_cast<xmlNodePtr>(node);
}

bool blank(xmlNodePtr node) {
    return node && node->type == XML_TEXT_NODE && xmlIsBlankNode(node) == 1;
}

bool is_element(xmlNodePtr node, const char* name) {
    return node->type == XML_ELEMENT_NODE && !node->ns && xmlStrEqual(node->name, xml(name));
}

xmlNodePtr indentation(xmlNodePtr parent, int more) {
    int depth = more;
    for (xmlNodePtr up = parent->parent; up && up->type == XML_ELEMENT_NODE; up = up->parent)
        ++depth;
    const std::string blanks = "\n" + std::string(static_cast<size_t>(depth) * 2, ' ');
    return xmlNewText(xml(blanks.c_str()));
}

xmlDocPtr read(std::string_view text) {
    if (text.size() > INT_MAX)
        return nullptr;
    return xmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, nullptr,
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

Error parse_error() {
    const xmlError* error = xmlGetLastError();
    return {0, "not well-formed XML, line " + std::to_string(error ? error->line : 0) + ": " +
                   (error && error->message ? printable(trim(error->message), 160) : "unknown")};
}

} // namespace

std::string XmlNode::name() const {
    return node_ ? reinterpret_cast<const char*>(node_of(node_)->name) : "";
}

std::string XmlNode::text() const {
    return node_ ? taken(xmlNodeGetContent(node_of(node_))) : "";
}

std::optional<std::string> XmlNode::attribute(const char* name) const {
    if (!node_ || !xmlHasNsProp(node_of(node_), xml(name), nullptr))
        return std::nullopt;
    return taken(xmlGetNoNsProp(node_of(node_), xml(name)));
}

XmlNode XmlNode::child(const char* name) const {
    const std::vector<XmlNode> all = children(name);
    return all.empty() ? XmlNode() : all.front();
}

std::vector<XmlNode> XmlNode::children(const char* name) const {
    std::vector<XmlNode> out;
    for (xmlNodePtr c = node_ ? node_of(node_)->children : nullptr; c; c = c->next)
        if (is_element(c, name))
            out.emplace_back(c);
    return out;
}

std::vector<XmlNode> XmlNode::children_of(std::string_view uri) const {
    std::vector<XmlNode> out;
    for (xmlNodePtr c = node_ ? node_of(node_)->children : nullptr; c; c = c->next)
        if (c->type == XML_ELEMENT_NODE && c->ns && c->ns->href &&
            uri == reinterpret_cast<const char*>(c->ns->href))
            out.emplace_back(c);
    return out;
}

void XmlNode::set_attribute(const char* name, const std::string& value) {
    xmlSetProp(node_of(node_), xml(name), xml(value.c_str()));
}

void XmlNode::remove_attribute(const char* name) {
    xmlUnsetProp(node_of(node_), xml(name));
}

XmlNode XmlNode::add_child(const char* name) {
    const xmlNodePtr parent = node_of(node_);
    const xmlNodePtr added = xmlNewNode(nullptr, xml(name));
    if (!parent->last) // <cpu/> opens up
        xmlAddChild(parent, indentation(parent, 0));
    const xmlNodePtr last = parent->last;
    if (!blank(last)) {
        xmlAddChild(parent, indentation(parent, 1));
        xmlAddChild(parent, added);
        xmlAddChild(parent, indentation(parent, 0));
        return XmlNode(added);
    }
    // The element first: libxml2 makes one of two texts that come to stand side by side.
    xmlAddPrevSibling(last, added);
    xmlAddPrevSibling(added, indentation(parent, 1));
    return XmlNode(added);
}

XmlNode XmlNode::add_child_after(const XmlNode& before, const char* name) {
    const xmlNodePtr added = xmlNewNode(nullptr, xml(name));
    xmlAddNextSibling(node_of(before.node_), added);
    xmlAddPrevSibling(added, indentation(node_of(node_), 1));
    return XmlNode(added);
}

void XmlNode::remove_child(const XmlNode& child) {
    const xmlNodePtr gone = node_of(child.node_);
    const xmlNodePtr blanks = gone->prev;
    xmlUnlinkNode(gone);
    xmlFreeNode(gone);
    if (blank(blanks)) {
        xmlUnlinkNode(blanks);
        xmlFreeNode(blanks);
    }
}

Result<XmlDocument> XmlDocument::parse(std::string_view text) {
    const std::shared_ptr<void> document(read(text),
                                         [](void* d) { xmlFreeDoc(static_cast<xmlDocPtr>(d)); });
    if (!document)
        return parse_error();
    if (xmlGetIntSubset(static_cast<xmlDocPtr>(document.get())))
        return Error{0, "it has a document type, which libvirt never writes"};
    return XmlDocument(document);
}

XmlNode XmlDocument::root() const {
    return XmlNode(xmlDocGetRootElement(static_cast<xmlDocPtr>(document_.get())));
}

std::string XmlDocument::text() const {
    const std::unique_ptr<xmlOutputBuffer, int (*)(xmlOutputBufferPtr)> buffer(
        xmlAllocOutputBuffer(nullptr), xmlOutputBufferClose);
    const auto document = static_cast<xmlDocPtr>(document_.get());
    // Without the encoding's name libxml2 writes every character beyond ASCII as a reference.
    xmlNodeDumpOutput(buffer.get(), document, xmlDocGetRootElement(document), 0, 0, "UTF-8");
    xmlOutputBufferFlush(buffer.get());
    return std::string(reinterpret_cast<const char*>(xmlOutputBufferGetContent(buffer.get())),
                       xmlOutputBufferGetSize(buffer.get())) +
           "\n";
}

Result<XmlNode> XmlDocument::adopt(XmlNode parent, std::string_view element) {
    const std::unique_ptr<xmlDoc, void (*)(xmlDocPtr)> other(read(element), xmlFreeDoc);
    if (!other)
        return parse_error();
    XmlNode placeholder = parent.add_child("placeholder");
    const auto document = static_cast<xmlDocPtr>(document_.get());
    const xmlNodePtr copy = xmlDocCopyNode(xmlDocGetRootElement(other.get()), document, 1);
    const xmlNodePtr old = node_of(placeholder.node_);
    xmlReplaceNode(old, copy);
    xmlFreeNode(old);
    return XmlNode(copy);
}

} // namespace virt_nested
