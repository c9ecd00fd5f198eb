// SPDX-License-Identifier: GPL-2.0-or-later
// Where the elements of a well-formed XML stand in its bytes. It tells nothing of what they mean:
// libxml2 has read the same bytes before (xml.cpp). For core/xml.cpp alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace virt_nested {

/// One element, as places in the text.
struct XmlSpan {
    size_t begin = 0;     ///< of the start tag: its '<'
    size_t name_end = 0;  ///< of the name in it
    size_t inner = 0;     ///< what stands between the tags begins here
    size_t inner_end = 0; ///< and ends here: the '<' of the end tag; of <a/> the same as `inner`
    size_t end = 0;       ///< behind the element
    size_t parent = 0;    ///< its place in the list; the root is its own
    size_t depth = 0;     ///< 0: the root

    bool empty_tag() const { return inner_end == end; } ///< <a/>
};

/// One attribute in a start tag.
struct XmlAttributeSpan {
    size_t begin = 0; ///< of the blanks before it
    size_t name = 0;
    size_t name_end = 0;
    size_t value = 0; ///< behind the quote
    size_t value_end = 0;
};

/// Of all elements, in document order. Nothing where the bytes cannot be followed: no ASCII in
/// them (UTF-16), or no XML.
std::optional<std::vector<XmlSpan>> xml_spans(std::string_view text);

/// Of one element's start tag, in order.
std::vector<XmlAttributeSpan> xml_attributes(std::string_view text, const XmlSpan& element);

} // namespace virt_nested
