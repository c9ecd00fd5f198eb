// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of the running kernel's parameters, and of the platforms' own conditions.
#include "core/cpuinfo.h"
#include "core/text.h"
#include "validator/checks/check.h"
#include "validator/checks/companions.h"
#include "validator/checks/mend.h"

#include <charconv>

namespace virt_nested {

namespace {

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
                              name + " = " + (wanted ? "1 or Y" : "0 or N"),
                              name + " = " + parameter.found, parameter.source);
    if (facts.config.host == HostIntent::any)
        out.expected = "either";
    if (parameter.undetermined())
        out.found = parameter.reason;
    if (out.result == Outcome::fail)
        out.mend = mend_now(facts, turn(wanted));
    return {out};
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

Findings companion(const Facts& facts, const Companion& row) {
    const Fact* fact = facts.modules.parameter(row.module, row.parameter);
    const std::string name = std::string(row.module) + "." + std::string(row.parameter);
    if (!fact)
        return {Finding::skip("this kernel has no " + name)};
    if (fact->undetermined())
        return {Finding::undetermined({}, fact->reason, fact->source)};
    if (row.needs_nesting && !facts.host.parameter.on())
        return {Finding::skip(name + " says nothing while nested is off", fact->source)};
    Finding out =
        Finding::of(fact->on() == row.good ? Outcome::pass : row.otherwise,
                    name + (row.good ? " = Y" : " = N"), name + " = " + fact->found, fact->source);
    if (out.result == Outcome::skip)
        out.found += ": no harm, KVM sets it aside while a nested guest runs";
    return {out};
}

/// ISA 3.00 is POWER9 (arch/powerpc/kvm/book3s_hv.c, kvmhv_enable_nested).
Findings power_isa(const Facts& facts) {
    const std::string cpu(cpu_field(facts.machine.cpuinfo, "cpu").substr(0, 32));
    int generation = 0;
    if (cpu.starts_with("POWER"))
        std::from_chars(cpu.data() + 5, cpu.data() + cpu.size(), generation);
    if (generation == 0)
        return {Finding::undetermined("POWER9 or later",
                                      "the cpu line says '" + printable(cpu) + "'",
                                      facts.shown("/proc/cpuinfo"))};
    return {Finding::of(generation >= 9 ? Outcome::pass : Outcome::fail, "POWER9 or later",
                        printable(cpu), facts.shown("/proc/cpuinfo"))};
}

Findings power_radix(const Facts& facts) {
    const std::string mmu(cpu_field(facts.machine.cpuinfo, "MMU"));
    Finding out = Finding::pass("Radix", printable(mmu, 32), facts.shown("/proc/cpuinfo"));
    if (mmu.empty()) {
        out.result = Outcome::undetermined;
        out.found = "no MMU line";
    } else if (mmu != "Radix") {
        out.result = Outcome::fail;
        if (facts.configuration.cmdline &&
            !facts.configuration.cmdline->values("disable_radix").empty()) {
            out.found += ", disable_radix on the kernel command line";
            out.mend = mend_remove_argument(facts, "disable_radix");
        }
    }
    return {out};
}

/// A PAPR "nestedv2" guest has kvm_hv with nested=Y and no capability (book3s_hv.c since 6.12).
Findings power_papr(const Facts& facts) {
    const Host& host = facts.host;
    if (cpu_field(facts.machine.cpuinfo, "platform") != "pSeries")
        return {Finding::skip("not a partition or guest")};
    if (!host.parameter.on() || host.kvm.nesting.undetermined() || host.nests.on())
        return {Finding::pass("cap-nested-hv from the outer host",
                              host.nests.on() ? "the outer host offers it"
                                              : "nothing speaks against it",
                              facts.shown("/proc/cpuinfo"))};
    return {Finding::fail("cap-nested-hv from the outer host",
                          "kvm_hv.nested = " + host.parameter.found + ", and KVM offers none",
                          host.nests.source)};
}

Findings boot_option(const Facts& facts) {
    const std::string option(facts.platform()->boot_option);
    const size_t equals = option.find('=');
    if (!facts.configuration.cmdline)
        return {Finding::undetermined(option, facts.configuration.cmdline.error().what,
                                      facts.shown(Cmdline::file))};
    const std::vector<std::string> values =
        facts.configuration.cmdline->values(option.substr(0, equals));
    const bool set = !values.empty() && values.back() == option.substr(equals + 1);
    const bool wanted = facts.config.host == HostIntent::on;
    Finding out =
        Finding::of(
            outcome_of(facts, set ? State::on : State::off), wanted ? option : "not " + option,
            values.empty() ? "absent" : option.substr(0, equals + 1) + printable(values.back(), 64),
            facts.shown(Cmdline::file))
            .mend_by(wanted ? mend_add_argument(facts, option)
                            : mend_remove_argument(facts, option));
    return {out};
}

} // namespace

void add_parameter_checks(std::vector<Check>& table) {
    constexpr std::string_view guide =
        "https://docs.kernel.org/virt/kvm/x86/running-nested-guests.html";
    constexpr std::string_view power = "https://docs.kernel.org/arch/powerpc/kvm-nested.html";
    constexpr Horizons always = at_now | at_load | at_boot;
    table.insert(
        table.end(),
        {{"nested-parameter", "The running module's parameter", Outcome::fail, has_parameter,
          at_now, 0, false,
          "It is what the module was loaded with; off, KVM hides virtualization from every guest.",
          "virt-nested enable, then reload the module", guide, nested_parameter},
         {"libvirt-reads-parameter", "What libvirt makes of the parameter", Outcome::warn,
          has_parameter, at_now, 0, true,
          "libvirt takes the value for on only if it starts with Y, y or 1, and caches the "
          "capabilities of QEMU by it.",
          "write nested=1 and reload the module", "https://libvirt.org/formatdomaincaps.html",
          libvirt_reads},
         {"power-isa", "POWER9 or later", Outcome::fail, only_on(PlatformId::power), always, 0,
          true, "Older CPUs cannot nest under KVM-HV, although the parameter says Y.",
          "move the guests to POWER9 or later", power, power_isa},
         {"power-radix", "Radix MMU", Outcome::fail, only_on(PlatformId::power), always, 0, true,
          "With the hash MMU KVM-HV cannot nest, although the parameter says Y.",
          "remove disable_radix from the kernel command line; in a guest, let its host give radix",
          power, power_radix},
         {"power-outer-host", "The outer host's nested-HV", Outcome::fail,
          only_on(PlatformId::power), always, 0, true,
          "A partition of PowerVM (PAPR nested API v2) runs guests that cannot nest again, "
          "although "
          "the parameter says Y.",
          "no parameter helps here; run the guests on PowerNV, or in a guest of KVM with "
          "<nested-hv state='on'/>",
          power, power_papr},
         {"arm-boot-option", "kvm-arm.mode", Outcome::fail, has_boot_option, at_now, 0, false,
          "Arm64 has no module parameter: nesting is a mode that the kernel is booted with.",
          "kvm-arm.mode=nested on the kernel command line, then reboot",
          "https://docs.kernel.org/admin-guide/kernel-parameters.html", boot_option}});
    for (const Companion& row : companions())
        table.push_back({row.id, row.title, row.otherwise, only_on(row.platform), at_now, 0, true,
                         row.why, row.mend, guide,
                         [&row](const Facts& facts) { return companion(facts, row); }});
}

} // namespace virt_nested
