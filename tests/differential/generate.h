// SPDX-License-Identifier: GPL-2.0-or-later
// Trees of modprobe.d and command lines made up from a seed: mostly plausible, and full of what
// parsers trip over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace virt_nested::test {

struct Entry {
    enum class Kind { file, link, folder };
    Kind kind = Kind::file;
    std::string path; ///< below the root, "etc/modprobe.d/kvm.conf"
    std::string text; ///< or the link's target
};

struct Case {
    std::vector<Entry> entries;
    std::string cmdline;
};

/// The folders of modprobe.d below a root, as the entries name them.
const std::vector<std::string>& generated_folders();

/// The same seed gives the same case.
Case generate(uint64_t seed);

/// An install command for kvm_intel, whose programs have no folder in front.
std::string generate_command(uint64_t seed);

} // namespace virt_nested::test
