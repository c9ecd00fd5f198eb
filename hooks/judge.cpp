// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested-judge: reads the definition and the host, decides, says so. Run by virt-nested-hook;
// exit status 0 pass, 1 refused with one line on standard error, anything else: no answer, and the
// front decides what that means for the guest.
#include "core/judgement.h"
#include "core/text.h"
#include "hooks/arguments.h"
#include "version.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <sys/time.h>
#include <syslog.h>
#include <unistd.h>

namespace {

using namespace virt_nested;

constexpr int fact_seconds = 5;
constexpr int no_answer = 3;

/// Interrupts a system call that blocks past the deadline; without SA_RESTART it returns with
/// EINTR.
void arm_deadline() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &action, nullptr);
    itimerval timer{};
    timer.it_value.tv_sec = fact_seconds;
    timer.it_interval.tv_usec = 100000;
    ::setitimer(ITIMER_REAL, &timer, nullptr);
    set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(fact_seconds));
}

long read_stdin(char* buffer, size_t size) {
    for (;;) {
        const ssize_t got = ::read(STDIN_FILENO, buffer, size);
        if (got >= 0 || errno != EINTR || deadline_passed())
            return got;
    }
}

void log(int priority, const std::string& line) {
    ::syslog(priority, "%s", line.c_str());
}

int judge(const HookArguments& arguments) {
    const std::optional<Phase> phase = phase_of(arguments.operation);
    if (!phase)
        return 0;
    const Sysroot root(arguments.root);
    const Config config =
        arguments.config ? read_config(Sysroot(), arguments.config) : read_config(root);
    for (const ConfigProblem& problem : config.problems)
        log(LOG_WARNING, problem.in_words());
    const Judgement judgement = judge_guest(*phase, read_stdin, root, config);
    const std::string guest = "'" + printable(arguments.guest) + "'";
    for (const std::string& warning : judgement.verdict.warnings)
        log(LOG_WARNING, guest + " at " + name(*phase) + ": " + warning);
    if (!judgement.verdict.refuse)
        return 0;
    const std::string line = refusal(arguments.guest, judgement.verdict);
    log(LOG_ERR, line);
    std::fputs(line.c_str(), stderr);
    return 1;
}

} // namespace

int main(int argc, char** argv) {
    const HookArguments arguments(argc, argv);
    if (arguments.version) {
        std::puts("virt-nested-judge " VIRT_NESTED_VERSION);
        return 0;
    }
    if (arguments.help || arguments.wrong) {
        std::fputs(hook_usage, arguments.help ? stdout : stderr);
        return arguments.help ? 0 : 2;
    }
    ::openlog("virt-nested", LOG_PID, LOG_DAEMON);
    arm_deadline();
    try {
        const int status = judge(arguments);
        std::fflush(nullptr);
        // A start waits for this, and the kernel takes memory back sooner than destructors do.
        ::_exit(status);
    } catch (const std::exception& error) {
        std::fputs(printable(error.what()).c_str(), stderr);
        return no_answer;
    }
}
