// SPDX-License-Identifier: GPL-2.0-or-later
// An XML that can be edited in its own bytes: libxml2 tells what it means, and what is not edited
// stays as it was written, quotes, comments and blanks included.
#pragma once

#include "core/result.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

struct XmlText;

/// An element, by its place in the document: good until an element before it comes or goes, and as
/// long as its document. False where there is none, and then every question has an empty answer.
class XmlNode {
  public:
    explicit XmlNode(XmlText* document = nullptr, size_t place = 0)
        : document_(document), place_(place) {}
    explicit operator bool() const { return document_ != nullptr; }

    std::string name() const;
    std::string text() const;
    /// Of no namespace.
    std::optional<std::string> attribute(const char* name) const;
    /// The first child element of this name, without a namespace.
    XmlNode child(const char* name) const;
    std::vector<XmlNode> children(const char* name) const;
    /// The child elements of the namespace `uri`.
    std::vector<XmlNode> children_of(std::string_view uri) const;
    /// Neither attributes nor anything but blanks in it.
    bool bare() const;

    /// With the quotes that the document has elsewhere, or the attribute had.
    void set_attribute(const char* name, const std::string& value);
    void remove_attribute(const char* name);
    void set_text(const std::string& text);
    /// A new last child; on a line of its own where the end tag has one, indented two blanks more.
    XmlNode add_child(const char* name);
    /// A new first child, where the element has others.
    XmlNode add_first_child(const char* name);
    /// A new element right after the child `before`, or the last one where there is none.
    XmlNode add_child_after(const XmlNode& before, const char* name);
    /// The child, and the blanks before it; where nothing else is left, <a></a> becomes <a/>.
    void remove_child(const XmlNode& child);

  private:
    friend class XmlDocument;
    XmlNode inserted(size_t at, const std::string& text, const std::string& before);

    XmlText* document_;
    size_t place_;
};

class XmlDocument {
  public:
    /// Errors: not well-formed (with the line), a document type, which libvirt never writes, bytes
    /// in which no ASCII stands for itself (UTF-16). Nothing is fetched, no entity followed.
    static Result<XmlDocument> parse(std::string_view xml);

    XmlNode root() const;
    const std::string& text() const;
    /// A well-formed element, which declares its own namespaces, as a child of `parent`.
    Result<XmlNode> adopt(XmlNode parent, std::string_view element);

  private:
    explicit XmlDocument(std::shared_ptr<XmlText> document) : document_(std::move(document)) {}

    std::shared_ptr<XmlText> document_;
};

} // namespace virt_nested
