// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of one file of modprobe.d, cut as libkmod cuts them (kmod: libkmod/libkmod-config.c
// kmod_config_parse).
#include "core/modconf/parse.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

struct Keyword {
    std::string_view word;
    Directive::Kind kind;
};

constexpr std::array keywords = {
    Keyword{"options", Directive::Kind::options}, Keyword{"blacklist", Directive::Kind::blacklist},
    Keyword{"install", Directive::Kind::install}, Keyword{"remove", Directive::Kind::remove},
    Keyword{"softdep", Directive::Kind::softdep}, Keyword{"weakdep", Directive::Kind::weakdep},
    Keyword{"alias", Directive::Kind::alias},
};

bool contains_ignoring_case(std::string_view text, std::string_view lower) {
    return std::search(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
           }) != text.end();
}

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_worth_a_note(const LogicalLine& line) {
    if (contains_ignoring_case(line.raw, "kvm") || contains_ignoring_case(line.raw, "nested"))
        return true;
    std::string_view rest = line.text;
    const std::optional<std::string_view> word = cut_word(rest);
    return word && (*word == "include" || *word == "config");
}

/// The directive in a line, or nothing where modprobe takes it for a bad one.
std::optional<Directive> parse_line(std::string_view line, const KmodProfile& profile) {
    std::string_view rest = line;
    const std::optional<std::string_view> word = cut_word(rest);
    const auto row = std::find_if(keywords.begin(), keywords.end(),
                                  [&](const Keyword& k) { return word && k.word == *word; });
    if (row == keywords.end() || (row->kind == Directive::Kind::weakdep && !profile.weakdep))
        return std::nullopt;
    const std::optional<std::string_view> name = cut_word(rest);
    Directive directive{row->kind, 0, 0, std::string(name.value_or("")), {}};
    if (!name || !to_underscores(directive.name))
        return std::nullopt;
    if (row->kind == Directive::Kind::blacklist)
        return directive;
    if (row->kind == Directive::Kind::alias) {
        directive.text = cut_word(rest).value_or("");
        return !directive.text.empty() && to_underscores(directive.text) ? std::optional(directive)
                                                                         : std::nullopt;
    }
    if (rest.empty())
        return std::nullopt;
    directive.text = rest;
    if (row->kind == Directive::Kind::options)
        std::replace(directive.text.begin(), directive.text.end(), '\t', ' ');
    return directive;
}

} // namespace

const char* keyword(Directive::Kind kind) {
    for (const Keyword& row : keywords)
        if (row.kind == kind)
            return row.word.data();
    return "";
}

bool LineReader::next(LogicalLine& line) {
    const size_t start = at_;
    line.text.clear();
    line.first = number_;
    bool ended = false;
    while (at_ < text_.size() && !ended) {
        char c = text_[at_++];
        ended = c == '\n';
        if (c == '\\') {
            if (at_ == text_.size()) {
                if (keeps_end_)
                    line.text += '\xff';
                break;
            }
            c = text_[at_++];
            if (c == '\n') {
                ++number_;
                continue;
            }
        }
        if (!ended)
            line.text += c;
    }
    line.raw = text_.substr(start, at_ - start);
    if (!ended && line.text.empty())
        return false;
    ++number_;
    line.text.resize(std::min(line.text.find('\0'), line.text.size()));
    return true;
}

std::optional<std::string_view> cut_word(std::string_view& rest) {
    const size_t start = rest.find_first_not_of("\t ");
    if (start == std::string_view::npos) {
        rest = {};
        return std::nullopt;
    }
    const size_t end = std::min(rest.find_first_of("\t ", start), rest.size());
    const std::string_view word = rest.substr(start, end - start);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
}

bool to_underscores(std::string& name) {
    for (size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '-')
            name[i] = '_';
        if (name[i] == ']')
            return false;
        if (name[i] == '[') {
            i = name.find(']', i);
            if (i == std::string::npos)
                return false;
        }
    }
    return true;
}

// A blank in front of the first word belongs to it: libkmod begins its word at the start of the
// text and skips blanks only behind a word (kmod_config_add_softdep), so "softdep m  pre: x", with
// two blanks, names nothing.
bool has_soft_dependencies(std::string_view text) {
    bool mode = false;
    bool after_blank = false;
    size_t start = 0;
    for (size_t at = 0; at <= text.size(); ++at) {
        const bool end = at == text.size();
        if (!end && !is_space(text[at])) {
            after_blank = false;
            continue;
        }
        if (!end) {
            if (after_blank) {
                start = at + 1;
                continue;
            }
            after_blank = true;
            if (start >= at)
                continue;
        }
        const std::string_view word = text.substr(start, at - start);
        if (word == "pre:" || word == "post:")
            mode = true;
        else if (mode && (!end || !after_blank))
            return true;
        start = at + 1;
    }
    return false;
}

std::string parse_file(ModConf& conf, uint32_t file, std::string_view text,
                       const ConfLimits& limits) {
    LineReader reader(text, conf.profile);
    LogicalLine line;
    while (reader.next(line)) {
        if (conf.directives.size() + conf.noted.size() >= limits.directives)
            return "more than " + std::to_string(limits.directives) + " lines in all";
        if (line.text.size() > limits.line_bytes)
            return "line " + std::to_string(line.first) + " is longer than " +
                   std::to_string(limits.line_bytes) + " bytes";
        if (is_worth_a_note(line))
            conf.noted.push_back({file, line.first, std::string(line.raw)});
        if (line.text.empty() || line.text.front() == '#')
            continue;
        if (std::optional<Directive> directive = parse_line(line.text, conf.profile)) {
            directive->file = file;
            directive->line = line.first;
            conf.directives.push_back(std::move(*directive));
        }
    }
    return {};
}

} // namespace virt_nested
