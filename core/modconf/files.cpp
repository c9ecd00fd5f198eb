// SPDX-License-Identifier: GPL-2.0-or-later
// Which files modprobe reads, in which order, and which of them mask others (kmod:
// libkmod/libkmod-config.c kmod_config_new).
#include "core/modconf/modconf.h"
#include "core/modconf/parse.h"
#include "core/text.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <sys/stat.h>
#include <utility>

namespace virt_nested {

namespace {

/// By base name, in strcmp's order: across the folders, not folder by folder.
struct Chosen {
    std::string path;
    bool read = true; ///< false: it masks, but there is nothing to read
};
using Files = std::map<std::string, Chosen>;

bool is_conf_name(std::string_view name, const KmodProfile& profile) {
    return !name.empty() && name.front() != '.' &&
           (name.ends_with(".conf") || (profile.alias_files && name.ends_with(".alias")));
}

/// A link to /dev/null masks, in a root that has no /dev too.
bool is_null_link(const Sysroot& root, const std::string& path) {
    const Result<std::string> target = root.link(path);
    if (!target)
        return false;
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    return (folder / *target).lexically_normal() == "/dev/null";
}

void choose(Files& files, ModConf& conf, const std::string& name, Chosen chosen) {
    const auto [at, added] = files.emplace(name, chosen);
    if (!added)
        conf.masked.push_back({chosen.path, at->second.path});
}

void choose_entry(const Sysroot& root, const std::string& folder, const std::string& name,
                  Files& files, ModConf& conf) {
    const std::string path = folder + "/" + name;
    const Result<FileStatus> status = root.status(path);
    if (status && S_ISDIR(status->mode)) {
        conf.problems.push_back({ConfProblem::Kind::skipped, path,
                                 printable(root.shown(path), 512) +
                                     ": a folder inside modprobe.d, modprobe does not read it"});
        return;
    }
    if (is_null_link(root, path))
        return choose(files, conf, name, {path, false});
    if (status)
        return choose(files, conf, name, {path, true});
    if (status.error().code != ENOENT && status.error().code != ELOOP) {
        conf.problems.push_back({ConfProblem::Kind::unreadable, path, status.error().what});
        return choose(files, conf, name, {path, false});
    }
    conf.problems.push_back(
        {ConfProblem::Kind::skipped, path, status.error().what + " (a link that leads nowhere)"});
    if (!conf.profile.checks_links)
        choose(files, conf, name, {path, false});
}

void scan_folder(const Sysroot& root, const std::string& folder, const ConfLimits& limits,
                 Files& files, ModConf& conf) {
    const Result<std::vector<std::string>> names = root.list(folder);
    if (!names) {
        conf.problems.push_back({ConfProblem::Kind::unreadable, folder, names.error().what});
        return;
    }
    for (const std::string& name : *names) {
        if (!is_conf_name(name, conf.profile))
            continue;
        if (files.size() >= limits.files) {
            conf.problems.push_back({ConfProblem::Kind::unreadable, folder,
                                     printable(root.shown(folder), 512) + ": more than " +
                                         std::to_string(limits.files) +
                                         " files, the rest is not read"});
            return;
        }
        choose_entry(root, folder, name, files, conf);
    }
}

Files find_files(const Sysroot& root, const ConfLimits& limits, ModConf& conf) {
    Files files;
    std::set<std::pair<uint64_t, uint64_t>> seen;
    for (std::string_view name : conf.profile.folders) {
        const std::string folder(name);
        const Result<FileStatus> status = root.status(folder);
        if (!status) {
            if (status.error().code != ENOENT)
                conf.problems.push_back(
                    {ConfProblem::Kind::unreadable, folder, status.error().what});
            continue;
        }
        if (!S_ISDIR(status->mode))
            choose(files, conf, std::string(base_name(folder)), {folder, true});
        else if (seen.emplace(status->device, status->inode).second) // merged /usr: once
            scan_folder(root, folder, limits, files, conf);
    }
    return files;
}

using Reader = std::function<Result<std::string>(const std::string& path, size_t limit)>;

void parse_files(const Files& files, const Reader& read, const ConfLimits& limits, ModConf& conf) {
    size_t left = limits.all_bytes;
    for (const auto& [name, chosen] : files) {
        const auto index = static_cast<uint32_t>(conf.files.size());
        conf.files.push_back(chosen.path);
        if (!chosen.read)
            continue;
        const Result<std::string> text = read(chosen.path, std::min(left, limits.file_bytes));
        if (!text) {
            conf.problems.push_back(
                {ConfProblem::Kind::unreadable, chosen.path, text.error().what});
            continue;
        }
        left -= text->size();
        if (const std::string problem = parse_file(conf, index, *text, limits); !problem.empty()) {
            conf.problems.push_back(
                {ConfProblem::Kind::unreadable, chosen.path,
                 printable(chosen.path, 512) + ": " + problem + ", the rest is not read"});
            return;
        }
    }
}

} // namespace

Origin ModConf::origin(const Directive& directive) const {
    return Origin::in_file(files[directive.file], directive.line);
}

bool ModConf::complete() const {
    return std::none_of(problems.begin(), problems.end(), [](const ConfProblem& problem) {
        return problem.kind == ConfProblem::Kind::unreadable;
    });
}

ModConf load_modconf_with(const Sysroot& root, const KmodProfile& profile,
                          const ConfFile& written) {
    const ConfLimits limits;
    ModConf conf;
    conf.profile = profile;
    Files files = find_files(root, limits, conf);
    files[std::string(base_name(written.path))] = {written.path, true};
    parse_files(
        files,
        [&](const std::string& path, size_t limit) -> Result<std::string> {
            return path == written.path ? written.text : root.read(path, limit);
        },
        limits, conf);
    return conf;
}

ModConf load_modconf(const Sysroot& root, const KmodProfile& profile, const ConfLimits& limits) {
    ModConf conf;
    conf.profile = profile;
    const Files files = find_files(root, limits, conf);
    parse_files(
        files, [&](const std::string& path, size_t limit) { return root.read(path, limit); },
        limits, conf);
    return conf;
}

ModConf parse_modconf(const std::vector<ConfFile>& files, const KmodProfile& profile,
                      const ConfLimits& limits) {
    ModConf conf;
    conf.profile = profile;
    const auto& folders = profile.folders;
    const bool merged =
        std::find(folders.begin(), folders.end(), "/usr/lib/modprobe.d") == folders.end();
    Files chosen;
    std::map<std::string, const std::string*> texts;
    for (std::string_view folder : folders) {
        for (const ConfFile& file : files) {
            const size_t slash = std::min(file.path.rfind('/'), file.path.size());
            std::string_view place = std::string_view(file.path).substr(0, slash);
            if (merged && place == "/usr/lib/modprobe.d")
                place.remove_prefix(std::string_view("/usr").size());
            const std::string name = file.path.substr(std::min(slash + 1, file.path.size()));
            if (place != folder || !is_conf_name(name, profile))
                continue;
            texts.emplace(file.path, &file.text);
            choose(chosen, conf, name, {file.path, true});
        }
    }
    parse_files(
        chosen,
        [&](const std::string& path, size_t limit) -> Result<std::string> {
            const std::string& text = *texts.at(path);
            if (text.size() > limit)
                return Error{EFBIG, printable(path, 512) + ": longer than " +
                                        std::to_string(limit) + " bytes"};
            return text;
        },
        limits, conf);
    return conf;
}

} // namespace virt_nested
