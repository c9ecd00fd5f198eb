// SPDX-License-Identifier: GPL-2.0-or-later
// Entry files of the Boot Loader Specification. How a line is taken apart is systemd-boot's
// (systemd: src/boot/efi-string.c line_get_key_value); where GRUB's blscfg reads the same bytes in
// another way (grub2: grub-core/commands/blscfg.c), a doubt says so.
#include "validator/boot/menus/bls.h"

#include "core/text.h"
#include "validator/boot/menus/loader_text.h"

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

/// The keys of one file, given to the right places.
class EntryText {
  public:
    EntryText(BlsFile& file, const BootLimits& limits) : file_(file), limits_(limits) {}

    void take(const BlsLine& line);

  private:
    /// One more line of a key that may be there several times.
    void add(std::vector<BlsValue>& values, const BlsLine& line);
    /// A key that is there once.
    void set(std::string& place, const BlsLine& line);
    /// Each kind once: a file may have a million lines.
    void doubt(bool& said, const BlsLine& line, std::string what, int code = 0) {
        if (!said)
            file_.doubts.push_back({std::move(what), doubt_source(file_.path, line.line), code});
        said = true;
    }

    BlsFile& file_;
    const BootLimits& limits_;
    bool long_ = false, many_ = false, twice_ = false;
};

void EntryText::take(const BlsLine& line) {
    if (line.value.size() > limits_.text)
        return doubt(long_, line,
                     "a value has more than " + std::to_string(limits_.text) +
                         " bytes and is not taken",
                     EFBIG);
    const std::string_view key = line.key;
    if (key == "options")
        add(file_.options, line);
    else if (key == "initrd")
        add(file_.initrds, line);
    else if (key == "linux")
        set(file_.kernel, line);
    else if (key == "efi" || key == "uki") {
        set(file_.efi, line);
        file_.uki = key == "uki";
    } else if (key == "uki-url")
        set(file_.url, line);
    else if (key == "profile")
        set(file_.profile, line);
    else if (key == "version")
        set(file_.version, line);
    else if (key == "machine-id")
        set(file_.machine_id, line);
    else if (key == "sort-key")
        set(file_.sort_key, line);
    else if (key == "architecture")
        set(file_.architecture, line);
    else if (key == "title")
        file_.title = std::string(line.value);
}

void EntryText::add(std::vector<BlsValue>& values, const BlsLine& line) {
    if (values.size() >= limits_.entries)
        return doubt(many_, line,
                     "more than " + std::to_string(limits_.entries) + " lines have the key '" +
                         std::string(line.key) + "', and the others are not taken",
                     E2BIG);
    values.push_back({std::string(line.value), line.line});
}

void EntryText::set(std::string& place, const BlsLine& line) {
    if (!place.empty() && place != line.value)
        doubt(twice_, line,
              "'" + std::string(line.key) +
                  "' stands there once more with another value, and loaders differ in which one "
                  "counts");
    place = std::string(line.value);
}

/// What stands in a line behind its blanks, without a comment.
std::optional<BlsLine> take_apart(std::string_view line, unsigned number) {
    line = trim(line);
    const size_t blank = line.find_first_of(" \t");
    if (line.empty() || line.front() == '#' || blank == std::string_view::npos)
        return std::nullopt;
    return BlsLine{line.substr(0, blank), trim(line.substr(blank)), number};
}

} // namespace

void for_each_bls_line(std::string_view text, std::string_view path, std::vector<Doubt>& doubts,
                       const std::function<void(const BlsLine&)>& take) {
    unsigned number = 1;
    const auto doubt = [&](std::string what) {
        doubts.push_back({std::move(what), doubt_source(path, number), 0});
    };
    if (text.starts_with("\xef\xbb\xbf"))
        doubt("a byte order mark stands in front of its first key, which loaders then do not know");
    bool returns = false;
    for (; !text.empty(); ++number) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const size_t nul = line.find('\0');
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        line = line.substr(0, nul);
        for (size_t part = 0; (part = line.find('\r')) != std::string_view::npos;) {
            if (!returns)
                doubt("a carriage return stands inside the line, which loaders read in different "
                      "ways");
            returns = true;
            if (const std::optional<BlsLine> found = take_apart(line.substr(0, part), number))
                take(*found);
            line.remove_prefix(part + 1);
        }
        if (const std::optional<BlsLine> found = take_apart(line, number))
            take(*found);
        if (nul == std::string_view::npos)
            continue;
        doubt("a NUL byte stands in it, where systemd-boot stops and GRUB reads on");
        break;
    }
}

std::string_view bls_unquoted(std::string_view value) {
    const bool quoted = value.size() > 1 && (value.front() == '"' || value.front() == '\'') &&
                        value.back() == value.front();
    return quoted ? value.substr(1, value.size() - 2) : value;
}

BlsFile parse_bls(const std::string& path, std::string_view text, const BootLimits& limits) {
    BlsFile file;
    file.path = path;
    take_id(file);
    EntryText entry(file, limits);
    for_each_bls_line(text, path, file.doubts, [&](const BlsLine& line) { entry.take(line); });
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
