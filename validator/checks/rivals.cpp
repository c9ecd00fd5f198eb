// SPDX-License-Identifier: GPL-2.0-or-later
// Other hypervisors beside KVM. Since Linux 6.12 KVM takes the CPU's virtualization as it is loaded
// (virt/kvm/kvm_main.c, enable_virt_at_load), and no longer with its first guest.
#include "validator/checks/rivals.h"

#include "core/text.h"
#include "validator/checks/mend.h"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace virt_nested {

namespace {

constexpr std::string_view parameter = "enable_virt_at_load";
constexpr KernelVersion since = {6, 12};

using RivalVersion = std::tuple<int, int, int>;

/// What a hypervisor needs of KVM's parameter: the first row that fits counts.
struct RivalNeeds {
    std::string_view module;
    std::string_view name; ///< for people
    RivalVersion since;    ///< of the hypervisor
    KernelVersion kernel;  ///< and of the kernel
    bool at_load;          ///< the value that it needs
};

// VirtualBox 7.2.10 changed sides where the kernel lets it: github.com/VirtualBox/virtualbox,
// issues 711 and 713.
constexpr std::array<RivalNeeds, 3> table = {{
    {"vboxdrv", "VirtualBox", {7, 2, 10}, {6, 16}, true},
    {"vboxdrv", "VirtualBox", {0, 0, 0}, since, false},
    {"vmmon", "VMware", {0, 0, 0}, since, false},
}};

/// Of "7.2.10_OSE r169651 (0x00330004)"; 0, 0, 0 where it is none.
RivalVersion version_of(std::string_view text) {
    std::array<int, 3> numbers{};
    for (int& number : numbers) {
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
        text.remove_prefix(static_cast<size_t>(end - text.data()));
        if (code != std::errc() || !text.starts_with('.'))
            break;
        text.remove_prefix(1);
    }
    return {numbers[0], numbers[1], numbers[2]};
}

const RivalNeeds* needs_of(const LoadedRival& rival, const KernelVersion& kernel) {
    const RivalVersion version = version_of(rival.version);
    const auto* found = std::find_if(table.begin(), table.end(), [&](const RivalNeeds& row) {
        return row.module == rival.module && version >= row.since && kernel >= row.kernel;
    });
    return found == table.end() ? nullptr : found;
}

/// Whether some later version of it needs the contrary, so that its own version must be known.
bool depends_on_version(const LoadedRival& rival, const KernelVersion& kernel) {
    return version_of(rival.version) == RivalVersion{} &&
           std::any_of(table.begin(), table.end(), [&](const RivalNeeds& row) {
               return row.module == rival.module && row.at_load && kernel >= row.kernel;
           });
}

/// How the parameter gets its value: off is said by somebody, on is the default.
std::string mend_parameter(const Facts& facts, bool at_load) {
    if (!at_load)
        return "unload one of the two; or kvm.enable_virt_at_load=0 on the kernel command line, "
               "which "
               "lets both load and one at a time run guests";
    const Effective given = effective(facts.configuration.conf, facts.configuration.known_cmdline(),
                                      "kvm", parameter, facts.modules.likely_linkage());
    const Setting* winner = given.winner();
    return (winner ? in_words(mend_setting(facts, *winner, "kvm", parameter))
                   : "let kvm.enable_virt_at_load be 1, which is its default") +
           "; then reboot";
}

/// As sysfs says; else what is configured, and the default of the kernels that have the parameter.
Fact at_load_of(const Facts& facts) {
    if (const Fact* told = facts.modules.parameter("kvm", parameter))
        return *told;
    if (kernel_version(facts.machine.kernel) < since)
        return Fact::absent({}, facts.shown("/sys/module/kvm/parameters"));
    const Effective given = effective(facts.configuration.conf, facts.configuration.known_cmdline(),
                                      "kvm", parameter, facts.modules.likely_linkage());
    const Setting* winner = given.winner();
    if (!winner)
        return Fact::on("1, its default", "the kernel");
    const std::optional<bool> on = check_value(Parmtype::boolean, winner->value).on;
    if (!on)
        return Fact::undetermined_because("what is configured is no value",
                                          where(facts, winner->origin));
    return {*on ? State::on : State::off, *on ? "1" : "0", where(facts, winner->origin), {}};
}

Finding beside(const Facts& facts, const LoadedRival& rival, const Fact& at_load) {
    const KernelVersion kernel = kernel_version(facts.machine.kernel);
    std::string found = rival.module + " loaded";
    if (!rival.version.empty())
        found += " (" + rival.version + ")";
    if (!at_load.found.empty())
        found += ", kvm.enable_virt_at_load " + at_load.found;
    Finding out = Finding::warn("none", found, facts.shown("/sys/module"));
    const RivalNeeds* needs = needs_of(rival, kernel);
    if (!needs || at_load.absent() || at_load.undetermined())
        return std::move(out).mend_by("run the guests of one of the two at a time");
    if (depends_on_version(rival, kernel))
        return std::move(out).mend_by("VirtualBox before 7.2.10: " + mend_parameter(facts, false) +
                                      "; from 7.2.10 on it must be 1");
    if (at_load.on() != needs->at_load)
        return std::move(out)
            .because(std::string(needs->name) +
                     (needs->at_load
                          ? " of this version needs KVM to have the CPU's virtualization "
                            "turned on, and starts no guest else."
                          : " cannot use the CPU's virtualization while KVM has it, "
                            "which is from KVM's load on; whichever loads second "
                            "fails."))
            .mend_by(mend_parameter(facts, needs->at_load));
    out.result = Outcome::pass;
    out.found += ", as " + std::string(needs->name) + " needs it: nothing is to be done";
    // Older advice, widely read, says the contrary.
    out.told = needs->at_load;
    return out;
}

Findings rival_hypervisor(const Facts& facts) {
    if (facts.modules.rivals.empty())
        return {Finding::pass("none", "none", facts.shown("/sys/module"))};
    const Fact at_load = at_load_of(facts);
    Findings out;
    for (const LoadedRival& rival : facts.modules.rivals)
        out.push_back(beside(facts, rival, at_load));
    return out;
}

} // namespace

Check rival_hypervisor_check() {
    return {
        .id = "rival-hypervisor",
        .title = "Other hypervisors on this host",
        .severity = Outcome::warn,
        .platforms = has_rivals,
        .wants_nesting = true,
        .why = "VirtualBox and VMware use the same CPU mode as KVM, and one has it at a time.",
        .mend = "run the guests of one of the two at a time; see what each needs of "
                "kvm.enable_virt_at_load",
        .reference = "https://docs.kernel.org/admin-guide/kernel-parameters.html",
        .run = rival_hypervisor,
    };
}

} // namespace virt_nested
