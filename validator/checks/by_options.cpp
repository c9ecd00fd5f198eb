// SPDX-License-Identifier: GPL-2.0-or-later
// What options make of the parameter, and what the kernel does without any.
#include "validator/checks/by_options.h"

#include "core/text.h"
#include "validator/boot/early_load.h"
#include "validator/checks/mend.h"

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

Outlook by_options(const Facts& facts, const ModConf& conf, const Cmdline& cmdline, bool boot,
                   const std::string& kernel, const std::vector<Setting>& last) {
    const Platform& platform = *facts.platform();
    Effective options =
        effective(conf, cmdline, platform.module, platform.parameter, facts.linkage);
    options.settings.insert(options.settings.end(), last.begin(), last.end());
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

} // namespace virt_nested
