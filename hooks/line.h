// SPDX-License-Identifier: GPL-2.0-or-later
// One line of words, put together without memory of its own, so that a signal handler can do it as
// well. What does not fit is cut off.
#pragma once

#include "core/text.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

namespace virt_nested {

class Line {
  public:
    Line& operator<<(std::string_view words) {
        const size_t fits = std::min(words.size(), most - size_);
        std::memcpy(text_.data() + size_, words.data(), fits);
        size_ += fits;
        return *this;
    }
    Line& operator<<(long number) {
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        return *this << std::string_view(digits.data(), static_cast<size_t>(end - digits.data()));
    }
    /// Words from outside, as printable() has them, at most `limit` bytes of them.
    Line& escaped(std::string_view words, size_t limit = 256) {
        std::array<char, 16> room{};
        for (const size_t begin = size_; !words.empty();) {
            if (size_ - begin >= limit)
                return *this << "...";
            *this << next_printable(words, room);
        }
        return *this;
    }

    std::string_view view() const { return {text_.data(), size_}; }
    /// With a NUL behind it.
    char* c_str() {
        text_.at(size_) = '\0';
        return text_.data();
    }
    bool empty() const { return size_ == 0; }
    /// Something may have been cut off.
    bool full() const { return size_ == most; }

  private:
    static constexpr size_t most = 4000; ///< what syslog daemons take is far shorter

    std::array<char, most + 1> text_{};
    size_t size_ = 0;
};

} // namespace virt_nested
