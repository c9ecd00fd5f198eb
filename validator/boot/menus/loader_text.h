// SPDX-License-Identifier: GPL-2.0-or-later
// A configuration file of a boot loader, read within the bounds of one menu, or the doubt that
// stands in its place. For the readers alone.
#pragma once

#include "core/sysroot.h"
#include "validator/boot/menu.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// "PATH:LINE", or the path alone where there is no line; printable, as a Doubt has it.
std::string doubt_source(std::string_view path, unsigned line = 0);

/// "the WHAT cannot be read: REASON", the reason without the path that Error puts in front.
Doubt unread(const Sysroot& root, std::string_view path, const Error& error, std::string_view what);

/// The files of one menu.
class LoaderText {
  public:
    LoaderText(const Sysroot& root, const BootLimits& limits) : root_(root), limits_(limits) {}

    /// Nothing where it cannot be had; `doubts` then says why. `what`: "entry file".
    std::optional<std::string> read(const std::string& path, std::string_view what,
                                    std::vector<Doubt>& doubts);
    /// The same, but a file that is not there is no doubt.
    std::optional<std::string> read_if_there(const std::string& path, std::string_view what,
                                             std::vector<Doubt>& doubts);

  private:
    const Sysroot& root_;
    const BootLimits& limits_;
    size_t used_ = 0; ///< bytes
};

} // namespace virt_nested
