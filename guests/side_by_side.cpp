// SPDX-License-Identifier: GPL-2.0-or-later
// A process for each host, and a pipe from it: bytes that say that it lives, then the answer.
#include "guests/side_by_side.h"

#include "core/fd.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace virt_nested {

namespace {

using Clock = std::chrono::steady_clock;

constexpr char lives = 'l';
constexpr char answers = 'a'; // what follows is the answer

/// Signals that would end this program wait until the other processes are ended. Ignored ones stay
/// ignored.
class HeldSignals final {
  public:
    HeldSignals() {
        sigset_t held;
        sigemptyset(&held);
        for (const int signal : {SIGINT, SIGTERM, SIGHUP})
            sigaddset(&held, signal);
        sigprocmask(SIG_BLOCK, &held, &before_);
        arrived_ = Fd(::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK));
    }
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;
    ~HeldSignals() { release(); }

    void release() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }
    int fd() const { return arrived_.get(); }
    /// 0: none.
    int arrived() const {
        signalfd_siginfo info{};
        const bool one = ::read(fd(), &info, sizeof info) == static_cast<ssize_t>(sizeof info);
        return one ? static_cast<int>(info.ssi_signo) : 0;
    }

  private:
    sigset_t before_{};
    Fd arrived_;
};

struct Asked {
    size_t index;
    pid_t pid;
    Fd pipe;
    Clock::time_point deadline;
    std::string answer{};
    bool answering = false;

    void absorb(std::string_view bytes) {
        if (!answering) {
            const size_t start = bytes.find(answers);
            answering = start != std::string_view::npos;
            bytes = answering ? bytes.substr(start + 1) : std::string_view();
        }
        answer += bytes;
    }
};

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR)
            return false;
        bytes.remove_prefix(static_cast<size_t>(std::max<ssize_t>(written, 0)));
    }
    return true;
}

[[noreturn]] void answer_and_exit(const std::string& host, const Ask& ask, int fd) {
    constexpr std::chrono::milliseconds often{100};
    Clock::time_point told{};
    const auto alive = [&] {
        const Clock::time_point now = Clock::now();
        if (now - told < often)
            return;
        told = now;
        write_all(fd, std::string_view(&lives, 1));
    };
    // No destructor and no exit handler may run here: what they would end is the other process's.
    try {
        const std::string answer = ask(host, alive);
        ::_exit(write_all(fd, std::string_view(&answers, 1)) && write_all(fd, answer) ? 0 : 1);
    } catch (const std::exception&) {
        ::_exit(1);
    }
}

/// The session of its own keeps ssh from asking for a password on the terminal, and is what is
/// ended with all in it. What libraries print on standard error would not say which host it is of.
void be_alone(pid_t parent) {
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
        ::_exit(1);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(nothing, standard);
}

int end_of(const Asked& asked) {
    ::kill(-asked.pid, SIGKILL);
    ::kill(asked.pid, SIGKILL);
    int status = 0;
    while (::waitpid(asked.pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

std::string why_no_answer(int status) {
    return "the process that asked it ended " +
           (WIFSIGNALED(status) ? "by signal " + std::to_string(WTERMSIG(status))
                                : "with status " + std::to_string(WEXITSTATUS(status)));
}

class Asking final {
  public:
    Asking(const std::vector<std::string>& hosts, const AskingLimits& limits, const Ask& ask,
           const std::function<void(size_t, Result<std::string>)>& take)
        : hosts_(hosts), limits_(limits), ask_(ask), take_(take) {}

    void run() {
        size_t next = 0;
        while (next < hosts_.size() || !running_.empty()) {
            while (next < hosts_.size() && running_.size() < limits_.at_once)
                start(next++);
            if (!running_.empty())
                listen();
        }
    }

  private:
    void start(size_t index) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0)
            return take_(index, Error{errno, std::string("no pipe: ") + std::strerror(errno)});
        Fd reading(ends[0]);
        const Fd writing(ends[1]);
        const pid_t parent = ::getpid();
        const pid_t pid = ::fork();
        if (pid < 0)
            return take_(index, Error{errno, std::string("no process: ") + std::strerror(errno)});
        if (pid == 0) {
            be_alone(parent);
            signals_.release();
            answer_and_exit(hosts_[index], ask_, writing.get());
        }
        running_.push_back({index, pid, std::move(reading), Clock::now() + limits_.silence});
    }

    void listen() {
        std::vector<pollfd> polled = {{signals_.fd(), POLLIN, 0}};
        Clock::time_point first = running_.front().deadline;
        for (const Asked& asked : running_) {
            polled.push_back({asked.pipe.get(), POLLIN, 0});
            first = std::min(first, asked.deadline);
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - Clock::now());
        if (::poll(polled.data(), polled.size(), std::max(0, static_cast<int>(left.count()))) < 0)
            return;
        if (const int signal = signals_.arrived())
            end_with(signal);
        const Clock::time_point now = Clock::now();
        for (size_t i = running_.size(); i-- > 0;) {
            const bool spoke = polled[i + 1].revents != 0;
            if (spoke ? !hear(running_[i]) : running_[i].deadline <= now)
                finish(i, spoke);
        }
    }

    /// False at the end of what it says.
    bool hear(Asked& asked) {
        const ssize_t length = ::read(asked.pipe.get(), buffer_.data(), buffer_.size());
        if (length <= 0)
            return length < 0 && errno == EINTR;
        asked.absorb({buffer_.data(), static_cast<size_t>(length)});
        asked.deadline = Clock::now() + limits_.silence;
        return true;
    }

    void finish(size_t place, bool by_itself) {
        Asked asked = std::move(running_[place]);
        running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(place));
        if (by_itself)
            return finish_itself(std::move(asked));
        end_of(asked);
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(limits_.silence).count();
        take_(asked.index, Error{ETIMEDOUT, "it does not answer: nothing came from it for " +
                                                std::to_string(seconds) + " s"});
    }

    /// Its end of the pipe is closed, so it has ended or is about to: what it had started is left.
    void finish_itself(Asked asked) {
        int status = 0;
        siginfo_t ended{};
        while (::waitid(P_PID, static_cast<id_t>(asked.pid), &ended, WEXITED | WNOWAIT) < 0 &&
               errno == EINTR) {
        }
        status = end_of(asked);
        if (asked.answering && WIFEXITED(status) && WEXITSTATUS(status) == 0)
            take_(asked.index, std::move(asked.answer));
        else
            take_(asked.index, Error{0, why_no_answer(status)});
    }

    void end_with(int signal) {
        for (const Asked& asked : running_)
            end_of(asked);
        running_.clear();
        signals_.release();
        ::raise(signal);
        ::_exit(128 + signal);
    }

    const std::vector<std::string>& hosts_;
    const AskingLimits& limits_;
    const Ask& ask_;
    const std::function<void(size_t, Result<std::string>)>& take_;
    HeldSignals signals_;
    std::vector<Asked> running_;
    std::array<char, 65536> buffer_{};
};

} // namespace

void ask_side_by_side(const std::vector<std::string>& hosts, const AskingLimits& limits,
                      const Ask& ask,
                      const std::function<void(size_t index, Result<std::string> answer)>& take) {
    Asking(hosts, limits, ask, take).run();
}

} // namespace virt_nested
