// SPDX-License-Identifier: GPL-2.0-or-later
// What mends a finding on this host.
#include "validator/checks/mend.h"

#include "core/modconf/boot_options.h"
#include "core/text.h"
#include "validator/checks/cannot_nest.h"
#include "validator/checks/missing_module.h"
#include "validator/checks/outer_host.h"
#include "validator/checks/outlook.h"
#include "validator/checks/power.h"
#include "validator/checks/refusal.h"

#include <algorithm>

namespace virt_nested {

namespace {

/// `before`: what has to be done first.
Step reload(const Facts& facts, const std::string& before = {}) {
    const std::string module(facts.platform()->module);
    Step out = load("modprobe -r " + module + " && modprobe " + module);
    if (!before.empty())
        out.words = before + ", then " + out.words;
    return out;
}

} // namespace

Mend applied_elsewhere(const Facts& facts, Mend change) {
    const std::string_view command = facts.machine.kind->apply;
    return command.empty() ? change
                           : std::move(change).then(run(std::string(command))).then(reboot());
}

Turn wanted(const Facts& facts) {
    return turn(facts.config.host != HostIntent::off);
}

Mend mend_initramfs(const Facts& facts, const InitramfsImage& image) {
    if (facts.machine.kind)
        return std::string(facts.machine.kind->name) + ": the image is not rebuilt in place; " +
               std::string(facts.machine.kind->initramfs);
    if (image.unified)
        return mend_unified(facts);
    if (image.builder == ImageBuilder::initramfs_tools)
        return run("update-initramfs -u -k " + shell_word(image.kernel));
    if (image.builder == ImageBuilder::dracut)
        return run("dracut -f " + shell_word(image.path) + " " + shell_word(image.kernel));
    return "build " + shell_word(image.path) + " anew with the tool that made it";
}

Mend mend_running(const Facts& facts) {
    if (!facts.platform() || facts.platform()->module.empty())
        return reboot();
    const std::string module(facts.platform()->module);
    if (!facts.machine.container.empty())
        return "on the host, outside this container: " + reload(facts).command;
    if (facts.modules.built_in())
        return reboot("reboot: KVM is built in");
    if (facts.modules.loading.off())
        return reboot("reboot: " + facts.modules.loading.found);
    const std::vector<std::string>& guests = facts.modules.guests;
    if (!guests.empty()) {
        const size_t shown = std::min<size_t>(guests.size(), 5);
        return reload(facts,
                      "shut down or migrate the guests that hold " + module + " (" +
                          listed({guests.begin(), guests.begin() + static_cast<long>(shown)}) +
                          (guests.size() > shown ? ", ..." : "") + ")");
    }
    if (facts.modules.references > 0)
        return reload(facts, "stop what holds " + module + " (refcnt " +
                                 std::to_string(facts.modules.references) +
                                 "; fuser /dev/kvm names it)");
    return reload(facts);
}

bool too_old(const Platform& platform, const std::string& release) {
    const KernelVersion version = kernel_version(release);
    return version != KernelVersion() && version < platform.nests_since;
}

Mend then_loaded(Mend first, const Mend& step) {
    const auto has = [&](auto... acts) {
        return std::any_of(first.steps.begin(), first.steps.end(),
                           [&](const Step& s) { return ((s.act == acts) || ...); });
    };
    if (has(Act::reboot))
        return first;
    const bool argument = has(Act::add_argument, Act::remove_argument);
    return std::move(first).then(argument ? Mend(reboot()) : step);
}

Mend mend_nested(const Facts& facts, Turn turn) {
    const bool on = turn == Turn::on;
    const Platform& platform = *facts.platform();
    const std::string setting = std::string(platform.parameter) + (on ? "=1" : "=0");
    if (!facts.machine.container.empty())
        return "on the host, outside this container: virt-nested " +
               std::string(on ? "enable" : "disable");
    if (on && too_old(platform, facts.boot.kernel()))
        return "boot a kernel of " + std::to_string(platform.nests_since.first) + "." +
               std::to_string(platform.nests_since.second) + " or later, with " +
               std::string(platform.boot_option) + " on its command line";
    if (!platform.boot_option.empty() && on && facts.host.nests.off() &&
        boot_option(facts.configuration.known_cmdline(), platform).set)
        return std::string(needs_nv2);
    if (!platform.boot_option.empty())
        return on ? mend_add_argument(facts, platform.boot_option)
                  : mend_remove_argument(facts, platform.boot_option);
    // Ours comes first by its name, so that every other file keeps the last word: where one says
    // otherwise, that one is to be mended.
    if (Mend mend = mend_settings(facts, facts.configuration.effective, turn);
        !mend.empty() && (is_default(facts, on) || !facts.modules.built_in()))
        return mend;
    if (facts.modules.built_in())
        return mend_add_argument(facts, std::string(platform.module) + "." + setting);
    if (facts.machine.made_elsewhere())
        return mend_elsewhere(facts, "options " + std::string(platform.module) + " " + setting);
    return run(on ? "virt-nested enable" : "virt-nested disable");
}

Mend mend_unread(const Facts& facts) {
    return facts.live ? "run it as root; where that does not help, mend what cannot be read"
                      : "capture the machine again, as root";
}

namespace {

/// Off is wanted, and the next load would leave this host without KVM: a value is put right, what
/// was meant to keep the module out waits for a boot.
Mend mend_kept_out(const Facts& facts, const Outlook& next) {
    Mend values = mend_settings(facts, facts.configuration.effective, Turn::off);
    if (values.empty() || !facts.configuration.effective.blocks.empty() ||
        facts.modules.available.absent())
        return reboot("reboot: a reload would end without KVM, for " + next.found);
    return then_loaded(std::move(values), mend_running(facts));
}

} // namespace

Mend mend_now(const Facts& facts, Turn turn) {
    const bool on = turn == Turn::on;
    const Platform& platform = *facts.platform();
    const Fact& parameter = facts.host.parameter;
    const Outlook next = at_next_load(facts);
    const bool as_wanted = next.state == (on ? State::on : State::off);
    Mend first = on && !next.mend.empty() ? next.mend : mend_nested(facts, turn);
    if (platform.live && (parameter.on() || parameter.off())) {
        const Mend live =
            run(std::string("echo ") + (on ? "1" : "0") + " > /sys/module/" +
                std::string(platform.module) + "/parameters/" + std::string(platform.parameter));
        return as_wanted ? live : Mend(live).then(first);
    }
    if (as_wanted && !next.loads)
        return mend_kept_out(facts, next);
    if (as_wanted)
        return mend_running(facts);
    // What a load would bring is not known while something could not be read.
    if (next.state == State::undetermined && next.mend.empty())
        return mend_unread(facts);
    if (!can_be_carried_out(first))
        return first;
    return then_loaded(std::move(first), mend_running(facts));
}

Mend mend_missing_module(const Facts& facts) {
    return missing_module(facts).mend;
}

Mend mend_cpu(const Facts& facts) {
    return clears_cpu_flag(facts.configuration.known_cmdline(), *facts.platform())
               ? mend_cleared(facts).then(reboot())
               : mend_hardware(facts);
}

Mend mend_withheld(const Facts& facts) {
    return facts.platform()->id == PlatformId::power ? mend_power(facts) : mend_hardware(facts);
}

bool has_paging_flag(const Facts& facts) {
    return has_word(facts.machine.cpuinfo.substr(0, facts.machine.cpuinfo.find("\n\n")),
                    facts.platform()->paging_flag);
}

Mend mend_paging_flag(const Facts& facts) {
    const std::string flag(facts.platform()->paging_flag);
    return facts.machine.level == Level::l0
               ? "this CPU has no " + flag + ": move the guests to a host whose CPU has it"
               : mend_outer_host(facts, flag);
}

Mend mend_nested_paging(const Facts& facts) {
    if (facts.host.cpu.on() && !has_paging_flag(facts))
        return mend_paging_flag(facts);
    const Platform& platform = *facts.platform();
    const Fact* given = facts.modules.parameter(platform.module, platform.paging_flag);
    if (!given || !given->off())
        return mend_hardware(facts);
    const Effective options =
        effective(facts.configuration.conf, facts.configuration.known_cmdline(), platform.module,
                  platform.paging_flag, facts.modules.likely_linkage());
    const Mend mend = mend_settings(facts, options, Turn::on);
    return mend.empty() ? mend_running(facts) : then_loaded(mend, mend_running(facts));
}

Mend mend_not_loaded(const Facts& facts) {
    if (!facts.machine.container.empty())
        return outside_container;
    if (!facts.host.backends.empty() || cannot_nest(facts))
        return mend_hardware(facts);
    if (!missing_module(facts).found.empty())
        return mend_missing_module(facts);
    if (facts.host.cpu.off())
        return mend_cpu(facts);
    Mend step = facts.modules.loading.off()
                    ? reboot("reboot: " + facts.modules.loading.found + " (" +
                             facts.modules.loading.source +
                             "), and no module is loaded before the next boot")
                    : load("modprobe " + std::string(facts.platform()->module));
    const LogLine* line = standing_refusal(facts);
    Mend first = line ? mend_refusal(facts, *line) : Mend();
    if (facts.modules.loading.off())
        return step;
    // What keeps it out, or would bring it without what is wanted, goes first.
    if (first.empty())
        if (const Outlook next = at_next_load(facts); next.state == State::off)
            first = next.mend;
    return first.empty() || can_be_carried_out(first) ? then_loaded(std::move(first), step) : first;
}

Mend mend_for(const Facts& facts, const Outlook& outlook) {
    return outlook.state == State::on && wanted(facts) == Turn::off && outlook.mend.empty()
               ? mend_nested(facts, Turn::off)
               : outlook.mend;
}

Mend mend_hook_link(const Facts& facts) {
    if (facts.machine.made_elsewhere())
        return std::string(facts.machine.kind->hook) + ": " + std::string(hook_places().program);
    if (!facts.hook.installed)
        return "install virt-nested-libvirt, which brings " + std::string(hook_places().program) +
               " and the link to it, then run: systemctl reload " + facts.hook.daemon;
    return run(link_hook_command(hook_places(), facts.hook.daemon));
}

Mend mend_capabilities(const Facts& facts, const std::string& path) {
    return run("rm " + shell_word(path) + " && systemctl restart " + facts.hook.daemon);
}

Mend mend_hardware(const Facts& facts) {
    if (const std::optional<CannotNest> cannot = cannot_nest(facts))
        return cannot->mend;
    const Platform* machine = platform_of_machine(facts.host.machine);
    if (facts.machine.level == Level::l0)
        return machine ? std::string(machine->firmware) : "the hardware must offer it";
    if (facts.machine.level == Level::unknown)
        return "turn it on in the firmware, or where this host is a guest, in its outer host";
    return mend_outer_host(facts);
}

} // namespace virt_nested
