// SPDX-License-Identifier: GPL-2.0-or-later
// The names of what lint finds.
#include "core/modconf/lint.h"

#include <array>

namespace virt_nested {

const char* name(LintKind kind) {
    static constexpr std::array names = {
        "wrong-type",     "wrong-module",     "unknown-parameter",
        "unknown-module", "trailing-comment", "blanks-around-equals",
        "line-end",       "indented-comment", "swallowed-line",
        "keyword",        "incomplete",       "include",
        "glob",           "wrong-folder",     "folder-not-read",
        "wrong-suffix",   "sub-folder",       "not-normalised",
        "after-dashes",   "quoted-name",      "upper-case",
        "too-long",       "built-in"};
    static_assert(names.size() == static_cast<size_t>(LintKind::built_in) + 1);
    return names[static_cast<size_t>(kind)];
}

} // namespace virt_nested
