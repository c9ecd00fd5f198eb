// SPDX-License-Identifier: GPL-2.0-or-later
// The judge as a process of its own.
#include "hooks/judge_process.h"

#include "core/fd.h"
#include "core/text.h"
#include "hooks/deadline.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>

namespace virt_nested {

namespace {

struct Judge {
    int failure = 0; ///< why it could not be started, as in errno
    pid_t pid = -1;
    Fd input; ///< to its standard input
    Fd words; ///< from its standard error
};

/// What the judge gets as its own: the definition to read, a place for its words, and nothing to
/// print to, for standard output is libvirt's. Its SIGPIPE is not ignored as ours is.
int spawn(pid_t& pid, char** argv, const Fd& in, const Fd& err) {
    const std::string path = judge_path();
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&files, in.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, err.get(), STDERR_FILENO);
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    return ::posix_spawn(&pid, path.c_str(), &files, &attributes, argv, environ);
}

bool make_pipe(Fd& read, Fd& write) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return false;
    read = Fd(ends[0]);
    write = Fd(ends[1]);
    return true;
}

Judge start(char** argv) {
    Judge judge;
    Fd in;
    Fd err;
    if (!make_pipe(in, judge.input) || !make_pipe(judge.words, err)) {
        judge.failure = errno;
        return judge;
    }
    judge.failure = spawn(judge.pid, argv, in, err);
    ::fcntl(judge.input.get(), F_SETFL, O_NONBLOCK);
    return judge;
}

/// Gives the judge more of the definition: what was read already, then what libvirt still sends.
void feed(Judge& judge, Input& input) {
    if (input.rest().empty() && !input.ended())
        input.read_more();
    const std::string_view rest = input.rest();
    const ssize_t put = rest.empty() ? 0 : ::write(judge.input.get(), rest.data(), rest.size());
    const bool broken = put < 0 && errno != EAGAIN && errno != EINTR;
    input.hand_on(put > 0 ? static_cast<size_t>(put) : 0);
    if (broken || (input.ended() && input.rest().empty()))
        judge.input = Fd();
}

/// False at the end of the judge's words.
bool listen(const Judge& judge, JudgeAnswer& answer) {
    char buffer[4096];
    const ssize_t got = ::read(judge.words.get(), buffer, sizeof buffer);
    if (got > 0 && answer.words.size() < sizeof buffer)
        answer.words.append(buffer, static_cast<size_t>(got));
    return got > 0 || (got < 0 && errno == EINTR);
}

/// Until the judge has said its last, or is late.
void talk(Judge& judge, Input& input, JudgeAnswer& answer) {
    const Deadline deadline(judge_milliseconds);
    for (bool talking = true; talking;) {
        const bool hungry = input.rest().empty() && !input.ended();
        pollfd fds[] = {{judge.words.get(), POLLIN, 0},
                        {hungry ? STDIN_FILENO : judge.input.get(),
                         static_cast<short>(hungry ? POLLIN : POLLOUT), 0}};
        const int left = deadline.left();
        answer.late = left == 0 || ::poll(fds, judge.input.get() < 0 ? 1 : 2, left) == 0;
        if (answer.late)
            return;
        if (fds[0].revents != 0)
            talking = listen(judge, answer);
        if (judge.input.get() >= 0 && fds[1].revents != 0)
            feed(judge, input);
    }
}

bool ended_with(const JudgeAnswer& answer, int status) {
    return !answer.late && WIFEXITED(answer.status) && WEXITSTATUS(answer.status) == status;
}

} // namespace

bool JudgeAnswer::passed() const {
    return ended_with(*this, 0);
}

bool JudgeAnswer::refused() const {
    return ended_with(*this, 1) && !words.empty();
}

std::string JudgeAnswer::why_neither() const {
    const std::string said = words.empty() ? "" : ": " + printable(trim(words), 512);
    if (late)
        return "no answer within " + std::to_string(judge_milliseconds / 1000) + " s";
    if (WIFSIGNALED(status))
        return "killed by signal " + std::to_string(WTERMSIG(status)) + said;
    return "exit status " + std::to_string(WEXITSTATUS(status)) + said;
}

std::string judge_path() {
    char self[4096];
    const ssize_t length = ::readlink("/proc/self/exe", self, sizeof self);
    const std::string_view path(self, length < 0 ? 0 : static_cast<size_t>(length));
    const size_t slash = path.rfind('/');
    return slash == std::string_view::npos
               ? "/usr/bin/virt-nested-judge"
               : std::string(path.substr(0, slash)) + "/virt-nested-judge";
}

JudgeAnswer ask_judge(char** argv, Input& input) {
    JudgeAnswer answer;
    Judge judge = start(argv);
    if (judge.failure != 0) {
        answer.status = 127 << 8;
        answer.words = std::strerror(judge.failure);
        return answer;
    }
    talk(judge, input, answer);
    if (answer.late)
        ::kill(judge.pid, SIGKILL);
    // A judge that hangs in the kernel cannot be reaped: it is left behind rather than waited for.
    ::waitpid(judge.pid, &answer.status, answer.late ? WNOHANG : 0);
    return answer;
}

} // namespace virt_nested
