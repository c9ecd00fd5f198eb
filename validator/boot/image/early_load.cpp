// SPDX-License-Identifier: GPL-2.0-or-later
// What loads a module in an initramfs. By name, blacklists without effect: conf/modules
// (initramfs-tools: scripts/functions load_modules), rd.driver.pre and rd.driver.post (dracut:
// modules.d/90kernel-modules/parse-kernel.sh, insmodpost.sh). Unless blacklisted: modules-load.d
// and modules_load= (systemd: src/modules-load/modules-load.c), and udev.
#include "validator/boot/image/early_load.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <map>

namespace virt_nested {

namespace {

/// Lines that name something, with their origin: blank ones and comments left out.
std::vector<ImageArgument> named_lines(const ConfFile& file) {
    std::vector<ImageArgument> out;
    unsigned number = 0;
    for (const std::string_view line : lines(file.text)) {
        ++number;
        const std::string_view text = trim(line);
        if (!text.empty() && text.front() != '#' && text.front() != ';')
            out.push_back({std::string(text), Origin::in_file(file.path, number)});
    }
    return out;
}

/// The lines of modules-load.d: of files of one name the first folder's alone counts
/// (modules-load.d(5)).
std::vector<ImageArgument> modules_load_lines(const InitramfsContent& content) {
    constexpr std::array<std::string_view, 5> folders = {"/etc/", "/run/", "/usr/local/lib/",
                                                         "/usr/lib/", "/lib/"};
    std::map<std::string, const ConfFile*> chosen;
    for (const std::string_view folder : folders)
        for (const ConfFile& file : content.loads)
            if (file.path.starts_with(std::string(folder) + "modules-load.d/") &&
                file.path.ends_with(".conf"))
                chosen.try_emplace(std::string(base_name(file.path)), &file);
    std::vector<ImageArgument> out;
    for (const auto& [name, file] : chosen)
        for (ImageArgument& line : named_lines(*file))
            out.push_back(std::move(line));
    return out;
}

/// The argument that has the module among its comma-separated words, of these names.
const ImageArgument* naming(const std::vector<ImageArgument>& arguments, const std::string& module,
                            std::initializer_list<std::string_view> names) {
    const auto found =
        std::find_if(arguments.begin(), arguments.end(), [&](const ImageArgument& argument) {
            const size_t equals = argument.text.find('=');
            if (equals == std::string::npos ||
                std::find(names.begin(), names.end(), argument.text.substr(0, equals)) ==
                    names.end())
                return false;
            return has_item(module_name(argument.text.substr(equals + 1)), module);
        });
    return found == arguments.end() ? nullptr : &*found;
}

/// `line`: of the file that it stands in; absent for the kernel's own.
std::vector<ImageArgument> arguments_of(const Cmdline& cmdline, const std::optional<Origin>& line) {
    std::vector<ImageArgument> out;
    for (const Cmdline::Token& token : cmdline.tokens)
        out.push_back({token.text(), line ? *line : Origin::at_command_line(token.offset)});
    return out;
}

std::string told(const ImageArgument& argument) {
    return "'" + printable(argument.text) + "' (" + shown(argument.origin) + ")";
}

/// Its line in conf/modules, and the options there.
void by_conf_modules(const InitramfsContent& content, const Platform& platform, EarlyLoad& out) {
    for (const ConfFile& file : content.loads) {
        if (file.path != "/conf/modules")
            continue;
        for (const ImageArgument& line : named_lines(file)) {
            const std::vector<std::string_view> parts = words(line.text);
            if (module_name(parts.front()) != platform.module)
                continue;
            out.loads = true;
            out.by = told(line);
            for (size_t i = 1; i < parts.size(); ++i) {
                const size_t equals = std::min(parts[i].find('='), parts[i].size());
                out.options += (out.options.empty() ? "" : " ") + std::string(parts[i]);
                if (!same_parameter(parts[i].substr(0, equals), platform.parameter))
                    continue;
                Setting setting;
                if (equals < parts[i].size())
                    setting.value = std::string(parts[i].substr(equals + 1));
                setting.origin = line.origin;
                out.settings.push_back(std::move(setting));
            }
            return; // a second modprobe of a loaded module does nothing
        }
    }
}

} // namespace

std::vector<ImageArgument> image_arguments(const InitramfsContent& content,
                                           const KmodProfile& profile) {
    std::vector<ImageArgument> out;
    for (const ConfFile& file : content.cmdline)
        for (const ImageArgument& line : named_lines(file))
            for (ImageArgument& word : arguments_of(parse_cmdline(line.text, profile), line.origin))
                out.push_back(std::move(word));
    return out;
}

EarlyLoad early_load(const InitramfsContent& content, const Cmdline& cmdline,
                     const Platform& platform, const KmodProfile& profile) {
    EarlyLoad out;
    const std::string module(platform.module);
    by_conf_modules(content, platform, out);
    if (out.loads)
        return out;
    std::vector<ImageArgument> arguments = arguments_of(cmdline, std::nullopt);
    for (ImageArgument& word : image_arguments(content, profile))
        arguments.push_back(std::move(word));
    if (const ImageArgument* word =
            naming(arguments, module,
                   {"rd.driver.pre", "rdloaddriver", "rd.driver.post", "rdinsmodpost"})) {
        out.loads = true;
        out.by = told(*word);
        return out;
    }
    if (const ImageArgument* word =
            naming(arguments, module, {"rd.driver.blacklist", "rdblacklist"})) {
        out.held = *word;
        return out;
    }
    const std::vector<ImageArgument> load = modules_load_lines(content);
    const auto line = std::find_if(load.begin(), load.end(), [&](const ImageArgument& one) {
        return module_name(one.text) == module;
    });
    const ImageArgument* word =
        line != load.end() ? &*line
                           : naming(arguments, module, {"modules_load", "rd.modules_load"});
    if (word) {
        out.loads = true;
        out.by = told(*word);
    } else if (platform.loaded_by == LoadedBy::cpu_alias) {
        out.loads = true;
        out.by = "udev";
    }
    return out;
}

} // namespace virt_nested
