// SPDX-License-Identifier: GPL-2.0-or-later
// What libvirt keeps of QEMU's answers between its starts.
#pragma once

#include "core/fact.h"
#include "core/platform.h"
#include "core/sysroot.h"
#include "validator/facts/machine.h"

#include <optional>
#include <string>
#include <vector>

namespace virt_nested {

/// For one emulator (libvirt: src/qemu/qemu_capabilities.c, virQEMUCapsFormatCache).
struct CachedCapabilities {
    std::string path;            ///< inside the root
    std::string kernel;          ///< release that ran then; empty: not kept
    int libvirt = 0;             ///< version that wrote it: 9000000 is 9.0.0
    bool nesting = false;        ///< the module's parameter was on for libvirt
    std::optional<bool> feature; ///< QEMU's host CPU had the platform's feature under KVM
    std::optional<bool> paging;  ///< and nested paging for it
};

struct LibvirtFacts {
    std::vector<CachedCapabilities> capabilities;
    Fact read; ///< the folder of them; absent: libvirt keeps none
};

/// What libvirt makes of the nested parameter: on if it starts with Y, y or 1 (libvirt:
/// src/qemu/qemu_capabilities.c, virQEMUCapsKVMSupportsNesting).
bool on_for_libvirt(const Fact& parameter);

LibvirtFacts read_libvirt(const Sysroot& root, const Platform* platform,
                          const MachineFacts& machine);

} // namespace virt_nested
