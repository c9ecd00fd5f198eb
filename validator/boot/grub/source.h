// SPDX-License-Identifier: GPL-2.0-or-later
// A text as GRUB's shell takes it in. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace virt_nested::grub {

/// A text as GRUB's lexer gets it: lines that begin with '#' are left out, as are carriage returns
/// (grub: normal/main.c read_config_file_getline, lib/getline.c).
class Source {
  public:
    /// `of_lines`: it is no file, but a Text (grub_state.h) of that line of one.
    Source(std::string path, std::string_view raw, unsigned of_lines = 0);

    const std::string& path() const { return path_; }
    std::string_view text() const { return text_; }
    /// The first line with a byte that no configuration has, 0: none.
    unsigned odd_line() const { return odd_line_; }
    /// The number of the line, where `breaks` line feeds stand before `at`.
    unsigned line(size_t at, unsigned breaks) const;

  private:
    std::string path_, text_;
    unsigned of_lines_ = 0, odd_line_ = 0;
    std::vector<std::pair<uint32_t, uint32_t>> left_out_; ///< from there on, so many lines more
};

/// Where the variable at `at`, which is a '$', ends; 0: it is none. Its name in `name`.
size_t variable_end(std::string_view text, size_t at, std::string_view& name);

} // namespace virt_nested::grub
