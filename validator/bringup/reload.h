// SPDX-License-Identifier: GPL-2.0-or-later
// Unload the module, load it, ask KVM; and when it does not come back, put the previous
// configuration back and load that. A host must not be left without KVM.
#pragma once

#include "cli/exit_status.h"
#include "core/fact.h"
#include "core/process.h"
#include "core/result.h"

#include <functional>
#include <string>
#include <vector>

namespace virt_nested {

/// What a reload does to the host, so that tests can stand in for it.
class ReloadHost {
  public:
    virtual ~ReloadHost() = default;
    virtual Result<Ran> run(const std::vector<std::string>& arguments) = 0;
    virtual bool loaded(const std::string& module) = 0;
    virtual Fact nests() = 0; ///< KVM's own answer
    /// The configuration as it was before this command; true where that changed anything.
    virtual Result<bool> restore() = 0;
    /// What the kernel has said of KVM since the last call, one line; may be empty.
    virtual std::string kernel_says() = 0;
    virtual void say(const std::string& line) = 0;
};

/// `on`: what KVM shall answer afterwards; `option`: handed to the module behind what is
/// configured, or empty.
ExitStatus reload(ReloadHost& host, const std::string& module, bool on,
                  const std::string& option = {});

/// Runs `work` in a process of its own: no terminal, deaf to SIGHUP, SIGINT, SIGQUIT, SIGTERM,
/// SIGPIPE and SIGTSTP, so that a lost connection does not end it between unloading and loading.
/// What it says goes to the system's log, and to standard output as long as there is one.
ExitStatus detached(const std::function<ExitStatus(const std::function<void(std::string)>&)>& work);

} // namespace virt_nested
