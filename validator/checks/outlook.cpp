// SPDX-License-Identifier: GPL-2.0-or-later
// The facts folded into one answer for the next load and the next boot.
#include "validator/checks/outlook.h"

#include "core/modconf/boot_options.h"
#include "core/text.h"
#include "validator/boot/image/early_load.h"
#include "validator/checks/beyond_options.h"
#include "validator/checks/by_options.h"
#include "validator/checks/mend.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

namespace {

/// Arm64: one early boot option, no module (arch/arm64/kvm/arm.c, early_kvm_mode_cfg).
Outlook by_boot_option(const Facts& facts, const Cmdline& cmdline, const std::string& release,
                       const std::string& source) {
    const std::string option(facts.platform()->boot_option);
    const auto [value, set] = boot_option(cmdline, *facts.platform());
    if (too_old(*facts.platform(), release))
        return Outlook::of(
                   State::off,
                   "kernel " + release + " offers no EL2 to guests, " +
                       (set ? "though " + option + " is set" : "and no " + option + " is set"),
                   source)
            .mend_by(mend_nested(facts, Turn::on));
    if (!set)
        return Outlook::of(State::off,
                           value ? option.substr(0, option.find('=')) + "=" + printable(*value, 64)
                                 : "no " + option,
                           source)
            .mend_by(mend_nested(facts, Turn::on));
    if (facts.host.nests.off() && release == facts.machine.kernel)
        return Outlook::of(State::off, option + " is set, and KVM offers no EL2 all the same",
                           source)
            .because("The CPU must have FEAT_NV2.")
            .mend_by(needs_nv2);
    return Outlook::of(facts.host.nests.on() ? State::on : State::undetermined,
                       facts.host.nests.on() ? option : option + " is set, KVM was not asked",
                       source);
}

/// The first file that could not be read.
Outlook unread(const Facts& facts, const std::vector<ConfProblem>& problems) {
    for (const ConfProblem& problem : problems)
        if (problem.kind == ConfProblem::Kind::unreadable)
            return Outlook::of(State::undetermined, printable(problem.reason),
                               facts.shown(printable(problem.path)))
                .because("What could not be read may turn nesting on or off.");
    return {};
}

bool all_read(const std::vector<ConfProblem>& problems) {
    return std::none_of(problems.begin(), problems.end(), [](const ConfProblem& problem) {
        return problem.kind == ConfProblem::Kind::unreadable;
    });
}

/// The options of a module that is loaded after the initramfs: the live files', and what a list of
/// modules hands on behind them.
Outlook by_live_files(const Facts& facts, const NextBoot& boot, const Cmdline& cmdline) {
    const ConfigurationFacts& live = facts.configuration;
    if (!live.conf.complete())
        return unread(facts, live.conf.problems);
    if (!all_read(live.beside))
        return unread(facts, live.beside);
    const auto with = [&](const std::vector<Setting>& last) {
        return by_options(facts, live.conf, cmdline, Horizon::next_boot, boot.kernel, last);
    };
    const bool built_in =
        boot.kernel.linkage.value_or(facts.modules.likely_linkage()) == Linkage::built_in;
    if (built_in || live.at_boot.settings.empty() || live.at_boot.order == LoadOrder::late)
        return with({});
    Outlook listed = with(live.at_boot.settings);
    if (live.at_boot.order == LoadOrder::first)
        return listed;
    Outlook without = with({});
    if (listed.state == without.state)
        return without;
    // What it came to in this boot shows which of the two was first.
    if (facts.host.module.on() && facts.host.parameter.state == listed.state)
        return listed;
    return Outlook::of(State::undetermined,
                       listed.found + ", if " + std::string(name(live.at_boot.service)) +
                           " loads the module first; else " + without.found,
                       listed.source)
        .because("What loads the module first decides: what comes behind finds it loaded.")
        .mend_by((listed.state == State::off) == (wanted(facts) == Turn::on) ? listed.mend
                                                                             : without.mend);
}

/// The options of a module that the initramfs loads: the image's own.
Outlook in_image(const Facts& facts, const NextBoot& boot, const InitramfsImage& image,
                 const EarlyLoad& early, const Cmdline& cmdline) {
    Outlook out =
        by_options(facts, parse_modconf(image.content->modprobe, facts.configuration.kmod.profile),
                   cmdline, Horizon::next_boot, boot.kernel, early.settings);
    if (out.origin && !out.origin->on_command_line())
        out.source = facts.shown(printable(image.path)) + ": " + shown(*out.origin);
    out.found += ", in the initramfs";
    if (out.state == (wanted(facts) == Turn::on ? State::off : State::on))
        out.mend = mend_initramfs(facts, image);
    return out;
}

/// What stands in a file that the next boot may not find.
bool vanishes(const Facts& facts, const Outlook& out) {
    if (!out.origin || out.origin->on_command_line() ||
        !(out.origin->file.starts_with("/etc/") || out.origin->file.starts_with("/run/")))
        return false;
    const HostKind* kind = facts.machine.kind;
    return facts.machine.etc_lasts.off() || out.origin->file.starts_with("/run/") ||
           (facts.machine.etc_lasts.undetermined() && kind && kind->etc == Etc::made_anew);
}

/// The same without that file's word would need to know what /etc is made from.
Outlook if_it_lasts(const Facts& facts, Outlook out) {
    if (!vanishes(facts, out))
        return out;
    const HostKind* kind = facts.machine.kind;
    const std::string& reason = facts.machine.etc_lasts.found;
    return Outlook::of(State::undetermined,
                       out.found + ", in a file that the next boot may not find" +
                           (reason.empty() ? "" : ": " + reason),
                       out.source)
        .because("What the next boot makes /etc from is not looked into.")
        .mend_by(kind ? Mend(kind->files) : out.mend);
}

/// The module's options where this boot reads them: in the image, if that loads the module.
Outlook with_image(const Facts& facts, const NextBoot& boot, const Cmdline& cmdline) {
    const InitramfsImage* image = facts.boot.image_of(boot);
    if (!image || boot.kernel.linkage.value_or(facts.modules.likely_linkage()) == Linkage::built_in)
        return if_it_lasts(facts, by_live_files(facts, boot, cmdline));
    if (!image->content)
        return Outlook::of(State::undetermined, image->content.error().what,
                           facts.shown(printable(image->path)))
            .because("Where the image holds the module, its copy of modprobe.d decides.")
            .mend_by(image->content.error().code == EACCES ? "run it as root"
                                                           : mend_initramfs(facts, *image));
    // Of its value the kernel makes nothing (init/main.c bootconfig_params).
    if (image->content->bootconfig && !cmdline.values("bootconfig").empty())
        return Outlook::of(
            State::undetermined,
            "'bootconfig' on the command line takes more of it from the image's end, "
            "which is not read",
            facts.shown(printable(image->path)));
    if (!image->content->has(facts.platform()->module,
                             boot.kernel.folder ? boot.kernel.release : std::string())) {
        if (image->content->squashed)
            return Outlook::of(State::undetermined,
                               "the image holds a squashfs that is not looked into",
                               facts.shown(printable(image->path)));
        return if_it_lasts(facts, by_live_files(facts, boot, cmdline));
    }
    const EarlyLoad early =
        early_load(*image->content, cmdline, *facts.platform(), facts.configuration.kmod.profile);
    return early.loads ? in_image(facts, boot, *image, early, cmdline)
                       : if_it_lasts(facts, by_live_files(facts, boot, cmdline));
}

/// What changes the next boot has to be followed by it.
Mend mend_by_boot(Mend mend) {
    return can_be_carried_out(mend) ? std::move(mend).then(reboot()) : mend;
}

/// Whether its list of modules is there and could not be read.
bool unread_modules(const Facts& facts, const KernelFacts& kernel) {
    return !facts.platform()->module.empty() && kernel.folder && kernel.available.undetermined();
}

/// What the entry itself rules out.
bool by_kind(const Facts& facts, const NextBoot& boot, Outlook& out) {
    const std::string entry =
        "'" + printable(boot.entry.title.empty() ? boot.entry.id : boot.entry.title, 128) + "'";
    const std::string source = facts.shown(printable(boot.entry.source));
    if (boot.entry.kind == EntryKind::under_hypervisor)
        out = Outlook::of(State::off, entry + " boots another hypervisor, and this system under it",
                          source)
                  .because("KVM cannot run beside the hypervisor that this system runs under.")
                  .mend_by("choose an entry without it in the boot loader");
    else if (boot.entry.kind == EntryKind::other)
        out = Outlook::of(State::undetermined, entry + " boots no Linux", source);
    else if (boot.kernel.available.absent() && !facts.platform()->module.empty())
        out =
            Outlook::of(State::off,
                        "kernel " + boot.kernel.release + " has no " +
                            std::string(facts.platform()->module),
                        boot.kernel.available.source)
                .because(boot.kernel.available.found)
                .mend_by(boot.kernel.release == facts.machine.kernel
                             ? mend_missing_module(facts)
                             : "choose a kernel that has it in the boot loader, or install what " +
                                   boot.kernel.release + " lacks");
    else if (unread_modules(facts, boot.kernel))
        out = Outlook::of(State::undetermined, boot.kernel.available.reason,
                          boot.kernel.available.source);
    else
        return false;
    return true;
}

Outlook for_boot(const Facts& facts, const NextBoot& boot) {
    Outlook out;
    if (by_kind(facts, boot, out))
        return out;
    const std::string source = facts.shown(printable(boot.entry.source));
    const Cmdline cmdline = parse_cmdline(boot.entry.cmdline, facts.configuration.kmod.profile);
    if (facts.platform()->module.empty())
        return by_boot_option(facts, cmdline, boot.kernel.release, source);
    if (const std::optional<std::string> cleared = clears_cpu_flag(cmdline, *facts.platform()))
        return Outlook::of(State::off,
                           printable(*cleared) + " takes " +
                               std::string(facts.platform()->cpu_flag) + " from the CPU",
                           source)
            .mend_by(mend_cleared(facts));
    out = with_image(facts, boot, cmdline);
    if (out.origin && out.origin->on_command_line())
        out.source = source;
    return out;
}

/// The first doubt about what boots next: with it, what was read may not be what counts.
const Doubt* first_doubt(const BootFacts& boot) {
    if (!boot.menu.doubts.empty())
        return &boot.menu.doubts.front();
    for (const NextBoot& next : boot.next)
        if (!next.entry.doubts.empty())
            return &next.entry.doubts.front();
    return nullptr;
}

bool as_wanted(const Facts& facts, const Outlook& outlook) {
    return outlook.state == (wanted(facts) == Turn::on ? State::on : State::off);
}

/// Of a loader whose entries cannot be seen: what its list of arguments would bring, once it is
/// applied.
Mend mend_list(const Facts& facts) {
    std::vector<std::string> listed;
    for (const ArgumentPlace& place : facts.boot.arguments)
        listed.push_back(place.text);
    const Outlook out =
        by_options(facts, facts.configuration.conf,
                   parse_cmdline(join(listed, " "), facts.configuration.kmod.profile),
                   Horizon::next_boot, facts.modules);
    if (!as_wanted(facts, out))
        return out.mend;
    const Mend of_this_boot = mend_settings(facts, facts.configuration.effective, wanted(facts));
    return of_this_boot.empty() ? mend_apply_list(facts) : of_this_boot;
}

Outlook in_doubt(const Facts& facts, const Doubt& doubt, const Outlook& as_read) {
    const bool of_list = facts.boot.menu.entries.empty() && !facts.boot.list_files.empty() &&
                         doubt.source == printable(facts.boot.list_files.front(), 512);
    return Outlook::of(State::undetermined, doubt.what, facts.shown(doubt.source))
        .because("As far as the next boot could be read: " + as_read.found + ".")
        .mend_by(doubt.code == EACCES || doubt.code == EPERM ? "run it as root"
                 : of_list                                   ? mend_list(facts)
                 : as_wanted(facts, as_read)                 ? Mend()
                                                             : mend_for(facts, as_read));
}

} // namespace

Outlook at_next_load(const Facts& facts) {
    if (std::optional<Outlook> out = beyond_options(facts, Horizon::next_load))
        return *out;
    const Host& host = facts.host;
    if (facts.platform()->module.empty() || (facts.modules.built_in())) {
        const Fact& now = host.nests.undetermined() ? host.parameter : host.nests;
        return Outlook::of(now.absent() ? State::off : now.state,
                           now.undetermined() ? now.reason
                                              : "KVM is built in; as now: " + now.found,
                           now.source)
            .because("A built-in is not loaded: only a boot changes it.")
            .mend_by(mend_by_boot(mend_nested(facts, wanted(facts))));
    }
    if (facts.modules.loading.off()) {
        const Fact& now = host.nests.undetermined() ? host.parameter : host.nests;
        return Outlook::of(now.absent() ? State::off : now.state,
                           "no module is loaded or unloaded any more (" +
                               facts.modules.loading.found +
                               "); as now: " + (now.undetermined() ? now.reason : now.found),
                           facts.modules.loading.source)
            .mend_by(mend_running(facts));
    }
    if (facts.modules.available.absent())
        return Outlook::of(State::off,
                           std::string(facts.platform()->module) + " is not installed for kernel " +
                               facts.machine.kernel,
                           facts.modules.available.source)
            .because(facts.modules.available.found)
            .without_module()
            .mend_by(facts.modules.folder || !facts.modules.installed_kernels.empty()
                         ? mend_missing_module(facts)
                         : reboot("reboot, into a kernel whose modules are there"));
    if (unread_modules(facts, facts.modules))
        return Outlook::of(State::undetermined, facts.modules.available.reason,
                           facts.modules.available.source);
    if (!facts.configuration.cmdline)
        return Outlook::of(State::undetermined, facts.configuration.cmdline.error().what,
                           facts.shown(Cmdline::file));
    if (!facts.configuration.conf.complete())
        return unread(facts, facts.configuration.conf.problems);
    return by_options(facts, facts.configuration.conf, *facts.configuration.cmdline,
                      Horizon::next_load, facts.modules);
}

Outlook at_next_boot(const Facts& facts) {
    if (std::optional<Outlook> out = beyond_options(facts, Horizon::next_boot))
        return *out;
    if (!facts.configuration.cmdline &&
        (facts.boot.next.empty() || facts.boot.next.front().entry.source == Cmdline::file))
        return Outlook::of(State::undetermined, facts.configuration.cmdline.error().what,
                           facts.shown(Cmdline::file));
    std::vector<Outlook> all;
    for (const NextBoot& boot : facts.boot.next)
        all.push_back(for_boot(facts, boot));
    for (const Outlook& other : all)
        if (other.state != all.front().state)
            return Outlook::of(State::undetermined,
                               "the boot entries differ: " + all.front().found + " (" +
                                   all.front().source + "), " + other.found + " (" + other.source +
                                   ")",
                               other.source)
                .because("Which entry boots next cannot be told from the files.")
                .mend_by(other.mend);
    if (all.empty())
        return Outlook::of(State::undetermined, "what boots next was not looked at", {});
    const Doubt* doubt = first_doubt(facts.boot);
    return doubt ? in_doubt(facts, *doubt, all.front()) : all.front();
}

} // namespace virt_nested
