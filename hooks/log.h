// SPDX-License-Identifier: GPL-2.0-or-later
// The system's log, which may be stuck while a guest starts: syslog(3) would wait for it, and
// libvirt for us.
#pragma once

#include <string_view>

namespace virt_nested {

/// One line to /dev/log, at `priority` of syslog.h. Never waits and never fails: what the log does
/// not take at once is lost, and was said on standard error before. Without memory of its own, and
/// good in a signal handler.
void log_line(int priority, std::string_view line);

/// To standard error, which libvirt shows where a guest is refused; lost where nobody has taken it
/// after so many milliseconds. Good in a signal handler.
void say(std::string_view line, int milliseconds = 10000);

} // namespace virt_nested
