// SPDX-License-Identifier: GPL-2.0-or-later
// Files beside those that modprobe reads.
#include "core/modconf/places.h"

#include "core/modconf/cmdline.h"
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
    std::vector<std::string> nested; ///< "" for the bare name
};

/// Values of `nested` in a line.
void add_nested(std::string_view line, std::vector<std::string>& out) {
    for (const Cmdline::Token& token : kernel_tokens(line))
        if (same_parameter(token.name, "nested") && out.size() < 16)
            out.push_back(token.value.value_or(""));
}

/// The first line that says something about KVM, not counting comments and whole words alone, which
/// is how modules-load.d names a module to load.
std::optional<Found> first_setting(const Sysroot& root, const std::string& path, bool load_list) {
    const Result<std::string> text = root.read_head(path, head);
    if (!text)
        return std::nullopt;
    uint32_t number = 0;
    std::optional<Found> out;
    for (std::string_view line : lines(*text)) {
        ++number;
        const std::string_view trimmed = trim(line);
        if (trimmed.empty() || trimmed.front() == '#' || trimmed.front() == ';' ||
            trimmed.find("kvm") == std::string_view::npos)
            continue;
        if (load_list && words(trimmed).size() < 2)
            continue;
        if (!out)
            out = Found{number, std::string(trimmed), {}};
        add_nested(trimmed, out->nested);
    }
    return out;
}

class Places {
  public:
    Places(const Sysroot& root, const KmodProfile& profile, LoadedBy loaded_by)
        : root_(root), profile_(profile), service_(load_service(root)),
          order_(load_order(root, service_, loaded_by)) {
        for (std::string_view folder : profile.folders)
            if (const Result<FileStatus> status = root.status(folder))
                read_.emplace_back(status->device, status->inode);
    }

    void modprobe_d(const std::string& folder) {
        const Result<FileStatus> status = root_.status(folder);
        const Result<std::vector<std::string>> names = root_.list(folder);
        if (!status || !names)
            return;
        const std::pair<uint64_t, uint64_t> identity(status->device, status->inode);
        const bool listed = std::find(profile_.folders.begin(), profile_.folders.end(), folder) !=
                            profile_.folders.end();
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
            add(Place::load_list, path, *found);
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
            add(Place::old_file, path, *found);
    }

    std::vector<PlaceLine> lines;

  private:
    using Place = PlaceLine::Place;

    void add(Place place, const std::string& path, const Found& found) {
        PlaceLine line{place, path, found.line, found.text, found.nested, false, std::nullopt};
        line.taken = root_.exists(place_to_be_read(line));
        const bool hands_on = service_ == LoadService::alpine || service_ == LoadService::sysv;
        if (place == Place::load_list && hands_on)
            line.handed_on = order_;
        lines.push_back(std::move(line));
    }

    bool is_folder(const std::string& path) const {
        const Result<FileStatus> status = root_.status(path);
        return status && S_ISDIR(status->mode);
    }

    void entry(const std::string& folder, const std::string& name, bool conf, bool read) {
        const std::string path = folder + "/" + name;
        if (is_folder(path))
            return sub_folder(path);
        if (profile_.alias_files && name.ends_with(".alias"))
            return;
        if (const std::optional<Found> found = first_setting(root_, path, false))
            add(conf && !read       ? Place::folder_not_read
                : left_behind(name) ? Place::leftover
                                    : Place::wrong_suffix,
                path, *found);
    }

    void sub_folder(const std::string& path) {
        const Result<std::vector<std::string>> names = root_.list(path);
        if (!names)
            return;
        for (size_t i = 0; i < std::min(names->size(), most_files); ++i) {
            const std::string file = path + "/" + (*names)[i];
            if (const std::optional<Found> found = first_setting(root_, file, false)) {
                add(Place::sub_folder, file, *found);
                return;
            }
        }
    }

    const Sysroot& root_;
    const KmodProfile& profile_;
    LoadService service_;
    LoadOrder order_;
    std::vector<std::pair<uint64_t, uint64_t>> read_;
    std::vector<std::pair<uint64_t, uint64_t>> seen_;
};

} // namespace

std::string place_to_be_read(const PlaceLine& line) {
    using Place = PlaceLine::Place;
    const std::string_view file = base_name(line.path);
    if (line.place == Place::folder_not_read || line.place == Place::sub_folder)
        return "/etc/modprobe.d/" + std::string(file);
    // kvm.conf_old and kvm.conf.bak are of kvm.conf, kvm.txt would be.
    const size_t conf = file.find(".conf");
    const size_t end = conf != std::string_view::npos && conf > 0 ? conf : file.rfind('.');
    const std::string_view stem = file.substr(0, end == 0 ? std::string_view::npos : end);
    return line.path.substr(0, line.path.size() - file.size()) + std::string(stem) + ".conf";
}

std::vector<PlaceLine> read_places(const Sysroot& root, const KmodProfile& profile,
                                   LoadedBy loaded_by) {
    Places places(root, profile, loaded_by);
    for (std::string_view folder : folders) {
        places.modprobe_d(std::string(folder) + "/modprobe.d");
        places.modules_load_d(std::string(folder) + "/modules-load.d");
    }
    places.load_list("/etc/modules");
    places.old_file("/etc/modprobe.conf");
    return std::move(places.lines);
}

} // namespace virt_nested
