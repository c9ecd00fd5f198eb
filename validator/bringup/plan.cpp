// SPDX-License-Identifier: GPL-2.0-or-later
// The plan of enable and disable.
#include "validator/bringup/plan.h"

#include "core/text.h"
#include "validator/bringup/refuse.h"
#include "validator/checks/mend.h"
#include "validator/checks/outlook.h"
#include "validator/facts/parmtypes.h"

#include <algorithm>

namespace virt_nested {

namespace {

constexpr std::string_view header =
    "# Written by virt-nested enable (nested=1) or disable (nested=0); run it again to change it.\n"
    "# In force in place of the package's file of this name; files that sort behind it, and the\n"
    "# kernel command line, have the last word.\n";

/// For an image without /proc: by the modules of its kernels.
std::string machine_of_image(const Sysroot& root) {
    for (const char* modules : {"/lib/modules", "/usr/lib/modules"}) {
        const Result<std::vector<std::string>> kernels = root.list(modules);
        for (const std::string& kernel : kernels.value_or({}))
            for (const Platform& platform : platforms())
                if (root.exists(std::string(modules) + "/" + kernel + "/kernel/arch/" +
                                std::string(platform.arch_folder) + "/kvm"))
                    return std::string(platform.machine);
    }
    return {};
}

std::vector<std::string> modules_of(const std::string& machine) {
    std::vector<std::string> out;
    for (const Platform& platform : platforms())
        if (platform.machine == machine && !platform.parameter.empty())
            out.emplace_back(platform.module);
    return out;
}

/// True: it says otherwise, and nothing is done. Where it says what is wanted, it is kept.
bool refuse_by_file(const Sysroot& root, Plan& plan, AtomicFile::Kind kind,
                    const std::string& current, bool agrees) {
    const bool foreign = kind == AtomicFile::Kind::regular && !is_own_text(current);
    if (kind != AtomicFile::Kind::link && kind != AtomicFile::Kind::other && !foreign)
        return false;
    const std::string what = root.shown(own_file) +
                             (kind == AtomicFile::Kind::link ? " is a link that somebody has made"
                              : foreign ? " holds what virt-nested did not write"
                                        : " is not a regular file") +
                             "; it is left as it is";
    if (agrees) {
        plan.kept = what;
        return false;
    }
    refuse(plan, exit_fail,
           what + "; move it away, or put in: " + option_line(plan.modules.front(), plan.on));
    return true;
}

std::string origin_text(const Facts& facts, const Setting& setting) {
    return where(facts, setting.origin) + " says " + printable(setting.shown("nested"));
}

/// Words of the composed options that the kernel refuses, `nested` apart: it comes with its line.
void refused_words(const Effective& effective, std::vector<std::string>& out) {
    const std::string given = effective.options + " " + effective.arguments;
    for (const std::string_view word : words(given)) {
        const size_t equals = word.find('=');
        const std::string_view parameter = word.substr(0, equals);
        const Parameter* known = known_parameter(effective.module, parameter);
        if (!known || same_parameter(parameter, effective.parameter))
            continue;
        const std::optional<std::string> value =
            equals == std::string_view::npos ? std::nullopt
                                             : std::optional<std::string>(word.substr(equals + 1));
        const Acceptance answer = check_value(known->type, value);
        if (answer.verdict == Acceptance::Verdict::refused)
            out.push_back(effective.module + " does not load with '" + printable(word, 128) +
                          "': " + answer.why +
                          "; find it with: modprobe --showconfig, and mend it");
    }
}

void excluded(const Facts& facts, const ModConf& conf, const Cmdline& cmdline,
              const std::string& module, std::vector<std::string>& out) {
    const Exclusion* exclusion = exclusion_of(module, facts.machine.kernel);
    if (!exclusion)
        return;
    const std::string other(exclusion->parameter);
    const Effective beside = effective(conf, cmdline, module, other);
    const Setting* winner = beside.winner();
    if (winner && check_value(Parmtype::boolean, winner->value).on.value_or(false))
        out.push_back(module + " does not load with both nested=1 and " + other +
                      "=1 before Linux " + std::to_string(exclusion->until.first) + "." +
                      std::to_string(exclusion->until.second) + " (" +
                      std::string(exclusion->source) + "); " + where(facts, winner->origin) +
                      " says " + printable(winner->shown(other)) + "; " +
                      in_words(mend_setting(facts, *winner, module, other)));
}

} // namespace

std::string option_line(const std::string& module, bool on) {
    return "options " + module + " nested=" + (on ? "1" : "0");
}

std::string own_text(const std::vector<std::string>& modules, bool on) {
    std::string out(header);
    for (const std::string& module : modules)
        out += option_line(module, on) + "\n";
    return out;
}

bool is_own_text(std::string_view text) {
    if (!text.starts_with(header))
        return false;
    for (const std::string_view line : lines(text.substr(header.size()))) {
        const bool known =
            std::any_of(platforms().begin(), platforms().end(), [&](const Platform& platform) {
                const std::string module(platform.module);
                return line == option_line(module, true) || line == option_line(module, false);
            });
        if (!known)
            return false;
    }
    return true;
}

std::string state_of_own_file(AtomicFile::Kind kind, const std::string& text) {
    if (kind == AtomicFile::Kind::absent)
        return "absent";
    if (kind != AtomicFile::Kind::regular || !is_own_text(text))
        return "other";
    return text.ends_with("=1\n") ? "nested=1" : "nested=0";
}

std::string state_of_own_file(const Sysroot& root) {
    const Result<AtomicFile> file = AtomicFile::open(root, own_file, AtomicFile::Access::look);
    return file ? state_of_own_file(file->kind(), file->text()) : "absent";
}

std::vector<std::string> contradictions(const Sysroot& root, const Facts& facts,
                                        const ModConf& conf, const std::string& module, bool on) {
    std::vector<std::string> out;
    const Cmdline& cmdline = facts.configuration.known_cmdline();
    const Effective effective =
        virt_nested::effective(conf, cmdline, module, "nested", facts.configuration.context);
    const Parmtype type = type_of(module, "nested");
    for (const Setting& setting : effective.settings) {
        const Acceptance answer = check_value(type, setting.value);
        if (setting.ignored || answer.verdict == Acceptance::Verdict::accepted)
            continue;
        out.push_back(origin_text(facts, setting) + ": fatal, " + module +
                      " does not load with it (" + answer.why + "); " +
                      in_words(mend_setting(facts, setting, module, "nested")));
    }
    std::string word = " and has the last word; ";
    for (const Setting* setting : in_the_way(effective, on ? Turn::on : Turn::off)) {
        if (!check_value(type, setting->value).on)
            continue; // named above
        out.push_back(origin_text(facts, *setting) + " for " + module + word +
                      in_words(mend_setting(facts, *setting, module, "nested")));
        word = " and has the last word then; ";
    }
    refused_words(effective, out);
    if (on)
        excluded(facts, conf, cmdline, module, out);
    for (const Block& block : effective.blocks)
        if (on && block.doubt.empty())
            out.push_back(where(facts, block.origin) + " keeps " + module + " from being loaded" +
                          (block.by_name ? "" : " at boot") + ": " + printable(block.text) + "; " +
                          in_words(mend_block(facts, block)));
    for (const ConfProblem& problem : conf.problems)
        if (problem.kind == ConfProblem::Kind::unreadable)
            out.push_back(root.shown(printable(problem.path)) +
                          " could not be read, so what counts is not known: " + problem.reason);
    return out;
}

Plan make_plan(const Sysroot& root, const Facts& facts, bool on, AtomicFile::Kind kind,
               const std::string& current) {
    Plan plan;
    plan.on = on;
    const bool known = facts.platform() != nullptr;
    const std::string machine = known         ? facts.host.machine
                                : root.live() ? std::string()
                                              : machine_of_image(root);
    plan.modules = modules_of(machine);
    if (!facts.machine.container.empty() && root.live())
        return refuse(plan, exit_fail,
                      "this is a container (" + facts.machine.container +
                          "); run it on the host, whose kernel and modprobe.d count");
    if (!known && plan.modules.empty())
        return refuse(plan, exit_undetermined,
                      facts.host.nests.reason +
                          "; no module is known here whose nesting could be "
                          "turned " +
                          (on ? "on" : "off"));
    if (known)
        plan.module = facts.platform()->module;
    if (known && refuse_by_platform(facts, plan))
        return plan;
    if (refuse_by_root(facts, plan))
        return plan;
    if (known && refuse_by_parameter(root, facts, plan))
        return plan;
    plan.text = own_text(plan.modules, on);
    const std::vector<std::string> checked =
        known ? std::vector<std::string>{plan.module} : plan.modules;
    const bool ours = kind == AtomicFile::Kind::absent ||
                      (kind == AtomicFile::Kind::regular && is_own_text(current));
    const ModConf conf =
        ours ? load_modconf_with(root, facts.configuration.kmod.profile, {own_file, plan.text})
             : facts.configuration.conf;
    for (const std::string& module : checked)
        for (std::string& line : contradictions(root, facts, conf, module, on))
            plan.contradictions.push_back(std::move(line));
    const bool agrees =
        plan.contradictions.empty() && facts.configuration.effective.winner() != nullptr;
    if (refuse_by_file(root, plan, kind, current, agrees))
        return plan;
    plan.write = plan.kept.empty() && (kind == AtomicFile::Kind::absent || current != plan.text);
    return plan;
}

Plan runtime_plan(const Sysroot& root, const Facts& facts, bool on) {
    Plan plan;
    plan.on = on;
    if (!facts.machine.container.empty())
        return refuse(plan, exit_fail,
                      "this is a container (" + facts.machine.container +
                          "); run it on the host, whose kernel counts");
    if (!facts.platform())
        return refuse(plan, exit_undetermined, facts.host.nests.reason);
    plan.module = facts.platform()->module;
    plan.modules = {plan.module};
    if (!refuse_by_platform(facts, plan))
        refuse_by_parameter(root, facts, plan);
    return plan;
}

std::string why_not_by_modprobe(std::string_view printed, const std::string& module, bool on) {
    std::string_view last;
    for (const std::string_view line : lines(printed))
        if (!trim(line).empty())
            last = trim(line);
    const std::vector<std::string_view> parts = words(last);
    std::string shown = "modprobe would run: " + printable(last);
    if (parts.size() < 2 || parts[0] != "insmod")
        return last.empty() ? "modprobe would load nothing" : shown;
    if (module_in_path(parts[1]) != module)
        return shown;
    std::optional<bool> value;
    for (size_t i = 2; i < parts.size(); ++i) {
        const size_t equals = parts[i].find('=');
        if (!same_parameter(parts[i].substr(0, equals), "nested"))
            continue;
        const Acceptance answer =
            check_value(type_of(module, "nested"),
                        equals == std::string_view::npos
                            ? std::nullopt
                            : std::optional<std::string>(parts[i].substr(equals + 1)));
        if (answer.verdict != Acceptance::Verdict::accepted)
            return shown + ", which does not load: " + answer.why;
        value = answer.on;
    }
    return value == on ? std::string() : shown;
}

std::vector<StaleImage> stale_images(const Sysroot& root, const Facts& facts,
                                     const std::vector<InitramfsImage>& images, const Plan& plan) {
    std::vector<StaleImage> out;
    for (const InitramfsImage& image : images) {
        if (!image.content || !image.next_boot)
            continue;
        for (const std::string& module : plan.modules) {
            if (!image.has(module) || (!plan.module.empty() && module != plan.module))
                continue;
            const ModConf conf =
                parse_modconf(image.content->modprobe, facts.configuration.kmod.profile);
            const Cmdline none;
            const Effective there = effective(conf, none, module, "nested");
            const Setting* winner = there.winner();
            const Fact standard =
                facts.platform() ? default_of(*facts.platform(), image.kernel) : Fact();
            if (winner ? contradictions(root, facts, conf, module, plan.on).empty()
                       : !standard.undetermined() && standard.on() == plan.on)
                continue;
            out.push_back(
                {&image,
                 root.shown(image.path) + " holds " + module + " and loads it with " +
                     (winner ? printable(winner->shown("nested")) : "the kernel's default") +
                     ", before the real root is there"});
        }
    }
    return out;
}

std::vector<std::string> beaten_by_boot_loader(const Facts& facts, const ModConf& conf,
                                               const Plan& plan) {
    std::vector<std::string> out;
    if (plan.module.empty())
        return out;
    for (const NextBoot& boot : facts.boot.next) {
        const BootEntry& entry = boot.entry;
        if (entry.source == Cmdline::file)
            continue;
        const Effective next =
            effective(conf, parse_cmdline(entry.cmdline, facts.configuration.kmod.profile),
                      plan.module, "nested");
        const Setting* winner = next.winner();
        if (!winner || !winner->origin.on_command_line() ||
            check_value(type_of(plan.module, "nested"), winner->value).on == plan.on)
            continue;
        const std::string argument = plan.module + "." + winner->shown("nested");
        out.push_back(facts.root + printable(entry.source) + " gives the next kernel " +
                      printable(argument) + ", which has the last word; " +
                      in_words(mend_remove_argument(facts, argument)));
    }
    return out;
}

std::string in_words(const Outlook& outlook, const std::string& when) {
    const char* what = outlook.state == State::on    ? " nesting is on: "
                       : outlook.state == State::off ? " nesting is off: "
                                                     : " nesting may be on or off: ";
    return when + what + outlook.found +
           (outlook.source.empty() ? "" : " (" + outlook.source + ")");
}

std::vector<std::string> rebuild_command(const Sysroot& root, const InitramfsImage& image) {
    if (image.unified || image.kernel.empty())
        return {};
    if (image.builder == ImageBuilder::initramfs_tools)
        return {"update-initramfs", "-u", "-k", image.kernel};
    if (image.builder != ImageBuilder::dracut)
        return {};
    std::vector<std::string> out = {"dracut", "--force", image.path, image.kernel};
    const bool carries_etc =
        image.content &&
        std::any_of(image.content->modprobe.begin(), image.content->modprobe.end(),
                    [](const ConfFile& file) { return file.path.starts_with("/etc/modprobe.d/"); });
    // A generic image is made without /etc/modprobe.d (dracut: 90kernel-modules); ours brings it
    // in.
    if (!carries_etc && root.exists("/usr/lib/dracut/modules.d/55virt-nested"))
        out.insert(out.end(), {"--add", "virt-nested"});
    return out;
}

} // namespace virt_nested
