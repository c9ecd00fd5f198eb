// SPDX-License-Identifier: GPL-2.0-or-later
// Files beside those that modprobe reads, and what they say about KVM to nobody.
#include "core/modconf/linter.h"
#include "core/modconf/parse.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <sys/stat.h>
#include <utility>

namespace virt_nested {

namespace {

using namespace std::string_view_literals;

constexpr std::array folders = {"/etc"sv, "/run"sv, "/usr/local/lib"sv, "/usr/lib"sv, "/lib"sv};

constexpr size_t head = 64 * 1024; ///< bytes that are looked at in each file
constexpr size_t most_files = 200; ///< that are looked at in each folder

struct Found {
    uint32_t line;
    std::string text;
};

std::string path_word(std::string_view path) {
    return printable(shell_word(path), 512);
}

/// The first line that says something about KVM, not counting comments and whole words alone, which
/// is how modules-load.d names a module to load.
std::optional<Found> first_setting(const Sysroot& root, const std::string& path, bool load_list) {
    const Result<std::string> text = root.read_head(path, head);
    if (!text)
        return std::nullopt;
    uint32_t number = 0;
    for (std::string_view line : lines(*text)) {
        ++number;
        const std::string_view trimmed = trim(line);
        if (trimmed.empty() || trimmed.front() == '#' || trimmed.front() == ';' ||
            trimmed.find("kvm") == std::string_view::npos)
            continue;
        if (!load_list || words(trimmed).size() > 1)
            return Found{number, std::string(trimmed)};
    }
    return std::nullopt;
}

class Places {
  public:
    Places(Linter& linter, const Sysroot& root) : linter_(linter), root_(root) {
        for (std::string_view folder : linter.conf.profile.folders)
            if (const Result<FileStatus> status = root.status(folder))
                read_.emplace_back(status->device, status->inode);
    }

    void modprobe_d(const std::string& folder) {
        const Result<FileStatus> status = root_.status(folder);
        const Result<std::vector<std::string>> names = root_.list(folder);
        if (!status || !names)
            return;
        const std::pair<uint64_t, uint64_t> identity(status->device, status->inode);
        const auto& profile = linter_.conf.profile;
        const bool listed = std::find(profile.folders.begin(), profile.folders.end(), folder) !=
                            profile.folders.end();
        const bool read = listed || std::find(read_.begin(), read_.end(), identity) != read_.end();
        // A second name of a folder that was looked at under its first.
        if (std::find(seen_.begin(), seen_.end(), identity) != seen_.end())
            return;
        seen_.push_back(identity);
        size_t looked_at = 0;
        for (const std::string& name : *names) {
            const bool conf = name.ends_with(".conf") && name.front() != '.';
            if (conf && read && !is_folder(folder + "/" + name))
                continue;
            if (++looked_at > most_files)
                return;
            entry(folder, name, conf, read);
        }
    }

    void load_list(const std::string& path) {
        if (const std::optional<Found> found = first_setting(root_, path, true))
            linter_.add(LintKind::wrong_folder, LintSeverity::warning, {path, found->line, 0},
                        found->text,
                        "this file names modules to load, options in it have no effect",
                        "move the line to /etc/modprobe.d/kvm.conf");
    }

    void modules_load_d(const std::string& folder) {
        const Result<std::vector<std::string>> names = root_.list(folder);
        const Result<FileStatus> status = root_.status(folder);
        if (!names || !status)
            return;
        const std::pair<uint64_t, uint64_t> identity(status->device, status->inode);
        if (std::find(seen_.begin(), seen_.end(), identity) != seen_.end())
            return;
        seen_.push_back(identity);
        for (size_t i = 0; i < std::min(names->size(), most_files); ++i)
            load_list(folder + "/" + (*names)[i]);
    }

    void old_file(const std::string& path) {
        if (const std::optional<Found> found = first_setting(root_, path, false))
            linter_.add(LintKind::wrong_folder, LintSeverity::warning, {path, found->line, 0},
                        found->text, "modprobe does not read " + path,
                        "move the line to /etc/modprobe.d/kvm.conf");
    }

  private:
    bool is_folder(const std::string& path) const {
        const Result<FileStatus> status = root_.status(path);
        return status && S_ISDIR(status->mode);
    }

    void entry(const std::string& folder, const std::string& name, bool conf, bool read) {
        const std::string path = folder + "/" + name;
        if (is_folder(path))
            return sub_folder(path);
        if (linter_.conf.profile.alias_files && name.ends_with(".alias"))
            return;
        const std::optional<Found> found = first_setting(root_, path, false);
        if (!found)
            return;
        const Origin origin{path, found->line, 0};
        if (conf && !read) {
            linter_.add(LintKind::folder_not_read, LintSeverity::warning, origin, found->text,
                        "kmod " + std::to_string(linter_.conf.profile.version) + " does not read " +
                            folder,
                        "run: mv " + path_word(path) + " /etc/modprobe.d/");
        } else if (left_behind(name)) {
            linter_.add(
                LintKind::wrong_suffix, LintSeverity::note, origin, found->text,
                "a leftover that modprobe does not read, for its name does not end in .conf",
                "remove it, or take over what should count");
        } else {
            linter_.add(LintKind::wrong_suffix, LintSeverity::warning, origin, found->text,
                        "modprobe reads files whose names end in .conf alone",
                        "run: mv " + path_word(path) + " " + path_word(conf_name(path)));
        }
    }

    static std::string conf_name(const std::string& path) {
        const size_t dot = path.rfind('.');
        return path.substr(0, dot > path.rfind('/') ? dot : std::string::npos) + ".conf";
    }

    void sub_folder(const std::string& path) {
        const Result<std::vector<std::string>> names = root_.list(path);
        if (!names)
            return;
        for (size_t i = 0; i < std::min(names->size(), most_files); ++i) {
            const std::string file = path + "/" + (*names)[i];
            if (const std::optional<Found> found = first_setting(root_, file, false)) {
                linter_.add(LintKind::sub_folder, LintSeverity::warning, {file, found->line, 0},
                            found->text, "modprobe does not read folders inside modprobe.d",
                            "run: mv " + path_word(file) + " /etc/modprobe.d/");
                return;
            }
        }
    }

    Linter& linter_;
    const Sysroot& root_;
    std::vector<std::pair<uint64_t, uint64_t>> read_;
    std::vector<std::pair<uint64_t, uint64_t>> seen_;
};

} // namespace

void Linter::places(const Sysroot& root) {
    Places places(*this, root);
    for (std::string_view folder : folders) {
        places.modprobe_d(std::string(folder) + "/modprobe.d");
        places.modules_load_d(std::string(folder) + "/modules-load.d");
    }
    places.load_list("/etc/modules");
    places.old_file("/etc/modprobe.conf");
}

} // namespace virt_nested
