// SPDX-License-Identifier: GPL-2.0-or-later
// Running another program.
#include "core/process.h"

#include "core/sysroot.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace virt_nested {

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kept = 1U << 20;

struct Pipe {
    Fd read;
    Fd write;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return Error{errno, std::string("pipe: ") + std::strerror(errno)};
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

class Actions {
  public:
    Actions() {
        posix_spawn_file_actions_init(&files);
        posix_spawnattr_init(&attributes);
    }
    Actions(const Actions&) = delete;
    Actions& operator=(const Actions&) = delete;
    ~Actions() {
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t attributes{};
};

/// The environment, in English and nothing of ours that changes what a program of the system does.
std::vector<std::string> environment() {
    std::vector<std::string> out;
    for (char** entry = environ; *entry; ++entry) {
        const std::string_view text(*entry);
        // MODPROBE_OPTIONS would be read by modprobe as if it stood on its command line.
        if (!text.starts_with("LC_") && !text.starts_with("LANG") &&
            !text.starts_with("MODPROBE_OPTIONS="))
            out.emplace_back(text);
    }
    out.emplace_back("LC_ALL=C");
    return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

/// Until both are at their end or the time is over.
bool drain(std::array<pollfd, 2>& ends, Ran& ran, Clock::time_point deadline) {
    const std::array<std::string*, 2> texts = {&ran.out, &ran.err};
    std::array<char, 16384> buffer{};
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0)
            return false;
        const int ready =
            ::poll(ends.data(), ends.size(), static_cast<int>(std::min<long>(left, 1000)));
        if (ready < 0 && errno != EINTR)
            return false;
        for (size_t i = 0; ready > 0 && i < ends.size(); ++i) {
            if (ends[i].fd < 0 || ends[i].revents == 0)
                continue;
            const ssize_t got = ::read(ends[i].fd, buffer.data(), buffer.size());
            if (got > 0 && texts[i]->size() < kept)
                texts[i]->append(buffer.data(), static_cast<size_t>(got));
            if (got == 0 || (got < 0 && errno != EINTR))
                ends[i].fd = -1;
        }
    }
    return true;
}

bool wait_for(pid_t child, int& status, Clock::time_point deadline) {
    for (;;) {
        const pid_t got = ::waitpid(child, &status, WNOHANG);
        if (got == child || (got < 0 && errno != EINTR))
            return true;
        if (Clock::now() >= deadline)
            return false;
        const timespec nap{0, 2'000'000};
        ::nanosleep(&nap, nullptr);
    }
}

} // namespace

std::string Ran::why() const {
    std::string text;
    if (timed_out)
        text = "no end within the time, killed";
    else if (signal != 0)
        text = std::string("ended by signal ") + std::to_string(signal);
    else if (status != 0)
        text = "exit status " + std::to_string(status);
    else
        return text;
    const std::string_view said = trim(err);
    if (!said.empty())
        text += ": " + printable(said.substr(0, said.find('\n')), 512);
    return text;
}

std::string find_program(const std::string& command) {
    if (command.find('/') != std::string::npos)
        return ::access(command.c_str(), X_OK) == 0 ? command : std::string();
    const char* path = std::getenv("PATH");
    std::string folders = path ? path : "";
    folders += ":/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (size_t from = 0; from <= folders.size();) {
        const size_t colon = std::min(folders.find(':', from), folders.size());
        const std::string folder = folders.substr(from, colon - from);
        // An empty entry is the working folder: not for a program that runs as root.
        if (folder.starts_with('/') && ::access((folder + "/" + command).c_str(), X_OK) == 0)
            return folder + "/" + command;
        from = colon + 1;
    }
    return {};
}

Result<Ran> run_program(const std::vector<std::string>& arguments,
                        std::chrono::milliseconds timeout) {
    const std::string program = find_program(arguments.front());
    if (program.empty())
        return Error{ENOENT, arguments.front() + " is not installed"};
    Result<Pipe> out = make_pipe();
    Result<Pipe> err = make_pipe();
    if (!out || !err)
        return out ? err.error() : out.error();
    Actions actions;
    posix_spawn_file_actions_addopen(&actions.files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions.files, out->write.get(), 1);
    posix_spawn_file_actions_adddup2(&actions.files, err->write.get(), 2);
    posix_spawnattr_setflags(&actions.attributes, POSIX_SPAWN_SETSID);
    std::vector<std::string> texts = arguments;
    std::vector<std::string> settings = environment();
    pid_t child = -1;
    const int code = ::posix_spawn(&child, program.c_str(), &actions.files, &actions.attributes,
                                   pointers(texts).data(), pointers(settings).data());
    if (code != 0)
        return Error{code, program + ": " + std::strerror(code)};
    (*out).write = Fd();
    (*err).write = Fd();
    const Clock::time_point deadline = Clock::now() + timeout;
    std::array<pollfd, 2> ends = {{{out->read.get(), POLLIN, 0}, {err->read.get(), POLLIN, 0}}};
    Ran ran;
    int status = 0;
    if (!drain(ends, ran, deadline) || !wait_for(child, status, deadline)) {
        ran.timed_out = true;
        ::kill(-child, SIGKILL);
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        return ran;
    }
    ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    ran.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return ran;
}

} // namespace virt_nested
