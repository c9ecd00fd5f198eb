// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel of an entry: which release it is, and what that release has of KVM.
#pragma once

#include "core/fact.h"
#include "core/modconf/modconf.h"
#include "core/modconf/values.h"
#include "core/platform.h"
#include "core/sysroot.h"
#include "validator/boot/menu.h"

#include <optional>
#include <string>
#include <vector>

namespace virt_nested {

/// What an installed kernel has of the module that nests.
struct KernelFacts {
    std::string release; ///< printable; empty: not known
    Fact available;      ///< the module is among its files, or built in
    bool folder = false; ///< its folder of modules is there, or where it is not looked for
    std::optional<Linkage> linkage;        ///< absent: not known
    std::vector<std::string> dependencies; ///< of the module, transitively
    /// Its parameters' types as its own file states them; only read where something was written
    /// about KVM.
    std::optional<Parmtypes> types;
};

/// Of one release's folder in /lib/modules. A platform without a module gives nothing.
KernelFacts read_kernel(const Sysroot& root, const Platform* platform, const std::string& release);

/// Releases that have a folder of modules, in byte order; the files of distributions that keep them
/// elsewhere are below /lib/modules by a link.
std::vector<std::string> installed_releases(const Sysroot& root);

/// The release of an entry's kernel: by the entry's own word, the version that an x86 kernel
/// carries in its header (Documentation/arch/x86/boot.rst, kernel_version), the file's name and
/// where it leads, the name that the package gave it (pkgbase, Arch), the only one that is
/// installed. Empty: none of them tells.
std::string release_of(const Sysroot& root, const BootEntry& entry,
                       const std::vector<std::string>& installed);

} // namespace virt_nested
