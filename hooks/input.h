// SPDX-License-Identifier: GPL-2.0-or-later
// The definition that libvirt sends on standard input.
#pragma once

#include "core/label.h"

#include <cstddef>
#include <string_view>

namespace virt_nested {

class Input {
  public:
    /// To its end. Keeps all of it, to hand it on, as far as there is memory; the search for a
    /// label goes on without. A read that fails is tried again; the front's deadline ends what does
    /// not come.
    void read();
    bool labelled() const { return watch_.seen(); }
    /// Whether what was kept ends as a definition does.
    bool looks_whole() const;

    /// False: there was no memory to keep it, and nothing can be handed on.
    bool kept() const { return kept_; }
    /// What was read and not handed on yet.
    std::string_view rest() const { return {data_ + given_, size_ - given_}; }
    void hand_on(size_t bytes) { given_ += bytes; }
    bool ended() const { return ended_; }
    /// Bytes of it.
    size_t total() const { return size_; }

  private:
    void make_room();

    static constexpr size_t first_size = 64 * 1024;
    /// More than libvirt can send (its RPC layer ends below 8 MB).
    static constexpr size_t size_limit = 64U * 1024 * 1024;

    char first_[first_size]; ///< enough for nearly every definition, and cannot fail
    char* data_ = first_;
    size_t size_ = 0;
    size_t capacity_ = first_size;
    size_t given_ = 0;
    bool kept_ = true;
    bool ended_ = false;
    LabelWatch watch_;
};

} // namespace virt_nested
