// SPDX-License-Identifier: GPL-2.0-or-later
// Several configurations of GRUB on one machine.
#include "core/text.h"
#include "validator/boot/readers.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

bool on_esp(const std::string& config) {
    return config.starts_with("/boot/efi/") || config.starts_with("/efi/");
}

/// "($root)'/boot/grub'" without what is around the path.
std::string path_in(std::string_view value) {
    std::string out;
    bool device = false;
    for (const char c : value) {
        device = c == '(' || (device && c != ')');
        if (!device && c != ')' && c != '\'' && c != '"')
            out += c;
    }
    return out;
}

/// What installers write there (grub-install, shim's packages): find the file system, set the
/// prefix, read PREFIX/grub.cfg, which is one of the others.
bool leads_to_another(const Sysroot& root, const std::string& config,
                      const std::vector<std::string>& configs) {
    const Result<std::string> text = root.read(config);
    std::string prefix;
    bool reads = false;
    for (const std::string_view raw : text ? lines(*text) : std::vector<std::string_view>{"?"}) {
        const std::string_view line = trim(raw);
        if (line.starts_with("set prefix="))
            prefix = path_in(line.substr(11));
        else if (line == "configfile $prefix/grub.cfg")
            reads = true;
        else if (!line.empty() && line.front() != '#' && !line.starts_with("search") &&
                 !line.starts_with("set root=") && !line.starts_with("export ") && line != "normal")
            return false;
    }
    return reads && prefix.size() > 1 &&
           std::any_of(configs.begin(), configs.end(), [&](const std::string& other) {
               return other != config && other.ends_with(prefix + "/grub.cfg");
           });
}

/// Not those of a machine that was not started by EFI.
std::vector<std::string> that_count(const Sysroot& root, const std::vector<std::string>& configs) {
    const bool bios = root.live() && !root.exists("/sys/firmware/efi");
    std::vector<std::string> out;
    for (const std::string& config : configs)
        if (!on_esp(config) || !(bios || leads_to_another(root, config, configs)))
            out.push_back(config);
    return out.empty() ? configs : out;
}

} // namespace

BootMenu read_grub_menus(const Sysroot& root, const std::vector<std::string>& configs,
                         const BootLimits& limits) {
    constexpr size_t most = 4;
    std::vector<std::string> all = that_count(root, configs);
    BootMenu out = read_grub_menu(root, all.front(), limits);
    if (all.size() > most) {
        all.resize(most);
        out.doubts.push_back(
            {"more than " + std::to_string(most) + " configurations of GRUB are there",
             printable(all.back(), 512), 0});
    }
    for (size_t i = 1; i < all.size(); ++i) {
        BootMenu more = read_grub_menu(root, all[i], limits);
        const auto add = [](auto& to, auto& from) {
            to.insert(to.end(), std::make_move_iterator(from.begin()),
                      std::make_move_iterator(from.end()));
        };
        add(out.entries, more.entries);
        add(out.doubts, more.doubts);
    }
    return out;
}

} // namespace virt_nested
