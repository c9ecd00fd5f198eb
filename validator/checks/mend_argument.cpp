// SPDX-License-Identifier: GPL-2.0-or-later
// Arguments of the kernel's command line, there and away, in the way of what boots this machine.
#include "core/modconf/boot_options.h"
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

/// `word` as found, where it is the argument, or a list of the same name that has one of its names.
bool matches(std::string_view word, std::string_view argument, Spelled& out) {
    if (same_argument(word, argument)) {
        out = {std::string(word), {}};
        return true;
    }
    if (!same_parameter(name_of(word), name_of(argument)))
        return false;
    const std::vector<std::string_view> taken = items(value_of(argument));
    const std::vector<std::string_view> all = items(value_of(word));
    std::vector<std::string> left;
    for (const std::string_view item : all)
        if (std::none_of(taken.begin(), taken.end(),
                         [&](std::string_view name) { return same_parameter(item, name); }))
            left.emplace_back(item);
    if (left.size() == all.size())
        return false;
    out = {std::string(word),
           left.empty() ? "" : std::string(name_of(word)) + "=" + join(left, ",")};
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

/// Of a kernel whose file was not captured, where the packages put it.
std::string kernel_file(const Facts& facts) {
    return facts.boot.kernel_image.empty() ? "/lib/modules/" + facts.boot.kernel() + "/vmlinuz"
                                           : facts.boot.kernel_image;
}

/// That one of the list's files which an argument is added to: a pattern's is the next entry's.
std::string changed_file(const Facts& facts) {
    if (!facts.boot.list_set_in.empty())
        return facts.boot.list_set_in;
    if (!facts.boot.list || facts.boot.list->files.empty())
        return {};
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
    replace_all(out, "%f", printable(changed_file(facts)));
    replace_all(out, "@", argument);
    return out;
}

/// What makes a change of the list count.
Mend applied(const Facts& facts, Mend mend) {
    if (facts.machine.kind)
        return applied_elsewhere(facts, std::move(mend));
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

/// Each of that name with another value, in the next boots' command lines.
std::vector<Spelled> others_of(const Facts& facts, std::string_view argument) {
    std::vector<Spelled> out;
    for (const NextBoot& boot : facts.boot.next)
        for (const std::string& word : kvm_arguments(boot.entry.cmdline))
            if (same_parameter(name_of(word), name_of(argument)) && !same_argument(word, argument))
                out.push_back({word, {}});
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

struct ArgumentTexts {
    std::string_view add = "add @ to the kernel command line in the boot loader's configuration";
    std::string_view remove =
        "remove @ from the kernel command line in the boot loader's configuration";
};

ArgumentTexts texts_of(const Facts& facts) {
    if (facts.machine.kind)
        return {facts.machine.kind->add, facts.machine.kind->remove};
    return facts.boot.list ? ArgumentTexts{facts.boot.list->add, facts.boot.list->remove}
                           : ArgumentTexts();
}

/// The argument taken away, and what is left of a list put there.
Mend by_texts(const Facts& facts, const ArgumentTexts& texts, const std::vector<Spelled>& all) {
    Mend out;
    for (const Spelled& spelled : all) {
        out = std::move(out).then(by_text(facts, texts.remove, Act::remove_argument, spelled.text));
        if (!spelled.left.empty())
            out = std::move(out).then(by_text(facts, texts.add, Act::add_argument, spelled.left));
    }
    return out;
}

} // namespace

bool gone_at_next_boot(const Facts& facts, std::string_view argument) {
    return !facts.boot.menu.entries.empty() && facts.boot.menu.doubts.empty() &&
           spelled_in(facts, argument, true).empty();
}

Mend mend_apply_list(const Facts& facts) {
    return applied(facts, Mend());
}

Mend mend_unified(const Facts& facts) {
    if (!facts.boot.list)
        return "build the unified kernel image anew with its own tool";
    Step out = run(filled(facts, facts.boot.list->apply, {}));
    out.words = "build the unified kernel image anew: " + pasted(out.command);
    return out;
}

Mend mend_add_argument(const Facts& facts, std::string_view argument) {
    const ArgumentTexts texts = texts_of(facts);
    if (!facts.machine.kind && facts.boot.list)
        if (const Mend edits = in_place_of_others(facts, std::string(argument)); !edits.empty())
            return applied(facts, edits);
    Mend out = by_texts(facts, texts, others_of(facts, argument));
    return applied(facts, std::move(out).then(
                              by_text(facts, texts.add, Act::add_argument, std::string(argument))));
}

// By its name and by its number: the last such argument counts, and the one before it then.
Mend mend_cleared(const Facts& facts) {
    const Platform& platform = *facts.platform();
    return mend_remove_argument(facts, std::string(clear_flags) + "=" +
                                           std::string(platform.cpu_flag) + "," +
                                           std::to_string(platform.cpu_flag_number));
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
    // The list is without it already: what was made from it is older, or this boot is.
    if (!facts.machine.kind && facts.boot.list && !facts.boot.list_files.empty() &&
        !facts.boot.list->apply.empty()) {
        Step again = run(filled(facts, facts.boot.list->apply, {}));
        again.act = Act::remove_argument;
        again.text = spelled.text;
        again.words += " (no line of " + facts.shown(printable(facts.boot.list_files.front())) +
                       " is seen to have " + printable(spelled.text) +
                       "; where one has it, take it out first)";
        return facts.boot.menu.entries.empty() ? Mend(again).then(reboot()) : Mend(again);
    }
    return applied(facts, by_texts(facts, texts_of(facts), all));
}

} // namespace virt_nested
