// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration's file, and what can be wrong with the file as a whole.
#include "core/config.h"
#include "core/sysroot.h"
#include "core/text.h"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>

namespace virt_nested {

Config read_config(const Sysroot& root, std::string_view path) {
    const std::string shown = root.shown(path);
    const Result<std::string> text = root.read_head(path, config_limit + 1);
    if (!text) {
        // A link that leads nowhere was meant to be a file, or the folder of one.
        const std::string_view folder = path.substr(0, path.rfind('/'));
        if (text.error().code == ENOENT && !root.link(path) &&
            (!root.link(folder) || root.exists(folder)))
            return {};
        const std::string& what = text.error().what;
        return unreadable_config(shown, what.substr(std::min(shown.size() + 2, what.size())));
    }
    Config config = parse_config(*text, shown);
    const Result<FileStatus> status = root.status(path);
    if (status && (status->mode & (S_IWGRP | S_IWOTH)) != 0)
        config.problems.push_back(
            {shown, 0, "can be written by others than root; run: chmod go-w " + shell_word(shown)});
    return config;
}

} // namespace virt_nested
