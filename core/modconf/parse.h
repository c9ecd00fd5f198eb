// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of one file of modprobe.d. For core/modconf* alone.
#pragma once

#include "core/modconf/modconf.h"

namespace virt_nested {

/// One line as modprobe sees it (kmod: shared/util.c freadline_wrapped).
struct LogicalLine {
    std::string text;     ///< continued lines joined, up to the first NUL
    std::string_view raw; ///< as in the file, with its line end
    uint32_t first = 0;   ///< number of its first line in the file, from 1
};

class LineReader {
  public:
    LineReader(std::string_view text, const KmodProfile& profile)
        : text_(text), keeps_end_(!profile.end_after_backslash) {}
    bool next(LogicalLine& line);

  private:
    std::string_view text_;
    size_t at_ = 0;
    uint32_t number_ = 1;
    bool keeps_end_;
};

/// Cuts the next word (blank and tab) off `rest`, as strtok_r does: the one separator behind it is
/// gone too. Nothing at the end.
std::optional<std::string_view> cut_word(std::string_view& rest);

/// '_' for '-', but not inside brackets; false for a bracket without its partner (kmod:
/// shared/util.c underscores).
bool to_underscores(std::string& name);

/// The dependencies of a softdep that libkmod sees, "pre:" and "post:" ones together.
bool has_soft_dependencies(std::string_view text);

/// Appends what a file says. Not empty: a limit that was met, and the rest was not read.
std::string parse_file(ModConf& conf, uint32_t file, std::string_view text,
                       const ConfLimits& limits);

} // namespace virt_nested
