// SPDX-License-Identifier: GPL-2.0-or-later
// Which entry of a menu GRUB boots.
#include "core/text.h"
#include "validator/boot/grub/run.h"

#include <algorithm>

namespace virt_nested::grub {

namespace {

/// An entry's name in `default`, which goes on behind '>' with that of an entry of its submenu;
/// ">>" stands for '>' (grub: normal/menu.c menuentry_eq).
bool names(std::string_view value, std::string_view name) {
    for (size_t at = 0;; ++at) {
        const bool end = at == value.size();
        const bool escaped = !end && value[at] == '>' && value.substr(at + 1).starts_with('>');
        if (end || (value[at] == '>' && !escaped))
            return name.empty();
        at += escaped ? 1 : 0;
        if (name.empty() || name.front() != value[at])
            return false;
        name.remove_prefix(1);
    }
}

Tri names(const State& state, std::string_view value, const Text& name) {
    if (is_known(name))
        return tri(names(value, std::string_view(name)));
    const std::vector<std::string> all = state.options(name);
    const auto count = std::count_if(all.begin(), all.end(), [&](const std::string& one) {
        return names(value, std::string_view(one));
    });
    if (all.empty() || (count > 0 && static_cast<size_t>(count) < all.size()))
        return Tri::unknown;
    return tri(count > 0);
}

/// The entries that may stand at a place, counted from 0; behind the end, the first. GRUB has the
/// number as an int.
void at_place(const Menu& menu, unsigned long number, Choice& out) {
    const int cut = static_cast<int>(number);
    const size_t place = cut < 0 ? menu.size() : static_cast<size_t>(cut);
    size_t least = 0, most = 0;
    for (size_t i = 0; i < menu.size(); ++i) {
        if (least <= place && place <= most) {
            out.entries.insert(i);
            out.sure = out.sure && !menu[i].perhaps && least == most;
        }
        ++most;
        least += menu[i].perhaps ? 0 : 1;
    }
    if (place < least || menu.empty())
        return;
    out.sure = out.sure && place >= most;
    if (place > 0)
        at_place(menu, 0, out);
    else
        out.entries.insert(0);
}

enum class By { either, id, title };

/// False: none of them.
bool by_name(const State& state, const Menu& menu, std::string_view value, By by, Choice& out) {
    bool any = false;
    for (size_t i = 0; i < menu.size(); ++i) {
        const Tri id = by == By::title ? Tri::no : names(state, value, menu[i].id);
        const Tri title = by == By::id ? Tri::no : names(state, value, menu[i].title);
        if (id == Tri::no && title == Tri::no)
            continue;
        out.entries.insert(i);
        any = true;
        if (!menu[i].perhaps && (id == Tri::yes || title == Tri::yes))
            return true;
        out.sure = false;
    }
    if (any)
        at_place(menu, 0, out);
    return any;
}

/// A number first, whatever follows it.
Choice upstream(const State& state, const Menu& menu, std::string_view value) {
    Choice out;
    unsigned long number = 0;
    std::string_view rest;
    if (read_number(value, number, rest))
        at_place(menu, number, out);
    else if (!by_name(state, menu, value, By::either, out))
        at_place(menu, 0, out);
    return out;
}

/// Names first (grub2 of Fedora and EL: "Fix menu entry selection based on ID and title"); then a
/// number, if nothing follows it.
Choice names_first(const State& state, const Menu& menu, std::string_view value, bool red_hat) {
    Choice out;
    const bool one_word = value.find_first_of(" \t\n\v\f\r") == std::string_view::npos;
    if (one_word && by_name(state, menu, value, By::id, out))
        return out;
    if (by_name(state, menu, value, red_hat ? By::title : By::either, out))
        return out;
    unsigned long number = 0;
    std::string_view rest;
    if (!red_hat)
        return upstream(state, menu, value);
    at_place(menu, read_number(value, number, rest) && rest.empty() ? number : 0, out);
    return out;
}

void add(Choice& to, const Choice& other) {
    to.other_way = to.other_way || other.other_way || to.entries != other.entries;
    to.sure = to.sure && other.sure && to.entries == other.entries;
    to.entries.insert(other.entries.begin(), other.entries.end());
}

Choice choose_one(const State& state, const Menu& menu, std::string_view value, Family family) {
    if (family == Family::upstream)
        return upstream(state, menu, value);
    Choice out = names_first(state, menu, value, family == Family::red_hat);
    // Red Hat's knew "1>2" before it looked for names first, in EL 7.
    unsigned long number = 0;
    std::string_view rest;
    if (family == Family::unknown || (read_number(value, number, rest) && rest.starts_with('>')))
        add(out, upstream(state, menu, value));
    return out;
}

} // namespace

Family family_of(const Sysroot& root) {
    Result<std::string> text = root.read("/etc/os-release");
    if (!text)
        text = root.read("/usr/lib/os-release");
    if (!text)
        return Family::unknown;
    std::string like;
    for (const std::string_view line : lines(*text))
        if (line.starts_with("ID=") || line.starts_with("ID_LIKE="))
            like += " " + std::string(line.substr(line.find('=') + 1));
    std::replace(like.begin(), like.end(), '"', ' ');
    std::replace(like.begin(), like.end(), '\'', ' ');
    for (const char* one : {"fedora", "rhel", "centos"})
        if (has_word(like, one))
            return Family::red_hat;
    for (const char* one : {"debian", "ubuntu", "arch"})
        if (has_word(like, one))
            return Family::upstream;
    return Family::unknown;
}

Choice choose(const State& state, const Menu& menu, const Text& value, Family family) {
    const std::vector<std::string> all = state.options(value);
    Choice out;
    for (const std::string& one : all) {
        const Choice next = choose_one(state, menu, one, family);
        if (out.entries.empty())
            out = next;
        else
            add(out, next);
    }
    if (all.empty())
        for (size_t i = 0; i < menu.size(); ++i)
            out.entries.insert(i);
    out.sure = out.sure && !all.empty();
    return out;
}

std::string inside(std::string_view value) {
    for (size_t at = 0; at < value.size(); ++at) {
        if (value[at] != '>')
            continue;
        if (at + 1 == value.size() || value[at + 1] != '>')
            return std::string(value.substr(at + 1));
        ++at;
    }
    return {};
}

} // namespace virt_nested::grub
