// SPDX-License-Identifier: GPL-2.0-or-later
// What a unified kernel image says of itself, addons beside it included.
#include "validator/boot/menus/unified.h"

#include "core/text.h"
#include "validator/boot/image/initramfs.h"
#include "validator/boot/menus/loader_text.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

namespace {

constexpr int first_with_addons = 254; ///< systemd: NEWS, "CHANGES WITH 254"

std::string up_to_nul(std::string_view text) {
    return std::string(text.substr(0, text.find('\0')));
}

/// The addons of one folder in the order of their names, added to the command line.
bool add_addons(const Sysroot& root, const std::string& folder, const UnifiedImage& image,
                BootEntry& entry) {
    const Result<std::vector<std::string>> names = root.list(folder);
    if (!names && names.error().code != ENOENT)
        entry.doubts.push_back(unread(root, folder, names.error(), "folder of addons"));
    bool added = false;
    for (const std::string& name : names.value_or({})) {
        if (name.starts_with('.') || !lower_case(name).ends_with(".addon.efi"))
            continue;
        const std::string path = folder + "/" + name;
        const Result<UnifiedImage> addon = read_unified(root, path);
        if (!addon) {
            entry.doubts.push_back(unread(root, path, addon.error(), "addon"));
            continue;
        }
        entry.doubts.insert(entry.doubts.end(), addon->doubts.begin(), addon->doubts.end());
        // The stub refuses one that was made for another kernel.
        if (!addon->release.empty() && !image.release.empty() && addon->release != image.release)
            continue;
        if (addon->initrd)
            entry.doubts.push_back(
                {"the addon brings an initramfs, which is not looked into", doubt_source(path), 0});
        if (!addon->cmdline || addon->cmdline->empty())
            continue;
        entry.cmdline += (entry.cmdline.empty() ? "" : " ") + *addon->cmdline;
        added = true;
    }
    return added;
}

/// What the addons add counts where the stub knows addons and the firmware accepts these.
void doubt_addons(const std::string& path, const UnifiedImage& image, const EfiVariables& variables,
                  BootEntry& entry) {
    const auto doubt = [&](std::string what) {
        entry.doubts.push_back({std::move(what), doubt_source(path), 0});
    };
    if (!image.stub || *image.stub < first_with_addons)
        doubt("addons lie beside it, and whether its stub reads them is not known");
    if (variables.secure_boot().value_or(true))
        doubt("addons lie beside it, and whether the firmware accepts them is not known");
}

/// The folder of addons of the image's own: the file's name without a count of tries.
std::string addon_folder(const std::string& path) {
    const size_t slash = path.rfind('/');
    const size_t plus = path.find('+', slash);
    if (plus == std::string::npos)
        return path + ".extra.d";
    const size_t end = path.find_first_not_of("0123456789-", plus + 1);
    return end != plus + 1 && end != std::string::npos && path[end] == '.'
               ? path.substr(0, plus) + path.substr(end) + ".extra.d"
               : path + ".extra.d";
}

} // namespace

std::optional<int> leading_number(std::string_view text, std::string_view front) {
    const size_t at = text.find(front);
    if (at == std::string_view::npos)
        return std::nullopt;
    int value = 0;
    size_t digits = 0;
    for (const char c : text.substr(at + front.size(), 6)) {
        if (c < '0' || c > '9')
            break;
        value = value * 10 + (c - '0');
        ++digits;
    }
    return digits == 0 ? std::nullopt : std::optional<int>(value);
}

std::string stub_cmdline(std::string_view text) {
    std::string out(text.substr(0, text.find('\0')));
    const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
    std::replace_if(out.begin(), out.end(), is_blank, ' ');
    return std::string(trim(out));
}

Result<UnifiedImage> read_unified(const Sysroot& root, const std::string& path) {
    const Result<std::vector<PeSection>> sections = pe_sections(root, path);
    if (!sections)
        return sections.error();
    UnifiedImage image;
    for (const PeSection& section : *sections) {
        if (section.name == ".profile" && ++image.profiles > 1)
            break; // the sections behind belong to the next one
        image.linux = image.linux || section.name == ".linux";
        image.initrd = image.initrd || section.name == ".initrd";
        const bool is_text = section.name == ".cmdline" || section.name == ".uname" ||
                             section.name == ".osrel" || section.name == ".sdmagic";
        if (!is_text)
            continue;
        const Result<std::string> text = read_section(root, path, section);
        if (!text || text->size() != section.size) {
            image.doubts.push_back(
                text ? Doubt{"its section " + section.name + " is cut off", doubt_source(path), 0}
                     : unread(root, path, text.error(), "section " + section.name));
            continue;
        }
        if (section.name == ".cmdline")
            image.cmdline = stub_cmdline(*text);
        else if (section.name == ".uname")
            image.release = stub_cmdline(*text);
        else if (section.name == ".osrel")
            image.os_release = up_to_nul(*text);
        else
            image.stub = leading_number(*text, "#### LoaderInfo: systemd-stub ");
    }
    return image;
}

void take_unified(const Sysroot& root, const std::string& home, const std::string& path,
                  const UnifiedImage& image, const EfiVariables& variables, BootEntry& entry) {
    entry.unified = true;
    entry.kernel_file.clear();
    entry.kernel = image.release;
    if (image.initrd)
        entry.initrds = {path};
    entry.doubts.insert(entry.doubts.end(), image.doubts.begin(), image.doubts.end());
    const auto doubt = [&](std::string what) {
        entry.doubts.push_back({std::move(what), doubt_source(path), 0});
    };
    if (!image.cmdline && entry.cmdline.empty())
        doubt("the image has no command line of its own and takes what it is started with");
    // With Secure Boot the stub takes its own where it has one, else what it is given.
    const bool both = image.cmdline && !entry.cmdline.empty();
    const std::optional<bool> secure = variables.secure_boot();
    if (both && !secure)
        doubt(
            "the image has a command line of its own, which counts under Secure Boot, and whether "
            "that is on is not known");
    if (image.cmdline && (entry.cmdline.empty() || secure.value_or(false)))
        entry.cmdline = *image.cmdline;
    if (image.profiles > 1)
        doubt("the image has several profiles, and only the first is read");
    // Those of all images, then its own.
    const bool of_all = add_addons(root, home + "/loader/addons", image, entry);
    const bool of_own = add_addons(root, addon_folder(path), image, entry);
    if (of_all || of_own)
        doubt_addons(path, image, variables, entry);
}

std::optional<int> program_version(const Sysroot& root, const std::string& path,
                                   std::string_view name) {
    const Result<std::vector<PeSection>> sections = pe_sections(root, path);
    for (const PeSection& section : sections.value_or({}))
        if (section.name == ".sdmagic")
            if (const Result<std::string> text = read_section(root, path, section))
                return leading_number(*text, "#### LoaderInfo: " + std::string(name) + " ");
    return std::nullopt;
}

} // namespace virt_nested
