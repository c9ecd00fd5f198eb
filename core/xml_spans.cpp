// SPDX-License-Identifier: GPL-2.0-or-later
// From one '<' to the next (https://www.w3.org/TR/xml, 2.4 to 3.1).
#include "core/xml_spans.h"

#include <array>

namespace virt_nested {

namespace {

constexpr size_t npos = std::string_view::npos;
constexpr std::string_view blanks = " \t\r\n";

/// What is no tag, with what ends it.
struct Skipped {
    std::string_view begin;
    std::string_view end;
};
constexpr std::array<Skipped, 3> skipped = {{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}}};

/// Behind what stands at `at` and is no tag; `at` itself where a tag stands there, npos where it
/// does not end.
size_t behind_skipped(std::string_view text, size_t at) {
    for (const Skipped& kind : skipped) {
        if (!text.substr(at).starts_with(kind.begin))
            continue;
        const size_t end = text.find(kind.end, at + kind.begin.size());
        return end == npos ? npos : end + kind.end.size();
    }
    return at;
}

/// One attribute from `at` on; nothing where the tag ends before one.
std::optional<XmlAttributeSpan> attribute_at(std::string_view text, size_t at) {
    XmlAttributeSpan out;
    out.begin = at;
    out.name = text.find_first_not_of(blanks, at);
    if (out.name == npos || text[out.name] == '>' || text[out.name] == '/')
        return std::nullopt;
    out.name_end = text.find_first_of(" \t\r\n=", out.name);
    const size_t quote = text.find_first_of("'\"", out.name_end);
    if (quote == npos)
        return std::nullopt;
    out.value = quote + 1;
    out.value_end = text.find(text[quote], out.value);
    if (out.value_end == npos)
        return std::nullopt;
    return out;
}

/// The start tag at `at`, as far as it goes; false where it does not end.
bool read_start_tag(std::string_view text, size_t at, XmlSpan& out) {
    out.begin = at;
    out.name_end = text.find_first_of(" \t\r\n/>", at + 1);
    size_t next = out.name_end;
    while (next != npos) {
        const std::optional<XmlAttributeSpan> attribute = attribute_at(text, next);
        if (!attribute)
            break;
        next = attribute->value_end + 1;
    }
    next = next == npos ? npos : text.find_first_not_of(blanks, next);
    if (next == npos || (text[next] != '>' && !text.substr(next).starts_with("/>")))
        return false;
    out.inner = next + (text[next] == '>' ? 1 : 2);
    if (text[next] == '/')
        out.inner_end = out.end = out.inner;
    return true;
}

} // namespace

std::optional<std::vector<XmlSpan>> xml_spans(std::string_view text) {
    std::vector<XmlSpan> out;
    std::vector<size_t> open;
    for (size_t at = text.find('<'); at != npos; at = text.find('<', at)) {
        const size_t behind = behind_skipped(text, at);
        if (behind == npos)
            return std::nullopt;
        if (behind != at) {
            at = behind;
            continue;
        }
        if (text.substr(at).starts_with("</")) {
            const size_t end = text.find('>', at);
            if (open.empty() || end == npos)
                return std::nullopt;
            out[open.back()].inner_end = at;
            out[open.back()].end = at = end + 1;
            open.pop_back();
            continue;
        }
        XmlSpan element;
        if (!read_start_tag(text, at, element) || (open.empty() && !out.empty()))
            return std::nullopt;
        element.parent = open.empty() ? 0 : open.back();
        element.depth = open.size();
        at = element.inner;
        if (!element.end)
            open.push_back(out.size());
        out.push_back(element);
    }
    return open.empty() && !out.empty() ? std::optional(std::move(out)) : std::nullopt;
}

std::vector<XmlAttributeSpan> xml_attributes(std::string_view text, const XmlSpan& element) {
    std::vector<XmlAttributeSpan> out;
    size_t at = element.name_end;
    while (const std::optional<XmlAttributeSpan> attribute = attribute_at(text, at)) {
        out.push_back(*attribute);
        at = attribute->value_end + 1;
    }
    return out;
}

} // namespace virt_nested
