// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel logged about KVM: the only place where it says why a module did not load.
#pragma once

#include "core/sysroot.h"

#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// Who keeps KVM from working, by the kernel's words.
enum class Refuser {
    nobody, ///< KVM came up: what was said before is over
    firmware,
    hardware,           ///< of this machine, or as an outer host shows it
    outer_host,         ///< of a guest or partition
    no_el2,             ///< Arm64: the firmware, or an outer host, started the kernel at EL1
    confidential_guest, ///< this machine is one, and runs no guests
    parameter,          ///< a value that the module was given
    command_line,
    other_module,     ///< another vendor's has KVM
    other_hypervisor, ///< another one has the CPU's virtualization
};

/// How long a refusal is true if nobody mends anything.
enum class Lasts {
    one_load, ///< the next one may be another: other options, another module gone
    the_boot, ///< until the next one
    always,   ///< until the machine itself is changed
};

/// A line by which the kernel says that KVM works, or does not.
struct LogRow {
    std::string_view id;     ///< for tests
    std::string_view begins; ///< its text, where that is needed to tell it from others
    std::array<std::string_view, 2> words; ///< that stand in it, in this order
    Refuser by;
    Lasts lasts;
    std::string_view module; ///< whose line it is; empty: that of any
    std::string_view source; ///< file of the kernel, and versions where not all
};
std::span<const LogRow> log_rows();

/// The row that this text of a record is about, or nullptr. With `module`: none that is about
/// another vendor's: hosts load both by habit, and one of the two always says no.
const LogRow* log_row(std::string_view text, std::string_view module);

struct LogLine {
    const LogRow* row = nullptr;
    std::string text; ///< printable
};

struct KernelLog {
    std::string source; ///< the file, as a person can open it; empty: none could be read
    /// The last line of each row since KVM last came up, the latest one last. What was overwritten
    /// in the kernel's buffer is not among them, and so nothing is claimed of it.
    std::vector<LogLine> lines;

    /// The latest refusal that lasts at least so long, or nullptr.
    const LogLine* refusal(Lasts at_least) const;
};

/// Of this machine: /dev/kmsg. Of a captured one: dev/kmsg, as cat(1) copies it, or var/log/dmesg,
/// as dmesg(1) prints it. `module`: the one that nests here.
KernelLog read_kernel_log(const Sysroot& root, std::string_view module);

/// One read(2) of /dev/kmsg: one record, or -1 with errno.
using ReadRecord = std::function<ssize_t(char* buffer, size_t size)>;

/// Hands over the text of each of the kernel's own records (user space writes there too) to the end
/// (EAGAIN), until `see` has seen enough (false), or the first 20,000 of a log that does not end.
void each_record(const ReadRecord& read, const std::function<bool(std::string_view text)>& see);

/// The lines of the rows among them.
std::vector<LogLine> read_records(const ReadRecord& read, std::string_view module);

} // namespace virt_nested
