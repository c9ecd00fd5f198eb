// SPDX-License-Identifier: GPL-2.0-or-later
// The boot loader's entries, as far as files tell.
#include "validator/boot/entries.h"

#include "core/text.h"
#include "validator/boot/initramfs.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace virt_nested {

namespace {

std::string_view after_word(std::string_view line, std::string_view word) {
    if (!line.starts_with(word) || line.size() <= word.size() ||
        (line[word.size()] != ' ' && line[word.size()] != '\t'))
        return {};
    return trim(line.substr(word.size()));
}

/// GRUB's environment block: "key=value" lines (grub: util/grub-editenv.c).
std::string grub_variable(const Sysroot& root, std::string_view key) {
    for (const char* path : {"/boot/grub2/grubenv", "/boot/grub/grubenv"}) {
        const Result<std::string> text = root.read(path);
        for (const std::string_view line : text ? lines(*text) : std::vector<std::string_view>())
            if (line.starts_with(key) && line.substr(key.size()).starts_with('='))
                return std::string(line.substr(key.size() + 1));
    }
    return {};
}

/// $kernelopts and the like stand for GRUB's variables (EL 8).
std::string expanded(const Sysroot& root, std::string_view options) {
    std::string out;
    for (const std::string_view word : words(options)) {
        const std::string text =
            word.starts_with('$') ? grub_variable(root, word.substr(1)) : std::string(word);
        out += (out.empty() || text.empty() ? "" : " ") + text;
    }
    return out;
}

/// A path of the boot partition, which may be /boot or the root file system.
std::string on_boot(const Sysroot& root, std::string_view path) {
    const std::string below = "/boot" + std::string(path);
    return root.exists(below) ? below : std::string(path);
}

BootEntry bls_entry(const Sysroot& root, const std::string& path, const std::string& text) {
    BootEntry entry;
    unsigned number = 0;
    for (const std::string_view line : lines(text)) {
        ++number;
        if (const std::string_view version = after_word(line, "version"); !version.empty())
            entry.kernel = std::string(version);
        if (const std::string_view options = after_word(line, "options"); !options.empty()) {
            entry.cmdline += (entry.cmdline.empty() ? "" : " ") + expanded(root, options);
            entry.source = path + ":" + std::to_string(number);
        }
        if (const std::string_view initrd = after_word(line, "initrd");
            !initrd.empty() && entry.initrd.empty())
            entry.initrd = on_boot(root, words(initrd).front());
    }
    if (entry.source.empty())
        entry.source = path;
    return entry;
}

/// Names in their natural order: 6.10 behind 6.9.
bool by_version(const BootEntry& a, const BootEntry& b) {
    return ::strverscmp(a.kernel.c_str(), b.kernel.c_str()) < 0;
}

std::vector<BootEntry> bls_entries(const Sysroot& root) {
    std::vector<BootEntry> out;
    std::string saved = grub_variable(root, "next_entry");
    if (saved.empty())
        saved = grub_variable(root, "saved_entry");
    for (const char* folder :
         {"/boot/loader/entries", "/boot/efi/loader/entries", "/efi/loader/entries"}) {
        const Result<std::vector<std::string>> names = root.list(folder);
        for (const std::string& name : names.value_or({})) {
            const std::string path = std::string(folder) + "/" + name;
            const Result<std::string> text = root.read(path);
            if (!name.ends_with(".conf") || !text || out.size() >= 256)
                continue;
            BootEntry entry = bls_entry(root, path, *text);
            entry.chosen = !saved.empty() && name == saved + ".conf";
            // The rescue entry is no next boot unless somebody chooses it.
            if (entry.chosen || name.find("-rescue") == std::string::npos)
                out.push_back(std::move(entry));
        }
        if (!out.empty())
            break;
    }
    const bool told =
        std::any_of(out.begin(), out.end(), [](const BootEntry& e) { return e.chosen; });
    if (!told && !out.empty() && (saved.empty() || saved == "0"))
        std::max_element(out.begin(), out.end(), by_version)->chosen = true;
    return out;
}

/// "linux /vmlinuz-6.1.0 root=... " of grub.cfg; the first one is the default unless it says
/// otherwise in a way that only GRUB itself can follow.
std::vector<BootEntry> grub_entries(const Sysroot& root) {
    for (const char* path : {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"}) {
        const Result<std::string> text = root.read(path, 1U << 20);
        if (!text)
            continue;
        std::vector<BootEntry> out;
        unsigned number = 0;
        for (std::string_view line : lines(*text)) {
            ++number;
            line = trim(line);
            for (const char* keyword : {"linux", "linux16", "linuxefi"}) {
                const std::string_view rest = after_word(line, keyword);
                const size_t at = rest.find("vmlinu");
                if (rest.empty() || at == std::string_view::npos || out.size() >= 256)
                    continue;
                const size_t end = std::min(rest.find_first_of(" \t"), rest.size());
                const size_t dash = rest.find('-', at);
                BootEntry entry;
                entry.source = std::string(path) + ":" + std::to_string(number);
                entry.cmdline = std::string(trim(rest.substr(end)));
                if (dash < end)
                    entry.kernel = std::string(rest.substr(dash + 1, end - dash - 1));
                out.push_back(std::move(entry));
            }
        }
        const std::string saved = grub_variable(root, "saved_entry");
        if (!out.empty() && (saved.empty() || saved == "0"))
            out.front().chosen = true;
        if (!out.empty())
            return out;
    }
    return {};
}

std::vector<BootEntry> unified_entries(const Sysroot& root) {
    std::vector<BootEntry> out;
    for (const char* folder : {"/boot/efi/EFI/Linux", "/efi/EFI/Linux", "/boot/EFI/Linux"}) {
        const Result<std::vector<std::string>> names = root.list(folder);
        for (const std::string& name : names.value_or({})) {
            const std::string path = std::string(folder) + "/" + name;
            const Result<std::vector<PeSection>> sections =
                name.ends_with(".efi") ? pe_sections(root, path)
                                       : Result<std::vector<PeSection>>(Error{});
            if (!sections || out.size() >= 64)
                continue;
            BootEntry entry;
            entry.source = path + " .cmdline";
            entry.initrd = path;
            for (const PeSection& section : *sections) {
                const Result<std::string> text = read_section(root, path, section);
                if (text && section.name == ".cmdline")
                    entry.cmdline =
                        std::string(trim(std::string_view(*text).substr(0, text->find('\0'))));
                if (text && section.name == ".uname")
                    entry.kernel =
                        std::string(trim(std::string_view(*text).substr(0, text->find('\0'))));
            }
            out.push_back(std::move(entry));
        }
        if (!out.empty())
            break;
    }
    if (!out.empty())
        std::max_element(out.begin(), out.end(), by_version)->chosen = true;
    return out;
}

} // namespace

BootEntries read_boot_entries(const Sysroot& root) {
    std::vector<BootEntry> out = bls_entries(root);
    if (out.empty())
        out = grub_entries(root);
    if (!out.empty())
        return {std::move(out), false};
    out = unified_entries(root);
    return {out, !out.empty()};
}

} // namespace virt_nested
