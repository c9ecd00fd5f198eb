// SPDX-License-Identifier: GPL-2.0-or-later
// Reading standard input. The memory beyond the first buffer comes from mmap, of which nothing is
// touched before read(2) fills it.
#include "hooks/input.h"

#include "core/text.h"

#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

namespace virt_nested {

void Input::make_room() {
    if (size_ < capacity_)
        return;
    void* larger = MAP_FAILED;
    if (kept_ && capacity_ < size_limit)
        larger = data_ == first_ ? ::mmap(nullptr, capacity_ * 2, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                 : ::mremap(data_, capacity_, capacity_ * 2, MREMAP_MAYMOVE);
    if (larger == MAP_FAILED) {
        // What comes is still searched, in the same place.
        kept_ = false;
        size_ = 0;
        return;
    }
    if (data_ == first_)
        std::memcpy(larger, data_, size_);
    data_ = static_cast<char*>(larger);
    capacity_ *= 2;
}

void Input::read() {
    while (!ended_) {
        make_room();
        const ssize_t got = ::read(STDIN_FILENO, data_ + size_, capacity_ - size_);
        if (got < 0) {
            // A short sleep: descriptors that are not ours may be non-blocking, or broken for good.
            if (errno != EINTR)
                ::poll(nullptr, 0, 10);
            continue;
        }
        ended_ = got == 0;
        watch_.pass({data_ + size_, static_cast<size_t>(got)});
        size_ += static_cast<size_t>(got);
    }
}

bool Input::looks_whole() const {
    return !kept_ || trim({data_, size_}).ends_with("</domain>");
}

} // namespace virt_nested
