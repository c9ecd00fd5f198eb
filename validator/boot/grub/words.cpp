// SPDX-License-Identifier: GPL-2.0-or-later
// Words of GRUB's shell as its commands get them.
#include "validator/boot/grub/words.h"

#include "validator/boot/grub/source.h"

#include <algorithm>

namespace virt_nested::grub {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r';
}
bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
/// \xHH stays as it is wherever GRUB takes backslashes off.
bool is_byte(std::string_view text, size_t at) {
    return at + 3 < text.size() && text[at + 1] == 'x' && is_hex(text[at + 2]) &&
           is_hex(text[at + 3]);
}

} // namespace

void Expansion::append(std::string_view text) {
    if (bytes + text.size() > most_) {
        overflow = true;
        text = {};
    }
    bytes += text.size();
    if (!open_)
        words_.emplace_back();
    open_ = true;
    words_.back() += text;
}

void Expansion::finish_word() {
    if (!open_)
        return;
    // Files that match take its place, if the module for that is loaded (grub:
    // commands/wildcard.c).
    Text& word = words_.back();
    if (pattern_ && !word.empty() &&
        std::string_view("/(*").find(word[0]) != std::string_view::npos)
        word = state_.unknown({word, {}, false});
    pattern_ = false;
    open_ = false;
}

void Expansion::next() {
    finish_word();
}

void Expansion::value(std::string_view text, bool in_quotes) {
    if (in_quotes)
        return append(text);
    size_t at = 0;
    const auto skip = [&] {
        while (at < text.size() && is_blank(text[at]))
            ++at;
    };
    for (skip(); at < text.size();) {
        const size_t from = at;
        while (at < text.size() && !is_blank(text[at]))
            ++at;
        std::string word(text.substr(from, at - from));
        pattern_ = pattern_ || word.find_first_of("*?") != std::string::npos;
        size_t piece_at = 0;
        while (const std::optional<Piece> piece = next_piece(word, piece_at)) {
            word[piece->at + piece->size - 1] = '\x03';
            piece_at = piece->at + piece->size;
        }
        append(word);
        skip();
        if (at < text.size())
            next();
    }
}

void Expansion::variable(std::string_view name, bool in_quotes) {
    const bool digit = name[0] >= '0' && name[0] <= '9';
    if (!digit && name != "#" && name != "*" && name != "@") {
        const Value* found = state_.get(std::string(name));
        if (found == nullptr && state_.unread)
            return value(state_.unknown({std::string(name), {}, true}), in_quotes);
        if (found == nullptr || found->text.empty())
            return;
        if (found->place.environment)
            environment = found->place;
        return value(found->text, in_quotes);
    }
    if (scope_ == nullptr)
        return;
    if (scope_->unknown)
        return value(state_.unknown({std::string(name), {}, true}), in_quotes);
    const std::vector<Text>& arguments = scope_->arguments;
    if (name == "#")
        return append(std::to_string(arguments.size()));
    if (digit) {
        size_t number = 0;
        for (const char c : name.substr(0, 9))
            number = number * 10 + static_cast<size_t>(c - '0');
        if (number > 0 && number <= arguments.size())
            value(arguments[number - 1], in_quotes);
        return;
    }
    for (size_t i = 0; i < arguments.size(); ++i) {
        if (i != 0 && (name == "@" || !in_quotes))
            next();
        else if (i != 0)
            append(" ");
        value(arguments[i], in_quotes);
    }
}

size_t Expansion::quoted(std::string_view raw, size_t at) {
    const char quote = raw[at];
    append({});
    for (++at; at < raw.size() && raw[at] != quote;) {
        std::string_view name;
        if (quote == '\'') {
            const size_t end = std::min(raw.find('\'', at), raw.size());
            append(raw.substr(at, end - at));
            at = end;
        } else if (raw[at] == '$') {
            const size_t end = variable_end(raw, at, name);
            if (end == 0)
                break; // the parser lets none through
            variable(name, true);
            at = end;
        } else if (raw[at] == '\\' && at + 1 < raw.size() &&
                   std::string_view("$\\\"\n").find(raw[at + 1]) != std::string_view::npos) {
            append(raw[at + 1] == '\n' ? std::string_view() : raw.substr(at + 1, 1));
            at += 2;
        } else {
            const size_t end = std::min(raw.find_first_of("\\$\"", at + 1), raw.size());
            append(raw.substr(at, end - at));
            at = end;
        }
    }
    return at + 1;
}

void Expansion::add(std::string_view raw) {
    next();
    for (size_t at = 0; at < raw.size();) {
        const char c = raw[at];
        std::string_view name;
        if (c == '\'' || c == '"') {
            at = quoted(raw, at);
        } else if (c == '$' && at + 1 < raw.size() && raw[at + 1] == '"') {
            // Translated into the menu's language, with variables of its own (gettext_append).
            const Text before = open_ ? words_.back() : Text();
            at = quoted(raw, at + 1);
            words_.back() = before + state_.unknown({"\"...\"", {}, true});
        } else if (c == '$') {
            const size_t end = variable_end(raw, at, name);
            if (end == 0)
                break;
            variable(name, false);
            at = end;
        } else if (c == '\\') {
            if (is_byte(raw, at))
                append(raw.substr(at, 2));
            else if (at + 1 < raw.size() && raw[at + 1] != '\n')
                append(raw.substr(at + 1, 1));
            at += 2;
        } else {
            const size_t end = std::min(raw.find_first_of("'\"$\\", at), raw.size());
            const std::string_view plain = raw.substr(at, end - at);
            pattern_ = pattern_ || plain.find_first_of("*?") != std::string_view::npos;
            append(plain);
            at = end;
        }
    }
}

std::vector<Text> Expansion::words() && {
    finish_word();
    return std::move(words_);
}

std::vector<std::vector<std::string>> forms(const State& state, const std::vector<Text>& words) {
    std::vector<uint32_t> numbers;
    std::vector<const Unknown*> unknowns;
    size_t count = 1;
    for (const Text& word : words) {
        size_t at = 0;
        while (const std::optional<Piece> piece = next_piece(word, at)) {
            at = piece->at + piece->size;
            if (std::find(numbers.begin(), numbers.end(), piece->number) != numbers.end())
                continue;
            const Unknown& what = state.what(*piece);
            if (what.options.empty() || count * what.options.size() > 64)
                return {};
            count *= what.options.size();
            numbers.push_back(piece->number);
            unknowns.push_back(&what);
        }
    }
    std::vector<std::vector<std::string>> out;
    for (size_t form = 0; form < count; ++form) {
        std::vector<std::string>& one = out.emplace_back();
        for (const Text& word : words) {
            std::string text;
            size_t at = 0;
            bool split = false;
            while (const std::optional<Piece> piece = next_piece(word, at)) {
                size_t rest = form;
                size_t which = 0;
                for (size_t i = 0; numbers[i] != piece->number; ++i)
                    rest /= unknowns[i]->options.size();
                const std::vector<std::string>& options = state.what(*piece).options;
                which = rest % options.size();
                text += word.substr(at, piece->at - at) + options[which];
                split = split || piece->split;
                at = piece->at + piece->size;
            }
            text += word.substr(at);
            if (!split) {
                one.push_back(std::move(text));
                continue;
            }
            for (size_t from = 0; from < text.size();) {
                const size_t to = std::min(text.find_first_of(" \t\n", from), text.size());
                if (to > from)
                    one.push_back(text.substr(from, to - from));
                from = to + 1;
            }
        }
    }
    return out;
}

Text command_line(const std::vector<Text>& words, size_t from) {
    Text out;
    for (size_t i = from; i < words.size(); ++i) {
        const Text& word = words[i];
        const bool blank = word.find(' ') != Text::npos;
        out += i > from ? " " : "";
        out += blank ? "\"" : "";
        for (size_t at = 0; at < word.size(); ++at) {
            if (word[at] == '\\' && is_byte(word, at)) {
                out += word.substr(at, 4);
                at += 3;
                continue;
            }
            if (word[at] == '\\' || word[at] == '\'' || word[at] == '"')
                out += '\\';
            out += word[at];
        }
        out += blank ? "\"" : "";
    }
    return out;
}

} // namespace virt_nested::grub
