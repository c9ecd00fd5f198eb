// SPDX-License-Identifier: GPL-2.0-or-later
// What a unified kernel image says of itself, addons beside it included (UAPI group, Unified Kernel
// Image; systemd: src/boot/stub.c).
#pragma once

#include "core/sysroot.h"
#include "validator/boot/menu.h"
#include "validator/boot/menus/efi_variables.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

struct UnifiedImage {
    bool linux = false;                 ///< it holds a kernel; else it is another EFI program
    bool initrd = false;                ///< and an initramfs
    std::optional<std::string> cmdline; ///< its own
    std::string release;                ///< of the kernel
    std::string os_release;             ///< the text of its .osrel
    unsigned profiles = 0;              ///< several: the values are those of the first
    std::optional<int> stub;            ///< version of systemd-stub
    std::vector<Doubt> doubts;
};

/// Errors: EBADMSG no PE file; else that of reading.
Result<UnifiedImage> read_unified(const Sysroot& root, const std::string& path);

/// `text` as the stub makes a command line of it: blanks for control characters, none at the ends.
std::string stub_cmdline(std::string_view text);

/// Puts kernel release, initramfs and command line of `image` into `entry`, whose `cmdline` holds
/// what the loader gives it. `home`: where its file system is mounted.
void take_unified(const Sysroot& root, const std::string& home, const std::string& path,
                  const UnifiedImage& image, const EfiVariables& variables, BootEntry& entry);

/// The number behind the first `front` in `text`: "systemd-boot 252.39" has 252.
std::optional<int> leading_number(std::string_view text, std::string_view front);

/// The number behind "#### LoaderInfo: NAME " in a program's .sdmagic section.
std::optional<int> program_version(const Sysroot& root, const std::string& path,
                                   std::string_view name);

} // namespace virt_nested
