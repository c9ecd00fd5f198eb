// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of modprobe.d, one by one.
#include "core/modconf/linter.h"

#include "core/modconf/cmdline.h"
#include "core/modconf/parse.h"
#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

constexpr std::array<std::string_view, 7> keywords = {"options", "blacklist", "install", "remove",
                                                      "softdep", "alias",     "weakdep"};

bool is_keyword(std::string_view word) {
    return std::find(keywords.begin(), keywords.end(), word) != keywords.end();
}

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view nearest_keyword(std::string_view word) {
    const std::string lower = lower_case(word);
    for (std::string_view known : keywords)
        if (word.size() < 16 && edit_distance(lower, known) <= 2)
            return known;
    return {};
}

} // namespace

void Linter::comment(const NotedLine& noted, const Origin& origin) {
    uint32_t number = noted.line;
    for (std::string_view physical : virt_nested::lines(noted.raw)) {
        std::string_view rest = physical;
        const std::optional<std::string_view> word = cut_word(rest);
        if (number != noted.line && word && is_keyword(*word)) {
            add(LintKind::swallowed_line, LintSeverity::warning,
                Origin::in_file(origin.file, number), physical,
                "the comment in the line before ends in a backslash and takes this line with it",
                "remove the backslash at the end of line " + std::to_string(number - 1));
            return;
        }
        ++number;
    }
}

void Linter::keyword(std::string_view word, std::string_view rest, const Origin& origin,
                     std::string_view text) {
    if (word == "include" || word == "config") {
        add(LintKind::include, LintSeverity::warning, origin, text,
            "modprobe does not follow '" + std::string(word) + "' any more",
            "put the lines of that file into /etc/modprobe.d");
        return;
    }
    if (word.starts_with(byte_order_mark)) {
        add(LintKind::keyword, LintSeverity::warning, origin, text,
            "the file begins with a byte order mark, modprobe does not read this line",
            "save the file as UTF-8 without a byte order mark");
        return;
    }
    std::string mend = "lines begin with options, blacklist, install, remove, softdep or alias";
    std::optional<LintChange> change;
    if (const std::string_view near = nearest_keyword(word); !near.empty()) {
        mend = "write " + std::string(near);
        change = LintChange{std::string(word), std::string(near)};
    } else if (is_kvm_module(module_name(word)) || word == "modprobe")
        mend = "write: options " + printable(trim(word == "modprobe" ? rest : text), 120);
    add(LintKind::keyword, LintSeverity::warning, origin, text,
        "modprobe does not know '" + printable(word, 60) + "' and skips the line", mend, change);
}

void Linter::options(const std::string& module, std::string_view text, const Origin& origin,
                     std::string_view shown) {
    const std::vector<Cmdline::Token> tokens = kernel_tokens(text);
    for (size_t i = 0; i < tokens.size() && !enough();) {
        const Cmdline::Token& token = tokens[i];
        if (token.name.starts_with('#')) {
            add(LintKind::trailing_comment, LintSeverity::warning, origin, shown,
                "there are no comments at the end of a line: its words go to the kernel",
                "put the comment into a line of its own",
                LintChange{std::string(trim(text.substr(token.offset))), {}});
            return;
        }
        if (token.after_dashes) {
            add(LintKind::after_dashes, LintSeverity::warning, origin, shown,
                "the kernel does not look at parameters behind '--'", "remove the '--'");
            return;
        }
        const std::string prefix = module_name(token.name.substr(0, token.name.find('.')));
        if (token.name.find('.') != std::string::npos && is_kvm_module(prefix)) {
            add(LintKind::unknown_parameter, LintSeverity::warning, origin, shown,
                "'" + printable(token.name, 60) + "' is the form of the kernel command line",
                "leave out '" + printable(token.name.substr(0, token.name.find('.') + 1), 60) +
                    "'");
            ++i;
            continue;
        }
        if (token.name == "--" || built_in(module, token, origin, shown))
            ++i;
        else
            i += parameter(module, std::span(tokens).subspan(i), origin, shown);
    }
}

void Linter::directive(std::string_view word, std::string_view rest, bool crlf,
                       const Origin& origin, std::string_view text) {
    const bool is_options = word == "options";
    const std::string name(cut_word(rest).value_or(""));
    const std::string module = module_name(name);
    std::string needed = is_options ? "a parameter" : "something";
    const bool alone = word == "blacklist";
    if (name.empty() || (!alone && trim(rest).empty())) {
        add(LintKind::incomplete, LintSeverity::warning, origin, text,
            "modprobe skips the line: " +
                (name.empty() ? std::string("it names no module") : needed + " is missing"),
            is_options ? "write: options " + (name.empty() ? "MODULE" : printable(name, 60)) +
                             " PARAMETER=VALUE"
                       : "complete or remove the line");
        return;
    }
    if (crlf)
        add(LintKind::line_end, is_options ? LintSeverity::note : LintSeverity::warning, origin,
            text,
            is_options ? "the line ends in CR LF; the kernel takes the CR for a blank"
                       : "the line ends in CR LF: the CR becomes part of the last word, which then "
                         "matches nothing",
            "run: sed -i 's/\\r$//' " + printable(shell_word(origin.file), 512));
    if ((is_options || alone) && name.find_first_of("*?[") != std::string::npos) {
        add(LintKind::glob, LintSeverity::warning, origin, text,
            std::string(word) + " takes no patterns: there is no module '" + printable(name, 60) +
                "'",
            "name the module");
        return;
    }
    if (word != "alias" && module_typo(module, origin, text))
        return;
    if (is_options && is_kvm_module(module))
        options(module, rest, origin, text);
}

void Linter::line(const NotedLine& noted) {
    const Origin origin = Origin::in_file(conf.files[noted.file], noted.line);
    LogicalLine logical;
    LineReader reader(noted.raw, conf.profile);
    if (!reader.next(logical))
        return;
    const bool crlf = logical.text.ends_with('\r');
    std::string_view rest = logical.text;
    if (crlf)
        rest.remove_suffix(1);
    if (rest.starts_with('#'))
        return comment(noted, origin);
    const std::string whole(rest);
    const std::optional<std::string_view> word = cut_word(rest);
    if (!word)
        return;
    if (word->starts_with('#')) {
        add(LintKind::indented_comment, LintSeverity::note, origin, whole,
            "a comment must begin in the first column, modprobe complains about this line",
            "remove the blanks in front of '#'");
        return comment(noted, origin);
    }
    if (crlf && logical.raw.ends_with("\\\r\n"))
        add(LintKind::line_end, LintSeverity::warning, origin, whole,
            "the backslash stands before a CR, so it does not continue the line",
            "run: sed -i 's/\\r$//' " + printable(shell_word(origin.file), 512));
    const bool known = is_keyword(*word) && (*word != "weakdep" || conf.profile.weakdep);
    if (known)
        directive(*word, rest, crlf, origin, whole);
    else
        keyword(*word, rest, origin, whole);
}

void Linter::lines() {
    for (const NotedLine& noted : conf.noted)
        if (!enough())
            line(noted);
}

std::vector<LintFinding> lint_modconf(const ModConf& conf, const std::vector<PlaceLine>& places,
                                      const Cmdline& cmdline, const LintContext& context) {
    Linter linter(conf, cmdline, context);
    linter.lines();
    for (const PlaceLine& line : places)
        linter.place(line);
    linter.command_line();
    return std::move(linter.findings);
}

} // namespace virt_nested
