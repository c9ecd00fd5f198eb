// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of what was written: modprobe.d, the kernel command line, our own configuration; and the
// verdict on the next load, which follows from it.
#include "core/text.h"
#include "validator/checks/check.h"
#include "validator/checks/mend.h"
#include "validator/checks/outlook.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

namespace {

constexpr std::string_view modprobe = "modprobe.d(5)";
constexpr Horizons later = at_load | at_boot;

Outcome severity_of(const LintFinding& lint) {
    switch (lint.severity) {
    case LintSeverity::fatal:
        return Outcome::fail;
    case LintSeverity::warning:
        return Outcome::warn;
    case LintSeverity::note:
        break;
    }
    return Outcome::skip;
}

Finding told(const Facts& facts, const LintFinding& lint) {
    return Finding::of(severity_of(lint), {}, lint.text + " (" + name(lint.kind) + ")",
                       where(facts, lint.origin))
        .because(lint.why)
        .mend_by(mend_line(facts, lint));
}

std::vector<LintFinding> lint_of(const Facts& facts) {
    const Platform* platform = facts.platform();
    if (!platform || platform->module.empty())
        return {};
    LintContext context;
    if (!platform->parameter.empty())
        context.module = std::string(platform->module);
    if (facts.configuration.types)
        context.types.emplace_back(platform->module, *facts.configuration.types);
    context.linkage = facts.modules.likely_linkage();
    if (facts.config.host != HostIntent::any)
        context.wanted = facts.config.host == HostIntent::on;
    return lint_modconf(facts.configuration.conf, facts.configuration.places,
                        facts.configuration.known_cmdline(), context);
}

Findings by_lint(const Facts& facts, bool fatal) {
    Findings out;
    for (const LintFinding& lint : lint_of(facts))
        if ((lint.severity == LintSeverity::fatal) == fatal && out.size() < 64)
            out.push_back(told(facts, lint));
    const bool clean = std::none_of(out.begin(), out.end(), [](const Finding& finding) {
        return finding.result != Outcome::skip;
    });
    if (clean)
        out.push_back(Finding::pass("none", "none",
                                    facts.root + "/etc/modprobe.d, ... (kmod " +
                                        std::to_string(facts.configuration.kmod.profile.version) +
                                        ")"));
    return out;
}

Findings fatal_values(const Facts& facts) {
    Findings out = by_lint(facts, true);
    if (facts.configuration.types_problem)
        out.insert(
            out.begin(),
            Finding::undetermined("the module's own types of its parameters",
                                  facts.configuration.types_problem->what,
                                  facts.shown("/lib/modules/" + facts.machine.kernel))
                .because("Values were held against the types that Linux has; this module may have "
                         "others, and may not load at all.")
                .mend_by(facts.configuration.types_problem->code == EACCES
                             ? "run it as root"
                             : "install the package of kernel " + facts.machine.kernel + " anew"));
    return out;
}

Check fatal_values_check() {
    return {
        .id = "parameter-values",
        .title = "Values that the kernel refuses",
        .horizons = later,
        .why = "A value of the wrong type keeps the module from loading: KVM is gone.",
        .mend = "write nested=1: it is good for every module and kernel",
        .reference = modprobe,
        .run = fatal_values,
    };
}

Findings written_lines(const Facts& facts) {
    return by_lint(facts, false);
}

Check written_lines_check() {
    return {
        .id = "modprobe-lines",
        .title = "Lines without the effect that was meant",
        .severity = Outcome::warn,
        .horizons = later,
        .why = "modprobe and the kernel drop such lines without a word, or nearly.",
        .mend = "correct the line",
        .reference = modprobe,
        .run = written_lines,
    };
}

Findings unread_files(const Facts& facts) {
    Findings out;
    for (const auto* problems : {&facts.configuration.conf.problems, &facts.configuration.beside})
        for (const ConfProblem& problem : *problems)
            if (problem.kind == ConfProblem::Kind::unreadable && out.size() < 16)
                out.push_back(Finding::undetermined("readable", printable(problem.reason),
                                                    facts.shown(printable(problem.path))));
    if (out.empty())
        out.push_back(Finding::pass(
            "readable", std::to_string(facts.configuration.conf.files.size()) + " files read"));
    return out;
}

Check unread_files_check() {
    return {
        .id = "modprobe-readable",
        .title = "modprobe.d can be read",
        .severity = Outcome::undetermined,
        .horizons = later,
        .why = "What could not be read may turn nesting on or off.",
        .mend = "read it as root",
        .reference = modprobe,
        .run = unread_files,
    };
}

/// Named even where the module is loaded by hand all the same: the next boot is another matter.
Findings module_blocked(const Facts& facts) {
    Findings out;
    for (const Block& block : facts.configuration.effective.blocks) {
        // This boot's command line may be the last that has it.
        const bool gone = block.origin.on_command_line() && gone_at_next_boot(facts, block.text);
        if (gone && !block.by_name)
            continue;
        out.push_back(
            Finding::of(block.doubt.empty() && facts.config.host == HostIntent::on ? Outcome::fail
                                                                                   : Outcome::warn,
                        "not blocked", std::string(name(block.kind)) + ": " + printable(block.text),
                        where(facts, block.origin))
                .because(block.doubt)
                .mend_by(mend_block(facts, block, facts.configuration.effective.blocks))
                .at(gone            ? at_load
                    : block.by_name ? at_load | at_boot
                                    : at_boot));
    }
    if (out.empty())
        out.push_back(Finding::pass("not blocked", "not blocked"));
    return out;
}

Check module_blocked_check() {
    return {
        .id = "module-blocked",
        .title = "The module is not blocked",
        .platforms = has_module,
        .horizons = later,
        .wants_nesting = true,
        .why = "A blocked module is not loaded; modprobe -b and udev do not even say so.",
        .mend = "remove that line, unless KVM is meant to be off here",
        .reference = modprobe,
        .run = module_blocked,
    };
}

/// Which of several settings wins is decided by file name: name them all where they disagree.
Findings overridden(const Facts& facts) {
    const Setting* winner = facts.configuration.effective.winner();
    const std::string parameter(facts.platform()->parameter);
    if (!winner)
        return {Finding::skip("nothing sets " + parameter)};
    const Parameter* known = known_parameter(facts.platform()->module, parameter);
    const std::optional<bool> wins = check_value(known->type, winner->value).on;
    std::vector<std::string> losers;
    for (const Setting* setting : facts.configuration.effective.overridden())
        if (check_value(known->type, setting->value).on != wins)
            losers.push_back(printable(setting->shown(parameter)) + " in " +
                             where(facts, setting->origin));
    const std::string text = printable(winner->shown(parameter));
    if (losers.empty())
        return {Finding::pass("one value", text, where(facts, winner->origin))};
    if (losers.size() > 8)
        losers.resize(8);
    const bool contrary =
        facts.config.host != HostIntent::any && wins == (facts.config.host != HostIntent::on);
    return {Finding::warn("one value", text + " wins over " + listed(losers),
                          where(facts, winner->origin))
                .mend_by(contrary ? mend_setting(facts, *winner) : Mend())};
}

Check overridden_check() {
    return {
        .id = "overridden-setting",
        .title = "Settings that override each other",
        .severity = Outcome::warn,
        .platforms = has_parameter,
        .horizons = later,
        .tells = Tells::effect,
        .why =
            "Files are read in the order of their names and the last value wins: a vendor's or a "
            "tool's file can beat the administrator's.",
        .mend = "keep one of them",
        .reference = modprobe,
        .run = overridden,
    };
}

Finding from(const Facts& facts, const Outlook& outlook) {
    Finding out = Finding::of(outcome_of(facts, outlook.state), {}, outlook.found, outlook.source)
                      .because(outlook.why);
    out.expected = facts.config.host == HostIntent::on    ? "nesting on"
                   : facts.config.host == HostIntent::off ? "nesting off"
                                                          : "either";
    out.mend = mend_for(facts, outlook);
    // What could not be read may say anything: to turn nesting on is no answer to it.
    if (out.mend.empty() && outlook.state == State::undetermined)
        out.mend = mend_unread(facts);
    return out;
}

Findings next_load(const Facts& facts) {
    return {from(facts, at_next_load(facts))};
}

Check next_load_check() {
    return {
        .id = "next-load",
        .title = "Nesting after the next load of the module",
        .horizons = at_load,
        .decides = at_load,
        .tells = Tells::outcome,
        .why =
            "It is what modprobe would hand to the kernel: modprobe.d in the order of file names, "
            "then the kernel command line; the last value counts.",
        .mend = "virt-nested enable",
        .reference = modprobe,
        .run = next_load,
    };
}

Findings next_boot(const Facts& facts) {
    return {from(facts, at_next_boot(facts))};
}

Check next_boot_check() {
    return {
        .id = "next-boot",
        .title = "Nesting after the next boot",
        .horizons = at_boot,
        .decides = at_boot,
        .tells = Tells::outcome,
        .why = "The next boot reads the initramfs's copy of modprobe.d where the module is loaded "
               "there, "
               "and the boot loader's command line.",
        .mend = "virt-nested enable",
        .reference = modprobe,
        .run = next_boot,
    };
}

Findings own_configuration(const Facts& facts) {
    Findings out;
    for (const ConfigProblem& problem : facts.config.problems)
        out.push_back(
            Finding::fail("well-formed", problem.what,
                          printable(problem.file, 512) +
                              (problem.line > 0 ? ":" + std::to_string(problem.line) : "")));
    if (facts.config.mode == Mode::report)
        out.push_back(
            Finding::warn("mode = enforce", "mode = report: the hook refuses nothing",
                          facts.shown(config_path))
                .because("It is for trying a rule out: the log has what would be refused.")
                .mend_by("write mode = enforce, once the log is as it should be"));
    if (out.empty())
        out.push_back(
            Finding::pass("well-formed", "well-formed, or the defaults", facts.shown(config_path)));
    return out;
}

Check own_configuration_check() {
    return {
        .id = "configuration",
        .title = "virt-nested.conf",
        .horizons = at_now | later,
        .why =
            "A value that is wrong counts as its strictest; what was meant may be another, and so "
            "may all advice.",
        .mend = "correct the line, and validate again before anything else",
        .reference = "virt-nested.conf(5)",
        .run = own_configuration,
    };
}

} // namespace

void add_configuration_checks(std::vector<Check>& table) {
    table.insert(table.end(), {next_load_check(), next_boot_check(), fatal_values_check(),
                               written_lines_check(), unread_files_check(), module_blocked_check(),
                               overridden_check(), own_configuration_check()});
}

} // namespace virt_nested
