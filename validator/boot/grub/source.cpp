// SPDX-License-Identifier: GPL-2.0-or-later
// A text as GRUB's shell takes it in.
#include "validator/boot/grub/source.h"

#include <algorithm>

namespace virt_nested::grub {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_name(char c) {
    return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

} // namespace

size_t variable_end(std::string_view text, size_t at, std::string_view& name) {
    size_t from = at + 1;
    const bool braces = from < text.size() && text[from] == '{';
    from += braces ? 1 : 0;
    if (from >= text.size())
        return 0;
    size_t to = from;
    if (is_digit(text[from]))
        while (to < text.size() && is_digit(text[to]))
            ++to;
    else if (is_name(text[from]))
        while (to < text.size() && is_name(text[to]))
            ++to;
    else if (std::string_view("?#*@").find(text[from]) != std::string_view::npos)
        ++to;
    if (to == from || (braces && (to >= text.size() || text[to] != '}')))
        return 0;
    name = text.substr(from, to - from);
    return to + (braces ? 1 : 0);
}

Source::Source(std::string path, std::string_view raw, unsigned of_lines)
    : path_(std::move(path)), of_lines_(of_lines) {
    text_.reserve(raw.size() + 1);
    unsigned number = 0, left_out = 0;
    while (!raw.empty()) {
        ++number;
        const size_t end = raw.find('\n');
        std::string_view line = raw.substr(0, end);
        raw.remove_prefix(end == std::string_view::npos ? raw.size() : end + 1);
        // A line is a string of C there: the rest is lost.
        if (const size_t nul = line.find('\0'); nul != std::string_view::npos) {
            line = line.substr(0, nul);
            odd_line_ = odd_line_ != 0 ? odd_line_ : number;
        }
        if (of_lines == 0 && line.substr(0, line.find_first_not_of('\r') + 1).ends_with('#')) {
            ++left_out;
            const auto at = static_cast<uint32_t>(text_.size());
            if (left_out_.empty() || left_out_.back().first != at)
                left_out_.emplace_back(at, left_out);
            left_out_.back().second = left_out;
            continue;
        }
        for (const char c : line) {
            // The bytes that mark what is unknown (grub_state.h) stand in no configuration.
            const bool odd = of_lines == 0 && c >= '\x01' && c <= '\x04';
            if (odd && odd_line_ == 0)
                odd_line_ = number;
            if (c != '\r')
                text_ += odd ? '?' : c;
        }
        text_ += '\n';
    }
}

unsigned Source::line(size_t at, unsigned breaks) const {
    if (of_lines_ != 0)
        return of_lines_;
    const auto behind = std::upper_bound(
        left_out_.begin(), left_out_.end(), at,
        [](size_t where, const std::pair<uint32_t, uint32_t>& one) { return where < one.first; });
    return 1 + breaks + (behind == left_out_.begin() ? 0 : std::prev(behind)->second);
}

} // namespace virt_nested::grub
