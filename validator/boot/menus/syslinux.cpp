// SPDX-License-Identifier: GPL-2.0-or-later
// The menu of syslinux and extlinux, and of U-Boot, which reads extlinux.conf.
#include "validator/boot/menus/syslinux.h"

#include "core/text.h"
#include "validator/boot/menus/loader_text.h"
#include "validator/boot/readers.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

/// "initrd=a,b" in a command line: several files, loaded in that order.
void take_initrds(const Sysroot& root, const std::string& config, std::string_view list,
                  BootEntry& entry) {
    for (size_t at = 0; at <= list.size() && !list.empty();) {
        const size_t comma = std::min(list.find(',', at), list.size());
        if (comma > at)
            entry.initrds.push_back(syslinux_file(root, config, trim(list.substr(at, comma - at))));
        at = comma + 1;
    }
}

class Builder {
  public:
    Builder(const Sysroot& root, const std::string& config, const SyslinuxConfig& read)
        : root_(root), config_(config), read_(read) {}

    BootEntry build(const SyslinuxLabel& label) const;
    /// A kernel and its arguments, from "default" itself.
    BootEntry build_command(std::string_view command) const;

  private:
    void take_kernel(std::string_view path, BootEntry& entry) const;
    void take_program(const SyslinuxLabel& label, BootEntry& entry) const;
    void take_modules(BootEntry& entry) const;
    void take_arguments(const std::string& initrd, BootEntry& entry) const;
    void doubt(BootEntry& entry, std::string what) const {
        entry.doubts.push_back({std::move(what), doubt_source(entry.source), 0});
    }

    const Sysroot& root_;
    const std::string& config_;
    const SyslinuxConfig& read_;
};

BootEntry Builder::build(const SyslinuxLabel& label) const {
    BootEntry entry;
    entry.id = label.name;
    entry.title = label.title.empty() ? label.name : label.title;
    entry.source = label.source;
    entry.cmdline = label.append.value_or(read_.append);
    if (entry.cmdline == "-")
        entry.cmdline.clear();
    const std::string program = lower_case(base_name(label.kernel));
    if (label.moves || (label.type != "kernel" && label.type != "linux" && label.type != "com32"))
        entry.kind = EntryKind::other;
    if (label.type == "config")
        doubt(entry, "it continues in another configuration, which is not followed");
    if (entry.kind == EntryKind::other)
        return entry;
    if (label.type == "com32" || (label.type == "kernel" && program.find(".c32") != program.npos))
        take_program(label, entry);
    else {
        take_kernel(label.kernel, entry);
        take_arguments(label.initrd, entry);
    }
    return entry;
}

BootEntry Builder::build_command(std::string_view command) const {
    SyslinuxLabel label;
    const size_t end = std::min(command.find_first_of(" \t"), command.size());
    label.name = label.kernel = std::string(command.substr(0, end));
    // Global arguments stand in front of what is typed behind a kernel.
    const std::string front = read_.append == "-" ? std::string() : read_.append;
    const std::string_view behind = trim(command.substr(end));
    label.append = front + (front.empty() || behind.empty() ? "" : " ") + std::string(behind);
    label.source = config_;
    return build(label);
}

/// By its name alone, as syslinux does where the keyword is "kernel".
void Builder::take_kernel(std::string_view path, BootEntry& entry) const {
    constexpr std::array<std::string_view, 7> endings = {".com", ".cbt", ".0",  ".bin",
                                                         ".bs",  ".bss", ".img"};
    const size_t hash = path.find('#');
    if (hash != std::string_view::npos) {
        doubt(entry,
              "U-Boot takes its kernel out of an image of several, which is not looked into");
        path = path.substr(0, hash);
    }
    const std::string name = lower_case(base_name(path));
    entry.kernel_file = syslinux_file(root_, config_, path);
    const bool by_ending = std::any_of(endings.begin(), endings.end(),
                                       [&](std::string_view end) { return name.ends_with(end); });
    if (name == "memdisk" || name.starts_with("memtest"))
        entry.kind = EntryKind::other;
    else if (by_ending)
        doubt(entry, "whether what it starts is a Linux is told by its name alone");
}

void Builder::take_arguments(const std::string& initrd, BootEntry& entry) const {
    take_initrds(root_, config_, initrd, entry);
    bool by_argument = false;
    for (const std::string_view word : words(entry.cmdline)) {
        if (!word.starts_with("initrd="))
            continue;
        if (by_argument || !initrd.empty())
            doubt(entry, "it names an initramfs more than once, and which one counts is not known");
        by_argument = true;
        take_initrds(root_, config_, word.substr(7), entry);
    }
    if (entry.cmdline.find("${") != std::string::npos)
        doubt(entry, "U-Boot replaces variables in its arguments, which are not known");
}

/// Programs of syslinux's own start other things.
void Builder::take_program(const SyslinuxLabel& label, BootEntry& entry) const {
    const std::string program = lower_case(base_name(label.kernel));
    if (program == "mboot.c32")
        return take_modules(entry);
    if (program == "linux.c32") {
        const BootEntry inner = build_command(entry.cmdline);
        entry.kernel_file = inner.kernel_file;
        entry.initrds = inner.initrds;
        entry.cmdline =
            std::string(trim(std::string_view(entry.cmdline)
                                 .substr(std::min(entry.cmdline.find(' '), entry.cmdline.size()))));
        return;
    }
    constexpr std::array<std::string_view, 9> ends = {"reboot.c32",  "poweroff.c32", "chain.c32",
                                                      "hdt.c32",     "pwd.c32",      "ls.c32",
                                                      "memdisk.c32", "cat.c32",      "sysdump.c32"};
    entry.kind = EntryKind::other;
    if (std::find(ends.begin(), ends.end(), program) == ends.end())
        doubt(entry, "the program '" + printable(program) +
                         "' decides what is started, which is not followed");
}

/// "xen.gz OPTIONS --- vmlinuz OPTIONS --- initrd": Multiboot, which Xen is started by.
void Builder::take_modules(BootEntry& entry) const {
    std::vector<std::string> parts(1);
    for (const std::string_view word : words(entry.cmdline)) {
        if (word == "---")
            parts.emplace_back();
        else
            parts.back() += (parts.back().empty() ? "" : " ") + std::string(word);
    }
    entry.cmdline.clear();
    if (lower_case(base_name(std::string_view(parts[0]).substr(0, parts[0].find(' '))))
            .find("xen") == std::string::npos) {
        entry.kind = EntryKind::other;
        return;
    }
    entry.kind = EntryKind::under_hypervisor;
    if (parts.size() < 2)
        return doubt(entry, "Xen is started without a Linux");
    const size_t end = std::min(parts[1].find(' '), parts[1].size());
    entry.kernel_file = syslinux_file(root_, config_, parts[1].substr(0, end));
    entry.cmdline = std::string(trim(std::string_view(parts[1]).substr(end)));
    for (size_t i = 2; i < parts.size(); ++i)
        entry.initrds.push_back(
            syslinux_file(root_, config_, parts[i].substr(0, parts[i].find(' '))));
}

class Chooser {
  public:
    Chooser(const Builder& builder, const SyslinuxConfig& read, BootMenu& menu)
        : builder_(builder), read_(read), menu_(menu) {}

    void choose();

  private:
    /// The entries that a command starts; it may add one.
    std::vector<size_t> follow(const std::string& command, const std::string& source);
    std::vector<size_t> of_menu();
    void doubt(std::string what, std::string source) {
        menu_.doubts.push_back({std::move(what), std::move(source), 0});
    }

    const Builder& builder_;
    const SyslinuxConfig& read_;
    BootMenu& menu_;
};

std::vector<size_t> Chooser::follow(const std::string& command, const std::string& source) {
    const size_t end = std::min(command.find_first_of(" \t"), command.size());
    const std::string name = command.substr(0, end);
    std::vector<size_t> out;
    for (size_t i = 0; i < read_.labels.size(); ++i)
        if (read_.labels[i].words == command)
            out.push_back(i);
    const std::string behind(trim(std::string_view(command).substr(end)));
    for (size_t i = 0; out.empty() && i < read_.labels.size(); ++i)
        if (read_.labels[i].name == name) {
            BootEntry& entry = menu_.entries[i];
            entry.cmdline += (entry.cmdline.empty() || behind.empty() ? "" : " ") + behind;
            out.push_back(i);
        }
    if (out.size() > 1)
        doubt("several labels have the name '" + printable(name) + "'", source);
    if (!out.empty() || name.empty())
        return out;
    for (size_t i = 0; i < read_.labels.size(); ++i)
        if (lower_case(read_.labels[i].name) == lower_case(name))
            out.push_back(i);
    if (!out.empty()) {
        doubt("the default differs from the label in its letters' case", source);
        return out;
    }
    // syslinux takes it for a kernel's file, U-Boot then starts the first label.
    BootEntry entry = builder_.build_command(command);
    if (!entry.kernel_file.empty() || entry.kind != EntryKind::linux) {
        menu_.entries.push_back(std::move(entry));
        out.push_back(menu_.entries.size() - 1);
    }
    if (!read_.labels.empty()) {
        doubt("no label has the name '" + printable(name) +
                  "': syslinux takes it for a file, U-Boot starts the first label",
              source);
        out.push_back(0);
    }
    return out;
}

/// The default of the outermost menu.
std::vector<size_t> Chooser::of_menu() {
    std::vector<size_t> marked, out;
    for (size_t i = 0; i < read_.labels.size(); ++i) {
        const SyslinuxLabel& label = read_.labels[i];
        if (label.menu_default && label.menu.empty())
            marked.push_back(i);
        if (label.menu_default && !label.menu.empty())
            doubt("a default is marked in a submenu", doubt_source(label.source));
    }
    if (marked.size() > 1)
        doubt("several labels are marked as the default", doubt_source(read_.labels[0].source));
    if (!marked.empty())
        return marked;
    for (size_t i = 0; i < read_.labels.size(); ++i) {
        if (read_.labels[i].passed_over)
            continue;
        if (!read_.labels[i].menu.empty())
            doubt("the first in the menu is another menu", doubt_source(read_.labels[i].source));
        return {i};
    }
    return out;
}

void Chooser::choose() {
    std::vector<size_t> chosen;
    if (read_.default_command) {
        chosen = follow(*read_.default_command, read_.default_source);
        menu_.choice = read_.default_source;
    } else {
        chosen = of_menu();
        const bool marked = !chosen.empty() && read_.labels[chosen[0]].menu_default;
        if (marked)
            menu_.choice = doubt_source(read_.labels[chosen[0]].source);
        if (!read_.menu && !chosen.empty())
            doubt("no default is named: syslinux waits for a person, U-Boot starts the first label",
                  doubt_source(read_.labels[chosen[0]].source));
    }
    if (read_.on_timeout && read_.on_timeout != read_.default_command) {
        const std::vector<size_t> other = follow(*read_.on_timeout, read_.on_timeout_source);
        if (other != chosen)
            doubt("another entry is started when nobody answers than the one that is the default",
                  read_.on_timeout_source);
        chosen.insert(chosen.end(), other.begin(), other.end());
    }
    for (const size_t i : chosen)
        menu_.entries[i].chosen = true;
}

} // namespace

BootMenu read_syslinux_menu(const Sysroot& root, const std::string& config,
                            const BootLimits& limits) {
    const SyslinuxConfig read = read_syslinux(root, config, limits);
    BootMenu menu;
    menu.found = read.found;
    menu.doubts = read.doubts;
    const Builder builder(root, config, read);
    for (const SyslinuxLabel& label : read.labels)
        menu.entries.push_back(builder.build(label));
    Chooser(builder, read, menu).choose();
    return menu;
}

} // namespace virt_nested
