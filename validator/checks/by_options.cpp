// SPDX-License-Identifier: GPL-2.0-or-later
// What options make of the parameter, and what the kernel does without any.
#include "validator/checks/by_options.h"

#include "core/text.h"
#include "validator/checks/mend.h"

namespace virt_nested {

namespace {

const Block* blocking(const Facts& facts, const Effective& options, bool boot) {
    const bool by_alias = boot && facts.platform()->loaded_by == LoadedBy::cpu_alias;
    for (const Block& block : options.blocks)
        if (block.doubt.empty() && (block.by_name || (by_alias && block.by_alias)))
            return &block;
    return nullptr;
}

/// The module that refuses to load with another parameter beside `nested`.
bool excluded(const Facts& facts, const ModConf& conf, const Cmdline& cmdline, Outlook& out) {
    const Platform& platform = *facts.platform();
    const Exclusion* exclusion = exclusion_of(platform.module, facts.boot.kernel);
    if (!exclusion)
        return false;
    const std::string other(exclusion->parameter);
    const Effective beside =
        effective(conf, cmdline, platform.module, other, facts.modules.likely_linkage());
    const Setting* winner = beside.winner();
    if (!winner || !check_value(Parmtype::integer, winner->value).on.value_or(false))
        return false;
    out = {State::off,
           other + "=1 beside " + std::string(platform.parameter) +
               "=1: " + std::string(platform.module) + " refuses to load",
           where(facts, winner->origin), std::string(exclusion->why),
           mend_setting(facts, *winner, platform.module, other)};
    return true;
}

} // namespace

Fact default_of(const Platform& platform, const std::string& kernel) {
    const KernelVersion version = kernel_version(kernel);
    for (const DefaultSince& line : platform.defaults) {
        if (version < line.since || kernel.find(line.marker) == std::string::npos)
            continue;
        switch (line.is) {
        case KernelDefault::on:
            return {State::on, "on", "the kernel", {}};
        case KernelDefault::off:
            return {State::off, "off", "the kernel", {}};
        case KernelDefault::unknown:
            return {State::undetermined, {}, "the kernel", "the vendor's default is not known"};
        }
    }
    return {State::undetermined, {}, "the kernel", "the default of this kernel is not known"};
}

Outlook by_options(const Facts& facts, const ModConf& conf, const Cmdline& cmdline, bool boot,
                   const std::string& kernel, const std::vector<Setting>& last) {
    const Platform& platform = *facts.platform();
    Effective options = effective(conf, cmdline, platform.module, platform.parameter,
                                  facts.modules.likely_linkage());
    options.settings.insert(options.settings.end(), last.begin(), last.end());
    if (const Block* block = blocking(facts, options, boot))
        return {State::off,
                std::string(platform.module) + " is blocked: " + printable(block->text),
                where(facts, block->origin),
                {},
                mend_block(facts, *block)};
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
        excluded(facts, conf, cmdline, out);
    return out;
}

} // namespace virt_nested
