// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's menu: what is chosen in it, and what its entries load.
#include "core/text.h"
#include "validator/boot/grub/run.h"

#include <algorithm>
#include <array>

namespace virt_nested::grub {

namespace {

/// Words that no module and no initramfs asks for; Ubuntu's 10_linux adds the first where the
/// machine's graphics allow it.
std::string without_looks(std::string_view cmdline) {
    std::string out;
    for (const std::string_view word : words(cmdline)) {
        const bool looks = word.starts_with("vt.handoff=") || word == "quiet" || word == "splash";
        out += looks ? "" : std::string(word) + " ";
    }
    return out;
}

/// The rest of the path that `default` and `chosen` have.
Text escaped(const Text& id) {
    Text out;
    for (const char c : id)
        out += c == '>' ? Text(">>") : Text(1, c);
    return out;
}

std::string location(const Place& place) {
    return place.file + (place.line == 0 ? "" : ":" + std::to_string(place.line));
}

} // namespace

/// Entry by entry; the ones that `default` names are marked.
void Run::show(Menu& menu, const Text& path) {
    shown_ = true;
    const Value* const value = state_.get("default");
    const Place place = value == nullptr ? Place() : value->place;
    if (menus_deep_ >= limits_.depth)
        return doubt("menus in menus are not followed deeper than " +
                         std::to_string(limits_.depth) + " of them",
                     place);
    ++menus_deep_;
    const Choice choice = choose(state_, menu, value == nullptr ? Text() : value->text, family_);
    if (chosen_ && out_.choice.empty() && value != nullptr && !place.file.empty())
        out_.choice = location(place);
    const auto say = [&](const char* what) {
        if (chosen_)
            out_.doubts.push_back({what,
                                   doubt_source(place.file.empty() ? config_ : place.file,
                                                place.file.empty() ? 0 : place.line),
                                   0});
    };
    if (value != nullptr && !is_known(value->text) && choice.entries.size() > 1)
        say("what 'default' is depends on what is not known here");
    else if (choice.other_way)
        say("which entry 'default' names differs between versions of GRUB");
    else if (!choice.sure)
        say("which entry 'default' names depends on entries that are perhaps not there");
    if (perhaps_ > 0)
        say("whether this menu is shown, or another one, depends on what is not known here");
    for (size_t i = 0; i < menu.size() && !stopped_; ++i)
        take_item(menu[i], path, chosen_ && choice.entries.contains(i));
    --menus_deep_;
}

void Run::take_item(Item& item, const Text& path, bool chosen) {
    const size_t before = out_.entries.size();
    std::vector<Doubt> found = std::move(item.doubts);
    if (item.perhaps)
        found.push_back({"the entry is there only in a branch that GRUB perhaps does not take",
                         doubt_source(item.place.file, item.place.line), 0});
    Scope scope{item.arguments};
    Menu inner;
    const Flow flow = std::exchange(flow_, Flow());
    const unsigned perhaps = std::exchange(perhaps_, 0U);
    const unsigned loops = std::exchange(loops_, 0U);
    const bool was_chosen = std::exchange(chosen_, chosen);
    const bool left = std::exchange(maybe_left_, false);
    auto* const doubts = std::exchange(doubts_, &found);
    auto* const outer = std::exchange(menu_, item.submenu ? &inner : nullptr);
    auto* const outer_scope = std::exchange(scope_, &scope);
    state_.push();
    state_.set("chosen", path + escaped(item.id), item.place);
    enter(item.submenu);
    body(item.body);
    if (item.submenu && !stopped_ && !flow_.ended) {
        show(inner, path + escaped(item.id) + ">");
        if (inner.empty() && chosen)
            out_.doubts.push_back({"the submenu that 'default' names has no entry",
                                   doubt_source(item.place.file, item.place.line), 0});
    } else if (!stopped_ && out_.entries.size() == before) {
        take_loaded(&item, path);
    }
    state_.pop();
    flow_ = flow;
    perhaps_ = perhaps;
    loops_ = loops;
    chosen_ = was_chosen;
    maybe_left_ = left;
    doubts_ = doubts;
    menu_ = outer;
    scope_ = outer_scope;
    for (const Doubt& one : found) {
        if (chosen && item.submenu)
            out_.doubts.push_back(one);
        for (size_t i = before; i < out_.entries.size() && !(chosen && item.submenu); ++i)
            out_.entries[i].doubts.push_back(one);
    }
}

/// An entry runs with what `default` leaves for it behind '>', and a submenu in a context of its
/// own. Without anything left `default` is unset, but not by newer ones of Red Hat's
/// (grub_menu_execute_entry).
void Run::enter(bool submenu) {
    const Value* const value = state_.get("default");
    const Place place = value == nullptr ? Place() : value->place;
    const std::vector<std::string> outer = state_.options(value == nullptr ? "" : value->text);
    if (submenu)
        state_.enter_context(family_ != Family::upstream);
    const Text kept = family_ == Family::upstream ? Text() : text_of("default");
    std::set<std::string> all;
    bool told = !outer.empty();
    for (const std::string& one : outer) {
        if (const std::string rest = inside(one); !rest.empty()) {
            all.insert(rest);
            continue;
        }
        const std::vector<std::string> some = state_.options(kept);
        told = told && !some.empty();
        all.insert(some.begin(), some.end());
        all.insert(std::string());
    }
    if (told && all.size() == 1 && all.begin()->empty())
        return state_.unset("default");
    const Unknown what{"default", {all.begin(), all.end()}, true};
    state_.set("default",
               told && all.size() == 1 ? *all.begin()
                                       : state_.unknown(told ? what : Unknown{"default", {}, true}),
               place);
}

std::string Run::taken(const char* name, const char* what, BootEntry& entry) {
    Text text = text_of(name);
    if (is_known(text))
        return text;
    std::vector<std::string> all = state_.options(text);
    const std::optional<Piece> first = next_piece(text, 0);
    for (std::string& one : all)
        one = without_looks(one);
    const bool same =
        !all.empty() && std::all_of(all.begin(), all.end(),
                                    [&](const std::string& one) { return one == all.front(); });
    if (!same || name != std::string_view("\x04"
                                          "cmdline"))
        entry.doubts.push_back({std::string("its ") + what +
                                    " depends on what is not known here: '" +
                                    printable(state_.what(*first).name, 64) + "'",
                                printable(entry.source, 512), 0});
    return state_.shown(text);
}

void Run::take_loaded(const Item* item, const Text& path) {
    BootEntry entry;
    entry.source = state_.shown(text_of("\x04source"));
    if (item != nullptr) {
        entry.title = state_.shown(item->title);
        entry.id = state_.shown(item->has_id ? item->id : path + escaped(item->id));
        if (!item->source.empty() || entry.source.empty())
            entry.source = item->source.empty() ? location(item->place) : item->source;
    }
    const std::string kind = taken("\x04kind", "kind", entry);
    const std::string kernel = taken("\x04kernel", "kernel", entry);
    entry.cmdline = trim(taken("\x04"
                               "cmdline",
                               "command line", entry));
    const std::string initrds = taken("\x04initrds", "initramfs", entry);
    entry.kind = kind == "xen"                          ? EntryKind::under_hypervisor
                 : kind == "linux" || kind == "unified" ? EntryKind::linux
                                                        : EntryKind::other;
    entry.unified = kind == "unified";
    if (entry.unified && !kernel.empty())
        entry.initrds = {kernel};
    else if (entry.kind != EntryKind::other)
        entry.kernel_file = kernel;
    for (const std::string_view file : lines(initrds))
        if (entry.kind != EntryKind::other && !file.empty())
            entry.initrds.emplace_back(file);
    if (entry.kind == EntryKind::other)
        entry.cmdline.clear();
    // x86's kernel takes 2047 (arch/x86/include/asm/setup.h), and GRUB cuts there at a word.
    if (entry.cmdline.size() > 2000)
        entry.doubts.push_back({"its command line has " + std::to_string(entry.cmdline.size()) +
                                    " bytes, and kernels take about 2000",
                                printable(entry.source, 512), 0});
    entry.chosen = chosen_;
    if (chosen_ && !entry.kernel_file.empty() && !root_.exists(entry.kernel_file) &&
        !text_of("fallback").empty())
        out_.doubts.push_back({"the kernel of the chosen entry is not there, and GRUB then takes "
                               "the one that 'fallback' names",
                               printable(entry.source, 512), 0});
    shown_ = true;
    out_.entries.push_back(std::move(entry));
}

void Run::whole() {
    Menu menu;
    menu_ = &menu;
    if (!file(config_, "(" + device_ + ")" + config_, {}))
        return;
    // What was met before a limit is told all the same.
    stopped_ = false;
    steps_ = bytes_ = 0;
    depth_ = 0;
    if (flow_.ended)
        return;
    flow_ = Flow();
    perhaps_ = maybe_left_ ? 1 : 0;
    maybe_left_ = false;
    if (menu.empty() && !shown_)
        doubt("its menu has no entry: GRUB waits for commands", {config_, 0, false});
    show(menu, {});
}

} // namespace virt_nested::grub
