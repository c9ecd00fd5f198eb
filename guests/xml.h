// SPDX-License-Identifier: GPL-2.0-or-later
// A domain XML as a tree that can be edited: the one place of this program that includes libxml2.
// What is not touched keeps every byte of its meaning, comments and foreign namespaces included.
#pragma once

#include "core/result.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// An element; it lives as long as its document. False where there is none, and then every question
/// has an empty answer.
class XmlNode {
  public:
    explicit XmlNode(void* node = nullptr) : node_(node) {}
    explicit operator bool() const { return node_ != nullptr; }

    std::string name() const;
    std::string text() const;
    std::optional<std::string> attribute(const char* name) const;
    /// The first child element of this name, without a namespace.
    XmlNode child(const char* name) const;
    std::vector<XmlNode> children(const char* name) const;
    /// The child elements of the namespace `uri`.
    std::vector<XmlNode> children_of(std::string_view uri) const;

    void set_attribute(const char* name, const std::string& value);
    void remove_attribute(const char* name);
    /// A new last child, indented as libvirt does (two blanks for each level).
    XmlNode add_child(const char* name);
    /// A new element right after the child `before`, which must be one of this element's.
    XmlNode add_child_after(const XmlNode& before, const char* name);
    /// The child, and the blanks before it.
    void remove_child(const XmlNode& child);

  private:
    friend class XmlDocument;
    void* node_;
};

class XmlDocument {
  public:
    /// Errors: not well-formed (with the line), a document type, which libvirt never writes.
    /// Nothing is fetched, no entity followed.
    static Result<XmlDocument> parse(std::string_view xml);

    XmlNode root() const;
    /// Without an XML declaration; attributes in double quotes, whatever they had before.
    std::string text() const;
    /// A well-formed element as a child of `parent`.
    Result<XmlNode> adopt(XmlNode parent, std::string_view element);

  private:
    explicit XmlDocument(std::shared_ptr<void> document) : document_(std::move(document)) {}

    std::shared_ptr<void> document_;
};

} // namespace virt_nested
