// SPDX-License-Identifier: GPL-2.0-or-later
// The judge, started, fed and listened to; whatever becomes of it, there is an answer in time.
#pragma once

#include "hooks/input.h"

#include <string>

namespace virt_nested {

/// The judge gives up on a fact after 5 s; one that says nothing for this long is stuck in the
/// kernel.
inline constexpr int judge_milliseconds = 8000;

struct JudgeAnswer {
    int status = 0; ///< as waitpid gives it
    bool late = false;
    std::string words; ///< the judge's standard error

    bool passed() const;
    bool refused() const;
    /// Where it is neither: "exit status 127: ...".
    std::string why_neither() const;
};

/// The judge lies in the folder of this program, wherever the link that libvirt followed lies.
std::string judge_path();

/// The judge gets this program's arguments, and the input from its beginning on.
JudgeAnswer ask_judge(char** argv, Input& input);

} // namespace virt_nested
