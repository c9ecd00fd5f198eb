// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of the hardware, the module and KVM itself: does this host nest now, and why not.
#include "core/modconf/boot_options.h"
#include "core/text.h"
#include "validator/checks/cannot_nest.h"
#include "validator/checks/check.h"
#include "validator/checks/mend.h"
#include "validator/checks/missing_module.h"
#include "validator/checks/outlook.h"
#include "validator/checks/refusal.h"
#include "validator/checks/rivals.h"

namespace virt_nested {

namespace {

constexpr std::string_view guide =
    "https://docs.kernel.org/virt/kvm/x86/running-nested-guests.html";
constexpr std::string_view api = "https://docs.kernel.org/virt/kvm/api.html";
constexpr Horizons always = at_now | at_load | at_boot;

std::string feature(const Facts& facts) {
    return facts.platform() ? std::string(facts.platform()->feature) : "nesting";
}

/// A missing flag has four causes, each with a mend of its own: clearcpuid, the outer host, the
/// firmware, the CPU.
Finding missing_flag(const Facts& facts) {
    const std::string flag(facts.platform()->cpu_flag);
    Finding out = Finding::fail(flag, facts.host.cpu.found, facts.host.cpu.source);
    if (const auto option =
            clears_cpu_flag(facts.configuration.known_cmdline(), *facts.platform())) {
        out.found += ", cleared by " + printable(*option);
        out.source = facts.shown(Cmdline::file);
        out.why = "The kernel was told to hide it; it then blames the firmware, wrongly.";
        out.mend = mend_cpu(facts);
        return out;
    }
    const std::string* line = facts.modules.refusal();
    if (line)
        out.found += ", the kernel says: " + *line;
    if (facts.machine.level == Level::l1 || facts.machine.level == Level::deeper)
        out.why = "This host is itself a guest, and its hypervisor does not expose " + flag + ".";
    else if (line)
        out.why = "The firmware has locked virtualization off.";
    else
        out.why = "The firmware has virtualization turned off, or the CPU has none.";
    out.mend = mend_hardware(facts);
    return out;
}

Findings cpu_virtualization(const Facts& facts) {
    const Fact& cpu = facts.host.cpu;
    if (cpu.undetermined())
        return {Finding::undetermined({}, cpu.reason, cpu.source).mend_by("read it as root")};
    if (std::optional<Finding> out = follows_cannot(facts))
        return {*out};
    // Linux 6.1 keeps svm in cpuinfo while the firmware has locked it (VM_CR.SVMDIS); the load of
    // the module is what fails then.
    if (const std::string* line = facts.host.module.on() ? nullptr : facts.modules.refusal();
        cpu.on() && line)
        return {Finding::fail(cpu.found, cpu.found + ", but the kernel says: " + *line, cpu.source)
                    .because("The flag stays visible on older kernels although it is locked.")
                    .mend_by(mend_hardware(facts))};
    if (cpu.off() && facts.host.nests.on())
        return {Finding::pass({}, cpu.found + ", but KVM offers " + feature(facts),
                              facts.host.nests.source)};
    if (cpu.off())
        return {missing_flag(facts)};
    return {Finding::pass(std::string(facts.platform()->cpu_flag), cpu.found, cpu.source)};
}

Check cpu_virtualization_check() {
    return {
        .id = "cpu-virtualization",
        .title = "Virtualization in the CPU",
        .platforms = has_cpu_flag,
        .horizons = always,
        .wants_nesting = true,
        .why = "Without it no KVM module loads, and nothing can nest.",
        .mend = "turn on virtualization in the firmware, or in the outer host",
        .reference = guide,
        .run = cpu_virtualization,
    };
}

/// The word of /proc/cpuinfo; kernels before 5.6 have no "vmx flags" line, but ept is in flags.
Findings cpu_nested_paging(const Facts& facts) {
    const std::string flag(facts.platform()->paging_flag);
    const std::string source = facts.shown("/proc/cpuinfo");
    if (!facts.host.cpu.on())
        return {Finding::of(Outcome::skip, flag, "no virtualization to go with it", source)};
    if (std::optional<Finding> out = follows_cannot(facts))
        return {*out};
    const bool there = has_paging_flag(facts);
    return {Finding::of(there ? Outcome::pass : Outcome::warn, flag,
                        flag + (there ? " present" : " missing"), source)
                .mend_by(there ? Mend() : mend_paging_flag(facts))};
}

Check cpu_nested_paging_check() {
    return {
        .id = "cpu-nested-paging",
        .title = "Nested paging in the CPU",
        .severity = Outcome::warn,
        .platforms = has_nested_paging,
        .horizons = always,
        .wants_nesting = true,
        .why = "Without it guests of guests run on shadow paging, very slowly.",
        .mend = "turn it on in the firmware, or in the outer host",
        .reference = guide,
        .run = cpu_nested_paging,
    };
}

/// Another module than ours answers /dev/kvm: what it offers is KVM's to say.
void foreign_backend(const Facts& facts, Finding& out) {
    const Host& host = facts.host;
    out.found = "unknown KVM backend: " + listed(host.backends);
    out.source = facts.shown("/sys/module/" + host.backends.front());
    out.why = "Another module than " + std::string(facts.platform()->module) +
              " answers /dev/kvm here; what it offers is asked of KVM, not guessed.";
    out.result = host.nests.on() ? Outcome::pass : Outcome::fail;
}

Finding module_absent(const Facts& facts) {
    const Host& host = facts.host;
    Finding out =
        Finding::fail("loaded", "not loaded", host.module.source).mend_by(mend_not_loaded(facts));
    if (!host.backends.empty()) {
        foreign_backend(facts, out);
    } else if (!facts.configuration.effective.blocks.empty()) {
        const Block& block = facts.configuration.effective.blocks.front();
        out.found += ", blocked by '" + printable(block.text) + "'";
        out.source = where(facts, block.origin);
    } else if (const MissingModule missing = missing_module(facts); !missing.found.empty()) {
        out.found += ", " + missing.found;
        out.source = facts.modules.available.source;
        out.why = missing.why;
    } else if (host.cpu.off()) {
        out.why =
            "It does not load without the CPU's " + std::string(facts.platform()->cpu_flag) + ".";
    } else if (const LogLine* line = standing_refusal(facts)) {
        out.found += ", the kernel says: " + line->text;
    }
    return out;
}

Findings kvm_module(const Facts& facts) {
    const Fact& module = facts.host.module;
    if (module.undetermined())
        return {Finding::undetermined("loaded", module.reason, module.source)};
    if (module.on())
        return {Finding::pass("loaded", facts.modules.built_in() ? "built in" : "loaded",
                              module.source)};
    if (facts.platform()->module.empty())
        return {Finding::skip("KVM is part of the kernel on this platform")};
    if (std::optional<Finding> cannot = follows_cannot(facts))
        return {*cannot};
    Finding out = module_absent(facts);
    if (facts.config.host != HostIntent::on)
        out.result = Outcome::pass;
    return {out};
}

Check kvm_module_check() {
    return {
        .id = "kvm-module",
        .title = "KVM's module for this CPU",
        .platforms = has_module,
        .wants_nesting = true,
        .why = "The module that runs guests is not there: not loaded is another thing than nesting "
               "off.",
        .mend = "modprobe kvm_intel (Intel), kvm_amd (AMD), kvm_hv (POWER), kvm (IBM Z)",
        .reference = guide,
        .run = kvm_module,
    };
}

/// Why KVM offers nothing, from the hardware upwards.
Mend mend_no_kvm(const Facts& facts) {
    const Host& host = facts.host;
    if (!facts.platform() || cannot_nest(facts))
        return mend_hardware(facts);
    if (host.cpu.off())
        return mend_cpu(facts);
    if (!host.module.on() && !facts.platform()->module.empty())
        return mend_not_loaded(facts);
    return host.parameter.off() || !facts.platform()->boot_option.empty()
               ? mend_now(facts, Turn::on)
               : mend_withheld(facts);
}

Findings kvm_device(const Facts& facts) {
    const Fact& device = facts.host.kvm.device;
    Finding out = Finding::pass("can be opened", device.found, device.source);
    if (device.on())
        return {out};
    if (device.absent()) {
        if (std::optional<Finding> cannot = follows_cannot(facts))
            return {*cannot};
        out.found = "/dev/kvm is missing";
        out.result = facts.config.host == HostIntent::on ? Outcome::fail : Outcome::pass;
        out.mend = mend_no_kvm(facts);
        return {out};
    }
    out.result = Outcome::undetermined;
    out.found = device.reason;
    if (facts.live)
        out.mend = "run it as root, or as a member of the group that owns /dev/kvm";
    return {out};
}

Check kvm_device_check() {
    return {
        .id = "kvm-device",
        .title = "/dev/kvm",
        .wants_nesting = true,
        .tells = Tells::effect,
        .why = "Without it QEMU runs guests in emulation or not at all.",
        .mend = "see kvm-module",
        .reference = api,
        .run = kvm_device,
    };
}

/// The ground truth of `now`.
Findings kvm_nesting(const Facts& facts) {
    const Fact& nests = facts.host.nests;
    Finding out = Finding::of(outcome_of(facts, nests.state), {}, nests.found, nests.source);
    out.expected = facts.config.host == HostIntent::on    ? feature(facts) + " offered"
                   : facts.config.host == HostIntent::off ? feature(facts) + " not offered"
                                                          : "either";
    if (!nests.reason.empty())
        out.found += (out.found.empty() ? "" : ", ") + nests.reason;
    if (nests.absent())
        out.found = "no KVM" + (out.found.empty() ? "" : ": /dev/kvm is " + out.found);
    if (out.result == Outcome::undetermined)
        out.mend = facts.live ? "run it as root, or as a member of the group that owns /dev/kvm"
                              : "capture KVM's answer too: virt-nested validate --kvm-answer";
    if (out.result != Outcome::fail)
        return {out};
    if (const std::optional<CannotNest> cannot = cannot_nest(facts)) {
        out.found = cannot->what;
        out.source = cannot->source;
        out.why = cannot->why;
        out.mend = cannot->mend;
        return {out};
    }
    out.mend = nests.on() ? mend_now(facts, Turn::off) : mend_no_kvm(facts);
    return {out};
}

Check kvm_nesting_check() {
    return {
        .id = "kvm-nesting",
        .title = "What KVM offers to guests",
        .decides = at_now,
        .tells = Tells::effect,
        .why = "KVM's own answer is the truth; files and parameters only explain it.",
        .mend = "what the other checks name: the CPU, the module, its options",
        .reference = api,
        .run = kvm_nesting,
    };
}

Findings kvm_nested_paging(const Facts& facts) {
    const Fact& paging = facts.host.nested_paging;
    if (!facts.host.nests.on())
        return {Finding::skip("KVM offers no nesting to go with it")};
    const std::string flag(facts.platform()->paging_flag);
    if (paging.undetermined())
        return {Finding::undetermined(flag + " offered", paging.reason, paging.source)};
    return {Finding::of(paging.on() ? Outcome::pass : Outcome::warn, flag + " offered",
                        paging.found, paging.source)
                .mend_by(paging.on() ? Mend() : mend_nested_paging(facts))};
}

Check kvm_nested_paging_check() {
    return {
        .id = "kvm-nested-paging",
        .title = "Nested paging for guest hypervisors",
        .severity = Outcome::warn,
        .platforms = has_nested_paging,
        .wants_nesting = true,
        .tells = Tells::effect,
        .why = "The guest hypervisor runs its guests on shadow paging: it works, very slowly.",
        .mend = "turn on ept (Intel) or npt (AMD) of the module, then reload it",
        .reference = api,
        .run = kvm_nested_paging,
    };
}

Findings container(const Facts& facts) {
    if (facts.machine.container.empty())
        return {Finding::skip("not in a container")};
    return {Finding::warn("the host itself", "a container (" + facts.machine.container + ")")};
}

Check container_check() {
    return {
        .id = "container",
        .title = "Container",
        .severity = Outcome::warn,
        .why = "The kernel and its modules are the host's; modprobe.d and the initramfs in here "
               "have no "
               "effect on them.",
        .mend = outside_container,
        .reference = "https://systemd.io/CONTAINER_INTERFACE",
        .run = container,
    };
}

Findings module_reload(const Facts& facts) {
    const Host& host = facts.host;
    const Setting* winner = facts.configuration.effective.winner();
    if (!facts.platform() || facts.platform()->live || !winner || !host.module.on() ||
        !(host.parameter.on() || host.parameter.off()))
        return {Finding::skip("no option waits for a reload")};
    if (at_next_load(facts).state == State::undetermined)
        return {Finding::skip("what a load would bring is not known, see next-load")};
    const Parameter* known = known_parameter(facts.platform()->module, facts.platform()->parameter);
    const std::optional<bool> next = check_value(known->type, winner->value).on;
    if (!next || *next == host.parameter.on())
        return {
            Finding::pass({}, "the running module has what is configured", host.parameter.source)};
    // A reload would bring what is not wanted: next-load says what is to be mended first.
    if (facts.config.host != HostIntent::any && *next != (facts.config.host == HostIntent::on))
        return {Finding::skip("what is configured is not what is wanted of this host",
                              where(facts, winner->origin))};
    return {Finding::warn("the running module has what is configured",
                          "configured " + printable(winner->shown(facts.platform()->parameter)) +
                              " (" + where(facts, winner->origin) + "), running " +
                              host.parameter.found,
                          host.parameter.source)
                .mend_by(mend_running(facts))};
}

Check module_reload_check() {
    return {
        .id = "module-reload",
        .title = "Options that wait for a reload",
        .severity = Outcome::warn,
        .horizons = at_none, // what runs is told by KVM, what will by next-load
        .tells = Tells::outcome,
        .why = "The parameter of a running module does not change; it takes a reload or a reboot.",
        .mend = "reload the module or reboot",
        .reference = guide,
        .run = module_reload,
    };
}

} // namespace

void add_kvm_checks(std::vector<Check>& table) {
    table.insert(table.end(),
                 {kvm_nesting_check(), cpu_virtualization_check(), cpu_nested_paging_check(),
                  kvm_module_check(), kvm_device_check(), kvm_nested_paging_check(),
                  rival_hypervisor_check(), module_reload_check(), container_check()});
}

} // namespace virt_nested
