// SPDX-License-Identifier: GPL-2.0-or-later
// Opened so that nothing hangs, read to its end.
#include "validator/definition_file.h"

#include "cli/command.h"
#include "core/text.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace virt_nested {

Fd open_definition(const std::string& file) {
    if (file == "-")
        return Fd(::dup(STDIN_FILENO));
    Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd.get() < 0)
        throw UsageError("'" + printable(file) + "': " + std::strerror(errno));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
        throw UsageError("'" + printable(file) + "' is not a regular file");
    return fd;
}

Result<std::string> read_definition(const std::string& file) {
    const Fd fd = open_definition(file);
    if (file == "-" && ::isatty(fd.get()) == 1)
        throw UsageError("standard input is a terminal; hand a definition in: virsh dumpxml "
                         "--inactive GUEST | virt-nested inject -");
    std::string text;
    std::array<char, 65536> buffer{};
    ssize_t got = 0;
    while (text.size() <= definition_limit) {
        got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        text.append(buffer.data(), static_cast<size_t>(got));
    }
    if (got < 0)
        return Error{errno, std::string("it could not be read: ") + std::strerror(errno)};
    if (text.size() > definition_limit)
        return Error{EFBIG, "it is larger than 16 MiB, and no definition (libvirt takes 4 MiB)"};
    if (trim(text).empty())
        return Error{0, "there is nothing in it"};
    return text;
}

} // namespace virt_nested
