// SPDX-License-Identifier: GPL-2.0-or-later
// What the next boot will read: the boot loader's entries, and the initramfs images.
#include "validator/facts/boot.h"

#include "core/text.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

namespace {

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

std::string image_of(const Sysroot& root, const BootFacts& facts) {
    for (const BootEntry& entry : facts.entries)
        if (entry.chosen && !entry.initrd.empty())
            return entry.initrd;
    const std::string& kernel = facts.kernel;
    if (kernel.empty())
        return {};
    for (const std::string& path :
         {"/boot/initramfs-" + kernel + ".img", "/boot/initrd.img-" + kernel,
          "/boot/initrd-" + kernel, "/boot/initrd-" + kernel + ".img",
          "/lib/modules/" + kernel + "/initramfs.img", "/lib/modules/" + kernel + "/initrd"}) {
        const Result<FileStatus> found = root.status(path);
        if (found || found.error().code != ENOENT)
            return path;
    }
    return {};
}

/// `kernel`: the release that boots with it, where its name does not tell.
InitramfsImage look_into(const Sysroot& root, const std::string& path, const std::string& kernel,
                         const std::string& cache) {
    InitramfsImage image;
    image.path = path;
    image.builder = builder(root);
    image.unified = path.ends_with(".efi");
    image.kernel = image.unified ? kernel : release_in(base_name(path));
    if (image.kernel.empty())
        image.kernel = kernel;
    if (!image.unified) {
        image.content = read_initramfs_cached(root, path, 0, 0, cache);
        return image;
    }
    const Result<std::vector<PeSection>> sections = pe_sections(root, path);
    if (!sections) {
        image.content = sections.error();
        return image;
    }
    const auto initrd = std::find_if(sections->begin(), sections->end(),
                                     [](const PeSection& one) { return one.name == ".initrd"; });
    image.content = initrd == sections->end()
                        ? Result<InitramfsContent>(InitramfsContent{})
                        : read_initramfs_cached(root, path, initrd->offset, initrd->size, cache);
    return image;
}

/// Every image beside the next boot's: those of the boot entries, and those in /boot.
void look_into_others(const Sysroot& root, const std::vector<std::string>& names,
                      const std::string& cache, BootFacts& facts) {
    const auto add = [&](const std::string& path, const std::string& kernel) {
        const bool known =
            std::any_of(facts.images.begin(), facts.images.end(),
                        [&](const InitramfsImage& image) { return image.path == path; });
        if (!known && facts.images.size() < 64)
            facts.images.push_back(look_into(root, path, kernel, cache));
    };
    for (const BootEntry& entry : facts.entries)
        if (!entry.initrd.empty())
            add(entry.initrd, printable(entry.kernel, 128));
    for (const std::string& name : names)
        if (!release_in(name).empty())
            add("/boot/" + name, {});
}

} // namespace

BootFacts read_boot(const Sysroot& root, const Platform* platform, const MachineFacts& machine,
                    const BootOptions& options) {
    BootFacts out;
    out.kernel = machine.kernel;
    if (!machine.container.empty())
        return out;
    BootEntries read = read_boot_entries(root);
    out.entries = std::move(read.entries);
    out.unified = read.unified;
    for (const BootEntry& entry : out.entries)
        if (entry.chosen && !entry.kernel.empty())
            out.kernel = printable(entry.kernel, 128);
    if (!platform || platform->module.empty())
        return out;
    const std::string next = image_of(root, out);
    if (!next.empty()) {
        out.images.push_back(look_into(root, next, out.kernel, options.cache));
        out.images.back().next_boot = true;
    }
    const Result<std::vector<std::string>> names = root.list("/boot");
    if (next.empty() && !names && names.error().code != ENOENT)
        out.image_problem = names.error().what;
    if (options.deep)
        look_into_others(root, names.value_or({}), options.cache, out);
    return out;
}

} // namespace virt_nested
