// SPDX-License-Identifier: GPL-2.0-or-later
// inject --watch: the service that makes a label act before the guest's next start, whoever set it.
#pragma once

#include <string>

namespace virt_nested {

/// Until SIGTERM or SIGINT: exit status 0. A daemon that is away is waited for. Exit status 1 where
/// the connection is not QEMU's. One line on standard output for each write, on standard error for
/// what could not be mended, each problem of a guest once.
int watch(const std::string& uri);

} // namespace virt_nested
