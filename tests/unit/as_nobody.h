// SPDX-License-Identifier: GPL-2.0-or-later
// For tests of what may not be read: root reads everything.
#pragma once

#include <stdexcept>
#include <unistd.h>

namespace virt_nested::test {

/// As long as it lives the process has nobody's rights, if it is root.
class AsNobody {
  public:
    AsNobody() {
        if (::getuid() == 0 && ::seteuid(65534) != 0)
            throw std::runtime_error("seteuid");
    }
    ~AsNobody() {
        if (::getuid() == 0 && ::seteuid(0) != 0)
            ::_exit(1);
    }
    AsNobody(const AsNobody&) = delete;
    AsNobody& operator=(const AsNobody&) = delete;
};

} // namespace virt_nested::test
