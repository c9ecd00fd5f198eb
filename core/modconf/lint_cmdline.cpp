// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel command line: words that reach nobody, or not the one they were meant for.
#include "core/modconf/linter.h"
#include "core/text.h"

#include <algorithm>

namespace virt_nested {

namespace {

constexpr size_t kmod_reads = 4095; ///< bytes (kmod: libkmod-internal.h KCMD_LINE_SIZE)

bool contains_dash_name(const std::string& name) {
    return name.find('-') != std::string::npos && is_kvm_module(module_name(name));
}

} // namespace

void Linter::command_line() {
    for (size_t i = 0; i < cmdline.tokens.size(); ++i)
        cmdline_word(i);
    cmdline_lists();
}

void Linter::cmdline_word(size_t index) {
    const Cmdline::Token& token = cmdline.tokens[index];
    const Origin origin = Origin::at_command_line(token.offset);
    const std::string text = token.text();
    const size_t dot = token.name.find('.');
    if (dot == std::string::npos) {
        if (same_parameter(token.name, "nested"))
            add(LintKind::unknown_module, LintSeverity::warning, origin, text,
                "a parameter of a module needs the module in front of it",
                unwanted(token) ? std::string("remove it")
                                : "write " + (context.module.empty() ? "MODULE" : context.module) +
                                      "." + printable(text, 120),
                unwanted(token) || context.module.empty()
                    ? LintChange{text, {}}
                    : LintChange{text, context.module + "." + text});
        return;
    }
    const std::string module = module_name(token.name.substr(0, dot));
    if (module_typo(module, origin, text) || !is_kvm_module(module) || unheard(token, origin, text))
        return;
    const auto rest = std::span(cmdline.tokens).subspan(index);
    const auto some = rest.first(std::min<size_t>(rest.size(), 3));
    std::vector<Cmdline::Token> words(some.begin(), some.end());
    words[0].name.erase(0, dot + 1);
    const size_t before = findings.size();
    parameter(module, words, origin, text);
    // Here a parameter's name has its module in front.
    const std::string prefix = token.name.substr(0, dot + 1);
    for (size_t i = before; i < findings.size(); ++i)
        if (std::optional<LintChange>& change = findings[i].change) {
            change->text.insert(0, prefix);
            if (!change->by.empty())
                change->by.insert(0, prefix);
        }
}

bool Linter::unheard(const Cmdline::Token& token, const Origin& origin, const std::string& text) {
    if (context.linkage == Linkage::built_in && token.after_dashes) {
        add(LintKind::after_dashes, LintSeverity::warning, origin, text,
            "the kernel hands what stands behind '--' to init and does not look at it",
            "put it in front of the '--'");
        return true;
    }
    if (context.linkage != Linkage::module)
        return false;
    if (token.offset + text.size() > kmod_reads) {
        add(LintKind::too_long, LintSeverity::warning, origin, text,
            "libkmod reads the first 4095 bytes of the command line alone",
            "put it further to the front");
        return true;
    }
    const bool libkmod =
        std::any_of(cmdline.options.begin(), cmdline.options.end(),
                    [&](const auto& option) { return option.offset == token.offset; });
    if (!libkmod)
        add(LintKind::quoted_name, LintSeverity::warning, origin, text,
            "libkmod (kmod " + std::to_string(conf.profile.version) +
                ") does not take this word for an option of a module",
            "write " + printable(text, 120) + " without quotes");
    return !libkmod;
}

void Linter::cmdline_lists() {
    for (const Cmdline::Blacklisted& entry : cmdline.blacklist)
        if (contains_dash_name(entry.name))
            list_without_effect("modprobe.blacklist", entry.name,
                                Origin::at_command_line(entry.offset));
    for (const Cmdline::Token& token : cmdline.tokens) {
        if (token.after_dashes || !same_parameter(token.name, "module_blacklist"))
            continue;
        for (const std::string& word : cmdline.words("module_blacklist"))
            if (contains_dash_name(word) && token.value &&
                token.value->find(word) != std::string::npos)
                list_without_effect(token.name, word, Origin::at_command_line(token.offset));
    }
}

/// What keeps nothing out is not wanted where this host shall nest.
void Linter::list_without_effect(const std::string& argument, const std::string& name,
                                 const Origin& origin) {
    const std::string text = argument + "=" + name;
    const bool unwanted = context.wanted.value_or(false);
    add(LintKind::not_normalised, LintSeverity::warning, origin, text,
        argument + "= does not take '-' for '_': '" + printable(name, 60) + "' matches no module",
        unwanted ? std::string("remove it")
                 : "write " + argument + "=" + printable(module_name(name), 60) +
                       " where that is to be kept out, and remove it else",
        unwanted ? std::optional(LintChange{text, {}}) : std::nullopt);
}

} // namespace virt_nested
