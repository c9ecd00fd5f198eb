// SPDX-License-Identifier: GPL-2.0-or-later
// The reasons, in the order in which one explains the others.
#include "validator/checks/cannot_nest.h"

#include "validator/checks/mend.h"
#include "validator/checks/outer_host.h"
#include "validator/facts/confidential.h"

#include <algorithm>

namespace virt_nested {

namespace {

CannotNest no_offer(const Facts& facts) {
    const std::string reason(facts.platform()->not_offered);
    return {reason,
            facts.host.nests.source,
            "No option of the kernel and no setting of the machine changes that.",
            impossible("not possible here: " + reason),
            reason,
            false};
}

CannotNest beside_xen(const Facts& facts) {
    return {"this machine was booted with Xen, and this is its dom0",
            facts.shown("/proc/xen/capabilities"),
            "Xen has the CPU's virtualization, and KVM cannot run beside it.",
            "boot the entry without Xen: KVM cannot run beside it",
            "this machine was booted with Xen, and this is its dom0: KVM cannot run beside it; "
            "boot the entry without Xen",
            true};
}

CannotNest confidential(const Facts& facts) {
    const Fact& fact = facts.machine.confidential;
    const ConfidentialKind* kind = confidential_kind(fact.found);
    const std::string what = "this machine is a confidential guest (" + fact.found + ")";
    const std::string whole = what + ", in which Linux's KVM runs no guests, and nothing on it "
                                     "changes that; use a guest without launchSecurity, or "
                                     "another host";
    return {what,  fact.source, kind ? std::string(kind->why) : std::string(), impossible(whole),
            whole, false};
}

/// The kernel's own word on EL2, the one that names KVM before the other.
const LogLine* no_el2_line(const Facts& facts) {
    const auto& lines = facts.modules.log.lines;
    const auto found = std::find_if(lines.rbegin(), lines.rend(), [](const LogLine& line) {
        return line.row->by == Refuser::no_el2;
    });
    return found == lines.rend() ? nullptr : &*found;
}

/// KVM is part of an Arm64 kernel: in a guest without /dev/kvm, and without an option that turns it
/// off, there was no EL2 to run at.
bool guest_without_kvm(const Facts& facts) {
    const Level level = facts.machine.level;
    const std::string_view option = facts.platform()->boot_option;
    const std::vector<std::string> modes =
        facts.configuration.known_cmdline().values(option.substr(0, option.find('=')));
    return (level == Level::l1 || level == Level::deeper) && facts.host.kvm.device.absent() &&
           facts.configuration.cmdline && (modes.empty() || modes.back() != "none") &&
           !facts.modules.log.refusal(Lasts::the_boot);
}

std::optional<CannotNest> without_el2(const Facts& facts) {
    const LogLine* line = no_el2_line(facts);
    if (facts.platform()->probe != KvmProbe::arm64_el2 || (!line && !guest_without_kvm(facts)))
        return std::nullopt;
    CannotNest out;
    out.what = line ? "the kernel has no EL2, it says: " + line->text
                    : "there is no /dev/kvm in this guest: its kernel has no EL2";
    out.source = line ? facts.modules.log.source : facts.host.kvm.device.source;
    out.why = "KVM needs EL2, and the kernel was started at EL1; no boot option changes that.";
    std::string words = facts.machine.level == Level::unknown || facts.machine.level == Level::l0
                            ? "the firmware must start the kernel at EL2, or the outer host where "
                              "this is a guest"
                            : mend_outer_host(facts);
    const KernelVersion since = facts.platform()->nests_since;
    if (too_old(*facts.platform(), facts.machine.kernel))
        words += "; its own kernel has to be " + std::to_string(since.first) + "." +
                 std::to_string(since.second) + " or later, too";
    out.refusal = out.what + "; " + words;
    out.mend = std::move(words);
    return out;
}

} // namespace

std::optional<CannotNest> cannot_nest(const Facts& facts) {
    if (!facts.platform() || facts.host.nests.on())
        return std::nullopt;
    if (facts.platform()->probe == KvmProbe::none)
        return no_offer(facts);
    if (facts.machine.dom0)
        return beside_xen(facts);
    if (facts.machine.confidential.on())
        return confidential(facts);
    return without_el2(facts);
}

std::optional<Finding> follows_cannot(const Facts& facts) {
    const std::optional<CannotNest> cannot = cannot_nest(facts);
    return cannot ? std::optional(Finding::skip(cannot->what + ", see kvm-nesting", cannot->source))
                  : std::nullopt;
}

} // namespace virt_nested
