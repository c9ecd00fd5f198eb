// SPDX-License-Identifier: GPL-2.0-or-later
// Words of GRUB's shell as its commands get them: quotes taken off, variables replaced (grub:
// grub-core/script/execute.c grub_script_arglist_to_argv, script/argv.c). Pure.
#pragma once

#include "validator/boot/grub/state.h"

#include <string_view>
#include <vector>

namespace virt_nested::grub {

/// What $1, $# and $@ are: of the function, the entry or the file that runs.
struct Scope {
    std::vector<Text> arguments;
    bool unknown = false; ///< a branch that is perhaps taken has changed them
    bool operator==(const Scope&) const = default;
};

class Expansion {
  public:
    /// `scope` may be null: not inside of any. At most `most` bytes come out.
    Expansion(State& state, const Scope* scope, size_t most)
        : state_(state), scope_(scope), most_(most) {}

    void add(std::string_view raw);
    std::vector<Text> words() &&;

    size_t bytes = 0;
    bool overflow = false;
    /// Where the last variable's value was set that came from an environment block.
    std::optional<Place> environment;

  private:
    void append(std::string_view text);
    void next();
    void variable(std::string_view name, bool quoted);
    void value(std::string_view text, bool quoted);
    size_t quoted(std::string_view raw, size_t at);
    void finish_word();

    State& state_;
    const Scope* scope_;
    size_t most_;
    std::vector<Text> words_;
    bool open_ = false;    ///< the last of words_ is still written to
    bool pattern_ = false; ///< an unquoted * or ? stands in it
};

/// The arguments of each of the forms that the pieces' options give; none: they cannot be told.
std::vector<std::vector<std::string>> forms(const State& state, const std::vector<Text>& words);

/// A kernel's command line of its arguments (grub: lib/cmdline.c grub_create_loader_cmdline).
Text command_line(const std::vector<Text>& words, size_t from);

} // namespace virt_nested::grub
