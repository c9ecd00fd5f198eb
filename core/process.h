// SPDX-License-Identifier: GPL-2.0-or-later
// Running another program: by a list of arguments, never through a shell, with a time limit.
#pragma once

#include "core/result.h"

#include <chrono>
#include <string>
#include <vector>

namespace virt_nested {

/// How a program ended, and what it said (at most 1 MiB of each, the rest is read and dropped).
struct Ran {
    int status = -1; ///< exit status; -1 where a signal ended it
    int signal = 0;
    bool timed_out = false; ///< it was killed, together with what it had started
    std::string out;
    std::string err;

    bool well() const { return status == 0 && !timed_out; }
    /// "exit status 1: modprobe: FATAL: ...", printable, one line; empty if all was well.
    std::string why() const;
};

/// `command` in $PATH, or else in the folders of system programs, which the PATH of a person who
/// became root may lack. Empty: not there.
std::string find_program(const std::string& command);

/// Runs it in a session of its own (no signal of a terminal reaches it), standard input empty, in
/// English, and waits. Errors: ENOENT no such program; else what kept it from being started.
Result<Ran> run_program(const std::vector<std::string>& arguments,
                        std::chrono::milliseconds timeout);

} // namespace virt_nested
