// SPDX-License-Identifier: GPL-2.0-or-later
// A file descriptor that closes itself. Apart from core/sysroot.h, and a header alone, for the
// hook's front links nothing that reads the host.
#pragma once

#include <unistd.h>
#include <utility>

namespace virt_nested {

/// Owner of a file descriptor.
class Fd {
  public:
    explicit Fd(int fd = -1) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(other.release()) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0)
            ::close(fd_);
    }

    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

} // namespace virt_nested
