// SPDX-License-Identifier: GPL-2.0-or-later
// What a validation says: one list of findings, and from it one verdict for each horizon. Every
// output format renders this and nothing else.
#pragma once

#include "core/config.h"
#include "core/platform.h"
#include "validator/checks/step.h"
#include "validator/facts/machine.h"

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

enum class Outcome { pass, warn, fail, undetermined, skip };

/// `now`: the running kernel. `next_load`: what modprobe would do. `next_boot`: what the initramfs,
/// the command line and the configuration will do.
enum class Horizon { now, next_load, next_boot };
inline constexpr std::array<Horizon, 3> all_horizons = {Horizon::now, Horizon::next_load,
                                                        Horizon::next_boot};

/// A set of horizons.
using Horizons = unsigned;
constexpr Horizons only(Horizon horizon) {
    return 1U << static_cast<unsigned>(horizon);
}
inline constexpr Horizons at_now = only(Horizon::now);
inline constexpr Horizons at_load = only(Horizon::next_load);
inline constexpr Horizons at_boot = only(Horizon::next_boot);
/// Told, and counted for none of the three: the image of a kernel that is not the next boot's.
inline constexpr Horizons at_none = 1U << all_horizons.size();

const char* name(Outcome outcome);
const char* name(Horizon horizon);

/// One thing that a check found. Texts are printable; `why` and `mend` override those of the
/// check's entry where they are not empty.
struct Finding {
    Outcome result = Outcome::pass;
    std::string expected;
    std::string found;  ///< for skip and undetermined: the reason
    std::string source; ///< file and line, or the ioctl
    std::string why;
    Mend mend;
    Horizons horizons = 0; ///< where it differs from the check's
    bool waived = false;   ///< by whoever runs it
    bool told = false;     ///< to people too, although all is well

    static Finding of(Outcome result, std::string expected, std::string found,
                      std::string source = {});
    static Finding pass(std::string expected, std::string found, std::string source = {});
    static Finding warn(std::string expected, std::string found, std::string source = {});
    static Finding fail(std::string expected, std::string found, std::string source = {});
    static Finding undetermined(std::string expected, std::string reason, std::string source = {});
    static Finding skip(std::string reason, std::string source = {});
    Finding because(std::string text) &&;
    Finding mend_by(Mend steps) &&;
    Finding at(Horizons where) &&;
};

/// What a check is in a plan: the less of it, the better it names a cause.
enum class Tells {
    cause,
    outcome, ///< what will come of it, and where that is written
    effect,  ///< what is seen
};

/// A finding beside the entry of its check: all that a reader needs.
struct CheckResult {
    std::string id;
    std::string title;
    Outcome result = Outcome::pass;
    std::string expected;
    std::string found;
    std::string source;
    std::string why;
    Mend mend;
    std::string reference;
    Horizons horizons = 0;
    Horizons decides = 0; ///< horizons whose verdict is undetermined with it
    bool waived = false;
    bool told = false;
    Tells tells = Tells::cause;
    size_t cause = 0; ///< its place in the plan, from 1; 0: nothing is to be mended
};

/// An entry of the plan: what has to be dealt with, by one mend.
struct Cause {
    size_t finding = 0;            ///< index of the one in Report::checks that names it
    Outcome worst = Outcome::fail; ///< of all that it explains
    Mend mend;                     ///< reload and reboot stand behind the last change alone
    std::vector<size_t> follow;    ///< indices of findings that are there for the same reason
};

struct Report {
    std::string platform; ///< "Intel", "IBM Z", ..., or "unknown"
    std::string machine;  ///< uname -m
    std::string module;   ///< the module that nests, empty where there is none
    Level level = Level::unknown;
    std::string hypervisor; ///< who runs this host, where it is a guest and tells
    std::string container;  ///< container manager, empty outside
    std::string kernel;     ///< release
    HostIntent wanted = HostIntent::on;
    std::array<Outcome, 3> verdict{Outcome::undetermined, Outcome::undetermined,
                                   Outcome::undetermined};
    std::array<std::string, 3> verdict_why; ///< the finding that decided, in a few words
    std::vector<CheckResult> checks;        ///< in the order of the table
    std::vector<Cause> plan;                ///< in the order in which they are to be dealt with

    Outcome at(Horizon horizon) const { return verdict[static_cast<size_t>(horizon)]; }
};

/// Fills in the verdicts: fail where a finding fails, else undetermined where one that decides is,
/// else warn where one warns, else pass; skip where nothing looked at that horizon.
void settle(Report& report);

/// Exit status of the worst of these horizons, of those that were looked at (exit_status.h).
int exit_status(const Report& report, Horizons horizons);

} // namespace virt_nested
