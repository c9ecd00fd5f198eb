// SPDX-License-Identifier: GPL-2.0-or-later
// The grammar of GRUB's shell: text into commands, one unit at a time, as GRUB takes it in (grub:
// grub-core/script/yylex.l, parser.y; normal/main.c read_config_file). Pure.
#pragma once

#include "validator/boot/grub/source.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace virt_nested::grub {

enum class NodeKind : uint8_t { none, command, branch, for_each, repeat_while, repeat_until };

/// A word as written, quotes and all.
struct Word {
    uint32_t at = 0, size = 0;
};

/// A command. Lists are chains by `next`; 0 is no node.
struct Node {
    NodeKind kind = NodeKind::none;
    uint32_t line = 0;
    uint32_t first_word = 0, words = 0; ///< for_each: its variable, then the list
    uint32_t first = 0;                 ///< command: its block; else condition (for_each: body)
    uint32_t second = 0;                ///< branch: then; loops: body
    uint32_t third = 0;                 ///< branch: else
    uint32_t block_end = 0;             ///< command: not 0, it has a block
    uint32_t next = 0;
};

/// What was taken in at once.
struct Script {
    std::shared_ptr<const Source> source;
    std::vector<Node> nodes{Node{}};
    std::vector<Word> words;
    uint32_t first = 0;

    std::string_view raw(const Node& node, uint32_t word) const {
        const Word& one = words[node.first_word + word];
        return source->text().substr(one.at, one.size);
    }
};

/// A function's name and body: defined as soon as it is read.
struct Function {
    std::shared_ptr<const Script> script;
    uint32_t body = 0;
};

struct Unit {
    std::shared_ptr<const Script> script;
    std::vector<std::pair<std::string, uint32_t>> functions;
    std::string wrong; ///< a clause: why GRUB runs nothing of it; empty: it does
    unsigned line = 0; ///< of that
    bool last = false; ///< of the text
};

class Parser {
  public:
    /// A unit has at most so many commands; more are told in `wrong`.
    Parser(std::shared_ptr<const Source> source, size_t most_commands);
    ~Parser();
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;
    Unit next();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace virt_nested::grub
