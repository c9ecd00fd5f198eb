// SPDX-License-Identifier: GPL-2.0-or-later
// A trial in a process of its own.
#include "validator/prove/child.h"

#include "core/fd.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace virt_nested::prove {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

Error failed(const char* what) {
    const int code = errno;
    return {code, std::string(what) + ": " + std::strerror(code)};
}

/// fork(2): EAGAIN is a limit, and which of them it does not say.
Error no_child() {
    Error out = failed("fork");
    if (out.code == EAGAIN)
        out.what += "; this user or cgroup has all the processes that it may: see ulimit -u, and "
                    "pids.max";
    return out;
}

/// A child that is closing its VM takes seconds on some machines; whoever reads our output to its
/// end must not wait for that.
void let_go_of_output() {
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (null.get() < 0 || ::dup2(null.get(), fd) < 0)
            ::close(fd);
}

[[noreturn]] void be_child(Trial trial, const Limits& limits, pid_t parent, int pipe) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
        ::_exit(1);
    // Who was started without standard output has the pipe in its place.
    const Telling telling(::fcntl(pipe, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    ::close(pipe);
    let_go_of_output();
    telling.tell(trial(limits, telling));
    ::_exit(0);
}

struct Heard {
    std::optional<Evidence> last;
    bool all = false; ///< the child has come to its end, or has said its last word
};

/// Until the child has said its last word, or it is `end`.
Heard hear(int pipe, Clock::time_point end) {
    Heard out;
    while (!out.all) {
        const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
        if (left <= milliseconds::zero())
            break;
        pollfd one{pipe, POLLIN, 0};
        const int ready = ::poll(&one, 1, static_cast<int>(left.count()));
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        Evidence next;
        const ssize_t got = ready < 0 ? -1 : ::read(pipe, &next, sizeof next);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == static_cast<ssize_t>(sizeof next))
            out.last = next;
        out.all = got != static_cast<ssize_t>(sizeof next) || next.ending != Ending::running;
    }
    return out;
}

/// So that whoever unloads the module next finds it unused. The time is short: the rest of a
/// child's end is the kernel's, and nobody waits for it.
std::optional<int> reap(pid_t child, milliseconds time) {
    const Clock::time_point end = Clock::now() + time;
    for (;;) {
        int status = 0;
        const pid_t done = ::waitpid(child, &status, WNOHANG);
        if (done == child)
            return status;
        if ((done < 0 && errno != EINTR) || Clock::now() >= end)
            return std::nullopt;
        const timespec nap{0, 2'000'000};
        ::nanosleep(&nap, nullptr);
    }
}

std::string end_of(const std::optional<int>& status) {
    if (status && WIFSIGNALED(*status))
        return "signal " + std::to_string(WTERMSIG(*status)) + " ended it";
    return "it ended without a word";
}

} // namespace

void Telling::tell(const Evidence& evidence) const {
    while (::write(pipe_, &evidence, sizeof evidence) < 0 && errno == EINTR) {
    }
}

Result<Evidence> in_child(Trial trial, const Limits& limits) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return failed("pipe");
    const Fd from_child(ends[0]);
    Fd to_parent(ends[1]);
    const Clock::time_point end = Clock::now() + limits.gives_up + limits.killed_after;
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0)
        return no_child();
    if (child == 0)
        be_child(trial, limits, parent, to_parent.get());
    to_parent = Fd();
    const Heard heard = hear(from_child.get(), end);
    if (!heard.all) {
        ::kill(child, SIGKILL);
        (void)reap(child, milliseconds::zero());
        return heard.last.value_or(Evidence());
    }
    const std::optional<int> status = reap(child, limits.waits_for_end);
    if (heard.last && heard.last->ending != Ending::running)
        return *heard.last;
    return Error{0, "the process that tries: " + end_of(status)};
}

} // namespace virt_nested::prove
