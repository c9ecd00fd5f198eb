// SPDX-License-Identifier: GPL-2.0-or-later
// sysctl.d, of which one line concerns us: the one after which no module is loaded any more.
#pragma once

#include "core/modconf/modconf.h"

#include <optional>
#include <string_view>
#include <vector>

namespace virt_nested {

/// The last line of a file that sets kernel.modules_disabled.
struct ModulesDisabled {
    unsigned line = 0;
    std::string text; ///< as it stands, trimmed
    bool on = false;  ///< the kernel takes 1 alone
};
std::optional<ModulesDisabled> modules_disabled_in(std::string_view text);

/// /etc/sysctl.conf and the folders of sysctl.d: a block in doubt where the last such line says 1,
/// for what is loaded before it is applied stays. Appends what could not be read to `problems`.
std::vector<Block> read_modules_disabled(const Sysroot& root, std::vector<ConfProblem>& problems);

} // namespace virt_nested
