// SPDX-License-Identifier: GPL-2.0-or-later
// The judge's own word, on its standard output: "pass BYTES LABEL", with the bytes of the
// definition that it read and whether it saw a label's prefix among them (0 or 1). An exit status
// says only how a process ended.
#pragma once

#include "hooks/line.h"

#include <string_view>

namespace virt_nested {

inline constexpr std::string_view pass_word = "pass";
inline constexpr std::string_view refuse_word = "refuse";

inline void put_verdict(Line& out, std::string_view word, size_t bytes, bool label) {
    out << word << " " << static_cast<long>(bytes) << (label ? " 1\n" : " 0\n");
}

} // namespace virt_nested
