// SPDX-License-Identifier: GPL-2.0-or-later
// Looking into the images.
#include "validator/facts/images.h"

#include "core/text.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

namespace {

constexpr size_t most_next = 4; ///< images of boots that may be next; each takes a second
constexpr size_t most_all = 64;
constexpr size_t most_files = 16; ///< of one entry

ImageBuilder builder(const Sysroot& root) {
    if (root.exists("/usr/sbin/update-initramfs"))
        return ImageBuilder::initramfs_tools;
    if (root.exists("/usr/bin/dracut") || root.exists("/usr/sbin/dracut"))
        return ImageBuilder::dracut;
    return ImageBuilder::unknown;
}

/// The release in an image's name: initramfs-R.img (dracut), initrd.img-R (initramfs-tools),
/// initrd-R (dracut on SUSE); empty for anything else.
std::string release_in(std::string_view file) {
    if (file.find("kdump") != std::string_view::npos)
        return {};
    for (const char* prefix : {"initramfs-", "initrd.img-", "initrd-"})
        if (file.starts_with(prefix)) {
            file.remove_prefix(std::string_view(prefix).size());
            if (file.ends_with(".img"))
                file.remove_suffix(4);
            return std::string(file);
        }
    return {};
}

/// The kernel unpacks one file over the other (init/initramfs.c).
void unpack_over(std::vector<ConfFile>& below, const std::vector<ConfFile>& above) {
    for (const ConfFile& file : above) {
        const auto same = std::find_if(below.begin(), below.end(),
                                       [&](const ConfFile& one) { return one.path == file.path; });
        if (same == below.end())
            below.push_back(file);
        else
            same->text = file.text;
    }
}

void unpack_over(InitramfsContent& below, const InitramfsContent& above) {
    for (const ImageModule& module : above.modules)
        if (!below.has(module.name, module.release))
            below.modules.push_back(module);
    std::sort(below.modules.begin(), below.modules.end());
    unpack_over(below.modprobe, above.modprobe);
    unpack_over(below.loads, above.loads);
    unpack_over(below.cmdline, above.cmdline);
    below.squashed = below.squashed || above.squashed;
    below.bootconfig = above.bootconfig; // the kernel looks at the end of all alone
}

} // namespace

std::vector<std::string> ImageReader::by_name(const std::string& kernel) const {
    if (kernel.empty())
        return {};
    for (const std::string& path :
         {"/boot/initramfs-" + kernel + ".img", "/boot/initrd.img-" + kernel,
          "/boot/initrd-" + kernel, "/boot/initrd-" + kernel + ".img",
          "/lib/modules/" + kernel + "/initramfs.img", "/lib/modules/" + kernel + "/initrd"}) {
        const Result<FileStatus> found = root_.status(path);
        if (found || found.error().code != ENOENT)
            return {path};
    }
    return {};
}

Result<InitramfsContent> ImageReader::read(const std::string& file, bool unified) const {
    if (!unified)
        return read_initramfs_cached(root_, file, 0, 0, cache_);
    const Result<std::vector<PeSection>> sections = pe_sections(root_, file);
    if (!sections)
        return sections.error();
    const auto initrd = std::find_if(sections->begin(), sections->end(),
                                     [](const PeSection& one) { return one.name == ".initrd"; });
    return initrd == sections->end()
               ? Result<InitramfsContent>(InitramfsContent{})
               : read_initramfs_cached(root_, file, initrd->offset, initrd->size, cache_);
}

size_t ImageReader::add(const std::vector<std::string>& files, const std::string& kernel,
                        bool unified, bool next_boot) {
    const auto known = std::find_if(all.begin(), all.end(), [&](const InitramfsImage& image) {
        return image.files == files && (image.kernel == kernel || kernel.empty());
    });
    if (known != all.end())
        return static_cast<size_t>(known - all.begin());
    InitramfsImage image;
    image.files = files;
    image.path = files.back();
    image.builder = builder(root_);
    image.unified = unified;
    image.kernel = kernel.empty() ? release_in(base_name(image.path)) : kernel;
    image.next_boot = next_boot;
    if (next_boot && ++looked_into_ > most_next) {
        image.content =
            Error{EFBIG, "not looked into: it is one of more than " + std::to_string(most_next) +
                             " that may be the next boot's"};
    } else if (files.size() > most_files) {
        image.content = Error{EFBIG, "not looked into: the entry names more than " +
                                         std::to_string(most_files) + " images"};
    } else {
        InitramfsContent whole;
        image.content = InitramfsContent{};
        for (const std::string& file : files) {
            Result<InitramfsContent> part = read(file, unified);
            if (!part) {
                image.path = file;
                image.content = part.error();
                break;
            }
            if (part->bootconfig && &file != &files.back()) {
                image.path = file;
                image.content =
                    Error{EBADMSG, printable(root_.shown(file), 512) +
                                       ": the kernel does not go on behind its boot configuration"};
                break;
            }
            if (!part->modules.empty())
                image.path = file;
            unpack_over(whole, *part);
        }
        if (image.content)
            image.content = std::move(whole);
    }
    all.push_back(std::move(image));
    return all.size() - 1;
}

void ImageReader::add_others(const std::vector<BootEntry>& entries,
                             const std::vector<std::string>& names) {
    const auto known = [&](const std::string& file) {
        return std::any_of(all.begin(), all.end(), [&](const InitramfsImage& image) {
            return std::find(image.files.begin(), image.files.end(), file) != image.files.end();
        });
    };
    for (const BootEntry& entry : entries)
        if (!entry.initrds.empty() && all.size() < most_all && !known(entry.initrds.back()))
            add(entry.initrds, printable(entry.kernel, 128), entry.unified, false);
    for (const std::string& name : names)
        if (!release_in(name).empty() && all.size() < most_all && !known("/boot/" + name))
            add({"/boot/" + name}, {}, false, false);
}

} // namespace virt_nested
