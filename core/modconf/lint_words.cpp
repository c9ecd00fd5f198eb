// SPDX-License-Identifier: GPL-2.0-or-later
// Modules, parameters and values: does the name exist, does the kernel take the value.
#include "core/modconf/linter.h"
#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

// Modules of KVM, ours and others, so that none is taken for a typo of another.
constexpr std::array<std::string_view, 8> kvm_modules = {
    "kvm", "kvm_intel", "kvm_amd", "kvm_hv", "kvm_pr", "kvm_pvm", "kvmgt", "kvm_s390"};

constexpr size_t longest_name = 64;

std::string in_quotes(std::string_view text) {
    return "'" + printable(text, 120) + "'";
}

/// The parameter that was probably meant: at most two letters away, and not most of the word.
std::string_view nearest_parameter(std::string_view module, std::string_view name) {
    std::string_view nearest;
    size_t best = 3;
    if (name.size() > longest_name || name.size() < 3)
        return nearest;
    const std::string wanted = module_name(name);
    for (const Parameter& row : known_parameters()) {
        const size_t distance = row.module == module ? edit_distance(wanted, row.name) : best;
        if (distance < best && distance * 2 < wanted.size()) {
            best = distance;
            nearest = row.name;
        }
    }
    return nearest;
}

std::string_view owner_of(std::string_view parameter, std::string_view other_than) {
    for (const Parameter& row : known_parameters())
        if (row.module != other_than && same_parameter(row.name, parameter))
            return row.module;
    return {};
}

} // namespace

bool is_kvm_module(std::string_view module) {
    return std::find(kvm_modules.begin(), kvm_modules.end(), module) != kvm_modules.end();
}

std::optional<Parmtype> Linter::type(std::string_view module, std::string_view parameter) const {
    const auto read = std::find_if(context.types.begin(), context.types.end(),
                                   [&](const auto& types) { return types.first == module; });
    if (read != context.types.end())
        if (const std::optional<Parmtype> found = read->second.type(parameter))
            return found;
    const Parameter* known = known_parameter(module, parameter);
    if (!known || (module == "kvm" && known->name == "nested" && context.module != "kvm"))
        return std::nullopt;
    return known->type;
}

const Parameter* Linter::of_other_kernels(std::string_view module,
                                          std::string_view parameter) const {
    const auto read = std::find_if(context.types.begin(), context.types.end(),
                                   [&](const auto& types) { return types.first == module; });
    return read == context.types.end() || read->second.has(parameter)
               ? nullptr
               : known_parameter(module, parameter);
}

LintSeverity Linter::severity_of_refusal(std::string_view module) const {
    if (!context.module.empty() && module != context.module && module != "kvm")
        return LintSeverity::note;
    return context.linkage == Linkage::built_in ? LintSeverity::warning : LintSeverity::fatal;
}

void Linter::add(LintKind kind, LintSeverity severity, const Origin& origin, std::string_view text,
                 std::string why, std::string mend, std::optional<LintChange> change) {
    findings.push_back({kind, severity, origin, printable(trim(text), 200), std::move(why),
                        std::move(mend), std::move(change)});
}

bool Linter::module_typo(std::string_view module, const Origin& origin, std::string_view text) {
    const std::string lower = lower_case(module);
    if (is_kvm_module(module) || module.size() > longest_name)
        return false;
    if (is_kvm_module(lower)) {
        add(LintKind::upper_case, LintSeverity::warning, origin, text,
            "module names are case-sensitive: there is no module " + in_quotes(module),
            "write " + lower);
        return true;
    }
    for (std::string_view known : {"kvm_intel", "kvm_amd", "kvm_hv"}) {
        const bool extended = lower.starts_with(known) && !lower.starts_with("kvm_hv_") &&
                              lower.size() > known.size() && lower[known.size()] == '.';
        if (extended || (lower.size() > 4 && edit_distance(lower, known) <= 2)) {
            add(LintKind::unknown_module, LintSeverity::warning, origin, text,
                "there is no module " + in_quotes(module), "write " + std::string(known));
            return true;
        }
    }
    return false;
}

// "nested = 1" are three words: the kernel sees the bare name, then two names that it does not
// know; "nested= 1" is an empty value and a name.
bool Linter::blanks(const std::string& module, std::span<const Cmdline::Token> words,
                    const Origin& origin, std::string_view text, size_t& taken) {
    const Cmdline::Token& word = words[0];
    if (words.size() < 2 || word.name.starts_with('='))
        return false;
    const Cmdline::Token& next = words[1];
    const bool before = !word.value && next.name.starts_with('=');
    const bool behind =
        word.value && word.value->empty() && !next.value && !type(module, next.name);
    if (!before && !behind)
        return false;
    taken = before && next.name == "=" && !next.value ? std::min<size_t>(3, words.size()) : 2;
    const std::string& last = words[taken - 1].name;
    const std::string meant = word.name + "=" + (last.starts_with('=') ? last.substr(1) : last);
    const std::optional<Parmtype> known = type(module, word.name);
    const bool refused =
        known && check_value(*known, word.value).verdict == Acceptance::Verdict::refused;
    add(LintKind::blanks_around_equals,
        refused ? severity_of_refusal(module) : LintSeverity::warning, origin, text,
        std::string("blanks around '=' make separate words, the kernel is given ") +
            in_quotes(word.text()) +
            (refused ? ", refuses it, and does not load " + module : std::string()),
        "write " + printable(meant, 120) + " without blanks");
    return true;
}

bool Linter::unwanted(const Cmdline::Token& word) const {
    const std::optional<std::string> value = word.value ? word.value : std::optional("1");
    return context.wanted && same_parameter(word.name, "nested") &&
           check_value(Parmtype::boolean, value).on.value_or(*context.wanted) != *context.wanted;
}

LintChange Linter::put_right(const Cmdline::Token& word) const {
    const bool nested = context.wanted && same_parameter(word.name, "nested");
    return {word.text(), nested ? word.name + (*context.wanted ? "=1" : "=0") : std::string()};
}

std::string Linter::meant_by(const std::string& module, const Cmdline::Token& word,
                             std::string_view name) const {
    Cmdline::Token meant = word;
    meant.name = name;
    if (check_value(*type(module, name), meant.value).verdict != Acceptance::Verdict::accepted)
        return put_right(meant).by;
    return unwanted(meant) ? std::string() : meant.text();
}

std::optional<LintChange> Linter::for_host(const std::string& module, const Cmdline::Token& word,
                                           std::string_view text) const {
    if (unwanted(word) || context.module.empty())
        return LintChange{word.text(), {}};
    const std::vector<std::string_view> all = words(text);
    // With more on the line, the rest of it is for the module that it names.
    if (all.size() != 3 || all[0] != "options" || module_name(all[1]) != module)
        return std::nullopt;
    return LintChange{std::string(all[1]), context.module};
}

void Linter::unknown(const std::string& module, const Cmdline::Token& word, const Origin& origin,
                     std::string_view text) {
    const std::string& parameter = word.name;
    if (parameter.empty())
        return;
    if (const std::string_view near = nearest_parameter(module, parameter); !near.empty()) {
        if (!type(module, near))
            add(LintKind::wrong_module, LintSeverity::warning, origin, text,
                module + " has no parameter " + in_quotes(parameter) +
                    " on this architecture, the kernel ignores it",
                context.module.empty() || unwanted(word)
                    ? std::string("remove it")
                    : "name the vendor's module: " + context.module,
                for_host(module, word, text));
        else
            add(LintKind::unknown_parameter, LintSeverity::warning, origin, text,
                module + " has no parameter " + in_quotes(parameter) +
                    ", the kernel ignores it with a line in its log",
                "did you mean " + std::string(near) + "?",
                LintChange{word.text(), meant_by(module, word, near)});
        return;
    }
    if (const std::string_view owner = owner_of(parameter, module); !owner.empty()) {
        add(LintKind::wrong_module, LintSeverity::warning, origin, text,
            module + " has no parameter " + in_quotes(parameter) + ", it is one of " +
                std::string(owner),
            "write it for " + std::string(owner));
        return;
    }
    add(LintKind::unknown_parameter, LintSeverity::note, origin, text,
        in_quotes(parameter) + " is not known as a parameter of " + module +
            "; the kernel ignores unknown ones with a line in its log",
        "look it up: modinfo -F parm " + shell_word(module));
}

void Linter::value(const std::string& module, const Cmdline::Token& word, Parmtype type,
                   const Origin& origin, std::string_view text) {
    const Acceptance found = check_value(type, word.value);
    if (found.verdict == Acceptance::Verdict::accepted)
        return;
    // An argument goes; a line keeps its place, with what is wanted in it.
    const LintChange change =
        origin.on_command_line() ? LintChange{word.text(), {}} : put_right(word);
    const std::string safe = type == Parmtype::boolean || same_parameter(word.name, "nested")
                                 ? word.name + "=1 or " + word.name + "=0"
                                 : "a number";
    if (found.verdict == Acceptance::Verdict::depends) {
        add(LintKind::wrong_type, LintSeverity::warning, origin, text,
            found.why + "; where it is refused " + module + " does not load",
            "write " + printable(safe), change);
        return;
    }
    const LintSeverity severity = severity_of_refusal(module);
    std::string result = ", so the module does not load";
    if (severity == LintSeverity::warning)
        result = ", the kernel keeps its own value";
    else if (severity == LintSeverity::note)
        result = ", so the module does not load where it is used; this host has no use for it";
    add(LintKind::wrong_type, severity, origin, text,
        "the kernel refuses " + in_quotes(word.text()) + " for " + module + " (" + found.why + ")" +
            result,
        "write " + printable(safe), change);
}

// The kernel reads parameters of what is built in from its command line alone (kernel/params.c).
bool Linter::built_in(const std::string& module, const Cmdline::Token& word, const Origin& origin,
                      std::string_view text) {
    if (context.linkage != Linkage::built_in || context.module.empty() ||
        (module != context.module && module != "kvm") || !same_parameter(word.name, "nested"))
        return false;
    Setting setting;
    setting.value = word.value ? word.value : "1";
    const Effective given = effective(conf, cmdline, context.module, "nested", context.linkage);
    const std::optional<Parmtype> known = type(context.module, "nested");
    const auto on = [&](const Setting& one) {
        return check_value(known.value_or(Parmtype::boolean), one.value).on;
    };
    const bool same = given.winner() && on(*given.winner()) == on(setting);
    add(LintKind::built_in, same ? LintSeverity::note : LintSeverity::warning, origin, text,
        shown(origin) + " has no effect: KVM is built into this kernel, and modprobe's options are "
                        "for modules",
        same             ? "remove it: the kernel command line says the same"
        : unwanted(word) ? "remove it: it has no effect"
                         : "on the command line: " + context.module + "." +
                               printable(setting.shown("nested"), 120),
        same || unwanted(word) ? std::optional(LintChange{word.text(), {}}) : std::nullopt);
    return true;
}

size_t Linter::parameter(const std::string& module, std::span<const Cmdline::Token> words,
                         const Origin& origin, std::string_view text) {
    const Cmdline::Token& word = words[0];
    size_t taken = 1;
    if (blanks(module, words, origin, text, taken))
        return taken;
    const std::optional<Parmtype> known = type(module, word.name);
    if (!known) {
        unknown(module, word, origin, text);
        return taken;
    }
    if (const Parameter* row = of_other_kernels(module, word.name))
        add(LintKind::unknown_parameter, LintSeverity::note, origin, text,
            "this kernel's " + module + " has no parameter " + in_quotes(word.name) +
                (row->kernels.empty() ? ""
                                      : ", kernels " + std::string(row->kernels) + " have it") +
                ": it is ignored with a line in the log",
            "remove it, unless another kernel is booted here as well");
    value(module, word, *known, origin, text);
    const bool elsewhere =
        !context.module.empty() && module != context.module && same_parameter(word.name, "nested");
    if (elsewhere && !host_is_set_)
        add(LintKind::wrong_module, LintSeverity::warning, origin, text,
            "this host nests with " + context.module + ", not with " + module +
                ": the setting has no effect here",
            unwanted(word) ? std::string("remove it") : "write it for " + context.module,
            for_host(module, word, text));
    return taken;
}

} // namespace virt_nested
