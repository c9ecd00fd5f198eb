// SPDX-License-Identifier: GPL-2.0-or-later
// Arguments of the kernel's command line that concern KVM, and where they stand in the files that a
// boot loader's tool makes its entries from.
#pragma once

#include "core/sysroot.h"
#include "validator/boot/loaders.h"

#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// Whether an argument can change what KVM does, or whether its module is loaded. What is none of
/// these may differ between two boots.
bool concerns_kvm(std::string_view argument);

/// Those of a command line, as they are spelled there; also behind "--", where libkmod reads on.
std::vector<std::string> kvm_arguments(std::string_view cmdline);

/// One of them in such a file.
struct ArgumentPlace {
    std::string file; ///< inside the root
    unsigned line = 0;
    std::string variable; ///< "GRUB_CMDLINE_LINUX_DEFAULT"; empty where the line has no name
    std::string text;     ///< "kvm-intel.nested=0", as it is spelled
};

/// What the files of a list say.
struct ListLines {
    std::vector<ArgumentPlace> places;
    /// The file whose line has the last word on what an argument is added to: one that sets it
    /// without what was there before. Empty: the first file is as good as another.
    std::string set_in;
};
ListLines read_argument_list(const Sysroot& root, const ArgumentList& list);

} // namespace virt_nested
