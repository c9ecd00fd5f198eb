// SPDX-License-Identifier: GPL-2.0-or-later
// What options make of the parameter, and what the kernel does without any.
#include "validator/checks/by_options.h"

#include "core/text.h"
#include "validator/checks/mend.h"

namespace virt_nested {

namespace {

/// Whether the next load is by the CPU's own alias.
bool by_alias(const Facts& facts, Horizon horizon) {
    return horizon == Horizon::next_boot && facts.platform()->loaded_by == LoadedBy::cpu_alias;
}

const Block* blocking(const Facts& facts, const Effective& options, Horizon horizon) {
    for (const Block& block : options.blocks)
        if (block.doubt.empty() && (block.by_name || (by_alias(facts, horizon) && block.by_alias)))
            return &block;
    return nullptr;
}

/// The module that refuses to load with another parameter beside `nested`.
void exclude(const Facts& facts, const ModConf& conf, const Cmdline& cmdline,
             const KernelFacts& kernel, Outlook& out) {
    const Platform& platform = *facts.platform();
    const Exclusion* exclusion = exclusion_of(platform.module, kernel.release);
    if (!exclusion)
        return;
    const std::string other(exclusion->parameter);
    const Effective beside =
        effective(conf, cmdline, platform.module, other, load_context(facts, kernel));
    const Setting* winner = beside.winner();
    if (!winner || !check_value(Parmtype::integer, winner->value).on.value_or(false))
        return;
    const Mend mend = mend_setting(facts, *winner, platform.module, other);
    if (out.state != State::on) {
        // With nesting turned on alone, the module would not come back.
        if (!out.mend.empty())
            out.mend = Mend(mend).then(out.mend);
        return;
    }
    out = Outlook::of(State::off,
                      other + "=1 beside " + std::string(platform.parameter) +
                          "=1: " + std::string(platform.module) + " refuses to load",
                      where(facts, winner->origin))
              .because(std::string(exclusion->why))
              .mend_by(mend)
              .without_module()
              .written_at(winner->origin);
}

} // namespace

Outlook Outlook::of(State state, std::string found, std::string source) {
    Outlook out;
    out.state = state;
    out.found = std::move(found);
    out.source = std::move(source);
    return out;
}

Outlook Outlook::because(std::string text) && {
    why = std::move(text);
    return std::move(*this);
}

Outlook Outlook::mend_by(Mend steps) && {
    mend = std::move(steps);
    return std::move(*this);
}

Outlook Outlook::without_module() && {
    loads = false;
    return std::move(*this);
}

Outlook Outlook::written_at(Origin place) && {
    origin = std::move(place);
    return std::move(*this);
}

Fact default_of(const Platform& platform, const std::string& kernel) {
    const KernelVersion version = kernel_version(kernel);
    for (const DefaultSince& line : platform.defaults) {
        if (version < line.since || kernel.find(line.marker) == std::string::npos)
            continue;
        switch (line.is) {
        case KernelDefault::on:
            return Fact::on("on", "the kernel");
        case KernelDefault::off:
            return Fact::off("off", "the kernel");
        case KernelDefault::unknown:
            return Fact::undetermined_because("the vendor's default is not known", "the kernel");
        }
    }
    return Fact::undetermined_because("the default of this kernel is not known", "the kernel");
}

LoadContext load_context(const Facts& facts, const KernelFacts& kernel) {
    LoadContext out = facts.configuration.context;
    out.linkage = kernel.linkage.value_or(facts.modules.likely_linkage());
    out.dependencies = kernel.dependencies;
    out.kernel = kernel.release;
    return out;
}

namespace {

/// As the kernel's own file of the module has it, where that was read.
Parmtype parameter_type(const Platform& platform, const KernelFacts& kernel) {
    const std::optional<Parmtype> own =
        kernel.types ? kernel.types->type(platform.parameter) : std::nullopt;
    return own ? *own : known_parameter(platform.module, platform.parameter)->type;
}

/// lib/kstrtox.c kstrtobool takes true and false since 5.19; a vendor's older kernel may.
Acceptance by_kernel(Acceptance taken, const std::string& release) {
    constexpr KernelVersion since = {5, 19};
    const KernelVersion version = kernel_version(release);
    const bool vendors = release.find(".el") != std::string::npos;
    if (taken.verdict == Acceptance::Verdict::depends && version != KernelVersion() && !vendors)
        taken.verdict =
            version < since ? Acceptance::Verdict::refused : Acceptance::Verdict::accepted;
    return taken;
}

/// The settings alone, nothing in the way of them.
Outlook by_settings(const Facts& facts, const KernelFacts& kernel, const Effective& options) {
    const Platform& platform = *facts.platform();
    const Parmtype type = parameter_type(platform, kernel);
    for (const Setting& setting : options.settings) {
        const Acceptance taken = by_kernel(check_value(type, setting.value), kernel.release);
        if (!setting.ignored && taken.verdict == Acceptance::Verdict::refused)
            return Outlook::of(State::off,
                               printable(setting.shown(platform.parameter)) + ": " +
                                   std::string(platform.module) + " will not load",
                               where(facts, setting.origin))
                .because(taken.why)
                .mend_by(
                    mend_setting(facts, setting).then(mend_settings(facts, options, wanted(facts))))
                .without_module()
                .written_at(setting.origin);
    }
    const Setting* winner = options.winner();
    if (!winner) {
        const Fact standard = default_of(platform, kernel.release);
        if (!standard.undetermined())
            return Outlook::of(standard.state,
                               "no option; the kernel's default is " + standard.found,
                               standard.source)
                .mend_by(mend_nested(facts, wanted(facts)));
        if (facts.host.parameter.on() || facts.host.parameter.off())
            return Outlook::of(facts.host.parameter.state,
                               "no option; " + facts.host.parameter.found + " as it is now",
                               facts.host.parameter.source)
                .because(standard.reason)
                .mend_by(mend_nested(facts, wanted(facts)));
        return Outlook::of(State::undetermined, "no option, and " + standard.reason,
                           standard.source)
            .mend_by(mend_nested(facts, wanted(facts)));
    }
    const Acceptance taken = by_kernel(check_value(type, winner->value), kernel.release);
    const std::string text = printable(winner->shown(platform.parameter));
    if (!taken.on)
        return Outlook::of(State::undetermined, text + ": " + taken.why,
                           where(facts, winner->origin))
            .mend_by(mend_setting(facts, *winner))
            .written_at(winner->origin);
    Outlook out =
        Outlook::of(*taken.on ? State::on : State::off, text, where(facts, winner->origin))
            .mend_by(turn(*taken.on) == wanted(facts)
                         ? Mend()
                         : mend_settings(facts, options, wanted(facts)))
            .written_at(winner->origin);
    return out;
}

} // namespace

Outlook by_options(const Facts& facts, const ModConf& conf, const Cmdline& cmdline, Horizon horizon,
                   const KernelFacts& kernel, const std::vector<Setting>& last) {
    const Platform& platform = *facts.platform();
    Effective options =
        effective(conf, cmdline, platform.module, platform.parameter, load_context(facts, kernel));
    options.settings.insert(options.settings.end(), last.begin(), last.end());
    if (const Block* block = blocking(facts, options, horizon))
        return Outlook::of(State::off,
                           std::string(platform.module) + " is blocked: " + printable(block->text),
                           where(facts, block->origin))
            .mend_by(mend_block(facts, *block, options.blocks)
                         .then(mend_settings(facts, options, Turn::on)))
            .without_module()
            .written_at(block->origin);
    Outlook out = by_settings(facts, kernel, options);
    exclude(facts, conf, cmdline, kernel, out);
    // A command that was not followed may load the module with options of its own, or not at all.
    if (const Block* block = options.open_question(by_alias(facts, horizon)))
        return Outlook::of(State::undetermined,
                           std::string(platform.module) +
                               " may be blocked: " + printable(block->text),
                           where(facts, block->origin))
            .because(block->doubt)
            .mend_by(mend_block(facts, *block, options.blocks))
            .written_at(block->origin);
    return out;
}

} // namespace virt_nested
