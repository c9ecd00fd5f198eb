// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration's file, for the front.
#include "hooks/site_rules.h"

#include "core/fd.h"
#include "hooks/deadline.h"
#include "hooks/line.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace virt_nested {

namespace {

/// Of the front's ten seconds: what then has not come counts as unreadable, and the judge, who
/// reads the file as well, is still asked in time.
constexpr int patience_milliseconds = 2000;

/// A call that was interrupted is made again.
template<typename Call>
auto insist(const Deadline& deadline, Call call) {
    for (;;) {
        const auto result = call();
        if (result >= 0 || errno != EINTR || deadline.passed())
            return result;
    }
}

/// Bytes of the file, or -1; with errno ENOENT there is none.
ssize_t read_file(const char* path, char* text, size_t room) {
    const Deadline deadline(patience_milliseconds);
    const Fd fd(insist(
        deadline, [path] { return ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }));
    struct stat status {};
    if (fd.get() < 0) {
        // A link that leads nowhere was meant to be a file.
        const bool none = errno == ENOENT && ::lstat(path, &status) != 0 && errno == ENOENT;
        errno = none ? ENOENT : EIO;
        return -1;
    }
    errno = EIO;
    if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return -1;
    size_t size = 0;
    while (size < room) {
        const ssize_t got =
            insist(deadline, [&] { return ::read(fd.get(), text + size, room - size); });
        if (got < 0)
            errno = EIO;
        if (got <= 0)
            return got < 0 ? -1 : static_cast<ssize_t>(size);
        size += static_cast<size_t>(got);
    }
    return static_cast<ssize_t>(size);
}

} // namespace

Rules read_rules(const HookArguments& arguments) {
    // One byte more than counts, to know of a file that is longer.
    static char text[config_limit + 1];
    Line path;
    if (arguments.config)
        path << arguments.config;
    else
        path << arguments.root << config_path;
    if (path.full())
        return strict_rules;
    const ssize_t size = read_file(path.c_str(), text, sizeof text);
    if (size < 0)
        return errno == ENOENT ? Rules() : strict_rules;
    return parse_rules({text, static_cast<size_t>(size)});
}

} // namespace virt_nested
