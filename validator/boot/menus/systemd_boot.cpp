// SPDX-License-Identifier: GPL-2.0-or-later
// systemd-boot's menu: the entries of its file systems, loader.conf, and the firmware's variables.
#include "validator/boot/menus/systemd_boot.h"

#include "core/text.h"
#include "validator/boot/menus/bls.h"
#include "validator/boot/menus/loader_text.h"
#include "validator/boot/readers.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

namespace {

constexpr size_t longest_pattern = 4096; ///< bytes; names of files have at most 255

/// Those that are there, each once: /efi is often a link to /boot/efi or to /boot.
std::vector<std::string> different(const Sysroot& root, const std::vector<std::string>& homes,
                                   std::vector<Doubt>& doubts) {
    std::vector<std::string> out;
    std::vector<FileStatus> seen;
    for (const std::string& home : homes) {
        const Result<FileStatus> status = root.status(home);
        if (!status) {
            if (status.error().code != ENOENT && status.error().code != ENOTDIR)
                doubts.push_back(unread(root, home, status.error(), "folder of the boot loader"));
            continue;
        }
        const bool known = std::any_of(seen.begin(), seen.end(), [&](const FileStatus& one) {
            return one.device == status->device && one.inode == status->inode;
        });
        if (known)
            continue;
        seen.push_back(*status);
        out.push_back(home);
    }
    return out;
}

/// What a virtual machine is told from outside (systemd: src/boot/boot.c
/// config_load_smbios_entries, call_image_start).
void doubt_smbios(const Sysroot& root, std::vector<Doubt>& doubts) {
    const std::string folder = "/sys/firmware/dmi/entries";
    const Result<std::vector<std::string>> names = root.list(folder);
    for (const std::string& name : names.value_or({})) {
        const std::string path = folder + "/" + name + "/raw";
        const std::string text =
            name.starts_with("11-") ? root.read(path).value_or(std::string()) : std::string();
        for (const char* word : {"io.systemd.boot.entries-extra", "kernel-cmdline-extra="})
            if (text.find(word) != std::string::npos)
                doubts.push_back({"the machine's firmware adds to what boots ('" +
                                      std::string(word) + "' in its table of strings)",
                                  doubt_source(path), 0});
    }
}

/// ESPs hold loaders; an extended boot partition does not.
bool holds_loader(const Sysroot& root, const std::string& home) {
    return root.exists(home + "/EFI/systemd") || root.exists(home + "/EFI/BOOT") ||
           root.exists(home + "/EFI/boot");
}

} // namespace

LoaderConf read_loader_conf(const Sysroot& root, const std::vector<std::string>& homes,
                            const BootLimits& limits, std::vector<Doubt>& doubts) {
    std::vector<std::string> with;
    for (const std::string& home : homes)
        if (const Result<FileStatus> there = root.status(home + "/loader/loader.conf");
            there || there.error().code != ENOENT)
            with.push_back(home);
    LoaderConf conf;
    if (with.empty())
        return conf;
    const auto esp = std::find_if(with.begin(), with.end(), [&](const std::string& home) {
        return holds_loader(root, home);
    });
    conf.home = esp == with.end() ? with.front() : *esp;
    conf.path = conf.home + "/loader/loader.conf";
    if (esp == with.end() && with.size() > 1)
        doubts.push_back({"another loader.conf lies in " + printable(with[1], 512) +
                              ", and which one is read is not known",
                          doubt_source(conf.path), 0});
    const std::optional<std::string> text =
        LoaderText(root, limits).read(conf.path, "loader's configuration", doubts);
    // Its lines are taken apart as those of an entry, and the last one of a key counts.
    const auto take = [&](const BlsLine& line) {
        const std::string value = lower_case(bls_unquoted(line.value));
        // No version knows another word with '@', and none takes it for a pattern.
        if ((line.key != "default" && line.key != "preferred") || value.empty() ||
            (value.starts_with('@') && value != "@saved"))
            return;
        if (value.size() > longest_pattern)
            return doubts.push_back({"the pattern has more than " +
                                         std::to_string(longest_pattern) +
                                         " bytes and is not followed",
                                     doubt_source(conf.path, line.line), EFBIG});
        (line.key == "default" ? conf.default_pattern : conf.preferred_pattern) = value;
        (line.key == "default" ? conf.default_line : conf.preferred_line) = line.line;
    };
    if (text)
        for_each_bls_line(*text, conf.path, doubts, take);
    return conf;
}

BootMenu read_systemd_boot_menu(const Sysroot& root, const std::vector<std::string>& homes,
                                const BootLimits& limits) {
    BootMenu menu;
    const std::vector<std::string> found = different(root, homes, menu.doubts);
    const EfiVariables variables(root);
    SystemdBootFiles files = gather_systemd_boot(root, found, variables, limits);
    const LoaderConf conf = read_loader_conf(root, found, limits, menu.doubts);
    menu.found = files.found || !conf.path.empty();
    menu.doubts.insert(menu.doubts.end(), files.doubts.begin(), files.doubts.end());
    if (!menu.found)
        return menu;
    doubt_smbios(root, menu.doubts);
    for (SystemdBootEntry& entry : files.entries)
        menu.entries.push_back(std::move(entry.entry));
    choose_systemd_boot(root, found, files, conf, variables, menu);
    return menu;
}

} // namespace virt_nested
