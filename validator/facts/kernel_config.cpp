// SPDX-License-Identifier: GPL-2.0-or-later
// How a kernel was built: scripts/kconfig writes "CONFIG_X=m" or "# CONFIG_X is not set", and
// nothing at all for what depends on something that is not set.
#include "validator/facts/kernel_config.h"

#include "core/text.h"
#include "validator/boot/image/unpack.h"

#include <algorithm>
#include <vector>

namespace virt_nested {

namespace {

constexpr size_t most_bytes = 4U << 20; ///< a distribution's is 300 KiB

} // namespace

bool built_with(std::string_view config, std::string_view option) {
    const std::vector<std::string_view> all = lines(config);
    return std::any_of(all.begin(), all.end(), [&](std::string_view line) {
        return line.starts_with(option) && (line.substr(option.size()).starts_with("=y") ||
                                            line.substr(option.size()).starts_with("=m"));
    });
}

std::optional<bool> built_with(const Sysroot& root, const std::string& release,
                               std::string_view option, bool running) {
    if (release.empty() || option.empty())
        return std::nullopt;
    // Where distributions put it: Debian and Fedora; Fedora again; CONFIG_IKCONFIG_PROC.
    std::vector<std::string> places = {"/boot/config-" + release,
                                       "/lib/modules/" + release + "/config"};
    if (running)
        places.emplace_back("/proc/config.gz");
    for (const std::string& place : places) {
        const Result<std::string> text = root.answer(
            "unpacked " + place, [&] { return read_unpacked(root, place, most_bytes); });
        // A file that is cut off or no configuration says nothing of what it lacks.
        if (text && text->find("CONFIG_64BIT=") != std::string::npos)
            return built_with(*text, option);
    }
    return std::nullopt;
}

} // namespace virt_nested
