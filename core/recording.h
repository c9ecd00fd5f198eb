// SPDX-License-Identifier: GPL-2.0-or-later
// What a machine answered to everything that was asked of it: enough to ask the same again,
// anywhere. A file that nobody asked for is not in it, and one that was missing is in it as
// missing.
#pragma once

#include "core/sysroot.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace virt_nested {

/// What was asked of one path. An error's text is without the prefix of the root.
struct RecordedPath {
    std::optional<Result<FileStatus>> status;
    std::optional<Result<std::string>> link;
    std::optional<Result<std::string>> inside;
    std::optional<Result<std::vector<std::string>>> names;
    std::optional<Result<std::string>> text; ///< the first `asked` bytes, or all of fewer
    size_t asked = 0;
};

struct Recording {
    bool live = true; ///< of a machine that ran, not of a captured folder
    std::map<std::string, RecordedPath, std::less<>> paths;
    std::map<std::string, Result<std::string>, std::less<>> answers;
};

} // namespace virt_nested
