// SPDX-License-Identifier: GPL-2.0-or-later
// Arguments of the kernel's command line, there and away, in the way of what boots this machine.
#include "core/text.h"
#include "validator/checks/mend.h"

#include <algorithm>

namespace virt_nested {

namespace {

/// An argument as it is spelled where it stands, and what is to stand there in its place: empty, or
/// what is left of a list of names.
struct Spelled {
    std::string text;
    std::string left;
};

std::string_view name_of(std::string_view argument) {
    return argument.substr(0, argument.find('='));
}

std::string_view value_of(std::string_view argument) {
    const size_t equals = argument.find('=');
    return equals == std::string_view::npos ? std::string_view() : argument.substr(equals + 1);
}

/// The same argument to the kernel and to libkmod.
bool same_argument(std::string_view a, std::string_view b) {
    return same_parameter(name_of(a), name_of(b)) && value_of(a) == value_of(b);
}

/// `word` as found, where it is the argument, or a list of the same name that has its value.
bool matches(std::string_view word, std::string_view argument, Spelled& out) {
    if (same_argument(word, argument)) {
        out = {std::string(word), {}};
        return true;
    }
    const std::string_view value = value_of(argument);
    if (!same_parameter(name_of(word), name_of(argument)) || value.empty() ||
        !has_item(value_of(word), value))
        return false;
    std::string left;
    std::string_view rest = value_of(word);
    while (!rest.empty()) {
        const std::string_view item = rest.substr(0, rest.find(','));
        if (item != value)
            left += (left.empty() ? "" : ",") + std::string(item);
        rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    }
    out = {std::string(word), left.empty() ? "" : std::string(name_of(word)) + "=" + left};
    return true;
}

/// Each spelling of it in the next boots' command lines, in this one's.
std::vector<Spelled> spelled_in(const Facts& facts, std::string_view argument, bool next_alone) {
    std::vector<Spelled> out;
    const auto look = [&](std::string_view cmdline) {
        for (const std::string& word : kvm_arguments(cmdline)) {
            Spelled found;
            if (matches(word, argument, found) &&
                std::none_of(out.begin(), out.end(),
                             [&](const Spelled& known) { return known.text == found.text; }))
                out.push_back(std::move(found));
        }
    };
    for (const NextBoot& boot : facts.boot.next)
        look(boot.entry.cmdline);
    if (!next_alone)
        look(facts.configuration.known_cmdline().text);
    return out;
}

void replace_all(std::string& text, std::string_view what, const std::string& by) {
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

std::string kernel_file(const Facts& facts) {
    const std::string& release = facts.boot.kernel();
    const bool next_to_it = !facts.boot.next.empty() &&
                            facts.boot.next.front().entry.kernel_file == "/boot/vmlinuz-" + release;
    return next_to_it ? "/boot/vmlinuz-" + release : "/lib/modules/" + release + "/vmlinuz";
}

/// That one of the list's files which an argument is added to: a pattern's is the next entry's.
std::string changed_file(const Facts& facts) {
    const std::string_view first = facts.boot.list->files.front();
    if (first.find('*') == std::string_view::npos && facts.boot.list->files.size() < 3)
        return std::string(first);
    return facts.boot.next.empty() ? facts.boot.config : facts.boot.next.front().entry.source;
}

/// The boot loader's own file, or where it would be.
std::string boot_config(const Facts& facts) {
    if (!facts.boot.config.empty() || !facts.boot.loader || facts.boot.loader->configs.empty())
        return facts.boot.config;
    return std::string(facts.boot.loader->configs.front());
}

/// The row's text for this host. The argument itself comes last: it is not ours.
std::string filled(const Facts& facts, std::string_view pattern, const std::string& argument) {
    std::string out(pattern);
    replace_all(out, "%c", shell_word(boot_config(facts)));
    replace_all(out, "%k", shell_word(facts.boot.kernel()));
    replace_all(out, "%v", shell_word(kernel_file(facts)));
    replace_all(out, "%e",
                facts.boot.next.empty() ? "the entry"
                                        : printable(facts.boot.next.front().entry.source, 512));
    replace_all(out, "@", argument);
    return out;
}

/// What makes a change of the list count.
Mend applied(const Facts& facts, Mend mend) {
    if (facts.boot.list && !facts.boot.list->apply.empty())
        return std::move(mend).then(run(filled(facts, facts.boot.list->apply, {})));
    return mend;
}

Step edit_of(const Facts& facts, const ArgumentPlace& place, const Spelled& spelled) {
    const std::string in = (place.variable.empty() ? "" : printable(place.variable, 64) + " in ") +
                           facts.shown(printable(place.file)) + ":" + std::to_string(place.line);
    Step edit;
    edit.act = Act::remove_argument;
    edit.words = spelled.left.empty() ? "remove " + printable(spelled.text) + " from " + in
                                      : "replace " + printable(spelled.text) + " with " +
                                            printable(spelled.left) + " in " + in;
    edit.file = place.file;
    edit.line = place.line;
    edit.variable = place.variable;
    edit.text = spelled.text;
    edit.by = spelled.left;
    return edit;
}

/// Each place of the loader's list where it stands.
Mend from_places(const Facts& facts, std::string_view argument) {
    Mend out;
    for (const ArgumentPlace& place : facts.boot.arguments) {
        Spelled spelled;
        if (matches(place.text, argument, spelled) && out.steps.size() < 4)
            out.steps.push_back(edit_of(facts, place, spelled));
    }
    return out;
}

/// Each place where it stands with another value, which may come behind what is added.
Mend in_place_of_others(const Facts& facts, const std::string& argument) {
    Mend out;
    for (const ArgumentPlace& place : facts.boot.arguments)
        if (same_parameter(name_of(place.text), name_of(argument)) &&
            !same_argument(place.text, argument) && out.steps.size() < 4)
            out.steps.push_back(edit_of(facts, place, {place.text, argument}));
    return out;
}

/// What a row says of one argument, for a person and as data: a text that begins with "run: " is a
/// command, any other a clause.
Step by_text(const Facts& facts, std::string_view text, Act act, const std::string& argument) {
    Step out;
    out.act = act;
    out.text = argument;
    if (text.starts_with(by_command)) {
        out.command = filled(facts, text.substr(by_command.size()), shell_word(argument));
        out.words = std::string(by_command) + pasted(out.command);
        return out;
    }
    out.words = filled(facts, text, printable(argument));
    if (!facts.machine.kind && facts.boot.list && !facts.boot.list->files.empty()) {
        out.file = changed_file(facts);
        out.variable = facts.boot.list->adds_to;
    }
    return out;
}

/// The argument taken away, and what is left of a list put there.
Mend by_texts(const Facts& facts, std::string_view remove, std::string_view add,
              const std::vector<Spelled>& all) {
    Mend out;
    for (const Spelled& spelled : all) {
        out = std::move(out).then(by_text(facts, remove, Act::remove_argument, spelled.text));
        if (!spelled.left.empty())
            out = std::move(out).then(by_text(facts, add, Act::add_argument, spelled.left));
    }
    return out;
}

} // namespace

bool gone_at_next_boot(const Facts& facts, std::string_view argument) {
    return !facts.boot.menu.entries.empty() && facts.boot.menu.doubts.empty() &&
           spelled_in(facts, argument, true).empty();
}

Mend mend_unified(const Facts& facts) {
    if (!facts.boot.list)
        return "build the unified kernel image anew with its own tool";
    Step out = run(filled(facts, facts.boot.list->apply, {}));
    out.words = "build the unified kernel image anew: " + pasted(out.command);
    return out;
}

Mend mend_add_argument(const Facts& facts, std::string_view argument) {
    if (facts.machine.kind)
        return by_text(facts, facts.machine.kind->add, Act::add_argument, std::string(argument));
    if (!facts.boot.list)
        return by_text(facts, "add @ to the kernel command line in the boot loader's configuration",
                       Act::add_argument, std::string(argument));
    if (const Mend edits = in_place_of_others(facts, std::string(argument)); !edits.empty())
        return applied(facts, edits);
    return applied(facts,
                   by_text(facts, facts.boot.list->add, Act::add_argument, std::string(argument)));
}

Mend mend_remove_argument(const Facts& facts, std::string_view argument) {
    std::vector<Spelled> all = spelled_in(facts, argument, false);
    if (all.empty())
        all.push_back({std::string(argument), {}});
    const Spelled& spelled = all.front();
    const Mend edits = facts.machine.kind ? Mend() : from_places(facts, argument);
    if (!edits.empty())
        return applied(facts, edits);
    if (gone_at_next_boot(facts, argument))
        return reboot("reboot: what boots next is without " + printable(spelled.text));
    if (facts.machine.kind)
        return by_texts(facts, facts.machine.kind->remove, facts.machine.kind->add, all);
    if (!facts.boot.list)
        return by_texts(facts,
                        "remove @ from the kernel command line in the boot loader's configuration",
                        "add @ to the kernel command line in the boot loader's configuration", all);
    const ArgumentList& list = *facts.boot.list;
    // The list is without it already: what was made from it is older, or this boot is.
    if (!facts.boot.list_files.empty() && !list.apply.empty()) {
        Step again = run(filled(facts, list.apply, {}));
        again.act = Act::remove_argument;
        again.text = spelled.text;
        again.words += " (no line of " + facts.shown(printable(facts.boot.list_files.front())) +
                       " is seen to have " + printable(spelled.text) +
                       "; where one has it, take it out first)";
        return facts.boot.menu.entries.empty() ? Mend(again).then(reboot()) : Mend(again);
    }
    return applied(facts, by_texts(facts, list.remove, list.add, all));
}

} // namespace virt_nested
