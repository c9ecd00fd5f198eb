// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of the running kernel's parameters, and of the platforms' own conditions.
#include "core/cpuinfo.h"
#include "core/modconf/boot_options.h"
#include "core/text.h"
#include "validator/checks/cannot_nest.h"
#include "validator/checks/check.h"
#include "validator/checks/companions.h"
#include "validator/checks/mend.h"

namespace virt_nested {

namespace {

constexpr std::string_view guide =
    "https://docs.kernel.org/virt/kvm/x86/running-nested-guests.html";

/// A number (int) does not, and keeps the module from loading.
bool takes_letters(const Facts& facts) {
    const Platform& platform = *facts.platform();
    const std::string name(platform.parameter);
    const Parameter* known = known_parameter(platform.module, name);
    const auto& types = facts.configuration.types;
    const std::optional<Parmtype> read = types ? types->type(name) : std::nullopt;
    return check_value(read ? *read : known->type, "Y").verdict == Acceptance::Verdict::accepted;
}

Findings nested_parameter(const Facts& facts) {
    const Fact& parameter = facts.host.parameter;
    const std::string name =
        std::string(facts.platform()->module) + "." + std::string(facts.platform()->parameter);
    const bool wanted = facts.config.host == HostIntent::on;
    if (parameter.absent())
        return {Finding::skip(facts.host.module.on()
                                  ? "the module has no such parameter"
                                  : std::string(facts.platform()->module) +
                                        " is not loaded, which is not the same as off",
                              parameter.source)};
    Finding out = Finding::of(outcome_of(facts, parameter.state),
                              name + " = " + (wanted ? "1" : "0") +
                                  (takes_letters(facts) ? (wanted ? " or Y" : " or N") : ""),
                              name + " = " + parameter.found, parameter.source);
    if (facts.config.host == HostIntent::any)
        out.expected = "either";
    if (parameter.undetermined())
        out.found = parameter.reason;
    if (out.result == Outcome::fail)
        out.mend = mend_now(facts, turn(wanted));
    return {out};
}

Check nested_parameter_check() {
    return {
        .id = "nested-parameter",
        .title = "The running module's parameter",
        .platforms = has_parameter,
        .tells = Tells::effect,
        .why = "It is what the module was loaded with; off, KVM hides virtualization from every "
               "guest.",
        .mend = "virt-nested enable, then reload the module",
        .reference = guide,
        .run = nested_parameter,
    };
}

/// A 2 is on for the kernel and off for libvirt.
Findings libvirt_reads(const Facts& facts) {
    const Fact& parameter = facts.host.parameter;
    if (!parameter.on())
        return {Finding::skip("the parameter is not on", parameter.source)};
    return {Finding::of(on_for_libvirt(facts.host.parameter) ? Outcome::pass : Outcome::warn,
                        "a value that starts with Y or 1",
                        std::string(facts.platform()->module) + ".nested = " + parameter.found,
                        parameter.source)};
}

Check libvirt_reads_check() {
    return {
        .id = "libvirt-reads-parameter",
        .title = "What libvirt makes of the parameter",
        .severity = Outcome::warn,
        .platforms = has_parameter,
        .wants_nesting = true,
        .why = "libvirt takes the value for on only if it starts with Y, y or 1, and caches the "
               "capabilities of QEMU by it.",
        .mend = "write nested=1 and reload the module",
        .reference = "https://libvirt.org/formatdomaincaps.html",
        .run = libvirt_reads,
    };
}

/// What /proc/cpuinfo says of the CPU's part in it.
State in_cpu(const Facts& facts, const Companion& row) {
    if (row.cpu_flag.empty())
        return State::on;
    const std::string_view line = cpu_field(facts.machine.cpuinfo, row.cpu_line);
    if (line.empty())
        return State::undetermined;
    return has_word(line, row.cpu_flag) ? State::on : State::off;
}

/// The option that gives it the value which nesting does not want.
const Setting* culprit(const Companion& row, const Effective& given) {
    const Parameter* known = known_parameter(row.module, row.parameter);
    const Setting* winner = given.winner();
    return winner && known && check_value(known->type, winner->value).on == !row.good ? winner
                                                                                      : nullptr;
}

Finding configured(const Facts& facts, const Companion& row, const Setting& by, Horizons at) {
    return Finding::of(row.otherwise,
                       std::string(row.module) + "." + std::string(row.parameter) +
                           (row.good ? " = 1" : " = 0"),
                       printable(by.shown(row.parameter)) + " is configured",
                       where(facts, by.origin))
        .mend_by(mend_setting(facts, by, row.module, row.parameter))
        .at(at);
}

/// What the next load gives it, and the next boot.
void companion_later(const Facts& facts, const Companion& row, const Effective& given,
                     Findings& out) {
    if (row.otherwise == Outcome::skip || in_cpu(facts, row) == State::off ||
        (row.until_exclusion && !exclusion_of(row.module, facts.boot.kernel())))
        return;
    const Setting* at_next_load = culprit(row, given);
    const NextBoot* boot = facts.boot.next.empty() ? nullptr : &facts.boot.next.front();
    const Effective then =
        boot ? effective(facts.configuration.conf,
                         parse_cmdline(boot->entry.cmdline, facts.configuration.kmod.profile),
                         row.module, row.parameter, load_context(facts, boot->kernel))
             : given;
    const Setting* at_next_boot = culprit(row, then);
    if (at_next_load && at_next_boot && at_next_load->origin == at_next_boot->origin) {
        out.push_back(configured(facts, row, *at_next_load, at_load | at_boot));
        return;
    }
    if (at_next_load)
        out.push_back(configured(facts, row, *at_next_load, at_load));
    if (at_next_boot)
        out.push_back(configured(facts, row, *at_next_boot, at_boot));
}

Findings companion_now(const Facts& facts, const Companion& row, const Effective& given) {
    const Fact* fact = facts.modules.parameter(row.module, row.parameter);
    const std::string name = std::string(row.module) + "." + std::string(row.parameter);
    if (!fact)
        return {Finding::skip("this kernel has no " + name)};
    if (fact->undetermined())
        return {Finding::undetermined({}, fact->reason, fact->source)};
    if (row.until_exclusion && !exclusion_of(row.module, facts.machine.kernel))
        return {Finding::skip(name + " = " + fact->found + ": this kernel has both", fact->source)};
    if (row.needs_nesting && !facts.host.parameter.on())
        return {Finding::skip(name + " says nothing while nested is off", fact->source)};
    const Setting* by = culprit(row, given);
    const State cpu = in_cpu(facts, row);
    if (fact->on() != row.good && (cpu == State::off || (cpu == State::undetermined && !by)))
        return {Finding::skip(name + " = " + fact->found + ": " +
                                  (cpu == State::off ? "the CPU has no " + std::string(row.cpu_flag)
                                                     : "no option says so, and whether the CPU has "
                                                       "it is not told"),
                              fact->source)};
    Finding out =
        Finding::of(fact->on() == row.good ? Outcome::pass : row.otherwise,
                    name + (row.good ? " = Y" : " = N"), name + " = " + fact->found, fact->source);
    if (out.result == Outcome::skip)
        out.found += ": no harm, KVM sets it aside while a nested guest runs";
    else if (out.result != Outcome::pass && by)
        out.mend = mend_setting(facts, *by, row.module, row.parameter)
                       .then(by->origin.on_command_line() ? Mend(reboot()) : mend_running(facts));
    else if (out.result != Outcome::pass)
        out.mend = mend_running(facts);
    return {out};
}

Findings companion(const Facts& facts, const Companion& row) {
    const Effective given = effective(facts.configuration.conf, facts.configuration.known_cmdline(),
                                      row.module, row.parameter, facts.modules.likely_linkage());
    Findings out = companion_now(facts, row, given);
    companion_later(facts, row, given, out);
    return out;
}

Findings boot_option(const Facts& facts) {
    const std::string option(facts.platform()->boot_option);
    if (facts.config.host == HostIntent::on)
        if (std::optional<Finding> cannot = follows_cannot(facts))
            return {*cannot};
    if (!facts.configuration.cmdline)
        return {Finding::undetermined(option, facts.configuration.cmdline.error().what,
                                      facts.shown(Cmdline::file))};
    const auto [value, set] =
        virt_nested::boot_option(*facts.configuration.cmdline, *facts.platform());
    const bool wanted = facts.config.host == HostIntent::on;
    Finding out = Finding::of(
        outcome_of(facts, set ? State::on : State::off), wanted ? option : "not " + option,
        value ? option.substr(0, option.find('=') + 1) + printable(*value, 64) : "absent",
        facts.shown(Cmdline::file));
    if (out.result == Outcome::fail && set && facts.host.nests.off())
        return {Finding::warn(out.expected, out.found + ", which this kernel does not follow",
                              out.source)
                    .because("A later kernel will.")
                    .mend_by(mend_nested(facts, Turn::off))};
    return {std::move(out).mend_by(mend_now(facts, turn(wanted)))};
}

Check boot_option_check() {
    return {
        .id = "arm-boot-option",
        .title = "kvm-arm.mode",
        .platforms = has_boot_option,
        .why = "Arm64 has no module parameter: nesting is a mode that the kernel is booted with.",
        .mend = "kvm-arm.mode=nested on the kernel command line, then reboot",
        .reference = "https://docs.kernel.org/admin-guide/kernel-parameters.html",
        .run = boot_option,
    };
}

} // namespace

void add_parameter_checks(std::vector<Check>& table) {
    table.insert(table.end(), {nested_parameter_check(), libvirt_reads_check()});
    add_power_checks(table);
    table.push_back(boot_option_check());
    for (const Companion& row : companions())
        table.push_back({
            .id = row.id,
            .title = row.title,
            .severity = row.otherwise,
            .platforms = only_on(row.platform),
            .wants_nesting = true,
            .tells = Tells::outcome,
            .why = row.why,
            .mend = row.mend,
            .reference = guide,
            .run = [&row](const Facts& facts) { return companion(facts, row); },
        });
}

} // namespace virt_nested
