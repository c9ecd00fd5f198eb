// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested-hook: what libvirt runs at every start. Linked fully statically, so that no library
// can be missing in the middle of an upgrade. It answers at once whatever is not ours and hands the
// rest to virt-nested-judge, whose every possible failure it turns into the answer that is safe for
// this guest.
#include "core/config.h"
#include "core/domain.h"
#include "core/text.h"
#include "hooks/arguments.h"
#include "version.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

namespace {

using namespace virt_nested;

/// The judge gives up on a fact after 5 s; a judge that says nothing for this long is stuck in the
/// kernel.
constexpr int judge_milliseconds = 8000;
constexpr int input_milliseconds = 5000;
/// More than libvirt can send (its RPC layer ends below 8 MB); what is larger is handed on as soon
/// as a label is seen in it.
constexpr size_t buffer_limit = 64U * 1024 * 1024;

/// Where an answer other than 0 costs no more than it has to. Not restore: prepare follows, with
/// the CPU in the image, and a refusal before it makes libvirt 11.2 to 11.10 unlink the image
/// (docs/refusals.md).
constexpr const char* judged[] = {"prepare", "start", "started", "migrate"};

bool is_judged(const char* operation) {
    for (const char* known : judged)
        if (std::strcmp(operation, known) == 0)
            return true;
    return false;
}

std::string config_of(const HookArguments& arguments) {
    return arguments.config ? std::string(arguments.config)
                            : std::string(arguments.root) + config_path;
}

/// What the site says of guests without a label; the default where the file cannot be read.
UnlabelledRule read_rule(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status {};
    if (fd < 0)
        return UnlabelledRule::allow;
    static char text[config_limit];
    size_t size = 0;
    if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        ssize_t got = 0;
        while (size < sizeof text && (got = ::read(fd, text + size, sizeof text - size)) > 0)
            size += static_cast<size_t>(got);
    }
    ::close(fd);
    return parse_config({text, size}, {}).unlabelled;
}

/// What was read of the definition so far.
struct Input {
    Input() = default;
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    ~Input() { std::free(data); }

    char* data = nullptr;
    size_t size = 0;
    size_t capacity = 0;
    bool ended = false;
    bool labelled = false;
};

long now_milliseconds() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/// False where libvirt sends nothing more for so long that the input counts as cut off.
bool input_comes(long deadline) {
    pollfd fd = {STDIN_FILENO, POLLIN, 0};
    const long left = deadline - now_milliseconds();
    return left > 0 && ::poll(&fd, 1, static_cast<int>(left)) != 0;
}

/// Reads on until the label's URI occurs or the input ends.
void read_until_label(Input& input) {
    const long deadline = now_milliseconds() + input_milliseconds;
    size_t searched = 0;
    while (!input.labelled && !input.ended && input.size < buffer_limit) {
        if (input.size == input.capacity) {
            input.capacity = input.capacity == 0 ? 64 * 1024 : input.capacity * 2;
            char* larger = static_cast<char*>(std::realloc(input.data, input.capacity));
            if (!larger)
                return;
            input.data = larger;
        }
        if (!input_comes(deadline)) {
            input.ended = true;
            return;
        }
        const ssize_t got =
            ::read(STDIN_FILENO, input.data + input.size, input.capacity - input.size);
        if (got < 0 && errno == EINTR)
            continue;
        input.ended = got <= 0;
        input.size += got > 0 ? static_cast<size_t>(got) : 0;
        input.labelled = ::memmem(input.data + searched, input.size - searched, label_uri.data(),
                                  label_uri.size()) != nullptr;
        searched = input.size < label_uri.size() ? 0 : input.size - label_uri.size() + 1;
    }
}

/// The judge lies in the folder of this program, wherever the link that libvirt followed lies.
std::string judge_path() {
    char self[4096];
    const ssize_t length = ::readlink("/proc/self/exe", self, sizeof self);
    const std::string_view path(self, length < 0 ? 0 : static_cast<size_t>(length));
    const size_t slash = path.rfind('/');
    return slash == std::string_view::npos
               ? "/usr/bin/virt-nested-judge"
               : std::string(path.substr(0, slash)) + "/virt-nested-judge";
}

struct Answer {
    int status = 0; ///< as waitpid gives it
    bool late = false;
    std::string words; ///< the judge's standard error
};

struct Child {
    pid_t pid = -1;
    int input = -1; ///< to the judge's standard input
    int words = -1; ///< from its standard error
};

/// What the judge gets as its own: the definition to read, a place for its words, and nothing to
/// print to, for standard output is libvirt's. Its SIGPIPE is not ignored as ours is.
int spawn_judge(pid_t& pid, char** argv, int in, int err) {
    const std::string path = judge_path();
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    return ::posix_spawn(&pid, path.c_str(), &files, &attributes, argv, environ);
}

/// errno tells why there is none.
Child start_judge(char** argv) {
    Child child;
    int in[2];
    int err[2];
    if (::pipe2(in, O_CLOEXEC) != 0)
        return child;
    if (::pipe2(err, O_CLOEXEC) != 0) {
        ::close(in[0]);
        ::close(in[1]);
        return child;
    }
    const int failure = spawn_judge(child.pid, argv, in[0], err[1]);
    ::close(in[0]);
    ::close(err[1]);
    if (failure != 0) {
        ::close(in[1]);
        ::close(err[0]);
        errno = failure;
        return Child();
    }
    child.input = in[1];
    child.words = err[0];
    ::fcntl(child.input, F_SETFL, O_NONBLOCK);
    return child;
}

/// Gives the judge more of the definition: what was read already, then what libvirt still sends.
void feed(Input& input, size_t& given, Child& child) {
    if (given == input.size && !input.ended) {
        given = input.size = 0;
        const ssize_t got = ::read(STDIN_FILENO, input.data, input.capacity);
        input.ended = got == 0 || (got < 0 && errno != EINTR);
        input.size = got > 0 ? static_cast<size_t>(got) : 0;
    }
    const ssize_t put =
        given < input.size ? ::write(child.input, input.data + given, input.size - given) : 0;
    given += put > 0 ? static_cast<size_t>(put) : 0;
    const bool broken = put < 0 && errno != EAGAIN && errno != EINTR;
    if (broken || (input.ended && given == input.size)) {
        ::close(child.input);
        child.input = -1;
    }
}

/// False at the end of the judge's words.
bool listen(const Child& child, Answer& answer) {
    char buffer[4096];
    const ssize_t got = ::read(child.words, buffer, sizeof buffer);
    if (got > 0 && answer.words.size() < sizeof buffer)
        answer.words.append(buffer, static_cast<size_t>(got));
    return got > 0 || (got < 0 && errno == EINTR);
}

Answer ask_judge(char** argv, Input& input) {
    Answer answer;
    Child child = start_judge(argv);
    if (child.pid < 0) {
        answer.status = 127 << 8;
        answer.words = std::strerror(errno);
        return answer;
    }
    if (!input.data) {
        input.capacity = 64 * 1024;
        input.data = static_cast<char*>(std::malloc(input.capacity));
    }
    const long deadline = now_milliseconds() + judge_milliseconds;
    size_t given = 0;
    bool talking = true;
    while (talking && !answer.late) {
        const long left = deadline - now_milliseconds();
        const bool hungry = given == input.size && !input.ended;
        pollfd fds[] = {{child.words, POLLIN, 0},
                        {hungry ? STDIN_FILENO : child.input,
                         static_cast<short>(hungry ? POLLIN : POLLOUT), 0}};
        answer.late =
            left <= 0 || ::poll(fds, child.input < 0 ? 1 : 2, static_cast<int>(left)) == 0;
        if (!answer.late && fds[0].revents != 0)
            talking = listen(child, answer);
        if (!answer.late && child.input >= 0 && fds[1].revents != 0)
            feed(input, given, child);
    }
    if (answer.late)
        ::kill(child.pid, SIGKILL);
    // A judge that hangs in the kernel cannot be reaped: it is left behind rather than waited for.
    ::waitpid(child.pid, &answer.status, answer.late ? WNOHANG : 0);
    return answer;
}

std::string why_no_answer(const Answer& answer) {
    const std::string said = answer.words.empty() ? "" : ": " + printable(trim(answer.words), 512);
    if (answer.late)
        return "no answer within " + std::to_string(judge_milliseconds / 1000) + " s";
    if (WIFSIGNALED(answer.status))
        return "killed by signal " + std::to_string(WTERMSIG(answer.status)) + said;
    return "exit status " + std::to_string(WEXITSTATUS(answer.status)) + said;
}

void say(std::string_view line) {
    while (!line.empty()) {
        const ssize_t put = ::write(STDERR_FILENO, line.data(), line.size());
        if (put <= 0)
            return;
        line.remove_prefix(static_cast<size_t>(put));
    }
}

/// The judge could not say anything: refuse a guest that carries a label or that the site forbids,
/// let the others go.
int without_judge(const HookArguments& arguments, const std::string& why, bool labelled,
                  UnlabelledRule rule) {
    const std::string guest = "'" + printable(arguments.guest) + "'";
    const std::string fact = judge_path() + " could not judge it (" + why + ")";
    ::openlog("virt-nested", LOG_PID, LOG_DAEMON);
    if (!labelled && rule != UnlabelledRule::forbid) {
        ::syslog(LOG_WARNING, "%s passes at %s unjudged: %s", guest.c_str(), arguments.operation,
                 fact.c_str());
        return 0;
    }
    const std::string line =
        "virt-nested: " + guest + " refused: " +
        (labelled ? "it carries a nesting label" : "the site forbids guests without a label") +
        ", but " + fact + "; reinstall virt-nested-libvirt";
    ::syslog(LOG_ERR, "%s", line.c_str());
    say(line);
    return 1;
}

/// Looks and logs, in a process of its own that nobody waits for: the answer was given before.
void look(char** argv, const HookArguments& arguments) {
    ::signal(SIGPIPE, SIG_IGN);
    // libvirt waits until nobody holds these.
    const int nowhere = ::open("/dev/null", O_WRONLY);
    if (nowhere < 0)
        return;
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::signal(SIGALRM, SIG_DFL);
    ::alarm((input_milliseconds + judge_milliseconds) / 1000);
    Input input;
    const UnlabelledRule rule = read_rule(config_of(arguments));
    read_until_label(input);
    if (rule == UnlabelledRule::allow && !input.labelled)
        return;
    const Answer answer = ask_judge(argv, input);
    if (answer.late || answer.status != 0) {
        ::openlog("virt-nested", LOG_PID, LOG_DAEMON);
        ::syslog(LOG_WARNING, "a running guest could not be judged at reconnect: %s",
                 why_no_answer(answer).c_str());
    }
}

} // namespace

int main(int argc, char** argv) {
    const HookArguments arguments(argc, argv);
    if (arguments.help || arguments.version) {
        const std::string text =
            arguments.help ? hook_usage : "virt-nested-hook " VIRT_NESTED_VERSION "\n";
        return ::write(STDOUT_FILENO, text.data(), text.size()) < 0;
    }
    // What must never fail goes first, and waits for nothing: a non-zero exit at reconnect kills a
    // running guest, and so does whatever ends this program.
    if (arguments.operation && !is_judged(arguments.operation)) {
        const bool looks = !arguments.wrong && std::strcmp(arguments.operation, "reconnect") == 0;
        if (looks && ::fork() == 0)
            look(argv, arguments);
        return 0;
    }
    if (arguments.wrong) {
        say(hook_usage);
        return 2;
    }
    ::signal(SIGPIPE, SIG_IGN);
    const UnlabelledRule rule = read_rule(config_of(arguments));
    Input input;
    read_until_label(input);
    if (rule == UnlabelledRule::allow && !input.labelled)
        return 0;
    const Answer answer = ask_judge(argv, input);
    if (!answer.late && WIFEXITED(answer.status) && WEXITSTATUS(answer.status) == 0)
        return 0;
    if (!answer.late && WIFEXITED(answer.status) && WEXITSTATUS(answer.status) == 1 &&
        !answer.words.empty()) {
        say(trim(answer.words));
        return 1;
    }
    return without_judge(arguments, why_no_answer(answer), input.labelled, rule);
}
