// SPDX-License-Identifier: GPL-2.0-or-later
// The firmware's variables, as far as boot loaders read them (efivarfs: 4 bytes of attributes, then
// the value).
#pragma once

#include "core/sysroot.h"
#include "validator/boot/menu.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

class EfiVariables {
  public:
    explicit EfiVariables(const Sysroot& root);

    /// False: what the firmware would answer is not known, e.g. of a captured machine.
    bool known() const { return known_; }
    const std::string& folder() const { return folder_; }

    /// One of the loaders' own (vendor 4a67b082-..., Boot Loader Interface): a text; nothing where
    /// it is not set. One that cannot be read becomes a doubt.
    std::optional<std::string> loader_text(std::string_view name, std::vector<Doubt>& doubts) const;
    std::string loader_path(std::string_view name) const;

    /// Secure Boot; nothing where that is not known.
    std::optional<bool> secure_boot() const;

  private:
    const Sysroot& root_;
    std::string folder_ = "/sys/firmware/efi/efivars";
    bool known_ = false;
};

} // namespace virt_nested
