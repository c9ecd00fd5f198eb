// SPDX-License-Identifier: GPL-2.0-or-later
// Small, pure helpers on text.
#include "core/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace virt_nested {

namespace {

/// Length of the UTF-8 sequence at the start of `text` and its code point; 0 where it is not valid
/// (overlong forms, surrogates and values beyond U+10FFFF included).
size_t decode(std::string_view text, uint32_t& point) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) {
        point = lead;
        return 1;
    }
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    if (length == 0 || lead > 0xf4 || text.size() < length)
        return 0;
    point = lead & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80)
            return 0;
        point = (point << 6) | (byte(i) & 0x3fU);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return overlong || surrogate || point > 0x10ffff ? 0 : length;
}

/// Control characters, and the invisible ones that reorder or break a line (UAX #9, UAX #14).
bool is_unsafe(uint32_t point) {
    return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
           (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

constexpr std::string_view blanks = " \t\r\n";

} // namespace

std::string_view next_printable(std::string_view& text, std::array<char, 16>& room) {
    static constexpr char digits[] = "0123456789abcdef";
    uint32_t point = 0;
    const size_t valid = decode(text, point);
    const std::string_view character = text.substr(0, std::max<size_t>(valid, 1));
    text.remove_prefix(character.size());
    if (valid != 0 && point == '\\')
        return "\\\\";
    if (valid != 0 && !is_unsafe(point))
        return character;
    size_t size = 0;
    for (const char c : character) {
        const auto byte = static_cast<unsigned char>(c);
        for (const char escaped : {'\\', 'x', digits[byte >> 4], digits[byte & 15]})
            room.at(size++) = escaped;
    }
    return {room.data(), size};
}

std::string printable(std::string_view text, size_t limit) {
    std::array<char, 16> room{};
    std::string out;
    while (!text.empty()) {
        if (out.size() >= limit)
            return out + "...";
        out += next_printable(text, room);
    }
    return out;
}

std::string still_printable(std::string_view text) {
    std::string plain(text);
    std::erase(plain, '\\');
    return printable(plain, 2 * plain.size()) == plain ? std::string(text)
                                                       : printable(text, 4 * text.size());
}

std::string shell_word(std::string_view text) {
    const bool plain =
        !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view("-_./:=@%+,").find(c) != std::string_view::npos;
        });
    if (plain)
        return std::string(text);
    std::string out = "'";
    for (char c : text) {
        if (c == '\'')
            out += "'\\''";
        else
            out += c;
    }
    return out + "'";
}

std::string guest_word(std::string_view name) {
    return (name.starts_with('-') ? "-- " : "") + shell_word(printable(name));
}

std::string_view trim(std::string_view text) {
    const size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> out;
    size_t at = 0;
    while ((at = text.find_first_not_of(" \t", at)) != std::string_view::npos) {
        const size_t end = std::min(text.find_first_of(" \t", at), text.size());
        out.push_back(text.substr(at, end - at));
        at = end;
    }
    return out;
}

std::vector<std::string_view> lines(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

bool has_word(std::string_view text, std::string_view word) {
    for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const auto is_edge = [&](size_t i) {
            return i >= text.size() || blanks.find(text[i]) != std::string_view::npos;
        };
        if ((at == 0 || is_edge(at - 1)) && is_edge(at + word.size()))
            return true;
    }
    return false;
}

std::vector<std::string_view> items(std::string_view list) {
    std::vector<std::string_view> out;
    while (!list.empty()) {
        const std::string_view item = list.substr(0, list.find(','));
        if (!item.empty())
            out.push_back(item);
        list.remove_prefix(std::min(item.size() + 1, list.size()));
    }
    return out;
}

bool has_item(std::string_view list, std::string_view word) {
    const std::vector<std::string_view> all = items(list);
    return std::find(all.begin(), all.end(), word) != all.end();
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    return out;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string out;
    for (const std::string& part : parts) {
        if (&part != &parts.front())
            out += separator;
        out += part;
    }
    return out;
}

std::string listed(const std::vector<std::string>& parts, std::string_view last_word) {
    if (parts.size() < 2)
        return join(parts, "");
    return join({parts.begin(), parts.end() - 1}, ", ") + " " + std::string(last_word) + " " +
           parts.back();
}

bool left_behind(std::string_view file_name) {
    using namespace std::string_view_literals;
    constexpr std::array ends = {
        ".rpmsave"sv,  ".rpmnew"sv,  ".rpmorig"sv,  ".dpkg-old"sv, ".dpkg-dist"sv, ".dpkg-new"sv,
        ".dpkg-bak"sv, ".ucf-old"sv, ".ucf-dist"sv, ".ucf-new"sv,  ".bak"sv,       ".orig"sv,
        ".old"sv,      ".save"sv,    ".disabled"sv, ".off"sv,      ".swp"sv,       "~"sv};
    return file_name.starts_with('.') ||
           std::any_of(ends.begin(), ends.end(),
                       [&](std::string_view end) { return file_name.ends_with(end); });
}

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0]++;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t up = row[j];
            row[j] = std::min({up + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = up;
        }
    }
    return row[b.size()];
}

} // namespace virt_nested
