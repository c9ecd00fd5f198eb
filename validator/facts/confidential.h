// SPDX-License-Identifier: GPL-2.0-or-later
// Whether this host is itself a confidential guest, in which no KVM runs guests.
#pragma once

#include "core/fact.h"
#include "core/sysroot.h"
#include "validator/facts/kernel_log.h"

#include <array>
#include <span>
#include <string_view>

namespace virt_nested {

/// A kind of confidential guest, by what tells a guest of it from a host that could run one.
struct ConfidentialKind {
    std::string_view name;                 ///< for people
    std::string_view cpu_flag;             ///< among the flags of /proc/cpuinfo
    std::array<std::string_view, 2> files; ///< that are there in such a guest alone
    std::string_view reads_1;              ///< a file that says 1 in it
    std::string_view log;                  ///< a word of the kernel's line on it (kernel_log.h)
    std::string_view why;                  ///< no guest runs in it
    std::string_view source;               ///< files of the kernel
};

std::span<const ConfidentialKind> confidential_kinds();

/// The row of this name, or nullptr.
const ConfidentialKind* confidential_kind(std::string_view name);

/// On: it is one, and `found` is the kind's name. Absent: nothing tells, which of plain SEV only
/// the kernel's log does.
Fact read_confidential(const Sysroot& root, std::string_view cpuinfo, const KernelLog& log);

} // namespace virt_nested
