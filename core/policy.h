// SPDX-License-Identifier: GPL-2.0-or-later
// label x domain x host x phase -> verdict. Pure: no file, no XML, no clock.
#pragma once

#include "core/advice.h"
#include "core/config.h"
#include "core/delivery.h"
#include "core/host.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// libvirt's hook operations that are judged (docs/hooks.rst). Any other one passes unseen.
enum class Phase { prepare, start, started, migrate, restore, reconnect };
inline constexpr std::array<Phase, 6> all_phases = {
    Phase::prepare, Phase::start, Phase::started, Phase::migrate, Phase::restore, Phase::reconnect};

const char* name(Phase phase);
std::optional<Phase> phase_of(std::string_view operation);

/// The platform that judges this guest: the host's for KVM, the emulated one for type='qemu';
/// nullptr where none is known.
const Platform* platform_of_guest(const Domain& domain, const Host& host);

struct Verdict {
    bool refuse = false;
    bool would_refuse = false;           ///< but for `mode = report`, which refuses nothing
    bool undetermined = false;           ///< a fact that the verdict rests on could not be had
    std::string reason;                  ///< one sentence without the guest's name; also for a pass
    std::string mend;                    ///< a command that ends the refusal, or empty
    std::string decision;                ///< what has to be decided, or done beside it; or empty
    std::vector<std::string> warnings{}; ///< for the log
};

/// Whether the verdict can rest on the host at all: most starts need not look at it.
bool needs_host(const Domain& domain, const Config& config);

/// Reconnect and restore never refuse, and with `mode = report` nothing does; what would be a
/// refusal becomes a warning.
Verdict decide(Phase phase, const Domain& domain, const Host& host, const Config& config);

/// The verdict on input that could not be read as a domain: refused where the label's URI was seen
/// or the site forbids unlabelled guests, else passed, with a warning.
Verdict decide_unreadable(Phase phase, const std::string& problem, bool label_seen,
                          const Config& config);

/// "virt-nested: 'web1' refused: REASON; run: MEND; DECISION": one line, printable, no newline.
std::string refusal(std::string_view guest, const Verdict& verdict);

} // namespace virt_nested
