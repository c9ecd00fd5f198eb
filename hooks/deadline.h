// SPDX-License-Identifier: GPL-2.0-or-later
// How long is left to wait.
#pragma once

#include <ctime>

namespace virt_nested {

class Deadline {
  public:
    explicit Deadline(int milliseconds) : end_(now() + milliseconds) {}

    /// Milliseconds, as poll(2) takes them; 0 once it has passed.
    int left() const {
        const long left = end_ - now();
        return left > 0 ? static_cast<int>(left) : 0;
    }

  private:
    static long now() {
        timespec t{};
        ::clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * 1000 + t.tv_nsec / 1000000;
    }

    long end_;
};

} // namespace virt_nested
