// SPDX-License-Identifier: GPL-2.0-or-later
// The facts folded into one answer for the next load and the next boot.
#include "validator/outlook.h"

#include "core/text.h"
#include "validator/mend.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace virt_nested {

namespace {

using Version = std::pair<int, int>;

/// "6.1.0-50-amd64" -> 6, 1; 0, 0 where it is none.
Version version_of(std::string_view release) {
    Version out{0, 0};
    const char* end = release.data() + release.size();
    const auto major = std::from_chars(release.data(), end, out.first);
    if (major.ec == std::errc() && major.ptr != end && *major.ptr == '.')
        std::from_chars(major.ptr + 1, end, out.second);
    return out;
}

/// What is the same whatever the options say. `boot`: udev loads by alias then.
bool beyond_options(const Facts& facts, Outlook& out) {
    const Host& host = facts.host;
    if (!facts.platform()) {
        out = {
            State::undetermined, "the platform is not known", facts.shown("/proc/cpuinfo"), {}, {}};
        return true;
    }
    if (!facts.container.empty()) {
        out = {
            State::undetermined,
            "this is a container (" + facts.container + "): the host's own files decide",
            {},
            "A container sees the host's kernel, and not its modprobe.d, boot loader or initramfs.",
            "run virt-nested validate on the host"};
        return true;
    }
    if (host.cpu.off() && !host.nests.on()) {
        out = {State::off, host.cpu.found, host.cpu.source, {}, mend_hardware(facts)};
        return true;
    }
    if (const std::string* line =
            host.module.absent() && !host.nests.on() ? facts.refusal() : nullptr) {
        out = {State::off, "the kernel says: " + *line,
               facts.live ? "/dev/kmsg" : facts.shown("/var/log/dmesg"),
               "What refused the module now refuses it again.", mend_hardware(facts)};
        return true;
    }
    if (host.cpu.undetermined()) {
        out = {State::undetermined, host.cpu.reason, host.cpu.source, {}, {}};
        return true;
    }
    if (host.nests.off() && host.parameter.on()) {
        out = {State::off,
               "KVM offers no " + std::string(facts.platform()->feature) +
                   " although the parameter is on",
               host.nests.source,
               "Options do not change what the hardware or an outer host withholds.",
               mend_hardware(facts)};
        return true;
    }
    return false;
}

/// Arm64: one early boot option, no module (arch/arm64/kvm/arm.c, early_kvm_mode_cfg).
Outlook by_boot_option(const Facts& facts, const Cmdline& cmdline, const std::string& source) {
    const std::string option(facts.platform()->boot_option);
    const size_t equals = option.find('=');
    const std::vector<std::string> values = cmdline.values(option.substr(0, equals));
    const bool set = !values.empty() && values.back() == option.substr(equals + 1);
    if (!set)
        return {State::off,
                values.empty() ? "no " + option
                               : option.substr(0, equals) + "=" + printable(values.back(), 64),
                source,
                {},
                mend_nested(facts, true)};
    if (facts.host.nests.off())
        return {State::off, option + " is set, and KVM offers no EL2 all the same", source,
                "The kernel must be 6.16 or later and the CPU have FEAT_NV2.",
                "boot a kernel of 6.16 or later on a CPU with FEAT_NV2"};
    return {facts.host.nests.on() ? State::on : State::undetermined,
            facts.host.nests.on() ? option : option + " is set, KVM was not asked",
            source,
            {},
            {}};
}

bool loads_by_alias(const Platform& platform) {
    return platform.machine == "x86_64";
}

const Block* blocking(const Facts& facts, const Effective& options, bool boot) {
    const bool by_alias = boot && loads_by_alias(*facts.platform());
    for (const Block& block : options.blocks)
        if (block.doubt.empty() && (block.by_name || (by_alias && block.by_alias)))
            return &block;
    return nullptr;
}

/// kvm-s390.c until 7.1 refuses to load with both (commit 0fdd5c18a99c took that away).
bool refuses_hpage(const Facts& facts, const ModConf& conf, const Cmdline& cmdline, Outlook& out) {
    if (facts.platform()->id != PlatformId::z || version_of(facts.boot_kernel) >= Version{7, 1})
        return false;
    const Effective hpage = effective(conf, cmdline, "kvm", "hpage", facts.linkage);
    const Setting* winner = hpage.winner();
    if (!winner || !check_value(Parmtype::integer, winner->value).on.value_or(false))
        return false;
    out = {State::off, "hpage=1 beside nested=1: kvm refuses to load", where(facts, winner->origin),
           "Before Linux 7.1 a host that nests cannot back its guests with huge pages.",
           "correct or remove 'hpage' in " + where(facts, winner->origin)};
    return true;
}

/// What the options make of the parameter. `boot`: for the next boot.
Outlook by_options(const Facts& facts, const ModConf& conf, const Cmdline& cmdline, bool boot,
                   const std::string& kernel) {
    const Platform& platform = *facts.platform();
    const Effective options =
        effective(conf, cmdline, platform.module, platform.parameter, facts.linkage);
    if (const Block* block = blocking(facts, options, boot))
        return {State::off,
                std::string(platform.module) + " is blocked: " + printable(block->text),
                where(facts, block->origin),
                {},
                block->origin.on_command_line() ? mend_cmdline(facts, false, block->text)
                                                : "remove '" + printable(block->text) + "' from " +
                                                      where(facts, block->origin)};
    const Parameter* known = known_parameter(platform.module, platform.parameter);
    for (const Setting& setting : options.settings) {
        const Acceptance taken = check_value(known->type, setting.value);
        if (!setting.ignored && taken.verdict == Acceptance::Verdict::refused)
            return {State::off,
                    printable(setting.shown(platform.parameter)) + ": " +
                        std::string(platform.module) + " will not load",
                    where(facts, setting.origin), taken.why, mend_setting(facts, setting)};
    }
    const Setting* winner = options.winner();
    if (!winner) {
        const Fact standard = default_of(platform, kernel);
        if (!standard.undetermined())
            return {standard.state,
                    "no option; the kernel's default is " + standard.found,
                    standard.source,
                    {},
                    mend_nested(facts, true)};
        if (facts.host.parameter.on() || facts.host.parameter.off())
            return {facts.host.parameter.state,
                    "no option; " + facts.host.parameter.found + " as it is now",
                    facts.host.parameter.source, standard.reason, mend_nested(facts, true)};
        return {State::undetermined,
                "no option, and " + standard.reason,
                standard.source,
                {},
                mend_nested(facts, true)};
    }
    const Acceptance taken = check_value(known->type, winner->value);
    const std::string text = printable(winner->shown(platform.parameter));
    if (!taken.on)
        return {State::undetermined,
                text + ": " + taken.why,
                where(facts, winner->origin),
                {},
                mend_setting(facts, *winner)};
    Outlook out{*taken.on ? State::on : State::off,
                text,
                where(facts, winner->origin),
                {},
                *taken.on ? std::string() : mend_setting(facts, *winner)};
    if (*taken.on)
        refuses_hpage(facts, conf, cmdline, out);
    return out;
}

/// The first file of modprobe.d that could not be read.
Outlook unread(const Facts& facts, const ModConf& conf) {
    for (const ConfProblem& problem : conf.problems)
        if (problem.kind == ConfProblem::Kind::unreadable)
            return {State::undetermined,
                    printable(problem.reason),
                    facts.shown(printable(problem.path)),
                    "What could not be read may turn nesting on or off.",
                    {}};
    return {};
}

/// The module's options where the next boot reads them: in the image, if the module is there.
Outlook with_image(const Facts& facts, const Cmdline& cmdline) {
    const std::string& kernel = facts.boot_kernel;
    const InitramfsImage* image = facts.images.empty() ? nullptr : &facts.images.front();
    if (!image || facts.linkage == Linkage::built_in)
        return facts.conf.complete() ? by_options(facts, facts.conf, cmdline, true, kernel)
                                     : unread(facts, facts.conf);
    if (!image->content)
        return {State::undetermined, image->content.error().what, facts.shown(image->path),
                "Where the image holds the module, its copy of modprobe.d decides.",
                image->content.error().code == EACCES ? "run it as root"
                                                      : mend_initramfs(facts, *image)};
    if (!image->content->has(facts.platform()->module)) {
        if (image->content->squashed)
            return {State::undetermined,
                    "the image holds a squashfs that is not looked into",
                    facts.shown(image->path),
                    {},
                    {}};
        return facts.conf.complete() ? by_options(facts, facts.conf, cmdline, true, kernel)
                                     : unread(facts, facts.conf);
    }
    Outlook out = by_options(facts, parse_modconf(image->content->modprobe, facts.kmod.profile),
                             cmdline, true, kernel);
    if (out.source.empty() || !out.source.starts_with(facts.shown(Cmdline::file)))
        out.source = facts.shown(image->path) + ": " + out.source.substr(facts.root.size());
    out.found += ", in the initramfs";
    if (out.state == State::off)
        out.fix = mend_initramfs(facts, *image);
    return out;
}

Outlook for_cmdline(const Facts& facts, const Cmdline& cmdline, const std::string& source) {
    if (facts.platform()->module.empty())
        return by_boot_option(facts, cmdline, source);
    Outlook out = with_image(facts, cmdline);
    if (out.source == facts.shown(Cmdline::file))
        out.source = source;
    return out;
}

} // namespace

Fact default_of(const Platform& platform, const std::string& kernel) {
    Fact on{State::on, "on", "the kernel", {}};
    Fact off{State::off, "off", "the kernel", {}};
    const Version version = version_of(kernel);
    const auto unknown = [&](const std::string& why) {
        return Fact{State::undetermined, {}, "the kernel", why};
    };
    if (platform.id == PlatformId::power)
        return on;
    if (platform.id == PlatformId::z)
        return off;
    if (version == Version{0, 0})
        return unknown("the default of this kernel is not known");
    if (kernel.find(".el7") != std::string::npos)
        return off;
    if (kernel.find(".el8") != std::string::npos || kernel.find("icrosoft") != std::string::npos ||
        kernel.find("WSL") != std::string::npos)
        return unknown("the vendor's default is not known");
    if (platform.id == PlatformId::amd)
        return on;
    return version >= Version{4, 20} ? on : off;
}

Outlook at_next_load(const Facts& facts) {
    Outlook out;
    if (beyond_options(facts, out))
        return out;
    const Host& host = facts.host;
    if (facts.platform()->module.empty() ||
        (facts.linkage_known && facts.linkage == Linkage::built_in)) {
        const Fact& now = host.nests.undetermined() ? host.parameter : host.nests;
        return {now.absent() ? State::off : now.state,
                now.undetermined() ? now.reason : "KVM is built in; as now: " + now.found,
                now.source, "A built-in is not loaded: only a boot changes it.",
                mend_nested(facts, true)};
    }
    if (facts.available.absent())
        return {State::off,
                std::string(facts.platform()->module) + " is not installed for kernel " +
                    facts.kernel,
                facts.available.source,
                {},
                "install the kernel's module package"};
    if (!facts.cmdline)
        return {
            State::undetermined, facts.cmdline.error().what, facts.shown(Cmdline::file), {}, {}};
    if (!facts.conf.complete())
        return unread(facts, facts.conf);
    return by_options(facts, facts.conf, *facts.cmdline, false, facts.kernel);
}

Outlook at_next_boot(const Facts& facts) {
    Outlook out;
    if (beyond_options(facts, out))
        return out;
    if (!facts.platform()->module.empty() && facts.available.absent() &&
        facts.boot_kernel == facts.kernel)
        return at_next_load(facts);
    const bool any_chosen = std::any_of(facts.boot_entries.begin(), facts.boot_entries.end(),
                                        [](const BootEntry& entry) { return entry.chosen; });
    std::vector<Outlook> all;
    for (const BootEntry& entry : facts.boot_entries)
        if (entry.chosen || !any_chosen)
            all.push_back(for_cmdline(facts, parse_cmdline(entry.cmdline, facts.kmod.profile),
                                      facts.shown(entry.source)));
    if (all.empty()) {
        if (!facts.cmdline)
            return {State::undetermined,
                    facts.cmdline.error().what,
                    facts.shown(Cmdline::file),
                    {},
                    {}};
        return for_cmdline(facts, *facts.cmdline, facts.shown(Cmdline::file));
    }
    for (const Outlook& other : all)
        if (other.state != all.front().state)
            return {State::undetermined,
                    "the boot entries differ: " + all.front().found + " (" + all.front().source +
                        "), " + other.found + " (" + other.source + ")",
                    other.source, "Which entry boots next cannot be told from the files.",
                    other.fix};
    return all.front();
}

} // namespace virt_nested
