// SPDX-License-Identifier: GPL-2.0-or-later
// Whether the host will nest after the next load of the module, and after the next boot: the facts
// folded into one answer, with what it rests on. Pure.
#pragma once

#include "validator/facts/facts.h"

#include <string>

namespace virt_nested {

/// Of a platform whose KVM has no nesting.
inline constexpr const char* never_changes =
    "No option of the kernel and no setting of the machine changes that.";

struct Outlook {
    State state = State::undetermined; ///< on, off or undetermined
    std::string found;  ///< a clause: "nested=0", "the module is blocked"; for undetermined: why
    std::string source; ///< file and line, or the fact's source
    std::string why;    ///< empty: nothing to add
    std::string fix;    ///< what would turn it on; empty: nothing known
};

/// What `modprobe MODULE` would lead to.
Outlook at_next_load(const Facts& facts);

/// What the next boot will lead to: the image's modprobe.d where the image holds the module, the
/// live one else; the command line of the boot entries where they are readable.
Outlook at_next_boot(const Facts& facts);

/// The kernel's own default of the platform's parameter: known for upstream kernels, and for those
/// of vendors that are known to keep it; undetermined for the rest.
Fact default_of(const Platform& platform, const std::string& kernel);

} // namespace virt_nested
