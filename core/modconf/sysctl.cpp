// SPDX-License-Identifier: GPL-2.0-or-later
// sysctl.d(5): files in the order of their names, those of the first folder mask the others'
// (systemd: src/sysctl/sysctl.c; procps: sysctl --system reads /etc/sysctl.conf beside them, last).
#include "core/modconf/sysctl.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fnmatch.h>
#include <map>

namespace virt_nested {

namespace {

using namespace std::string_view_literals;

constexpr std::array folders = {"/etc/sysctl.d"sv, "/run/sysctl.d"sv, "/usr/local/lib/sysctl.d"sv,
                                "/usr/lib/sysctl.d"sv, "/lib/sysctl.d"sv};
constexpr size_t most_files = 1000; ///< of one folder

/// The first separator decides which of '.' and '/' it is (sysctl.d(5)); patterns are expanded.
bool names_modules_disabled(std::string_view key) {
    std::string path(key);
    const size_t first = path.find_first_of("./");
    if (first != std::string::npos && path[first] == '.')
        std::transform(path.begin(), path.end(), path.begin(), [](char c) {
            return c == '.' ? '/' : c == '/' ? '.' : c;
        });
    return ::fnmatch(path.c_str(), "kernel/modules_disabled", FNM_PATHNAME) == 0;
}

void problem(std::vector<ConfProblem>& problems, const std::string& path, const Error& error) {
    if (error.code != ENOENT && error.code != ENOTDIR)
        problems.push_back({ConfProblem::Kind::unreadable, path, error.what});
}

std::vector<std::string> files(const Sysroot& root, std::vector<ConfProblem>& problems) {
    std::map<std::string, std::string> chosen; ///< by name
    for (const std::string_view folder : folders) {
        const Result<std::vector<std::string>> names = root.list(folder);
        if (!names) {
            problem(problems, std::string(folder), names.error());
            continue;
        }
        for (size_t i = 0; i < std::min(names->size(), most_files); ++i)
            if ((*names)[i].ends_with(".conf"))
                chosen.try_emplace((*names)[i], std::string(folder) + "/" + (*names)[i]);
    }
    std::vector<std::string> out;
    for (auto& [name, path] : chosen)
        out.push_back(std::move(path));
    out.emplace_back("/etc/sysctl.conf");
    return out;
}

} // namespace

std::optional<ModulesDisabled> modules_disabled_in(std::string_view text) {
    std::optional<ModulesDisabled> out;
    unsigned number = 0;
    for (const std::string_view line : lines(text)) {
        ++number;
        std::string_view rest = trim(line);
        const size_t equals = rest.find('=');
        if (rest.empty() || rest.front() == '#' || rest.front() == ';' ||
            equals == std::string_view::npos)
            continue;
        std::string_view key = rest.substr(0, equals);
        if (key.starts_with('-'))
            key.remove_prefix(1);
        if (names_modules_disabled(trim(key)))
            out = {number, std::string(rest), trim(rest.substr(equals + 1)) == "1"};
    }
    return out;
}

std::vector<Block> read_modules_disabled(const Sysroot& root, std::vector<ConfProblem>& problems) {
    std::optional<Block> last;
    for (const std::string& path : files(root, problems)) {
        // A link to /dev/null masks, in a root that has no /dev too.
        if (root.link(path).value_or("") == "/dev/null")
            continue;
        const Result<std::string> text = root.read(path);
        if (!text) {
            problem(problems, path, text.error());
            continue;
        }
        const std::optional<ModulesDisabled> found = modules_disabled_in(*text);
        if (!found)
            continue;
        last.reset();
        if (found->on)
            last = Block{Block::Kind::modules_disabled,
                         Origin::in_file(path, found->line),
                         found->text,
                         false,
                         true,
                         "what is loaded before this line is applied stays, and which comes first "
                         "is not certain"};
    }
    return last ? std::vector<Block>{*last} : std::vector<Block>{};
}

} // namespace virt_nested
