// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of a syslinux configuration (syslinux: com32/elflink/ldlinux/readconfig.c). U-Boot
// takes the same lines apart with fewer keywords (u-boot: boot/pxe_utils.c); both pass over what
// they do not know.
#include "core/text.h"
#include "validator/boot/menus/loader_text.h"
#include "validator/boot/menus/syslinux.h"
#include "validator/boot/paths.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace virt_nested {

namespace {

constexpr size_t most_files = 256; ///< that are included, each as often as it is

constexpr std::array<std::string_view, 10> kernel_keywords = {
    "kernel", "linux", "boot", "bss", "pxe", "fdimage", "comboot", "com32", "config", "localboot"};

/// The first word of `text`, in small letters, and what stands behind it.
std::string take_word(std::string_view& text) {
    text = trim(text);
    const size_t end = std::min(text.find_first_of(" \t"), text.size());
    std::string word = lower_case(text.substr(0, end));
    text = trim(text.substr(end));
    return word;
}

std::string_view first_word(std::string_view text) {
    return text.substr(0, text.find_first_of(" \t"));
}

/// "/boot/syslinux/../vmlinuz" as "/boot/vmlinuz".
std::string without_dots(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const size_t slash = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, slash);
        path.remove_prefix(std::min(slash + 1, path.size()));
        if (part == ".." && !parts.empty())
            parts.pop_back();
        else if (!part.empty() && part != "." && part != "..")
            parts.push_back(part);
    }
    std::string out;
    for (const std::string_view part : parts)
        out += "/" + std::string(part);
    return out;
}

class Parser {
  public:
    Parser(const Sysroot& root, std::string config, const BootLimits& limits, SyslinuxConfig& out)
        : root_(root), config_(std::move(config)), limits_(limits), files_(root, limits),
          out_(out) {}

    void read(const std::string& path);

  private:
    void take_line(std::string_view line);
    void take_menu(std::string_view rest);
    void take_label_menu(const std::string& word, std::string_view rest);
    void take_default(std::string_view rest);
    void take_in_label(const std::string& word, std::string_view rest);
    void include(std::string_view path);
    void submenu(std::string_view name);
    /// A few say as much as a million of them.
    void doubt(std::string what, int code = 0) {
        if (out_.doubts.size() < most_files)
            out_.doubts.push_back({std::move(what), here(), code});
    }
    std::string here() const { return doubt_source(active_.back(), line_); }

    const Sysroot& root_;
    std::string config_;
    const BootLimits& limits_;
    LoaderText files_;
    SyslinuxConfig& out_;
    std::vector<std::string> active_; ///< files that are being read, one in the other
    size_t included_ = 0;
    unsigned line_ = 0;
    bool in_label_ = false; ///< the last one takes the lines
    bool in_text_ = false;  ///< help, up to "endtext"
    bool many_ = false, moved_ = false;
    std::vector<std::string> menu_;
};

void Parser::read(const std::string& path) {
    const std::optional<std::string> text = files_.read(path, "configuration", out_.doubts);
    if (!text)
        return;
    const unsigned line_before = line_;
    active_.push_back(path);
    line_ = 1;
    if (text->starts_with("\xef\xbb\xbf"))
        doubt("a byte order mark stands in front of its first keyword, which is then not known");
    std::string_view rest = *text;
    for (; !rest.empty(); ++line_) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.find('\0') != std::string_view::npos) {
            doubt("a NUL byte stands in it, and what stands behind is not read");
            break;
        }
        line = line.substr(0, line.find('\r'));
        if (line.size() > limits_.text)
            doubt("the line has more than " + std::to_string(limits_.text) +
                      " bytes and is not taken",
                  EFBIG);
        else
            take_line(line);
    }
    active_.pop_back();
    line_ = line_before;
}

void Parser::take_line(std::string_view line) {
    const std::string word = take_word(line);
    if (in_text_ || word.empty() || word.front() == '#') {
        in_text_ = in_text_ && word != "endtext";
        return;
    }
    if (word == "text")
        in_text_ = true;
    else if (word == "menu")
        take_menu(line);
    else if (word == "include")
        include(first_word(line));
    else if (word == "label") {
        in_label_ = out_.labels.size() < limits_.entries;
        if (!in_label_ && !many_)
            doubt("there are more than " + std::to_string(limits_.entries) +
                      " labels, and the others are not read",
                  E2BIG);
        many_ = many_ || !in_label_;
        if (!in_label_)
            return;
        SyslinuxLabel label;
        label.name = std::string(first_word(line));
        label.words = std::string(line);
        label.kernel = label.name;
        label.source = active_.back() + ":" + std::to_string(line_);
        label.menu = menu_;
        out_.labels.push_back(std::move(label));
    } else if (word == "default")
        take_default(line);
    else if (word == "ontimeout") {
        out_.on_timeout = std::string(line);
        out_.on_timeout_source = here();
    } else if (word == "ui")
        out_.menu = true;
    else if (in_label_)
        take_in_label(word, line);
    else if (word == "append" && !many_)
        out_.append = std::string(line);
}

/// A program for menus in its place is what "ui" is for since syslinux 3.85.
void Parser::take_default(std::string_view rest) {
    const std::string program = lower_case(base_name(first_word(rest)));
    if (program == "menu.c32" || program == "vesamenu.c32" || program == "gfxboot.c32") {
        out_.menu = true;
        return;
    }
    out_.default_command = std::string(rest);
    out_.default_source = here();
}

void Parser::take_in_label(const std::string& word, std::string_view rest) {
    SyslinuxLabel& label = out_.labels.back();
    if (word == "append") {
        label.append = std::string(rest);
        label.source = active_.back() + ":" + std::to_string(line_);
    } else if (word == "initrd")
        label.initrd = std::string(rest);
    else if (std::find(kernel_keywords.begin(), kernel_keywords.end(), word) !=
             kernel_keywords.end()) {
        label.type = word;
        label.kernel = std::string(rest);
    }
}

void Parser::take_menu(std::string_view rest) {
    const std::string word = take_word(rest);
    if (word == "include") {
        const std::string_view path = first_word(rest);
        const std::string_view name = trim(rest.substr(path.size()));
        if (name.empty())
            return include(path);
        submenu(name);
        include(path);
        in_label_ = false;
        if (!menu_.empty())
            menu_.pop_back();
    } else if (word == "begin")
        submenu(rest);
    else if (word == "end" || word == "separator") {
        in_label_ = false;
        if (word == "end" && !menu_.empty())
            menu_.pop_back();
    } else if (word == "save" && !moved_) {
        moved_ = true;
        doubt("the menu starts with the entry that was chosen last, which is kept on the disk "
              "outside of files");
    } else if (word == "start" || (word == "default" && !in_label_))
        doubt("the menu starts in a submenu, which is not followed");
    else if (in_label_)
        take_label_menu(word, rest);
}

void Parser::take_label_menu(const std::string& word, std::string_view rest) {
    SyslinuxLabel& label = out_.labels.back();
    if (word == "label")
        label.title = std::string(rest);
    else if (word == "default")
        label.menu_default = true;
    else if (word == "hide" || word == "disable" || word == "disabled")
        label.passed_over = true;
    else if (word == "goto" || word == "exit" || word == "quit")
        label.moves = true;
}

void Parser::submenu(std::string_view name) {
    in_label_ = false;
    if (menu_.size() >= limits_.depth)
        doubt("menus lie in menus, more than " + std::to_string(limits_.depth) + " deep");
    else
        menu_.push_back(std::string(name));
}

void Parser::include(std::string_view path) {
    // What is included counts as if it stood here.
    const std::string file = syslinux_file(root_, config_, path);
    if (std::find(active_.begin(), active_.end(), file) != active_.end())
        return doubt("the file includes itself, which is not followed", ELOOP);
    if (active_.size() >= limits_.depth || ++included_ > most_files)
        return doubt("files include files, deeper or more often than is followed", ELOOP);
    read(file);
}

} // namespace

std::string syslinux_file(const Sysroot& root, const std::string& config, std::string_view path) {
    if (!path.starts_with('/')) {
        std::string beside =
            without_dots(config.substr(0, config.rfind('/') + 1) + std::string(path));
        if (root.exists(beside))
            return beside;
        const BootFile found = boot_file(root, config, path);
        return found.exists ? found.path : beside;
    }
    return boot_file(root, config, without_dots(path)).path;
}

SyslinuxConfig read_syslinux(const Sysroot& root, const std::string& path,
                             const BootLimits& limits) {
    SyslinuxConfig out;
    const Result<FileStatus> there = root.status(path);
    out.found = there || there.error().code != ENOENT;
    if (out.found)
        Parser(root, path, limits, out).read(path);
    return out;
}

} // namespace virt_nested
