// SPDX-License-Identifier: GPL-2.0-or-later
// Lines about KVM where modprobe does not read: why not, and where to.
#include "core/modconf/linter.h"
#include "core/text.h"

namespace virt_nested {

namespace {

std::string path_word(std::string_view path) {
    return printable(shell_word(path), 512);
}

std::string conf_name(const std::string& path) {
    const size_t dot = path.rfind('.');
    return path.substr(0, dot > path.rfind('/') ? dot : std::string::npos) + ".conf";
}

} // namespace

void Linter::place(const PlaceLine& line) {
    using Place = PlaceLine::Place;
    const std::string& path = line.path;
    const auto say = [&](LintKind kind, LintSeverity severity, std::string why, std::string mend) {
        add(kind, severity, Origin::in_file(path, line.line), line.text, std::move(why),
            std::move(mend));
    };
    switch (line.place) {
    case Place::folder_not_read:
        return say(LintKind::folder_not_read, LintSeverity::warning,
                   "kmod " + std::to_string(conf.profile.version) + " does not read " +
                       path.substr(0, path.rfind('/')),
                   "run: mv " + path_word(path) + " /etc/modprobe.d/");
    case Place::leftover:
        return say(LintKind::wrong_suffix, LintSeverity::note,
                   "a leftover that modprobe does not read, for its name does not end in .conf",
                   "remove it, or take over what should count");
    case Place::wrong_suffix:
        return say(LintKind::wrong_suffix, LintSeverity::warning,
                   "modprobe reads files whose names end in .conf alone",
                   "run: mv " + path_word(path) + " " + path_word(conf_name(path)));
    case Place::sub_folder:
        return say(LintKind::sub_folder, LintSeverity::warning,
                   "modprobe does not read folders inside modprobe.d",
                   "run: mv " + path_word(path) + " /etc/modprobe.d/");
    case Place::load_list:
        return say(LintKind::wrong_folder, LintSeverity::warning,
                   "this file names modules to load, options in it have no effect",
                   "move the line to /etc/modprobe.d/kvm.conf");
    case Place::old_file:
        return say(LintKind::wrong_folder, LintSeverity::warning, "modprobe does not read " + path,
                   "move the line to /etc/modprobe.d/kvm.conf");
    }
}

} // namespace virt_nested
