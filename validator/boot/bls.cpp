// SPDX-License-Identifier: GPL-2.0-or-later
// Entry files of the Boot Loader Specification. How a line is taken apart is systemd-boot's
// (systemd: src/boot/efi-string.c line_get_key_value); where GRUB's blscfg reads the same bytes in
// another way (grub2: grub-core/commands/blscfg.c), a doubt says so.
#include "validator/boot/bls.h"

#include "core/text.h"
#include "validator/boot/loader_text.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>

namespace virt_nested {

namespace {

constexpr std::string_view suffix = ".conf";

bool is_entry_file(std::string_view name) {
    return name.size() > suffix.size() && name.front() != '.' &&
           lower_case(name.substr(name.size() - suffix.size())) == suffix;
}

/// Takes a number off the front; nothing where there is none or it is no int.
std::optional<int> take_number(std::string_view& text) {
    long value = 0;
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0)
        return std::nullopt;
    for (const char c : text.substr(0, digits)) {
        value = value * 10 + (c - '0');
        if (value > INT_MAX)
            return std::nullopt;
    }
    text.remove_prefix(digits);
    return static_cast<int>(value);
}

/// "NAME+LEFT-DONE", the last '+' counts; what is no count belongs to the name (systemd:
/// src/boot/boot.c boot_entry_parse_tries).
void take_id(BlsFile& file) {
    std::string_view name = base_name(file.path);
    name.remove_suffix(std::min(name.size(), suffix.size()));
    file.id = std::string(name);
    const size_t plus = name.rfind('+');
    if (plus == std::string_view::npos)
        return;
    std::string_view count = name.substr(plus + 1);
    const std::optional<int> left = take_number(count);
    std::optional<int> done = 0;
    if (count.starts_with('-')) {
        count.remove_prefix(1);
        done = take_number(count);
    }
    if (!left || !done || !count.empty())
        return;
    file.id = std::string(name.substr(0, plus));
    file.tries_left = *left;
    file.tries_done = *done;
}

/// The lines of one file, keys taken apart and given to the right places.
class EntryText {
  public:
    EntryText(BlsFile& file, const BootLimits& limits) : file_(file), limits_(limits) {}

    void take(std::string_view text);

  private:
    void take_line(std::string_view line);
    void take_value(std::string_view key, std::string_view value);
    /// A key that is there once.
    void set(std::string& place, std::string_view key, std::string_view value);
    void doubt(std::string what, int code = 0) {
        file_.doubts.push_back({std::move(what), doubt_source(file_.path, line_), code});
    }

    BlsFile& file_;
    const BootLimits& limits_;
    unsigned line_ = 0;
};

void EntryText::take(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) {
        line_ = 1;
        doubt("a byte order mark stands in front of its first key, which loaders then do not know");
    }
    line_ = 0;
    for (std::string_view line : lines(text)) {
        ++line_;
        const size_t nul = line.find('\0');
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        line = line.substr(0, nul);
        if (line.find('\r') != std::string_view::npos)
            doubt("a carriage return stands inside the line, which loaders read in different ways");
        for (size_t end = 0; (end = line.find('\r')) != std::string_view::npos;) {
            take_line(line.substr(0, end));
            line.remove_prefix(end + 1);
        }
        take_line(line);
        if (nul == std::string_view::npos)
            continue;
        doubt("a NUL byte stands in it, where systemd-boot stops and GRUB reads on");
        break;
    }
}

void EntryText::take_line(std::string_view line) {
    line = trim(line);
    const size_t blank = line.find_first_of(" \t");
    if (line.empty() || line.front() == '#' || blank == std::string_view::npos)
        return;
    const std::string_view value = trim(line.substr(blank));
    if (value.size() > limits_.text) {
        doubt("a value has more than " + std::to_string(limits_.text) + " bytes and is not taken",
              EFBIG);
        return;
    }
    take_value(line.substr(0, blank), value);
}

void EntryText::take_value(std::string_view key, std::string_view value) {
    if (key == "options" || key == "initrd") {
        std::vector<BlsValue>& values = key == "options" ? file_.options : file_.initrds;
        if (values.size() >= limits_.entries)
            return doubt("it has more than " + std::to_string(limits_.entries) + " lines '" +
                             std::string(key) + "', and the others are not taken",
                         E2BIG);
        values.push_back({std::string(value), line_});
    } else if (key == "linux")
        set(file_.kernel, key, value);
    else if (key == "efi" || key == "uki") {
        set(file_.efi, key, value);
        file_.uki = key == "uki";
    } else if (key == "uki-url")
        set(file_.url, key, value);
    else if (key == "profile")
        set(file_.profile, key, value);
    else if (key == "version")
        set(file_.version, key, value);
    else if (key == "machine-id")
        set(file_.machine_id, key, value);
    else if (key == "sort-key")
        set(file_.sort_key, key, value);
    else if (key == "architecture")
        set(file_.architecture, key, value);
    else if (key == "title")
        file_.title = std::string(value);
}

void EntryText::set(std::string& place, std::string_view key, std::string_view value) {
    if (!place.empty() && place != value)
        doubt("'" + std::string(key) +
              "' stands in it once more with another value, and loaders "
              "differ in which one counts");
    place = std::string(value);
}

} // namespace

BlsFile parse_bls(const std::string& path, std::string_view text, const BootLimits& limits) {
    BlsFile file;
    file.path = path;
    take_id(file);
    EntryText(file, limits).take(text);
    const int programs =
        (file.kernel.empty() ? 0 : 1) + (file.efi.empty() ? 0 : 1) + (file.url.empty() ? 0 : 1);
    // systemd-boot leaves such a file out from 257 on, and takes the last before; GRUB, `linux`.
    if (programs > 1)
        file.doubts.push_back({"it names more than one program, and loaders differ in which one "
                               "counts",
                               doubt_source(path), 0});
    return file;
}

std::vector<BlsFile> read_bls_files(const Sysroot& root, const std::string& folder,
                                    const BootLimits& limits, std::vector<Doubt>& doubts) {
    const Result<std::vector<std::string>> names = root.list(folder);
    if (!names && names.error().code != ENOENT)
        doubts.push_back(unread(root, folder, names.error(), "folder of boot entries"));
    std::vector<BlsFile> out;
    LoaderText files(root, limits);
    size_t taken = 0;
    for (const std::string& name : names.value_or({})) {
        if (!is_entry_file(name))
            continue;
        if (++taken > limits.entries) {
            doubts.push_back({"more than " + std::to_string(limits.entries) +
                                  " boot entries lie there, and the others are not read",
                              doubt_source(folder), E2BIG});
            break;
        }
        const std::string path = folder + "/" + name;
        if (const std::optional<std::string> text = files.read(path, "boot entry", doubts))
            out.push_back(parse_bls(path, *text, limits));
        else if (doubts.back().code == ETIME)
            break;
    }
    return out;
}

} // namespace virt_nested
