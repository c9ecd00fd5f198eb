// SPDX-License-Identifier: GPL-2.0-or-later
// /proc/cpuinfo, as far as it tells the machine: pure text in, words out. Its shape is the
// architecture's own (arch/*/kernel/{cpu/proc,setup-common,processor,cpuinfo}.c), so a captured
// machine tells what it is, whatever this program was built for.
#pragma once

#include "core/platform.h"
#include "core/result.h"
#include "core/sysroot.h"

#include <string>
#include <string_view>

namespace virt_nested {

/// The first CPU's record, and on s390x the machine's lines before it. The kernel makes the text as
/// it is read, page by page, so a host with 512 CPUs costs what one with 2 costs.
Result<std::string> read_cpu_record(const Sysroot& root);

/// The first CPU's record, and what the kernel writes behind the last one's, for the whole machine
/// (CpuRecord::first_and_behind). What is between is passed over, so that nobody searches it.
Result<std::string> read_outer_records(const Sysroot& root);

/// The value of the first "key : value", or empty.
std::string_view cpu_field(std::string_view cpuinfo, std::string_view key);

/// 9 of "cpu : POWER9 (architected), altivec supported"; 0: no such line.
int power_generation(std::string_view cpuinfo);

/// Whether the CPU shows the flag that this platform's nesting needs; false where none tells.
bool shows_flag(std::string_view cpuinfo, const Platform& platform);

struct Machine {
    std::string name; ///< as uname -m would say; empty if it cannot be told
    const Platform* platform = nullptr;
};

Machine identify(std::string_view cpuinfo);

} // namespace virt_nested
