// SPDX-License-Identifier: GPL-2.0-or-later
// The types of a module's parameters as the host's own module states them; nothing is loaded for
// that.
#pragma once

#include "core/modconf/values.h"
#include "core/sysroot.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace virt_nested {

/// Read from the module's own file (ELF of either byte order and word size, packed with gzip, xz or
/// zstd or not at all) or, for a built-in, from modules.builtin.modinfo. Errors: ENOENT no such
/// module; EBADMSG corrupt, or not a module; else that of reading (unpack.h).
Result<Parmtypes> read_parmtypes(const Sysroot& root, std::string_view kernel_release,
                                 std::string_view module);

/// "key=value" records, NUL between them, as in .modinfo: those of parmtype.
std::vector<std::pair<std::string, std::string>> parmtypes_in(std::string_view modinfo,
                                                              std::string_view module_prefix = {});

} // namespace virt_nested
