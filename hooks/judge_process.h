// SPDX-License-Identifier: GPL-2.0-or-later
// The judge, started, fed and listened to.
#pragma once

#include "hooks/input.h"
#include "hooks/line.h"

#include <sys/types.h>

namespace virt_nested {

/// What there is to do where nothing is wrong with the installation.
inline constexpr std::string_view try_again =
    "start it again, and where this stays, see what virt-nested selftest says";

struct JudgeAnswer {
    enum class Is {
        neither, ///< every end but the two below
        passed,  ///< it said so, of these bytes and this label, and ended well
        refused, ///< it ended with 1 and words
    };

    Is is = Is::neither;
    Line words; ///< the refusal, or what was wrong: "exit status 127: ..."
    /// What there is to do about `neither`.
    std::string_view mend;
};

/// The judge lies in the folder of this program, wherever the link that libvirt followed lies.
Line judge_path();

/// The judge gets this program's arguments, and the input from its beginning on. `running` is its
/// process while there is one, for a deadline's handler. Waits for as long as the judge lives.
JudgeAnswer ask_judge(char** argv, Input& input, volatile pid_t& running);

} // namespace virt_nested
