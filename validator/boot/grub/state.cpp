// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's variables.
#include "validator/boot/grub/state.h"

#include <algorithm>
#include <utility>

namespace virt_nested::grub {

namespace {

/// More are not told apart: it is for `quiet` or no `quiet`, not for every version of a file.
constexpr size_t most_options = 8;
constexpr size_t most_values = 32; ///< long values that are kept at once, in all branches

void add_option(std::vector<std::string>& to, std::string text) {
    if (std::find(to.begin(), to.end(), text) == to.end())
        to.push_back(std::move(text));
}

} // namespace

std::optional<Piece> next_piece(std::string_view text, size_t from) {
    const size_t at = text.find('\x01', from);
    if (at == std::string_view::npos)
        return std::nullopt;
    Piece out{at, 1, 0, false};
    size_t to = at + 1;
    for (; to < text.size() && text[to] >= '0' && text[to] <= '9'; ++to)
        out.number = out.number * 10 + static_cast<uint32_t>(text[to] - '0');
    out.split = to < text.size() && text[to] == '\x03';
    out.size = std::min(to + 1, text.size()) - at;
    return out;
}

const Value* State::get(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
}

void State::keep(const std::string& name) {
    if (frames_.empty())
        return;
    auto [kept, fresh] = frames_.back().before.try_emplace(name);
    if (!fresh)
        return;
    if (const Value* now = get(name); now != nullptr) {
        kept->second = *now;
        bytes_ += now->text.size();
    }
}

void State::put(const std::string& name, std::optional<Value> value) {
    keep(name);
    if (const auto found = values_.find(name); found != values_.end()) {
        bytes_ -= found->second.text.size();
        if (!value)
            values_.erase(found);
    }
    if (!value)
        return;
    bytes_ += value->text.size();
    values_[name] = *std::move(value);
}

void State::set(const std::string& name, Text text, const Place& place) {
    if (text.size() > most_text_ || bytes_ + text.size() > most_values * most_text_ ||
        values_.size() > most_text_) {
        overflow = true;
        if (values_.size() > most_text_)
            return;
        text = unknown({name, {}, false});
    }
    const Value* before = get(name);
    Value now{std::move(text), place};
    now.exported = before != nullptr && before->exported;
    now.perhaps_exported = before != nullptr && before->perhaps_exported;
    put(name, std::move(now));
}

void State::exports(const std::string& name, const Place& place) {
    const Value* before = get(name);
    Value now = before == nullptr ? Value{{}, place, true} : *before;
    now.exported = true;
    now.perhaps_exported = false;
    if (before == nullptr || !before->exported)
        put(name, std::move(now));
}

void State::enter_context(bool all_perhaps) {
    std::vector<std::string> names;
    for (const auto& [name, value] : values_)
        // What is loaded is no variable of GRUB's.
        if (!value.exported && !name.starts_with('\x04'))
            names.push_back(name);
    for (const std::string& name : names) {
        const Value value = *get(name);
        const bool perhaps = all_perhaps || value.perhaps_exported;
        put(name, perhaps ? join(name, value, std::nullopt, value.place) : std::nullopt);
    }
}

void State::unset(const std::string& name) {
    if (values_.contains(name))
        put(name, std::nullopt);
}

Changes State::pop() {
    Changes out;
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    for (auto& [name, before] : frame.before) {
        const auto now = values_.find(name);
        std::optional<Value>& after = out[name];
        if (now != values_.end()) {
            bytes_ -= now->second.text.size();
            after = std::move(now->second);
            values_.erase(now);
        }
        // Its bytes have been counted since it was kept.
        if (before)
            values_[name] = *std::move(before);
    }
    return out;
}

std::optional<Value> State::join(const std::string& name, const std::optional<Value>& one,
                                 const std::optional<Value>& other, const Place& place) {
    const std::string_view a = one ? std::string_view(one->text) : "";
    const std::string_view b = other ? std::string_view(other->text) : "";
    const auto with_export = [&](Value value) {
        const bool first = one && one->exported;
        const bool second = other && other->exported;
        value.exported = first && second;
        value.perhaps_exported =
            first != second || (one && one->perhaps_exported) || (other && other->perhaps_exported);
        return value;
    };
    if (a == b && one.has_value() == other.has_value())
        return one ? std::optional(with_export(*one)) : std::nullopt;
    Unknown what{name.starts_with('\x04') ? std::string("?") : name, {}, false};
    what.may_be_empty = may_be_empty(a) || may_be_empty(b);
    std::vector<std::string> first = options(a);
    std::vector<std::string> second = options(b);
    if (!first.empty() && !second.empty()) {
        for (std::string& text : second)
            add_option(first, std::move(text));
        if (first.size() <= most_options)
            what.options = std::move(first);
    }
    const Place where =
        one && other && one->place.file == other->place.file && one->place.line == other->place.line
            ? one->place
            : place;
    return with_export(Value{unknown(std::move(what)), where});
}

void State::merge(const Changes& one, Changes other, const Place& place) {
    const auto now = [&](const std::string& name) -> std::optional<Value> {
        const Value* value = get(name);
        return value == nullptr ? std::nullopt : std::optional(*value);
    };
    for (auto& [name, value] : one) {
        const auto found = other.find(name);
        std::optional<Value> second = found == other.end() ? now(name) : std::move(found->second);
        if (found != other.end())
            other.erase(found);
        put(name, join(name, value, second, place));
    }
    for (auto& [name, value] : other)
        put(name, join(name, now(name), value, place));
}

void State::forget(const Changes& changes, const Place& place) {
    for (const auto& [name, value] : changes)
        set(name, unknown({name, {}, true}), place);
}

Text State::unknown(Unknown what, bool split) {
    unknowns_.push_back(std::move(what));
    return "\x01" + std::to_string(unknowns_.size() - 1) + (split ? "\x03" : "\x02");
}

std::string State::shown(std::string_view text) const {
    std::string out;
    size_t at = 0;
    while (const std::optional<Piece> piece = next_piece(text, at)) {
        const Unknown& unknown = what(*piece);
        out += text.substr(at, piece->at - at);
        if (unknown.options.empty())
            out += "$" + unknown.name;
        else
            out += unknown.options.front();
        at = piece->at + piece->size;
    }
    return out + std::string(text.substr(at));
}

std::vector<std::string> State::options(std::string_view text) const {
    std::vector<std::string> out{std::string()};
    size_t at = 0;
    while (const std::optional<Piece> piece = next_piece(text, at)) {
        const Unknown& unknown = what(*piece);
        if (unknown.options.empty() || out.size() * unknown.options.size() > 64)
            return {};
        std::vector<std::string> more;
        for (const std::string& before : out)
            for (const std::string& option : unknown.options)
                more.push_back(before + std::string(text.substr(at, piece->at - at)) + option);
        out = std::move(more);
        at = piece->at + piece->size;
    }
    for (std::string& one : out)
        one += text.substr(at);
    std::vector<std::string> apart;
    for (std::string& one : out)
        add_option(apart, std::move(one));
    return apart;
}

bool State::may_be_empty(std::string_view text) const {
    size_t at = 0;
    while (const std::optional<Piece> piece = next_piece(text, at)) {
        if (piece->at != at || !what(*piece).may_be_empty)
            return false;
        at = piece->at + piece->size;
    }
    return at == text.size();
}

} // namespace virt_nested::grub
