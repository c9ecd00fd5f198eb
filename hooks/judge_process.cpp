// SPDX-License-Identifier: GPL-2.0-or-later
// The judge as a process of its own. Its standard input is the definition, its standard error its
// words, its standard output its verdict: a pipe that nothing else writes to.
#include "hooks/judge_process.h"

#include "core/fd.h"
#include "hooks/verdict_word.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace virt_nested {

namespace {

constexpr std::string_view reinstall = "mend that, or reinstall virt-nested-libvirt";

/// What the judge says on one of its descriptors.
struct Voice {
    Fd fd;
    Line heard;
    bool broken = false;

    /// What there is; closes at its end.
    void listen() {
        char buffer[4096];
        const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
        if (got > 0)
            heard << std::string_view(buffer, static_cast<size_t>(got));
        else if (got == 0 || errno != EINTR) {
            broken = got < 0;
            fd = Fd();
        }
    }
};

struct Judge {
    pid_t pid = -1;
    Fd input;      ///< to its standard input
    Voice verdict; ///< its standard output
    Voice words;   ///< its standard error
};

bool make_pipe(Fd& read, Fd& write) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return false;
    read = Fd(ends[0]);
    write = Fd(ends[1]);
    return true;
}

/// In the child. Nothing of the caller's environment reaches the judge: a library preloaded there
/// could say its verdict.
[[noreturn]] void become_judge(char** argv, const Fd& in, const Fd& out, const Fd& err) {
    char* nothing[] = {nullptr};
    Line path = judge_path();
    // Ignored by the front, and it would stay so.
    ::signal(SIGPIPE, SIG_DFL);
    if (::dup2(in.get(), STDIN_FILENO) >= 0 && ::dup2(out.get(), STDOUT_FILENO) >= 0 &&
        ::dup2(err.get(), STDERR_FILENO) >= 0)
        ::execve(path.c_str(), argv, nothing);
    const std::string_view why = std::strerror(errno);
    if (::write(err.get(), why.data(), why.size()) < 0)
        ::_exit(126);
    ::_exit(127);
}

/// Gives the judge as much of the definition as its pipe takes; closes it behind the last of it.
void feed(Judge& judge, Input& input) {
    const std::string_view rest = input.rest();
    const ssize_t put = ::write(judge.input.get(), rest.data(), rest.size());
    const bool broken = put < 0 && errno != EAGAIN && errno != EINTR;
    input.hand_on(put > 0 ? static_cast<size_t>(put) : 0);
    if (broken || input.rest().empty())
        judge.input = Fd();
}

/// False, with errno, where there is no judge.
bool start(char** argv, Judge& judge, Input& input, volatile pid_t& running) {
    Fd in;
    Fd out;
    Fd err;
    if (!make_pipe(in, judge.input) || !make_pipe(judge.verdict.fd, out) ||
        !make_pipe(judge.words.fd, err) || ::fcntl(judge.input.get(), F_SETFL, O_NONBLOCK) != 0)
        return false;
    // Nearly every definition is in the pipe before there is anybody to read it.
    feed(judge, input);
    // Not vfork, nor posix_spawn: no signal is handled until the child has become another program,
    // and its file may lie where that takes forever.
    judge.pid = ::fork();
    if (judge.pid == 0)
        become_judge(argv, in, out, err);
    running = judge.pid;
    return judge.pid > 0;
}

/// Until the judge has said its last; false, with errno, where one cannot wait.
bool talk(Judge& judge, Input& input) {
    while (judge.words.fd.get() >= 0 || judge.verdict.fd.get() >= 0) {
        pollfd fds[] = {{judge.words.fd.get(), POLLIN, 0},
                        {judge.verdict.fd.get(), POLLIN, 0},
                        {judge.input.get(), POLLOUT, 0}};
        if (::poll(fds, 3, -1) < 0) {
            if (errno == EINTR)
                continue;
            return false;
        }
        if (fds[0].revents != 0)
            judge.words.listen();
        if (fds[1].revents != 0)
            judge.verdict.listen();
        if (fds[2].revents != 0)
            feed(judge, input);
    }
    return true;
}

/// -1 where nobody can say how it ended: no status of waitpid's.
int wait_for(pid_t pid) {
    int status = 0;
    pid_t ended = -1;
    while ((ended = ::waitpid(pid, &status, 0)) < 0 && errno == EINTR) {
    }
    return ended == pid ? status : -1;
}

void say_how_it_ended(int status, const Judge& judge, JudgeAnswer& answer) {
    const bool exited = status != -1 && WIFEXITED(status);
    answer.mend = exited && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127) ? reinstall
                                                                                       : try_again;
    if (status == -1)
        answer.words << "how it ended is not known";
    else if (!exited)
        answer.words << "killed by signal " << static_cast<long>(WTERMSIG(status));
    else
        answer.words << "exit status " << static_cast<long>(WEXITSTATUS(status));
    if (exited && WEXITSTATUS(status) == 0)
        answer.words << (judge.verdict.heard.empty() ? " without a verdict"
                                                     : " and another verdict than can be");
    if (!judge.words.heard.empty())
        (answer.words << ": ").escaped(trim(judge.words.heard.view()), 512);
}

/// The judge's own word for it, of all that was sent, and nothing that speaks against it.
bool proven(const Judge& judge, const Input& input) {
    Line expected;
    put_verdict(expected, pass_word, input.total(), input.labelled());
    return !judge.verdict.broken && judge.verdict.heard.view() == expected.view();
}

} // namespace

Line judge_path() {
    Line path;
    char self[4096];
    const ssize_t length = ::readlink("/proc/self/exe", self, sizeof self);
    const std::string_view program(self, length < 0 ? 0 : static_cast<size_t>(length));
    const size_t slash = program.rfind('/');
    path << (slash == std::string_view::npos ? "/usr/bin" : program.substr(0, slash))
         << "/virt-nested-judge";
    return path;
}

JudgeAnswer ask_judge(char** argv, Input& input, volatile pid_t& running) {
    JudgeAnswer answer;
    answer.mend = try_again;
    if (!input.kept()) {
        answer.words << "its definition is larger than 64 MiB, or there is no memory for it";
        return answer;
    }
    Judge judge;
    const bool talked = start(argv, judge, input, running) && talk(judge, input);
    if (!talked) {
        answer.words << std::strerror(errno);
        if (judge.pid > 0)
            ::kill(judge.pid, SIGKILL);
        return answer;
    }
    const int status = wait_for(judge.pid);
    running = -1;
    if (status == 0 && proven(judge, input)) {
        answer.is = JudgeAnswer::Is::passed;
    } else if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 1 &&
               !judge.words.heard.empty()) {
        answer.is = JudgeAnswer::Is::refused;
        answer.words << trim(judge.words.heard.view());
    } else {
        say_how_it_ended(status, judge, answer);
    }
    return answer;
}

} // namespace virt_nested
