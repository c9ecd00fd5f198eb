// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration's file, for the front.
#include "hooks/site_rules.h"

#include "hooks/line.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace virt_nested {

namespace {

/// A call that was interrupted is made again; the caller's deadline ends what does not come.
template<typename Call>
auto insist(Call call) {
    for (;;) {
        const auto result = call();
        if (result >= 0 || errno != EINTR)
            return result;
    }
}

ssize_t read_open_file(int fd, char* text, size_t room) {
    struct stat status {};
    if (insist([&] { return ::fstat(fd, &status); }) != 0 || !S_ISREG(status.st_mode))
        return -1;
    size_t size = 0;
    while (size < room) {
        const ssize_t got = insist([&] { return ::read(fd, text + size, room - size); });
        if (got <= 0)
            return got < 0 ? -1 : static_cast<ssize_t>(size);
        size += static_cast<size_t>(got);
    }
    return static_cast<ssize_t>(size);
}

/// A link that leads nowhere was meant to be a file, or the folder of one. Of a path that is not
/// there.
bool leads_nowhere(char* path) {
    struct stat status {};
    if (::lstat(path, &status) == 0 || errno != ENOENT)
        return true;
    char* slash = std::strrchr(path, '/');
    if (!slash || slash == path)
        return false;
    *slash = '\0';
    return ::lstat(path, &status) == 0 && ::stat(path, &status) != 0;
}

/// Bytes of the file, or -1; with errno ENOENT there is none.
ssize_t read_file(char* path, char* text, size_t room) {
    // Closed by hand: a jump over it would run no destructor.
    const int fd =
        insist([path] { return ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); });
    if (fd < 0) {
        errno = errno == ENOENT && !leads_nowhere(path) ? ENOENT : EIO;
        return -1;
    }
    const ssize_t size = read_open_file(fd, text, room);
    ::close(fd);
    errno = EIO;
    return size;
}

} // namespace

std::optional<Rules> read_rules(const HookArguments& arguments) {
    // One byte more than counts, to know of a file that is longer.
    static char text[config_limit + 1];
    static Line path;
    if (arguments.config)
        path << arguments.config;
    else
        path << arguments.root << config_path;
    if (path.full())
        return std::nullopt;
    const ssize_t size = read_file(path.c_str(), text, sizeof text);
    if (size < 0)
        return errno == ENOENT ? std::optional<Rules>(Rules()) : std::nullopt;
    return parse_rules({text, static_cast<size_t>(size)});
}

} // namespace virt_nested
