// SPDX-License-Identifier: GPL-2.0-or-later
// The text of our file.
#include "validator/facts/own_file.h"

#include "core/platform.h"
#include "core/text.h"

#include <algorithm>

namespace virt_nested {

namespace {

constexpr std::string_view header =
    "# Written by virt-nested enable (nested=1) or disable (nested=0); run it again to change it.\n"
    "# In force in place of the package's file of this name; files that sort behind it, and the\n"
    "# kernel command line, have the last word.\n";

} // namespace

std::string option_line(const std::string& module, bool on) {
    return "options " + module + " nested=" + (on ? "1" : "0");
}

std::string own_text(const std::vector<std::string>& modules, bool on) {
    std::string out(header);
    for (const std::string& module : modules)
        out += option_line(module, on) + "\n";
    return out;
}

bool is_own_text(std::string_view text) {
    if (!text.starts_with(header))
        return false;
    for (const std::string_view line : lines(text.substr(header.size()))) {
        const bool known =
            std::any_of(platforms().begin(), platforms().end(), [&](const Platform& platform) {
                const std::string module(platform.module);
                return line == option_line(module, true) || line == option_line(module, false);
            });
        if (!known)
            return false;
    }
    return true;
}

} // namespace virt_nested
