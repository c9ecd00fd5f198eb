// SPDX-License-Identifier: GPL-2.0-or-later
// The definition that libvirt sends on standard input, read no further than it takes to answer.
#pragma once

#include "core/label.h"

#include <cstddef>
#include <string_view>

namespace virt_nested {

class Input {
  public:
    /// Keeps all that it reads, to hand it on, as far as there is memory; the search goes on
    /// without. A read that fails is tried again; the front's deadline ends what does not come.
    void read_until_label();
    bool labelled() const { return watch_.seen(); }
    /// Whether what was read ends as a definition does.
    bool looks_whole() const;

    /// False: there was no memory to keep it, and nothing can be handed on.
    bool kept() const { return kept_; }
    /// What was read and not handed on yet.
    std::string_view rest() const { return {data_ + given_, size_ - given_}; }
    void hand_on(size_t bytes) { given_ += bytes; }
    /// Once more, when nothing is left of what was read: in its place.
    void read_more();
    bool ended() const { return ended_; }
    /// Bytes read in all.
    size_t total() const { return total_; }

  private:
    void make_room();
    /// One read to the end of what is there; false where there was none.
    bool read_on();

    static constexpr size_t first_size = 64 * 1024;
    /// More than libvirt can send (its RPC layer ends below 8 MB).
    static constexpr size_t size_limit = 64U * 1024 * 1024;

    char first_[first_size]; ///< enough for nearly every definition, and cannot fail
    char* data_ = first_;
    size_t size_ = 0;
    size_t capacity_ = first_size;
    size_t given_ = 0;
    size_t total_ = 0;
    bool kept_ = true;
    bool ended_ = false;
    LabelWatch watch_;
};

} // namespace virt_nested
