// SPDX-License-Identifier: GPL-2.0-or-later
// What no option changes.
#include "validator/checks/beyond_options.h"

#include "core/modconf/boot_options.h"
#include "validator/checks/cannot_nest.h"
#include "validator/checks/mend.h"
#include "validator/checks/refusal.h"

namespace virt_nested {

namespace {

/// Whether the missing flag of the CPU is what this boot's command line took away: then another
/// boot's decides.
bool cleared_now(const Facts& facts) {
    return clears_cpu_flag(facts.configuration.known_cmdline(), *facts.platform()).has_value();
}

/// Where nothing of this host's is to be asked.
std::optional<Outlook> not_asked_here(const Facts& facts) {
    if (!facts.platform())
        return Outlook::of(State::undetermined, "the platform is not known",
                           facts.shown("/proc/cpuinfo"));
    if (!facts.machine.container.empty() && facts.platform()->probe != KvmProbe::none)
        return Outlook::of(State::undetermined,
                           "this is a container (" + facts.machine.container +
                               "): the host's own files decide",
                           {})
            .because("A container sees the host's kernel, and not its modprobe.d, boot loader or "
                     "initramfs.")
            .mend_by(outside_container);
    return std::nullopt;
}

/// What the hardware, or who stands above it, withholds.
std::optional<Outlook> withheld(const Facts& facts, Horizon horizon) {
    const Host& host = facts.host;
    if (host.cpu.off() && !host.nests.on())
        return Outlook::of(State::off, host.cpu.found, host.cpu.source).mend_by(mend_cpu(facts));
    const LogLine* line = host.module.absent() && !host.nests.on()
                              ? facts.modules.log.refusal(
                                    horizon == Horizon::next_load ? Lasts::the_boot : Lasts::always)
                              : nullptr;
    if (line)
        return Outlook::of(State::off, "the kernel says: " + line->text, facts.modules.log.source)
            .because("What refused the module now refuses it again.")
            .mend_by(mend_refusal(facts, *line));
    if (host.cpu.undetermined())
        return Outlook::of(State::undetermined, host.cpu.reason, host.cpu.source);
    if (host.nests.off() && host.parameter.on())
        return Outlook::of(State::off,
                           "KVM offers no " + std::string(facts.platform()->feature) +
                               " although the parameter is on",
                           host.nests.source)
            .because("Options do not change what the hardware or an outer host withholds.")
            .mend_by(mend_withheld(facts));
    return std::nullopt;
}

} // namespace

std::optional<Outlook> beyond_options(const Facts& facts, Horizon horizon) {
    if (std::optional<Outlook> out = not_asked_here(facts))
        return out;
    const bool next_boot = horizon == Horizon::next_boot;
    if (const std::optional<CannotNest> cannot = cannot_nest(facts)) {
        if (next_boot && cannot->this_boot && !facts.boot.menu.entries.empty())
            return std::nullopt;
        return Outlook::of(State::off, cannot->what, cannot->source)
            .because(cannot->why)
            .mend_by(cannot->mend);
    }
    if (next_boot && facts.host.cpu.off() && cleared_now(facts))
        return std::nullopt;
    return withheld(facts, horizon);
}

} // namespace virt_nested
