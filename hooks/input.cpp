// SPDX-License-Identifier: GPL-2.0-or-later
// Reading standard input. The buffer comes from realloc: a std::string would clear what read(2) is
// about to fill.
#include "hooks/input.h"

#include "core/domain.h"
#include "hooks/deadline.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <unistd.h>

namespace virt_nested {

namespace {

constexpr size_t first_size = 64 * 1024;
/// More than libvirt can send (its RPC layer ends below 8 MB); what is larger is handed on as soon
/// as a label is seen in it.
constexpr size_t size_limit = 64U * 1024 * 1024;

bool comes_before(const Deadline& deadline) {
    pollfd fd = {STDIN_FILENO, POLLIN, 0};
    const int left = deadline.left();
    return left > 0 && ::poll(&fd, 1, left) != 0;
}

} // namespace

Input::~Input() {
    std::free(data_);
}

bool Input::make_room() {
    if (size_ < capacity_)
        return true;
    const size_t wanted = capacity_ == 0 ? first_size : capacity_ * 2;
    char* larger = static_cast<char*>(std::realloc(data_, wanted));
    if (!larger)
        return false;
    data_ = larger;
    capacity_ = wanted;
    return true;
}

void Input::read_until_label() {
    const Deadline deadline(input_milliseconds);
    size_t searched = 0;
    while (!labelled_ && !ended_ && size_ < size_limit && make_room()) {
        if (!comes_before(deadline)) {
            ended_ = true;
            return;
        }
        const ssize_t got = ::read(STDIN_FILENO, data_ + size_, capacity_ - size_);
        if (got < 0 && errno == EINTR)
            continue;
        ended_ = got <= 0;
        size_ += got > 0 ? static_cast<size_t>(got) : 0;
        labelled_ = ::memmem(data_ + searched, size_ - searched, label_uri.data(),
                             label_uri.size()) != nullptr;
        searched = size_ < label_uri.size() ? 0 : size_ - label_uri.size() + 1;
    }
}

void Input::read_more() {
    given_ = size_ = 0;
    if (!make_room()) {
        ended_ = true;
        return;
    }
    const ssize_t got = ::read(STDIN_FILENO, data_, capacity_);
    ended_ = got == 0 || (got < 0 && errno != EINTR);
    size_ = got > 0 ? static_cast<size_t>(got) : 0;
}

} // namespace virt_nested
