// SPDX-License-Identifier: GPL-2.0-or-later
// What mends a finding on this host.
#include "validator/checks/mend.h"

#include "core/text.h"
#include "validator/checks/cannot_nest.h"
#include "validator/checks/missing_module.h"
#include "validator/checks/outer_host.h"

#include <algorithm>

namespace virt_nested {

std::string where(const Facts& facts, const Origin& origin) {
    return origin.on_command_line() ? facts.shown(origin.file) : facts.root + shown(origin);
}

namespace {

/// How words of a file of modprobe.d are changed.
std::string mend_file(const Facts& facts, const Origin& origin, const std::string& verb,
                      const std::string& text) {
    if (facts.machine.made_elsewhere())
        return std::string(facts.machine.kind->files) + ": " + verb + " '" + text +
               "', which is in " + where(facts, origin);
    const std::string& file = origin.file;
    if (file.starts_with("/etc/") || file.starts_with("/run/"))
        return verb + " '" + text + "' in " + where(facts, origin);
    // A vendor's file comes back with the next update; a file of its name in /etc masks it.
    return "mask the vendor's file: cp " + shell_word(file) + " /etc/modprobe.d/, and " + verb +
           " '" + text + "' in the copy";
}

std::string reload(const Facts& facts) {
    const std::string module(facts.platform()->module);
    return "modprobe -r " + module + " && modprobe " + module;
}

} // namespace

std::string mend_initramfs(const Facts& facts, const InitramfsImage& image) {
    if (facts.machine.kind)
        return std::string(facts.machine.kind->name) + ": the image is not rebuilt in place; " +
               std::string(facts.machine.kind->initramfs);
    if (image.unified)
        return mend_unified(facts);
    if (image.builder == ImageBuilder::initramfs_tools)
        return "update-initramfs -u -k " + shell_word(image.kernel);
    if (image.builder == ImageBuilder::dracut)
        return "dracut -f " + shell_word(image.path) + " " + shell_word(image.kernel);
    return "build " + shell_word(image.path) + " anew with the tool that made it";
}

std::string mend_running(const Facts& facts) {
    if (!facts.platform() || facts.platform()->module.empty())
        return "reboot";
    if (!facts.machine.container.empty())
        return "on the host, outside this container: " + reload(facts);
    if (facts.modules.built_in())
        return "reboot: KVM is built in";
    if (facts.modules.loading.off())
        return "reboot: " + facts.modules.loading.found;
    if (!facts.modules.guests.empty())
        return "shut down or migrate the guests that hold " +
               std::string(facts.platform()->module) + " (" +
               listed({facts.modules.guests.begin(),
                       facts.modules.guests.begin() +
                           static_cast<long>(std::min<size_t>(facts.modules.guests.size(), 5))}) +
               (facts.modules.guests.size() > 5 ? ", ..." : "") + "), then: " + reload(facts) +
               "; or reboot";
    if (facts.modules.references > 0)
        return "stop what holds " + std::string(facts.platform()->module) + " (refcnt " +
               std::to_string(facts.modules.references) +
               "; fuser /dev/kvm names it), then: " + reload(facts) + "; or reboot";
    return reload(facts);
}

bool too_old(const Platform& platform, const std::string& release) {
    const KernelVersion version = kernel_version(release);
    return version != KernelVersion() && version < platform.nests_since;
}

std::string mend_nested(const Facts& facts, Turn turn) {
    const bool on = turn == Turn::on;
    const Platform& platform = *facts.platform();
    const std::string value = on ? "1" : "0";
    const std::string argument =
        std::string(platform.module) + "." + std::string(platform.parameter) + "=" + value;
    if (!facts.machine.container.empty())
        return "on the host, outside this container: virt-nested " +
               std::string(on ? "enable" : "disable");
    if (on && too_old(platform, facts.boot.kernel()))
        return "boot a kernel of " + std::to_string(platform.nests_since.first) + "." +
               std::to_string(platform.nests_since.second) + " or later, with " +
               std::string(platform.boot_option) + " on its command line";
    if (!platform.boot_option.empty())
        return on ? mend_add_argument(facts, platform.boot_option)
                  : mend_remove_argument(facts, platform.boot_option);
    const Setting* winner = facts.configuration.effective.winner();
    const Parameter* known = known_parameter(platform.module, platform.parameter);
    // Ours comes first by its name, so that every other file keeps the last word: where one says
    // otherwise, that one is to be mended.
    if (winner && known && check_value(known->type, winner->value).on != on)
        return mend_setting(facts, *winner);
    if (facts.modules.built_in())
        return mend_add_argument(facts, argument);
    if (facts.machine.made_elsewhere())
        return std::string(facts.machine.kind->files) + ": options " +
               std::string(platform.module) + " " + std::string(platform.parameter) + "=" + value;
    return on ? "virt-nested enable" : "virt-nested disable";
}

std::string mend_now(const Facts& facts, Turn turn) {
    const bool on = turn == Turn::on;
    const Fact& parameter = facts.host.parameter;
    if (facts.platform()->live && (parameter.on() || parameter.off()))
        return std::string("echo ") + (on ? "1" : "0") + " > " + parameter.source +
               "; for good: " + mend_nested(facts, turn);
    const Setting* winner = facts.configuration.effective.winner();
    const Parameter* known = known_parameter(facts.platform()->module, facts.platform()->parameter);
    if (winner && known && check_value(known->type, winner->value).on == on)
        return mend_running(facts);
    // A command line holds until the next one.
    if (winner && winner->origin.on_command_line())
        return mend_nested(facts, turn) + "; then reboot";
    return mend_nested(facts, turn) + ", then: " + mend_running(facts);
}

std::string mend_setting(const Facts& facts, const Setting& setting) {
    return mend_setting(facts, setting, facts.platform()->module, facts.platform()->parameter);
}

std::string mend_setting(const Facts& facts, const Setting& setting, std::string_view module,
                         std::string_view parameter) {
    const std::string text = printable(setting.shown(parameter));
    if (setting.origin.on_command_line())
        return mend_remove_argument(facts, std::string(module) + "." + text);
    return mend_file(facts, setting.origin, "correct or remove", text);
}

std::string mend_block(const Facts& facts, const Block& block) {
    if (block.origin.on_command_line())
        return mend_remove_argument(facts, block.text);
    return mend_file(facts, block.origin, "remove", printable(block.text));
}

std::string mend_line(const Facts& facts, const LintFinding& lint) {
    if (!facts.machine.made_elsewhere() || lint.origin.on_command_line())
        return lint.mend;
    const std::string place = std::string(facts.machine.kind->files) + ": ";
    switch (lint.kind) {
    case LintKind::wrong_folder:
    case LintKind::folder_not_read:
    case LintKind::wrong_suffix:
    case LintKind::sub_folder:
        return place + lint.text;
    case LintKind::line_end:
        return place + "write the line without the CR at its end";
    case LintKind::include:
        return place + "put the lines of that file there";
    default:
        return place + lint.mend;
    }
}

std::string mend_missing_module(const Facts& facts) {
    return missing_module(facts).mend;
}

std::string mend_hook_link(const Facts& facts) {
    if (facts.machine.made_elsewhere())
        return std::string(facts.machine.kind->hook) + ": " + std::string(hook_places().program);
    return link_hook_command(hook_places(), facts.hook.daemon);
}

std::string mend_capabilities(const Facts& facts, const std::string& path) {
    return "rm " + shell_word(path) + " && systemctl restart " + facts.hook.daemon;
}

std::string mend_hardware(const Facts& facts) {
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
