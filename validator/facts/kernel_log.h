// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel logged about KVM: the only place where it says why a module did not load.
#pragma once

#include "core/sysroot.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

struct KernelLog {
    std::string source; ///< the file, as a person can open it; empty: none could be read
    std::vector<std::string> lines; ///< those about KVM, VMX, SVM, SIE; printable, at most 64
};

/// Of this machine: /dev/kmsg. Of a captured one: dev/kmsg, as cat(1) copies it, or var/log/dmesg,
/// as dmesg(1) prints it.
KernelLog read_kernel_log(const Sysroot& root);

/// One read(2) of /dev/kmsg: one record, or -1 with errno.
using ReadRecord = std::function<ssize_t(char* buffer, size_t size)>;

/// Hands over the text of each record to the end (EAGAIN), until `see` has seen enough (false), or
/// the first 20,000 of a log that does not end.
void each_record(const ReadRecord& read, const std::function<bool(std::string_view text)>& see);

/// The lines about KVM among them.
std::vector<std::string> read_records(const ReadRecord& read);

} // namespace virt_nested
