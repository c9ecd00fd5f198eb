// SPDX-License-Identifier: GPL-2.0-or-later
// POWER's own conditions. KVM-HV nests from ISA 3.00 on, which is POWER9, and with the radix MMU
// alone (arch/powerpc/kvm/book3s_hv.c kvmhv_enable_nested); its parameter says Y all the same.
#include "validator/checks/power.h"

#include "core/cpuinfo.h"
#include "core/text.h"
#include "validator/checks/check.h"

namespace virt_nested {

namespace {

constexpr std::string_view reference = "https://docs.kernel.org/arch/powerpc/kvm-nested.html";
constexpr Horizons always = at_now | at_load | at_boot;
constexpr std::string_view hash_option = "disable_radix";

bool too_old(const Facts& facts) {
    constexpr int first = 9;
    const int generation = power_generation(facts.machine.cpuinfo);
    return generation != 0 && generation < first;
}

bool has_hash_mmu(const Facts& facts) {
    return cpu_field(facts.machine.cpuinfo, "MMU") == "Hash";
}

/// The argument that says so, as it stands; the last one counts (arch/powerpc/mm/init_64.c
/// parse_disable_radix).
std::optional<std::string> hash_by_choice(const Facts& facts) {
    const std::vector<std::string> values = facts.configuration.known_cmdline().values(hash_option);
    if (values.empty())
        return std::nullopt;
    const std::string& value = values.back();
    if (!value.empty() && !check_value(Parmtype::boolean, value).on.value_or(false))
        return std::nullopt;
    return std::string(hash_option) + (value.empty() ? "" : "=" + value);
}

Findings power_isa(const Facts& facts) {
    const std::string cpu(cpu_field(facts.machine.cpuinfo, "cpu").substr(0, 32));
    if (power_generation(facts.machine.cpuinfo) == 0)
        return {Finding::undetermined("POWER9 or later",
                                      "the cpu line says '" + printable(cpu) + "'",
                                      facts.shown("/proc/cpuinfo"))};
    return {Finding::of(!too_old(facts) ? Outcome::pass : Outcome::fail, "POWER9 or later",
                        printable(cpu), facts.shown("/proc/cpuinfo"))
                .mend_by(mend_power(facts))};
}

Check power_isa_check() {
    return {
        .id = "power-isa",
        .title = "POWER9 or later",
        .platforms = only_on(PlatformId::power),
        .horizons = always,
        .wants_nesting = true,
        .why = "Older CPUs cannot nest under KVM-HV, although the parameter says Y.",
        .mend = "move the guests to POWER9 or later",
        .reference = reference,
        .run = power_isa,
    };
}

Findings power_radix(const Facts& facts) {
    if (too_old(facts))
        return {Finding::skip("only POWER9 and later have it, see power-isa",
                              facts.shown("/proc/cpuinfo"))};
    const std::string mmu(cpu_field(facts.machine.cpuinfo, "MMU"));
    Finding out = Finding::pass("Radix", printable(mmu, 32), facts.shown("/proc/cpuinfo"));
    if (mmu.empty()) {
        out.result = Outcome::undetermined;
        out.found = "no MMU line";
    } else if (has_hash_mmu(facts)) {
        out.result = Outcome::fail;
        if (const std::optional<std::string> option = hash_by_choice(facts))
            out.found += ", " + printable(*option, 64) + " on the kernel command line";
        out.mend = mend_power(facts);
    }
    return {out};
}

Check power_radix_check() {
    return {
        .id = "power-radix",
        .title = "Radix MMU",
        .platforms = only_on(PlatformId::power),
        .horizons = always,
        .wants_nesting = true,
        .why = "With the hash MMU KVM-HV cannot nest, although the parameter says Y.",
        .mend = "let the kernel have the radix MMU; in a guest, let its host give it",
        .reference = reference,
        .run = power_radix,
    };
}

/// A PAPR "nestedv2" guest has kvm_hv with nested=Y and no capability (book3s_hv.c since 6.12).
/// PowerVM speaks no other than that (arch/powerpc/kvm/book3s_hv_nested.c); KVM has v1 to give, and
/// only the loaded module can tell whether it did.
Findings power_papr(const Facts& facts) {
    const Host& host = facts.host;
    if (cpu_field(facts.machine.cpuinfo, "platform") != "pSeries")
        return {Finding::skip("not a partition or guest")};
    if (too_old(facts) || has_hash_mmu(facts))
        return {Finding::skip(too_old(facts) ? "only POWER9 and later nest, see power-isa"
                                             : "with the hash MMU none nests, see power-radix",
                              facts.shown("/proc/cpuinfo"))};
    if (!host.module.on() && !host.nests.on() && !facts.modules.refusal()) {
        const std::string source = facts.shown("/proc/cpuinfo");
        if (facts.machine.hypervisor == "PowerVM")
            return {Finding::fail("cap-nested-hv from the outer host", "a partition of PowerVM",
                                  source)};
        return {
            Finding::undetermined("cap-nested-hv from the outer host",
                                  "kvm_hv is not loaded, and only then the outer host says what "
                                  "it gives",
                                  source)
                .at(at_load | at_boot)
                .mend_by(Mend(run("modprobe kvm_hv")).then("validate again"))};
    }
    if (!host.parameter.on() || host.kvm.nesting.undetermined() || host.nests.on())
        return {Finding::pass("cap-nested-hv from the outer host",
                              host.nests.on() ? "the outer host offers it"
                                              : "nothing speaks against it",
                              facts.shown("/proc/cpuinfo"))};
    return {Finding::fail("cap-nested-hv from the outer host",
                          "kvm_hv.nested = " + host.parameter.found + ", and KVM offers none",
                          host.nests.source)};
}

Check power_papr_check() {
    return {
        .id = "power-outer-host",
        .title = "The outer host's nested-HV",
        .platforms = only_on(PlatformId::power),
        .horizons = always,
        .decides = at_load | at_boot,
        .wants_nesting = true,
        .why = "A partition of PowerVM (PAPR nested API v2) runs guests that cannot nest again, "
               "although the parameter says Y.",
        .mend = "no parameter helps here; run the guests on PowerNV, or in a guest of KVM with "
                "<nested-hv state='on'/>",
        .reference = reference,
        .run = power_papr,
    };
}

} // namespace

Mend mend_power(const Facts& facts) {
    if (too_old(facts))
        return "move the guests to POWER9 or later";
    if (const std::optional<std::string> option = hash_by_choice(facts))
        return mend_remove_argument(facts, *option).then(reboot());
    // A kernel without CONFIG_PPC_RADIX_MMU_DEFAULT has to be asked for it.
    if (has_hash_mmu(facts) && facts.machine.level == Level::l0 &&
        facts.configuration.known_cmdline().values(hash_option).empty())
        return mend_add_argument(facts, std::string(hash_option) + "=no").then(reboot());
    return mend_hardware(facts);
}

void add_power_checks(std::vector<Check>& table) {
    table.insert(table.end(), {power_isa_check(), power_radix_check(), power_papr_check()});
}

} // namespace virt_nested
