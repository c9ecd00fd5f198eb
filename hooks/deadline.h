// SPDX-License-Identifier: GPL-2.0-or-later
// No longer than this, whatever blocks.
#pragma once

#include <csignal>
#include <ctime>
#include <sys/time.h>

namespace virt_nested {

class Deadline {
  public:
    explicit Deadline(int milliseconds) : end_(now() + milliseconds) {}

    bool passed() const { return now() >= end_; }

  private:
    static long now() {
        timespec t{};
        ::clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * 1000 + t.tv_nsec / 1000000;
    }

    long end_;
};

/// Has `handler` called `first` milliseconds from now and every `then` milliseconds after that,
/// also while it runs, and with it every call interrupted that blocks (without SA_RESTART it
/// returns with EINTR). Whatever the caller has made of the signal does not matter. Where the
/// system refuses one of these, nothing is armed.
inline void arm_alarm(int first, int then, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_NODEFER;
    sigset_t alarm;
    ::sigemptyset(&alarm);
    ::sigaddset(&alarm, SIGALRM);
    if (::sigaction(SIGALRM, &action, nullptr) != 0)
        return;
    const auto time = [](int milliseconds) {
        return timeval{milliseconds / 1000, milliseconds % 1000 * 1000};
    };
    const itimerval timer = {time(then), time(first)};
    ::sigprocmask(SIG_UNBLOCK, &alarm, nullptr);
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

} // namespace virt_nested
