// SPDX-License-Identifier: GPL-2.0-or-later
// Lines that say otherwise than is wanted, in modprobe.d and on the command line, put right.
#include "core/text.h"
#include "validator/checks/mend.h"
#include "validator/facts/own_file.h"

#include <algorithm>

namespace virt_nested {

std::string where(const Facts& facts, const Origin& origin) {
    return origin.on_command_line() ? facts.shown(origin.file) : facts.root + shown(origin);
}

Mend mend_elsewhere(const Facts& facts, const std::string& words) {
    return applied_elsewhere(facts, std::string(facts.machine.kind->files) + ": " + words);
}

bool is_default(const Facts& facts, bool on) {
    return default_of(*facts.platform(), facts.boot.kernel()).state ==
           (on ? State::on : State::off);
}

namespace {

/// A line of modprobe.d changed: `by` in place of `text`, or `text` away.
Mend mend_file(const Facts& facts, const Origin& origin, const std::string& text,
               const std::string& by = {}) {
    if (origin.file == own_file && facts.configuration.own)
        return run(wanted(facts) == Turn::on ? "virt-nested enable" : "virt-nested disable");
    Step change;
    change.act = by.empty() ? Act::remove : Act::replace;
    change.text = text;
    change.by = by;
    const std::string what = by.empty()
                                 ? "remove '" + printable(text) + "'"
                                 : "replace '" + printable(text) + "' with '" + printable(by) + "'";
    if (facts.machine.made_elsewhere())
        return mend_elsewhere(facts, what + ", which is in " + where(facts, origin));
    change.file = origin.file;
    change.line = origin.line;
    if (origin.file.starts_with("/etc/") || origin.file.starts_with("/run/")) {
        change.words = what + " in " + where(facts, origin);
        return change;
    }
    // A vendor's file comes back with the next update; a file of its name in /etc masks it.
    Step copy = run("cp -n " + shell_word(origin.file) + " /etc/modprobe.d/");
    copy.words = "mask the vendor's file: " + pasted(copy.command);
    change.file = "/etc/modprobe.d/" + std::string(base_name(origin.file));
    change.words = what + " in the copy";
    return Mend(copy).then(change);
}

/// The value that is wanted of this host, of a parameter that nests.
std::string wanted_text(const Facts& facts, std::string_view module, std::string_view parameter) {
    const Platform& platform = *facts.platform();
    if (module != platform.module || !same_parameter(parameter, platform.parameter) ||
        facts.config.host == HostIntent::any)
        return {};
    return std::string(parameter) + (facts.config.host == HostIntent::on ? "=1" : "=0");
}

} // namespace

Mend mend_setting(const Facts& facts, const Setting& setting) {
    return mend_setting(facts, setting, facts.platform()->module, facts.platform()->parameter);
}

Mend mend_setting(const Facts& facts, const Setting& setting, std::string_view module,
                  std::string_view parameter) {
    const std::string text = setting.shown(parameter);
    const std::string wanted = wanted_text(facts, module, parameter);
    if (!setting.origin.on_command_line())
        return mend_file(facts, setting.origin, text, wanted);
    // No modprobe.d speaks behind an argument of a built-in.
    if (!wanted.empty() && facts.modules.built_in() &&
        !is_default(facts, facts.config.host == HostIntent::on))
        return mend_add_argument(facts, std::string(module) + "." + wanted);
    return mend_remove_argument(facts, std::string(module) + "." + text);
}

std::vector<const Setting*> in_the_way(const Effective& options, Turn turn) {
    std::vector<const Setting*> out;
    const Parameter* known = known_parameter(options.module, options.parameter);
    for (size_t i = options.settings.size(); known && i-- > 0;) {
        const Setting& setting = options.settings[i];
        if (setting.ignored)
            continue;
        if (check_value(known->type, setting.value).on == (turn == Turn::on))
            break;
        out.push_back(&setting);
        // A line is made to say what is wanted of `nested`; an argument goes.
        if (!setting.origin.on_command_line() && options.parameter == "nested")
            break;
    }
    return out;
}

Mend mend_settings(const Facts& facts, const Effective& options, Turn turn) {
    Mend out;
    for (const Setting* setting : in_the_way(options, turn))
        out = std::move(out).then(mend_setting(facts, *setting, options.module, options.parameter));
    return out;
}

namespace {

/// The line as it was written, where it is one line.
std::string as_written(const Facts& facts, const Block& block) {
    for (const NotedLine& noted : facts.configuration.conf.noted) {
        const std::string_view text = trim(noted.raw);
        if (facts.configuration.conf.files.at(noted.file) == block.origin.file &&
            noted.line == block.origin.line && text.find('\n') == std::string_view::npos)
            return std::string(text);
    }
    return block.text;
}

} // namespace

Mend mend_block(const Facts& facts, const Block& block, const std::vector<Block>& all) {
    if (!block.origin.on_command_line())
        return mend_file(facts, block.origin, as_written(facts, block));
    std::vector<std::string> items;
    for (const Block& other : all)
        if (other.origin == block.origin && !other.item.empty())
            items.push_back(other.item);
    return mend_remove_argument(
        facts, items.empty() ? block.text
                             : block.text.substr(0, block.text.find('=') + 1) + join(items, ","));
}

namespace {

/// Words of the command line, which is not where they are changed.
Mend mend_word(const Facts& facts, const LintChange& change) {
    Mend out = mend_remove_argument(facts, change.text);
    return change.by.empty() ? out : std::move(out).then(mend_add_argument(facts, change.by));
}

/// Advice about a place in a file.
Mend at(const Origin& origin, std::string words) {
    Mend out(std::move(words));
    if (!origin.on_command_line() && !out.empty()) {
        out.steps.front().file = origin.file;
        out.steps.front().line = origin.line;
    }
    return out;
}

} // namespace

Mend mend_line(const Facts& facts, const LintFinding& lint) {
    if (lint.change)
        return lint.origin.on_command_line()
                   ? mend_word(facts, *lint.change)
                   : mend_file(facts, lint.origin, lint.change->text, lint.change->by);
    if (!facts.machine.made_elsewhere() || lint.origin.on_command_line())
        return lint.mend.starts_with(by_command) ? Mend(run(lint.mend.substr(by_command.size())))
                                                 : at(lint.origin, lint.mend);
    const std::string place = std::string(facts.machine.kind->files) + ": ";
    switch (lint.kind) {
    case LintKind::wrong_folder:
    case LintKind::folder_not_read:
    case LintKind::wrong_suffix:
    case LintKind::sub_folder:
        return place + lint.text;
    case LintKind::line_end:
        return place + "write the line without the CR at its end";
    case LintKind::include:
        return place + "put the lines of that file there";
    default:
        return place + lint.mend;
    }
}

} // namespace virt_nested
