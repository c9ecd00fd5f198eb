// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's variables, as far as they can be known without running it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace virt_nested::grub {

/// A text in which unknown pieces are marked: \x01, a number, and \x02 for one in quotes, \x03 for
/// one that GRUB splits into words. Source lets none of these bytes in.
using Text = std::string;

/// What is not known. GRUB has it as one of `options`, where these can be told.
struct Unknown {
    std::string name;
    std::vector<std::string> options;
    bool may_be_empty = true;
};

/// Where a value was set.
struct Place {
    std::string file;
    unsigned line = 0;        ///< 0: it is no line of a script
    bool environment = false; ///< GRUB's environment block
};

struct Value {
    Text text;
    Place place;
    bool exported = false;
    bool perhaps_exported = false; ///< in one of two branches
};

inline bool is_known(std::string_view text) {
    return text.find('\x01') == std::string_view::npos;
}

/// A marked piece of a text.
struct Piece {
    size_t at = 0, size = 0;
    uint32_t number = 0;
    bool split = false;
};
/// The first one from `from` on.
std::optional<Piece> next_piece(std::string_view text, size_t from);

/// What a branch changed: no value, it unset the variable.
using Changes = std::map<std::string, std::optional<Value>>;

class State {
  public:
    explicit State(size_t most_text) : most_text_(most_text) {}

    const Value* get(const std::string& name) const;
    /// Too long a value becomes an unknown one, and `overflow` true.
    void set(const std::string& name, Text text, const Place& place);
    void unset(const std::string& name);
    void exports(const std::string& name, const Place& place);
    /// In a submenu and in another menu's file only the exported ones are there (grub:
    /// normal/context.c); `all_perhaps`: or all of them.
    void enter_context(bool all_perhaps);

    /// What changes from here on can be taken back.
    void push() { frames_.emplace_back(); }
    Changes pop();
    /// After either of two branches: what they leave different is unknown.
    void merge(const Changes& one, Changes other, const Place& place);
    /// After a loop that was not followed: what it changes is unknown.
    void forget(const Changes& changes, const Place& place);

    Text unknown(Unknown what, bool split = false);
    const Unknown& what(const Piece& piece) const { return unknowns_[piece.number]; }
    /// The first option of each piece in its place, or the variable's name.
    std::string shown(std::string_view text) const;
    /// All texts that it may be; none: they cannot be told.
    std::vector<std::string> options(std::string_view text) const;
    bool may_be_empty(std::string_view text) const;

    bool overflow = false;
    /// An environment block was not read: a variable that is not set may be.
    bool unread = false;

  private:
    struct Frame {
        std::map<std::string, std::optional<Value>> before;
    };
    void keep(const std::string& name);
    void put(const std::string& name, std::optional<Value> value);
    std::optional<Value> join(const std::string& name, const std::optional<Value>& one,
                              const std::optional<Value>& other, const Place& place);

    size_t most_text_;
    size_t bytes_ = 0; ///< of all values, kept ones included
    std::unordered_map<std::string, Value> values_;
    std::vector<Frame> frames_;
    std::vector<Unknown> unknowns_;
};

} // namespace virt_nested::grub
