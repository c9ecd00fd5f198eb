// SPDX-License-Identifier: GPL-2.0-or-later
// The parts of lint_modconf(). For core/modconf/lint* alone.
#pragma once

#include "core/modconf/lint.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

class Linter {
  public:
    Linter(const ModConf& its_conf, const Cmdline& its_cmdline, const LintContext& its_context)
        : conf(its_conf), cmdline(its_cmdline), context(its_context),
          host_is_set_(
              effective(conf, cmdline, context.module, "nested", context.linkage).winner()) {}

    const ModConf& conf;
    const Cmdline& cmdline;
    const LintContext& context;
    std::vector<LintFinding> findings;

    void lines();                      ///< modprobe.d: linter.cpp
    void place(const PlaceLine& line); ///< what lies beside it: lint_places.cpp
    void command_line();               ///< lint_cmdline.cpp

    void add(LintKind kind, LintSeverity severity, const Origin& origin, std::string_view text,
             std::string why, std::string mend, std::optional<LintChange> change = {});

    /// Parameters as the kernel would be given them (lint_words.cpp): looks at the first of
    /// `words` and says how many of them make it up, for "nested = 1" are three. `text` is what the
    /// finding shows.
    size_t parameter(const std::string& module, std::span<const Cmdline::Token> words,
                     const Origin& origin, std::string_view text);
    /// A name that is close to one of KVM's modules, but is none: says so and returns true.
    bool module_typo(std::string_view module, const Origin& origin, std::string_view text);

  private:
    /// More findings than anybody reads: what is wrong has been said.
    bool enough() const { return findings.size() >= 256; }
    void load_list(const PlaceLine& line);
    void cmdline_word(size_t index);
    void cmdline_lists(); ///< of modules that are not to be loaded
    void list_without_effect(const std::string& argument, const std::string& name,
                             const Origin& origin);
    /// A word for a module of KVM that reaches nobody: says so and returns true.
    bool unheard(const Cmdline::Token& token, const Origin& origin, const std::string& text);
    void line(const NotedLine& noted);
    void comment(const NotedLine& noted, const Origin& origin);
    void directive(std::string_view word, std::string_view rest, bool crlf, const Origin& origin,
                   std::string_view text);
    void options(const std::string& module, std::string_view text, const Origin& origin,
                 std::string_view shown);
    void keyword(std::string_view word, std::string_view rest, const Origin& origin,
                 std::string_view text);

    /// A line about nesting for KVM that is no module: says so and returns true.
    bool built_in(const std::string& module, const Cmdline::Token& word, const Origin& origin,
                  std::string_view text);

    std::optional<Parmtype> type(std::string_view module, std::string_view parameter) const;
    /// The table's row, where this host's module was read and has no such parameter.
    const Parameter* of_other_kernels(std::string_view module, std::string_view parameter) const;
    bool blanks(const std::string& module, std::span<const Cmdline::Token> words,
                const Origin& origin, std::string_view text, size_t& taken);
    void unknown(const std::string& module, const Cmdline::Token& word, const Origin& origin,
                 std::string_view text);
    /// It says of nesting what is not wanted of this host: to put it right would bring that.
    bool unwanted(const Cmdline::Token& word) const;
    /// The word with this name: with what is wanted where its value would be refused, and empty
    /// where it would bring what is not wanted.
    std::string meant_by(const std::string& module, const Cmdline::Token& word,
                         std::string_view name) const;
    /// A line for this module made one for the host's own, where no more than this word is in it.
    std::optional<LintChange> for_host(const std::string& module, const Cmdline::Token& word,
                                       std::string_view text) const;
    /// Nesting as it is wanted, in place of this word; a word about something else goes.
    LintChange put_right(const Cmdline::Token& word) const;
    void value(const std::string& module, const Cmdline::Token& word, Parmtype type,
               const Origin& origin, std::string_view text);
    LintSeverity severity_of_refusal(std::string_view module) const;

    bool host_is_set_; ///< the host's own module has a line for nested
};

/// A module of KVM that takes options.
bool is_kvm_module(std::string_view module);

} // namespace virt_nested
