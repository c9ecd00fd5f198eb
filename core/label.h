// SPDX-License-Identifier: GPL-2.0-or-later
// How a label is told from everything else: the namespaces, and the search for them in bytes that
// nobody has parsed yet. Allocates nothing, for the hook's front uses it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace virt_nested {

/// The namespace of the label; matched as a whole, the prefix of a name never counts.
inline constexpr std::string_view label_uri = "urn:virt-nested:domain:1";

/// What every version of it begins with, upper and lower case alike (RFC 8141, 3.1: "urn" and the
/// namespace identifier are equal in any case).
inline constexpr std::string_view label_prefix = "urn:virt-nested:";

/// Whether the prefix stands somewhere in the bytes.
bool has_label_prefix(std::string_view bytes);

/// Whether a namespace's name is one that only a label can have: with the prefix at its beginning,
/// white space at its ends ignored. True for label_uri as well.
bool is_label_namespace(std::string_view uri);

/// Looks for the prefix in bytes that pass in pieces: input that is no XML may still be a labelled
/// guest's.
class LabelWatch {
  public:
    void pass(std::string_view bytes);
    bool seen() const { return seen_; }

  private:
    bool seen_ = false;
    size_t kept_ = 0; ///< of tail_
    /// The end of what has passed, as far as the prefix could have begun in it, with room for as
    /// much of what comes next.
    std::array<char, 2 * label_prefix.size()> tail_{};
};

} // namespace virt_nested
