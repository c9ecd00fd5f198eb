// SPDX-License-Identifier: GPL-2.0-or-later
// The definition that libvirt sends on standard input, read no further than it takes to answer.
#pragma once

#include <cstddef>
#include <string_view>

namespace virt_nested {

/// Nobody is waited for any longer: the input then counts as cut off.
inline constexpr int input_milliseconds = 5000;

class Input {
  public:
    Input() = default;
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    ~Input();

    /// Keeps all that it reads, to hand it on.
    void read_until_label();
    bool labelled() const { return labelled_; }

    /// What was read and not handed on yet.
    std::string_view rest() const { return {data_ + given_, size_ - given_}; }
    void hand_on(size_t bytes) { given_ += bytes; }
    /// Once more, when nothing is left of what was read: in its place.
    void read_more();
    bool ended() const { return ended_; }

  private:
    bool make_room();

    char* data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
    size_t given_ = 0;
    bool ended_ = false;
    bool labelled_ = false;
};

} // namespace virt_nested
