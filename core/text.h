// SPDX-License-Identifier: GPL-2.0-or-later
// Small, pure helpers on text. Whatever comes from outside passes through printable() before a
// person or a log sees it.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// `text` made safe for a terminal, a log line and a one-line message: control characters (C0, DEL,
/// C1) and bytes that are not valid UTF-8 become \xNN, as do the Unicode line separators and
/// bidirectional controls, a backslash becomes \\. At most `limit` bytes of it, the rest replaced
/// by "...".
std::string printable(std::string_view text, size_t limit = 256);

/// What printable() has made already, and was kept elsewhere since: as it is, or made printable
/// where something else has taken its place.
std::string still_printable(std::string_view text);

/// Takes the first character off `text`, which is not empty, and gives it as printable() has it, in
/// `room`. Allocates nothing.
std::string_view next_printable(std::string_view& text, std::array<char, 16>& room);

/// `text` as one word for a POSIX shell: as it is where that is safe, in single quotes otherwise.
std::string shell_word(std::string_view text);

/// A guest's name, printable, as the operand of a command to paste: behind "--" where it would be
/// taken for an option.
std::string guest_word(std::string_view name);

/// Without blanks (space, tab, CR, LF) on either end.
std::string_view trim(std::string_view text);

/// The words between blanks (space and tab), empty ones left out.
std::vector<std::string_view> words(std::string_view text);

/// The lines, without their LF; a last line without LF counts.
std::vector<std::string_view> lines(std::string_view text);

/// What stands behind the last slash.
std::string_view base_name(std::string_view path);

bool has_word(std::string_view text, std::string_view word);

/// Of a list with commas, empty ones left out.
std::vector<std::string_view> items(std::string_view list);
bool has_item(std::string_view list, std::string_view word);

/// ASCII alone.
std::string lower_case(std::string_view text);

/// The parts with `separator` between them.
std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// "a, b and c", or "a, b or c" where that is the `last_word`.
std::string listed(const std::vector<std::string>& parts, std::string_view last_word = "and");

/// Whether a file of this name is what a package manager, an editor or a person left beside the
/// file that is meant.
bool left_behind(std::string_view file_name);

/// The number of single-letter changes from one word to the other, for "did you mean"; for words,
/// not for texts: its cost is the product of their lengths.
size_t edit_distance(std::string_view a, std::string_view b);

} // namespace virt_nested
