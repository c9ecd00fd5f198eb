// SPDX-License-Identifier: GPL-2.0-or-later
// What the options that reach a module make of `nested`. Pure.
#pragma once

#include "validator/checks/report.h"
#include "validator/facts/facts.h"

#include <optional>
#include <string>
#include <vector>

namespace virt_nested {

struct Outlook {
    State state = State::undetermined; ///< on, off or undetermined
    std::string found;  ///< a clause: "nested=0", "the module is blocked"; for undetermined: why
    std::string source; ///< file and line, or the fact's source
    std::string why;    ///< empty: nothing to add
    Mend mend;          ///< what would turn it on; empty: nothing known
    bool loads = true;  ///< false: off because the module does not come up at all
    std::optional<Origin> origin; ///< where that was written which it rests on

    static Outlook of(State state, std::string found, std::string source);
    Outlook because(std::string text) &&;
    Outlook mend_by(Mend steps) &&;
    Outlook without_module() &&;
    Outlook written_at(Origin place) &&;
};

/// `horizon`: at the next boot udev loads by alias; `kernel`: the one that is to load it; `last`:
/// settings that come behind all others.
Outlook by_options(const Facts& facts, const ModConf& conf, const Cmdline& cmdline, Horizon horizon,
                   const KernelFacts& kernel, const std::vector<Setting>& last = {});

/// What counts for a load by this kernel beside files and command line.
LoadContext load_context(const Facts& facts, const KernelFacts& kernel);

/// The kernel's own default of the platform's parameter: known for upstream kernels, and for those
/// of vendors that are known to keep it; undetermined for the rest.
Fact default_of(const Platform& platform, const std::string& kernel);

} // namespace virt_nested
