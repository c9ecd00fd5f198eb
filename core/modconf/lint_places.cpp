// SPDX-License-Identifier: GPL-2.0-or-later
// Lines about KVM where modprobe does not read: why not, and where to.
#include "core/modconf/linter.h"
#include "core/modconf/parse.h"
#include "core/text.h"

#include <algorithm>

namespace virt_nested {

namespace {

std::string path_word(std::string_view path) {
    return printable(shell_word(path), 512);
}

/// Whether each of these values says what is wanted.
bool is_wanted(const std::vector<std::string>& values, std::optional<bool> wanted) {
    return !wanted || std::all_of(values.begin(), values.end(), [&](const std::string& value) {
        return check_value(Parmtype::boolean, value.empty() ? std::nullopt : std::optional(value))
                   .on.value_or(*wanted) == *wanted;
    });
}

} // namespace

/// What stands behind the name, modprobe hands to the kernel.
void Linter::load_list(const PlaceLine& line) {
    std::string_view rest = std::string_view(line.text).substr(0, line.text.find('#'));
    const std::string module = module_name(cut_word(rest).value_or(""));
    const Origin origin = Origin::in_file(line.path, line.line);
    if (is_kvm_module(module))
        options(module, rest, origin, line.text);
}

void Linter::place(const PlaceLine& line) {
    using Place = PlaceLine::Place;
    const std::string& path = line.path;
    const auto say = [&](LintKind kind, LintSeverity severity, std::string why, std::string mend) {
        add(kind, severity, Origin::in_file(path, line.line), line.text, std::move(why),
            std::move(mend));
    };
    // Never over a file that counts, and never into force what is not wanted.
    const std::string leave = "remove it, or leave it: modprobe does not read it";
    const bool wanted = is_wanted(line.nested, context.wanted);
    const bool movable = wanted && !line.taken;
    const std::string move_line = wanted ? "move the line to /etc/modprobe.d/kvm.conf"
                                         : "remove it, or leave it: it has no effect";
    const std::string mend =
        movable ? "run: mv -n " + path_word(path) + " " + path_word(place_to_be_read(line)) : leave;
    switch (line.place) {
    case Place::folder_not_read:
        return say(LintKind::folder_not_read, LintSeverity::warning,
                   "kmod " + std::to_string(conf.profile.version) + " does not read " +
                       path.substr(0, path.rfind('/')),
                   mend);
    case Place::leftover:
        return say(LintKind::wrong_suffix, LintSeverity::note,
                   "a leftover that modprobe does not read, for its name does not end in .conf",
                   leave);
    case Place::wrong_suffix:
        return say(LintKind::wrong_suffix, movable ? LintSeverity::warning : LintSeverity::note,
                   "modprobe reads files whose names end in .conf alone", mend);
    case Place::sub_folder:
        return say(LintKind::sub_folder, LintSeverity::warning,
                   "modprobe does not read folders inside modprobe.d", mend);
    case Place::load_list:
        if (line.handed_on && *line.handed_on != LoadOrder::late)
            return load_list(line);
        if (line.handed_on)
            return say(
                LintKind::wrong_folder, LintSeverity::warning,
                "options in this file have no effect: hwdrivers, in a runlevel before, loads "
                "the module first",
                wanted ? "move the options to /etc/modprobe.d/kvm.conf" : move_line);
        return say(LintKind::wrong_folder, LintSeverity::warning,
                   "this file names modules to load, options in it have no effect", move_line);
    case Place::old_file:
        return say(LintKind::wrong_folder, LintSeverity::warning, "modprobe does not read " + path,
                   move_line);
    }
}

} // namespace virt_nested
