// SPDX-License-Identifier: GPL-2.0-or-later
// zipl.conf of IBM Z (s390-tools: zipl/src/scan.c, zipl/src/job.c; zipl.conf(5)). zipl takes all of
// it or nothing: where it refuses the file, what it wrote at an earlier time is started.
#include "core/text.h"
#include "validator/boot/menus/bls.h"
#include "validator/boot/menus/loader_text.h"
#include "validator/boot/paths.h"
#include "validator/boot/readers.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <map>

namespace virt_nested {

namespace {

/// Those that zipl knows besides the targets' (scan.c keyword_list).
constexpr std::string_view keywords[] = {
    "defaultmenu", "default",  "dumptofs", "dumpto",   "image",      "mvdump",
    "parameters",  "parmfile", "ramdisk",  "segment",  "prompt",     "timeout",
    "tape",        "kdump",    "secure",   "optional", "defaultauto"};

struct Section {
    std::string name;
    bool menu = false;
    std::string file; ///< that holds it
    unsigned line = 0;
    std::map<std::string, BlsValue, std::less<>> values;
    std::vector<std::pair<unsigned long, BlsValue>> numbered; ///< of a menu
    std::vector<std::string> initrds;
    std::string cmdline; ///< of an entry file, several lines joined
    std::vector<Doubt> doubts;

    const BlsValue* find(std::string_view key) const {
        const auto found = values.find(key);
        return found == values.end() ? nullptr : &found->second;
    }
};

class Config {
  public:
    Config(const Sysroot& root, const std::string& path, const BootLimits& limits, BootMenu& menu)
        : root_(root), path_(path), limits_(limits), files_(root, limits), menu_(menu) {}

    void read();

  private:
    void take_line(std::string_view line);
    void take_heading(std::string_view line, bool menu);
    void take_assignment(std::string_view line);
    std::string value_of(std::string_view text);
    /// zipl ends with an error there.
    void refuse(std::string why, unsigned line = 0) {
        if (refused_)
            return;
        refused_ = true;
        menu_.doubts.push_back(
            {"zipl refuses the file, and starts what it wrote before: " + std::move(why),
             doubt_source(path_, line == 0 ? line_ : line), 0});
    }
    void add_entry_files();
    Section from_entry_file(const BlsFile& file) const;
    void build();
    BootEntry entry_of(const Section& section);
    void take_parmfile(const Section& section, BootEntry& entry);
    std::string file_of(const Section& section, std::string_view path) const;
    void choose();
    void choose_in_menu(const BlsValue& name);
    void choose_by_name(std::string_view name, unsigned line);
    void doubt_age(const std::string& target);
    const Section* default_section() const;
    const Section* named(std::string_view name, bool menu) const;

    const Sysroot& root_;
    const std::string& path_;
    const BootLimits& limits_;
    LoaderText files_;
    BootMenu& menu_;
    std::vector<Section> sections_;
    std::vector<const Section*> built_; ///< of the menu's entries, in their order
    unsigned line_ = 0;
    bool refused_ = false;
};

void Config::read() {
    const Result<FileStatus> there = root_.status(path_);
    menu_.found = there || there.error().code != ENOENT;
    const std::optional<std::string> text =
        menu_.found ? files_.read(path_, "configuration", menu_.doubts) : std::nullopt;
    if (!text)
        return;
    std::string_view rest = *text;
    for (line_ = 1; !rest.empty() && !refused_; ++line_) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.find('\0') != std::string_view::npos)
            refuse("a NUL byte stands in it");
        else
            take_line(line);
    }
    add_entry_files();
    build();
    choose();
}

void Config::take_line(std::string_view line) {
    const size_t start = std::min(line.find_first_not_of(" \t"), line.size());
    line.remove_prefix(start);
    if (line.empty() || line.front() == '#')
        return;
    // Carriage returns are no blanks to zipl.
    if (line.ends_with('\r'))
        return refuse("a carriage return ends the line");
    if (sections_.size() > limits_.entries || line.size() > limits_.text)
        return refuse("there is more in it than is read here");
    const size_t bracket = line.find(']');
    if (line.front() == '[' && bracket != std::string_view::npos &&
        trim(line.substr(bracket + 1)).empty())
        take_heading(line.substr(1, bracket - 1), false);
    else if (line.front() == '[')
        refuse("the heading of a section does not end where its line ends");
    else if (line.front() == ':')
        take_heading(trim(line.substr(1)), true);
    else if (sections_.empty())
        refuse("a keyword stands outside of a section");
    else
        take_assignment(line);
}

void Config::take_heading(std::string_view name, bool menu) {
    if (name.empty() || name.find_first_of(menu ? " \t" : " \t[") != std::string_view::npos)
        return refuse("a name of a section or a menu is none");
    if (named(name, menu))
        return refuse("the name '" + printable(name) + "' stands there twice");
    Section section;
    section.name = std::string(name);
    section.menu = menu;
    section.file = path_;
    section.line = line_;
    sections_.push_back(std::move(section));
}

/// Without its quotes; what stands behind the closing one is an error.
std::string Config::value_of(std::string_view text) {
    text = trim(text);
    if (text.empty() || (text.front() != '"' && text.front() != '\''))
        return std::string(text);
    const size_t end = text.find(text.front(), 1);
    if (end == std::string_view::npos || end + 1 != text.size())
        refuse("quotes do not end where the value ends");
    return std::string(text.substr(1, end - 1));
}

void Config::take_assignment(std::string_view line) {
    Section& section = sections_.back();
    const size_t equals = line.find('=');
    const std::string key(trim(line.substr(0, equals)));
    const std::string value =
        equals == std::string_view::npos ? std::string() : value_of(line.substr(equals + 1));
    const bool number =
        !key.empty() && key.size() < 6 &&
        std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (number && section.menu && equals != std::string_view::npos)
        return section.numbered.emplace_back(std::stoul(key), BlsValue{value, line_}), void();
    const bool known =
        key.starts_with("target") ||
        std::find(std::begin(keywords), std::end(keywords), key) != std::end(keywords);
    if (!known || (equals == std::string_view::npos) != (key == "defaultauto"))
        return refuse("the line is not understood");
    if (!section.values.emplace(key, BlsValue{value, line_}).second)
        refuse("'" + key + "' stands there twice");
}

const Section* Config::named(std::string_view name, bool menu) const {
    const auto found = std::find_if(sections_.begin(), sections_.end(), [&](const Section& one) {
        return one.menu == menu && one.name == name;
    });
    return found == sections_.end() ? nullptr : &*found;
}

const Section* Config::default_section() const {
    return named("defaultboot", false);
}

/// zipl reads them backwards by strverscmp(3) of their names: the highest is the first.
void Config::add_entry_files() {
    if (refused_)
        return;
    std::vector<BlsFile> files =
        read_bls_files(root_, "/boot/loader/entries", limits_, menu_.doubts);
    std::stable_sort(files.begin(), files.end(), [](const BlsFile& a, const BlsFile& b) {
        return ::strverscmp(a.path.c_str(), b.path.c_str()) > 0;
    });
    for (const BlsFile& file : files) {
        if (!file.path.ends_with(".conf"))
            continue;
        Section section = from_entry_file(file);
        if (section.name.empty() || file.kernel.empty() || named(section.name, false))
            refuse("the entry " + printable(file.path, 512) +
                   " has no title or no kernel, or a title that is there already");
        sections_.push_back(std::move(section));
    }
}

Section Config::from_entry_file(const BlsFile& file) const {
    Section section;
    section.name = file.title;
    section.file = file.path;
    section.doubts = file.doubts;
    if (!file.kernel.empty())
        section.values.emplace("image", BlsValue{file.kernel, 0});
    for (const BlsValue& initrd : file.initrds)
        section.initrds.push_back(initrd.text);
    for (const BlsValue& options : file.options)
        section.cmdline += (section.cmdline.empty() ? "" : " ") + options.text;
    if (!file.options.empty())
        section.line = file.options.front().line;
    const auto doubt = [&](std::string what) {
        section.doubts.push_back({std::move(what), doubt_source(file.path), 0});
    };
    if (file.initrds.size() > 1 || file.options.size() > 1)
        doubt("it has several lines of one key, which zipl does not take");
    return section;
}

/// "image=/boot/vmlinuz,0x10000": the address is not part of the name.
std::string Config::file_of(const Section& section, std::string_view path) const {
    const size_t comma = path.rfind(',');
    if (comma != std::string_view::npos && comma + 1 < path.size() &&
        std::isxdigit(static_cast<unsigned char>(path[comma + 1])) != 0)
        path = path.substr(0, comma);
    std::string as_it_is = (path.starts_with('/') ? "" : "/") + std::string(path);
    if (section.file == path_ || root_.exists(as_it_is))
        return as_it_is;
    // An entry's paths may be meant from the target on (scan.c scan_update_bls_path).
    const Section* all = default_section();
    const BlsValue* target = all ? all->find("target") : nullptr;
    std::string below = (target ? target->text : "/boot") + as_it_is;
    return root_.exists(below) ? below : boot_file(root_, section.file, path).path;
}

void Config::take_parmfile(const Section& section, BootEntry& entry) {
    const BlsValue* file = section.find("parmfile");
    if (!file)
        return;
    const std::string path = file_of(section, file->text);
    std::optional<std::string> text = files_.read(path, "file of parameters", entry.doubts);
    if (!text)
        return;
    std::replace(text->begin(), text->end(), '\n', ' ');
    entry.cmdline = std::string(trim(*text)) + (entry.cmdline.empty() ? "" : " ") + entry.cmdline;
    entry.source = path;
}

BootEntry Config::entry_of(const Section& section) {
    BootEntry entry;
    entry.id = entry.title = section.name;
    entry.doubts = section.doubts;
    entry.source = section.file;
    unsigned line = section.line;
    if (const BlsValue* parameters = section.find("parameters")) {
        entry.cmdline = parameters->text;
        line = parameters->line;
    } else
        entry.cmdline = section.cmdline;
    if (line != 0)
        entry.source += ":" + std::to_string(line);
    const BlsValue* image = section.find("image");
    if (!image) {
        entry.kind = EntryKind::other; // a dump, or a segment
        return entry;
    }
    entry.kernel_file = file_of(section, image->text);
    if (const BlsValue* ramdisk = section.find("ramdisk"))
        entry.initrds.push_back(file_of(section, ramdisk->text));
    for (const std::string& initrd : section.initrds)
        entry.initrds.push_back(file_of(section, initrd));
    take_parmfile(section, entry);
    // From an environment block that zipl writes of /etc/ziplenv (zipl-editenv(8)), or GRUB's.
    if (entry.cmdline.find('$') != std::string::npos)
        entry.doubts.push_back({"a variable stands in its parameters, which is not followed",
                                doubt_source(section.file, line), 0});
    return entry;
}

void Config::build() {
    for (const Section& section : sections_) {
        if (section.menu || section.name == "defaultboot")
            continue;
        menu_.entries.push_back(entry_of(section));
        built_.push_back(&section);
    }
}

void Config::choose_by_name(std::string_view name, unsigned line) {
    for (size_t i = 0; i < built_.size(); ++i)
        if (built_[i]->name == name) {
            menu_.entries[i].chosen = true;
            return;
        }
    refuse("no section has the name '" + printable(name) + "'", line);
}

/// Its number, else the one that stands first.
void Config::choose_in_menu(const BlsValue& name) {
    const Section* menu = named(name.text, true);
    if (!menu || menu->numbered.empty())
        return refuse("there is no such menu, or it has no entries", name.line);
    const BlsValue* number = menu->find("default");
    menu_.choice = doubt_source(path_, number ? number->line : name.line);
    for (const auto& [place, section] : menu->numbered)
        if (!number || std::to_string(place) == number->text)
            return choose_by_name(section.text, section.line);
    refuse("the menu has no entry of the default's number", number->line);
}

void Config::choose() {
    const Section* section = default_section();
    if (!section)
        return refuse("it has no section [defaultboot]");
    const BlsValue* menu = section->find("defaultmenu");
    const BlsValue* wanted = section->find("default");
    const BlsValue* target = section->find("target");
    const bool all = target || section->find("defaultauto");
    if ((menu && (wanted || all)) || (!menu && !wanted && !all))
        return refuse("its default is none", section->line);
    if (menu)
        choose_in_menu(*menu);
    else if (wanted) {
        menu_.choice = doubt_source(path_, wanted->line);
        choose_by_name(wanted->text, wanted->line);
    } else {
        const auto first =
            std::find_if(menu_.entries.begin(), menu_.entries.end(),
                         [](const BootEntry& entry) { return entry.kind == EntryKind::linux; });
        if (first == menu_.entries.end())
            return refuse("it has no entry to start", section->line);
        first->chosen = true;
    }
    doubt_age(target ? target->text : "/boot");
}

/// What zipl wrote is as old as its map of the disk. Only of this machine: copies have times of
/// their own.
void Config::doubt_age(const std::string& target) {
    const Result<FileStatus> written = root_.status(target + "/bootmap");
    if (!root_.live() || !written)
        return;
    std::vector<std::string> read{path_};
    for (size_t i = 0; i < built_.size(); ++i)
        if (menu_.entries[i].chosen)
            read.push_back(built_[i]->file);
    for (const std::string& file : read)
        if (const Result<FileStatus> status = root_.status(file);
            status && status->mtime_ns > written->mtime_ns) {
            menu_.doubts.push_back(
                {"the file has changed since zipl was run", doubt_source(file), 0});
            return;
        }
}

} // namespace

BootMenu read_zipl_menu(const Sysroot& root, const std::string& config, const BootLimits& limits) {
    BootMenu menu;
    Config(root, config, limits, menu).read();
    return menu;
}

} // namespace virt_nested
