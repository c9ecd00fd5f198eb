// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration's file. Read by hand, for read_config() brings a Sysroot along.
#include "hooks/unlabelled_rule.h"

#include "core/fd.h"

#include <fcntl.h>
#include <string>
#include <sys/stat.h>

namespace virt_nested {

namespace {

std::string path_of(const HookArguments& arguments) {
    return arguments.config ? std::string(arguments.config)
                            : std::string(arguments.root) + config_path;
}

} // namespace

UnlabelledRule read_unlabelled_rule(const HookArguments& arguments) {
    const Fd fd(::open(path_of(arguments).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status {};
    if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return UnlabelledRule::allow;
    static char text[config_limit];
    size_t size = 0;
    ssize_t got = 0;
    while (size < sizeof text && (got = ::read(fd.get(), text + size, sizeof text - size)) > 0)
        size += static_cast<size_t>(got);
    return parse_rules({text, size}).unlabelled;
}

} // namespace virt_nested
