// SPDX-License-Identifier: GPL-2.0-or-later
// The reload on this very machine.
#pragma once

#include "core/atomic_file.h"
#include "core/sysroot.h"
#include "validator/bringup/reload.h"

#include <functional>
#include <string>

namespace virt_nested {

class LiveReloadHost final : public ReloadHost {
  public:
    /// `file`: our file, open and locked, or nullptr where this command has not changed it; `kind`
    /// and `text`: as it was before.
    LiveReloadHost(const Sysroot& root, AtomicFile* file, AtomicFile::Kind kind, std::string text,
                   std::function<void(std::string)> say);

    Result<Ran> run(const std::vector<std::string>& arguments) override;
    bool loaded(const std::string& module) override;
    Fact nests() override;
    Result<bool> restore() override;
    std::string kernel_says() override;
    void say(const std::string& line) override { say_(line); }

  private:
    const Sysroot& root_;
    AtomicFile* file_;
    AtomicFile::Kind kind_;
    std::string text_;
    std::function<void(std::string)> say_;
    Fd kernel_log_;
};

} // namespace virt_nested
