// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of what the next boot brings: the initramfs, the boot entries, the kind of host.
#include "core/text.h"
#include "validator/boot/image/early_load.h"
#include "validator/checks/check.h"
#include "validator/checks/mend.h"
#include "validator/checks/outlook.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

namespace {

constexpr std::string_view dracut = "dracut(8), initramfs-tools(7)";

bool wants_later(const Facts& facts) {
    return facts.platform() && !facts.platform()->module.empty() && !facts.modules.built_in();
}

EarlyLoad loaded_early(const Facts& facts, const InitramfsImage& image) {
    return early_load(*image.content, facts.configuration.known_cmdline(), *facts.platform(),
                      facts.configuration.kmod.profile);
}

/// One image: is the module in, and does it load it.
Finding look(const Facts& facts, const InitramfsImage& image) {
    const std::string module(facts.platform()->module);
    Finding out = Finding::pass(module + " not in the image, or in with the right options", {},
                                facts.shown(printable(image.path)))
                      .at(image.next_boot ? at_boot : at_none);
    if (!image.content) {
        out.result = Outcome::undetermined;
        out.found = image.content.error().what;
        out.mend =
            image.content.error().code == EACCES ? "run it as root" : mend_initramfs(facts, image);
        return out;
    }
    if (!image.has(module)) {
        out.found = module + " is not in the image";
        if (image.content->squashed) {
            out.result = Outcome::undetermined;
            out.found = "the image holds a squashfs that is not looked into";
        }
        return out;
    }
    const EarlyLoad early = loaded_early(facts, image);
    out.found = module + " is in the image, " + std::to_string(image.content->modprobe.size()) +
                " files of modprobe.d beside it; " +
                (early.loads  ? early.by + " loads it there"
                 : early.held ? "'" + printable(early.held->text) + "' (" +
                                    shown(early.held->origin) + ") keeps it from being loaded there"
                              : "nothing loads it there");
    return out;
}

/// Parameters among dracut's own arguments in the image: who put them there meant the module.
void add_lost_arguments(const Facts& facts, const InitramfsImage& image, Findings& out) {
    if (!image.content)
        return;
    for (const ImageArgument& word :
         image_arguments(*image.content, facts.configuration.kmod.profile)) {
        const size_t dot = word.text.find('.');
        if (dot == std::string::npos || !module_name(word.text.substr(0, dot)).starts_with("kvm") ||
            out.size() >= 64)
            continue;
        out.push_back(
            Finding::warn("module parameters where modprobe reads them",
                          printable(word.text) + " has no effect there",
                          facts.shown(printable(image.path)) + ": " + shown(word.origin))
                .because(
                    "dracut adds these arguments to the kernel's for itself alone: modprobe and "
                    "the kernel do not see them.")
                .mend_by(mend_add_argument(facts, word.text))
                .at(image.next_boot ? at_boot : at_none));
    }
}

Findings initramfs(const Facts& facts) {
    if (!wants_later(facts))
        return {Finding::skip("there is no module that an initramfs could load")};
    if (facts.boot.images.empty())
        return {Finding::skip(facts.boot.image_problem.empty() ? "no initramfs was found"
                                                               : facts.boot.image_problem)};
    Findings out;
    for (const InitramfsImage& image : facts.boot.images) {
        out.push_back(look(facts, image));
        add_lost_arguments(facts, image, out);
    }
    return out;
}

Check initramfs_check() {
    return {
        .id = "initramfs",
        .title = "KVM in the initramfs",
        .severity = Outcome::undetermined,
        .horizons = at_boot,
        .why =
            "A module that the initramfs loads gets the image's copy of modprobe.d, made when the "
            "image was built. Not in the image is the usual, and good, case.",
        .mend = "build the image anew",
        .reference = dracut,
        .run = initramfs,
    };
}

/// What the image's copy and the live files make of the parameter, side by side.
Finding compare(const Facts& facts, const InitramfsImage& image) {
    const Platform& platform = *facts.platform();
    const Cmdline none;
    const auto options = [&](const ModConf& conf) {
        return effective(conf, none, platform.module, platform.parameter);
    };
    Effective inside =
        options(parse_modconf(image.content->modprobe, facts.configuration.kmod.profile));
    const std::string more = loaded_early(facts, image).options;
    inside.options += (inside.options.empty() || more.empty() ? "" : " ") + more;
    const Effective live = options(facts.configuration.conf);
    Finding out = Finding::pass("as in " + facts.root + "/etc/modprobe.d", {},
                                facts.shown(printable(image.path)))
                      .at(image.next_boot ? at_boot : at_none);
    const auto words = [](const Effective& e) {
        return e.options.empty() ? std::string("no options") : "'" + printable(e.options) + "'";
    };
    if (inside.options == live.options && inside.blocks.size() == live.blocks.size()) {
        out.found = "the same options inside and outside: " + words(live);
        return out;
    }
    out.result = Outcome::warn;
    out.found = "inside: " + words(inside) + ", outside: " + words(live);
    out.mend = mend_initramfs(facts, image);
    return out;
}

Findings initramfs_stale(const Facts& facts) {
    Findings out;
    for (const InitramfsImage& image : facts.boot.images)
        if (wants_later(facts) && image.has(facts.platform()->module) &&
            loaded_early(facts, image).loads)
            out.push_back(compare(facts, image));
    if (out.empty())
        out.push_back(Finding::skip("no image that was looked into loads the module"));
    return out;
}

Check initramfs_stale_check() {
    return {
        .id = "initramfs-stale",
        .title = "The initramfs's copy of modprobe.d",
        .severity = Outcome::warn,
        .horizons = at_boot,
        .why = "The copy in the image is older than, or another than, what stands in /etc.",
        .mend = "build the image anew",
        .reference = dracut,
        .run = initramfs_stale,
    };
}

/// The argument of that boot that says the contrary of what is wanted, where one does.
Mend mend_contrary(const Facts& facts, const NextBoot& boot) {
    const Platform& platform = *facts.platform();
    if (platform.parameter.empty() || facts.config.host == HostIntent::any)
        return {};
    const Effective given =
        effective(facts.configuration.conf,
                  parse_cmdline(boot.entry.cmdline, facts.configuration.kmod.profile),
                  platform.module, platform.parameter, load_context(facts, boot.kernel));
    const Setting* winner = given.winner();
    const Parameter* known = known_parameter(platform.module, platform.parameter);
    const bool contrary =
        winner && known && winner->origin.on_command_line() &&
        check_value(known->type, winner->value).on != (facts.config.host == HostIntent::on);
    return contrary ? mend_setting(facts, *winner) : Mend();
}

/// Never away from what is wanted of this host: where the next boot's arguments bring that, they
/// are to be had by booting them.
Mend mend_difference(const Facts& facts, const NextBoot& boot) {
    Mend contrary = facts.platform() ? mend_contrary(facts, boot) : Mend();
    if (!contrary.empty())
        return contrary;
    const Outlook next = at_next_boot(facts);
    Mend mend = outcome_of(facts, next.state) == Outcome::pass ? Mend() : mend_for(facts, next);
    return mend.empty() ? Mend("reboot, where the new ones are meant") : mend;
}

Findings boot_command_line(const Facts& facts) {
    if (facts.boot.menu.entries.empty())
        return {Finding::skip("no boot entry could be read: the next boot is taken to have "
                              "this one's command line")};
    if (!facts.configuration.cmdline)
        return {Finding::undetermined({}, facts.configuration.cmdline.error().what,
                                      facts.shown(Cmdline::file))};
    const std::vector<std::string> now = kvm_arguments(facts.configuration.cmdline->text);
    const auto words = [](const std::vector<std::string>& list) {
        return list.empty() ? std::string("nothing about KVM") : printable(join(list, " "));
    };
    Findings out;
    for (const NextBoot& boot : facts.boot.next) {
        const std::vector<std::string> next = kvm_arguments(boot.entry.cmdline);
        if (next == now || out.size() == 8)
            continue;
        out.push_back(Finding::warn("as in this boot: " + words(now), words(next),
                                    facts.shown(printable(boot.entry.source)))
                          .mend_by(mend_difference(facts, boot)));
    }
    if (out.empty())
        out.push_back(Finding::pass("as in this boot: " + words(now), words(now),
                                    facts.shown(printable(facts.boot.next.front().entry.source))));
    return out;
}

Check boot_command_line_check() {
    return {
        .id = "boot-command-line",
        .title = "The next boot's command line",
        .severity = Outcome::warn,
        .horizons = at_boot,
        .tells = Tells::effect,
        .why = "The boot loader will give another command line than this boot has.",
        .mend = "reboot, or correct the boot entry",
        .reference = "https://uapi-group.org/specifications/specs/boot_loader_specification/",
        .run = boot_command_line,
    };
}

/// What will boot, in a few words.
Finding chain_in_words(const Facts& facts) {
    const BootFacts& boot = facts.boot;
    const NextBoot& next = boot.next.front();
    const std::string loader(boot.loader->name);
    if (boot.menu.entries.empty())
        return Finding::pass({}, loader + ", whose entries are not in files of this system");
    const std::string& title = next.entry.title.empty() ? next.entry.id : next.entry.title;
    std::string found =
        loader + ": '" + printable(title, 128) + "' of " + std::to_string(boot.menu.entries.size());
    if (boot.next.size() > 1)
        found += ", or one of " + std::to_string(boot.next.size() - 1) + " more";
    if (!next.kernel.release.empty())
        found += ", kernel " + next.kernel.release;
    return Finding::pass({}, found, facts.shown(printable(next.entry.source)));
}

Findings boot_chain(const Facts& facts) {
    const BootFacts& boot = facts.boot;
    Findings out;
    const auto doubt = [&](const Doubt& one) {
        if (out.size() < 8)
            out.push_back(
                Finding::undetermined("a next boot that can be told", one.what,
                                      facts.shown(one.source))
                    .mend_by(one.code == EACCES || one.code == EPERM ? "run it as root" : ""));
    };
    std::for_each(boot.menu.doubts.begin(), boot.menu.doubts.end(), doubt);
    for (const NextBoot& next : boot.next)
        std::for_each(next.entry.doubts.begin(), next.entry.doubts.end(), doubt);
    if (out.empty() && (!boot.loader || boot.next.empty()))
        out.push_back(Finding::skip("nothing tells which boot loader this machine has: its next "
                                    "boot is taken to be as this one"));
    else if (out.empty())
        out.push_back(chain_in_words(facts));
    return out;
}

Check boot_chain_check() {
    return {
        .id = "boot-chain",
        .title = "What boots next",
        .severity = Outcome::undetermined,
        .horizons = at_boot,
        .why = "What the boot loader's files leave open may be another kernel, command line or "
               "initramfs.",
        .mend = "choose the entry that is meant as the boot loader's default, and validate again",
        .reference = "https://uapi-group.org/specifications/specs/boot_loader_specification/",
        .run = boot_chain,
    };
}

/// A change that would not last, or would not be read, on such a host.
Findings host_kind(const Facts& facts) {
    if (!facts.machine.kind && !facts.boot.unified())
        return {Finding::skip("an ordinary host: files and boot entries are changed in place")};
    const std::string what =
        facts.machine.kind ? std::string(facts.machine.kind->name) : "unified kernel image";
    const InitramfsImage* image = facts.boot.images.empty() ? nullptr : &facts.boot.images.front();
    const bool inside = image && facts.platform() && image->has(facts.platform()->module) &&
                        loaded_early(facts, *image).loads;
    // Images of such hosts are often built elsewhere, without /etc/modprobe.d.
    const auto lost = std::find_if(
        facts.configuration.effective.settings.begin(),
        facts.configuration.effective.settings.end(), [&](const Setting& setting) {
            return inside && setting.origin.file.starts_with("/etc/modprobe.d/") &&
                   std::none_of(
                       image->content->modprobe.begin(), image->content->modprobe.end(),
                       [&](const ConfFile& file) { return file.path == setting.origin.file; });
        });
    if (lost != facts.configuration.effective.settings.end())
        return {Finding::warn("options where the image has them",
                              what + ": the module is loaded in the initramfs, and " +
                                  where(facts, lost->origin) + " is not in it",
                              facts.shown(printable(image->path)))
                    .mend_by(facts.machine.kind ? mend_nested(facts, Turn::on)
                                                : mend_initramfs(facts, *image))};
    return {Finding::pass("settings where they last", what)};
}

Check host_kind_check() {
    return {
        .id = "host-kind",
        .title = "Image-based host or unified kernel image",
        .severity = Outcome::warn,
        .horizons = at_boot,
        .why =
            "There the command line and the initramfs are part of an image: a change in place is "
            "refused, ignored or lost.",
        .mend = "change the image",
        .reference = "https://uapi-group.org/specifications/specs/unified_kernel_image/",
        .run = host_kind,
    };
}

} // namespace

void add_boot_checks(std::vector<Check>& table) {
    table.insert(table.end(), {initramfs_check(), initramfs_stale_check(), boot_chain_check(),
                               boot_command_line_check(), host_kind_check()});
}

} // namespace virt_nested
