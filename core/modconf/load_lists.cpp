// SPDX-License-Identifier: GPL-2.0-or-later
// What lists of modules have behind a module's name.
#include "core/modconf/load_lists.h"

#include "core/modconf/cmdline.h"
#include "core/modconf/parse.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

namespace virt_nested {

namespace {

using namespace std::string_view_literals;

constexpr size_t most_files = 200; ///< of one folder
constexpr std::array folders = {"/etc/modules-load.d"sv, "/run/modules-load.d"sv,
                                "/usr/local/lib/modules-load.d"sv, "/usr/lib/modules-load.d"sv,
                                "/lib/modules-load.d"sv};

class Reader {
  public:
    Reader(const Sysroot& root, std::vector<ConfProblem>& problems)
        : root_(root), problems_(problems) {}

    std::optional<std::string> text(const std::string& path) {
        const Result<std::string> found = root_.read(path);
        if (!found) {
            if (found.error().code != ENOENT)
                problem(path, found.error().what);
            return std::nullopt;
        }
        // Shells differ in what they make of these.
        if (found->find("kvm") != std::string::npos &&
            found->find_first_of("\0\r"sv) != std::string::npos)
            problem(path, printable(root_.shown(path), 512) +
                              ": bytes that are not text, or lines that end in CR LF; they become "
                              "part of a module's name or value");
        return *found;
    }

    void problem(const std::string& path, std::string what) {
        problems_.push_back({ConfProblem::Kind::unreadable, path, std::move(what)});
    }

    std::vector<std::string> conf_files(std::string_view folder) {
        std::vector<std::string> out;
        const std::vector<std::string> names =
            root_.list(folder).value_or(std::vector<std::string>());
        for (size_t i = 0; i < std::min(names.size(), most_files); ++i)
            if (names[i].ends_with(".conf") && names[i].front() != '.')
                out.push_back(std::string(folder) + "/" + names[i]);
        return out;
    }

  private:
    const Sysroot& root_;
    std::vector<ConfProblem>& problems_;
};

/// In the order in which the service reads them.
std::vector<std::string> list_files(Reader& reader, LoadService service) {
    std::vector<std::string> out;
    if (service == LoadService::alpine) {
        out.emplace_back("/etc/modules");
        for (const std::string_view folder : folders)
            if (folder != "/usr/local/lib/modules-load.d")
                for (std::string& path : reader.conf_files(folder))
                    out.push_back(std::move(path));
        return out;
    }
    std::map<std::string, std::string> seen; // of one name the first folder's
    for (const std::string_view folder : folders)
        for (std::string& path : reader.conf_files(folder))
            if (seen.emplace(base_name(path), path).second)
                out.push_back(std::move(path));
    if (service == LoadService::sysv)
        out.emplace_back("/etc/modules");
    return out;
}

void take(LoadArguments& out, const Platform& platform, const std::string& path,
          const LoadLine& line) {
    out.options = trim(line.arguments);
    for (const Cmdline::Token& token : kernel_tokens(out.options))
        if (same_parameter(token.name, platform.parameter))
            out.settings.push_back(
                {token.value, Origin::in_file(path, line.line), token.after_dashes});
}

} // namespace

std::optional<LoadLine> load_line(std::string_view text, std::string_view module, bool comments) {
    unsigned number = 0;
    for (std::string_view line : lines(text)) {
        ++number;
        if (comments)
            line = line.substr(0, line.find('#'));
        std::string_view rest = line;
        const std::optional<std::string_view> name = cut_word(rest);
        if (name && !name->starts_with('#') && module_name(*name) == module)
            return LoadLine{number, std::string(rest)};
    }
    return std::nullopt;
}

LoadArguments read_load_arguments(const Sysroot& root, const Platform& platform,
                                  const std::string& kernel, std::vector<ConfProblem>& problems) {
    LoadArguments out;
    out.service = load_service(root);
    if (out.service == LoadService::names_only || platform.module.empty())
        return out;
    out.order = load_order(root, out.service, platform.loaded_by);
    Reader reader(root, problems);
    const bool openrc = out.service == LoadService::openrc;
    for (const std::string& path : list_files(reader, out.service)) {
        const std::optional<std::string> text = reader.text(path);
        const std::optional<LoadLine> line =
            text ? load_line(*text, platform.module, out.service == LoadService::alpine)
                 : std::nullopt;
        if (!line)
            continue;
        // A second load of the module does nothing; OpenRC drops what stands behind the name.
        if (!openrc)
            take(out, platform, path, *line);
        return out;
    }
    const std::string conf_d = "/etc/conf.d/modules";
    const std::optional<std::string> text = openrc ? reader.text(conf_d) : std::nullopt;
    if (!text)
        return out;
    const ConfD found = conf_d_line(*text, platform.module, kernel);
    if (!found.understood && text->find("kvm") != std::string::npos) {
        out.order = LoadOrder::open;
        reader.problem(conf_d, printable(root.shown(conf_d), 512) +
                                   ": holds more than assignments, which are all that is followed "
                                   "here");
    }
    if (found.found)
        take(out, platform, conf_d, *found.found);
    return out;
}

} // namespace virt_nested
