// SPDX-License-Identifier: GPL-2.0-or-later
// The form that every log daemon reads (RFC 3164, 4.1): "<PRI>virt-nested[PID]: words". Without a
// time, for which the zone's file would have to be read; they put their own.
#include "hooks/log.h"

#include "core/fd.h"
#include "hooks/line.h"

#include <cerrno>
#include <cstddef>
#include <paths.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

namespace virt_nested {

namespace {

bool send_line(int type, std::string_view line) {
    sockaddr_un log{};
    log.sun_family = AF_UNIX;
    static_assert(sizeof _PATH_LOG <= sizeof log.sun_path);
    std::memcpy(log.sun_path, _PATH_LOG, sizeof _PATH_LOG);
    const Fd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return fd.get() >= 0 &&
           ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&log), sizeof log) == 0 &&
           ::send(fd.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

} // namespace

void log_line(int priority, std::string_view words) {
    Line line;
    line << "<" << (LOG_DAEMON | priority) << ">virt-nested[" << ::getpid() << "]: " << words;
    if (send_line(SOCK_DGRAM, line.view()) || errno != EPROTOTYPE)
        return;
    // A daemon that listens to a stream tells lines apart by a NUL.
    send_line(SOCK_STREAM, {line.c_str(), line.view().size() + 1});
}

void say(std::string_view line, int milliseconds) {
    while (!line.empty()) {
        pollfd fd = {STDERR_FILENO, POLLOUT, 0};
        const int ready = ::poll(&fd, 1, milliseconds);
        if (ready == 0)
            return;
        const ssize_t put = ::write(STDERR_FILENO, line.data(), line.size());
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return;
        line.remove_prefix(static_cast<size_t>(put));
    }
}

} // namespace virt_nested
