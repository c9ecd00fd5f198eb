// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's `test` and `[` (grub: grub-core/commands/test.c). Pure but for its questions about files.
#pragma once

#include "validator/boot/grub/state.h"

#include <functional>
#include <vector>

namespace virt_nested::grub {

enum class Tri { no, yes, unknown };

inline Tri tri(bool value) {
    return value ? Tri::yes : Tri::no;
}

/// Answers `-e`, `-f`, `-d` or `-s` ('e', 'f', 'd', 's') about a path.
using FileQuestion = std::function<Tri(char, const Text&)>;

/// `words` without the command's name.
Tri test(const State& state, const std::vector<Text>& words, const FileQuestion& file);

/// A number as GRUB's own strtoul reads it, decimal, 0x or 0; what follows in `rest`. False: none.
bool read_number(std::string_view text, unsigned long& value, std::string_view& rest);

} // namespace virt_nested::grub
