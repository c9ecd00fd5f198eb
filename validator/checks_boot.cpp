// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of what the next boot brings: the initramfs, the boot entries, the kind of host.
#include "core/text.h"
#include "validator/check.h"
#include "validator/mend.h"
#include "validator/outlook.h"

#include <algorithm>

namespace virt_nested {

namespace {

bool wants_later(const Facts& facts) {
    return facts.platform() && !facts.platform()->module.empty() &&
           facts.linkage != Linkage::built_in;
}

/// One image: is the module in, and which value would it get there.
Finding look(const Facts& facts, const InitramfsImage& image) {
    const std::string module(facts.platform()->module);
    Finding out{Outcome::pass,
                module + " not in the image, or in with the right options",
                {},
                facts.shown(printable(image.path)),
                {},
                {},
                image.next_boot ? at_boot : 0};
    if (!image.content) {
        out.result = Outcome::undetermined;
        out.found = image.content.error().what;
        out.fix =
            image.content.error().code == EACCES ? "run it as root" : mend_initramfs(facts, image);
        return out;
    }
    if (!image.content->has(module)) {
        out.found = module + " is not in the image";
        if (image.content->squashed) {
            out.result = Outcome::undetermined;
            out.found = "the image holds a squashfs that is not looked into";
        }
        return out;
    }
    out.found = module + " is in the image, " + std::to_string(image.content->modprobe.size()) +
                " files of modprobe.d beside it";
    return out;
}

Findings initramfs(const Facts& facts) {
    if (!wants_later(facts))
        return {
            {Outcome::skip, {}, "there is no module that an initramfs could load", {}, {}, {}, 0}};
    if (facts.images.empty())
        return {{Outcome::skip,
                 {},
                 facts.image_problem.empty() ? "no initramfs was found" : facts.image_problem,
                 {},
                 {},
                 {},
                 0}};
    Findings out;
    for (const InitramfsImage& image : facts.images)
        out.push_back(look(facts, image));
    return out;
}

/// What the image's copy and the live files make of the parameter, side by side.
Finding compare(const Facts& facts, const InitramfsImage& image) {
    const Platform& platform = *facts.platform();
    const Cmdline none;
    const auto options = [&](const ModConf& conf) {
        return effective(conf, none, platform.module, platform.parameter);
    };
    const Effective inside = options(parse_modconf(image.content->modprobe, facts.kmod.profile));
    const Effective live = options(facts.conf);
    Finding out{Outcome::pass,
                "as in " + facts.root + "/etc/modprobe.d",
                {},
                facts.shown(printable(image.path)),
                {},
                {},
                image.next_boot ? at_boot : 0};
    const auto words = [](const Effective& e) {
        return e.options.empty() ? std::string("no options") : "'" + printable(e.options) + "'";
    };
    if (inside.options == live.options && inside.blocks.size() == live.blocks.size()) {
        out.found = "the same options inside and outside: " + words(live);
        return out;
    }
    out.result = Outcome::warn;
    out.found = "inside: " + words(inside) + ", outside: " + words(live);
    out.fix = mend_initramfs(facts, image);
    return out;
}

Findings initramfs_stale(const Facts& facts) {
    Findings out;
    for (const InitramfsImage& image : facts.images)
        if (wants_later(facts) && image.content && image.content->has(facts.platform()->module))
            out.push_back(compare(facts, image));
    if (out.empty())
        out.push_back(
            {Outcome::skip, {}, "no image that was looked into holds the module", {}, {}, {}, 0});
    return out;
}

/// Arguments that concern KVM: a running command line without them is no proof for the next one.
std::vector<std::string> relevant(const Facts& facts, const std::string& text) {
    std::vector<std::string> out;
    for (const Cmdline::Token& token : parse_cmdline(text, facts.kmod.profile).tokens)
        if (!token.after_dashes && (token.name.find("kvm") != std::string::npos ||
                                    token.name == "clearcpuid" || token.name == "disable_radix" ||
                                    (token.name.find("blacklist") != std::string::npos &&
                                     token.value && token.value->find("kvm") != std::string::npos)))
            out.push_back(token.name + (token.value ? "=" + *token.value : ""));
    return out;
}

Findings boot_command_line(const Facts& facts) {
    if (facts.boot_entries.empty())
        return {{Outcome::skip,
                 {},
                 "no boot entry could be read: the next boot is taken to have "
                 "this one's command line",
                 {},
                 {},
                 {},
                 0}};
    if (!facts.cmdline)
        return {{Outcome::undetermined,
                 {},
                 facts.cmdline.error().what,
                 facts.shown(Cmdline::file),
                 {},
                 {},
                 0}};
    const std::vector<std::string> now = relevant(facts, facts.cmdline->text);
    Findings out;
    for (const BootEntry& entry : facts.boot_entries) {
        const std::vector<std::string> next = relevant(facts, entry.cmdline);
        if (next == now)
            continue;
        const auto words = [](const std::vector<std::string>& list) {
            return list.empty() ? std::string("nothing about KVM") : printable(join(list, " "));
        };
        out.push_back({Outcome::warn,
                       "as in this boot: " + words(now),
                       words(next),
                       facts.shown(printable(entry.source)),
                       {},
                       {},
                       0});
        if (out.size() == 8)
            break;
    }
    if (out.empty())
        out.push_back(
            {Outcome::pass,
             "as in this boot",
             std::to_string(facts.boot_entries.size()) + " boot entries say the same about KVM",
             {},
             {},
             {},
             0});
    return out;
}

/// A change that would not last, or would not be read, on such a host.
Findings host_kind(const Facts& facts) {
    if (!facts.kind && !facts.unified)
        return {{Outcome::skip,
                 {},
                 "an ordinary host: files and boot entries are changed in place",
                 {},
                 {},
                 {},
                 0}};
    const std::string what = facts.kind ? std::string(facts.kind->name) : "unified kernel image";
    const bool inside = !facts.images.empty() && facts.images.front().content && facts.platform() &&
                        facts.images.front().content->has(facts.platform()->module);
    const bool etc_counts = std::any_of(
        facts.effective.settings.begin(), facts.effective.settings.end(),
        [](const Setting& setting) { return setting.origin.file.starts_with("/etc/modprobe.d/"); });
    // Images of such hosts are built elsewhere, without /etc/modprobe.d.
    if (inside && etc_counts)
        return {{Outcome::warn,
                 "options where the image has them",
                 what + ": the module is loaded in the initramfs, and /etc/modprobe.d is not in it",
                 facts.shown(facts.images.front().path),
                 {},
                 mend_nested(facts, true),
                 0}};
    return {{Outcome::pass, "settings where they last", what, {}, {}, {}, 0}};
}

} // namespace

void add_boot_checks(std::vector<Check>& table) {
    constexpr std::string_view dracut = "dracut(8), initramfs-tools(7)";
    table.insert(
        table.end(),
        {{"initramfs", "KVM in the initramfs", Outcome::undetermined, 0, at_boot, 0, false,
          "A module that the initramfs loads gets the image's copy of modprobe.d, made when the "
          "image was built. Not in the image is the usual, and good, case.",
          "build the image anew", dracut, initramfs},
         {"initramfs-stale", "The initramfs's copy of modprobe.d", Outcome::warn, 0, at_boot, 0,
          false, "The copy in the image is older than, or another than, what stands in /etc.",
          "build the image anew", dracut, initramfs_stale},
         {"boot-command-line", "The next boot's command line", Outcome::warn, 0, at_boot, 0, false,
          "The boot loader will give another command line than this boot has.",
          "reboot, or correct the boot entry",
          "https://uapi-group.org/specifications/specs/boot_loader_specification/",
          boot_command_line},
         {"host-kind", "Image-based host or unified kernel image", Outcome::warn, 0, at_boot, 0,
          false,
          "There the command line and the initramfs are part of an image: a change in place is "
          "refused, ignored or lost.",
          "change the image", "https://uapi-group.org/specifications/specs/unified_kernel_image/",
          host_kind}});
}

} // namespace virt_nested
