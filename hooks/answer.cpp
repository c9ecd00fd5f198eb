// SPDX-License-Identifier: GPL-2.0-or-later
// Every end that the judge can have, turned into the answer that is safe for this guest.
#include "hooks/answer.h"

#include "core/fd.h"
#include "hooks/deadline.h"
#include "hooks/input.h"
#include "hooks/judge_process.h"
#include "hooks/log.h"
#include "hooks/site_rules.h"

#include <csetjmp>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <syslog.h>
#include <unistd.h>

namespace virt_nested {

namespace {

/// Where an answer other than 0 costs no more than it has to. Not restore: prepare follows, with
/// the CPU in the image, and a refusal before it makes libvirt 11.2 to 11.10 unlink the image
/// (docs/refusals.md).
constexpr const char* judged[] = {"prepare", "start", "started", "migrate"};
/// Where 0 is the answer, and what is wrong is logged.
constexpr const char* looked_at[] = {"restore", "reconnect"};

constexpr int front_milliseconds = 10000;
constexpr int patience_milliseconds = 2000; ///< with the configuration's file
constexpr int tick_milliseconds = 500;

template<size_t count>
bool is_one_of(const char* const (&known)[count], const char* operation) {
    for (const char* one : known)
        if (std::strcmp(one, operation) == 0)
            return true;
    return false;
}

/// All that is known of this start. One for the process, for the handler of its deadline needs it
/// at any moment: nothing here may lie in memory that comes and goes.
struct Start {
    const HookArguments* arguments = nullptr;
    Deadline deadline{front_milliseconds};
    Rules rules = strict_rules; ///< until they are read
    bool rules_read = false;
    Deadline patience{patience_milliseconds};
    volatile sig_atomic_t reading_rules = 0;
    sigjmp_buf rules_are_strict; ///< while they are read
    Input input;
    volatile pid_t judge = -1;

    const char* operation() const { return arguments->operation; }
    bool strict() const { return rules.unlabelled == UnlabelledRule::forbid; }
};

Start* current = nullptr;

Line guest_of(const Start& start) {
    Line line;
    (line << "'").escaped(start.arguments->guest) << "'";
    return line;
}

/// A refusal, in the words that libvirt shows; in mode = report only the log has them. Good in a
/// signal handler.
int refuse(const Start& start, std::string_view line, bool logged_by_judge) {
    if (start.rules.mode == Mode::report) {
        Line would;
        would << "mode = report lets pass what would be refused: " << line;
        log_line(LOG_WARNING, would.view());
        return 0;
    }
    // Past the deadline nobody is waited for.
    say(line, start.deadline.passed() ? 0 : front_milliseconds);
    if (!logged_by_judge)
        log_line(LOG_ERR, line);
    return 1;
}

/// Nobody has said anything that counts: a guest is refused that may carry a label or that the site
/// forbids, the others go.
bool refuses_unjudged(const Start& start) {
    return is_judged(start.operation()) && (start.input.labelled() || start.strict());
}

/// Good in a signal handler.
int answer_unjudged(const Start& start, std::string_view why, std::string_view mend) {
    Line line;
    if (!refuses_unjudged(start)) {
        line << guest_of(start).view()
             << (is_judged(start.operation()) ? " passes unjudged at " : " could not be judged at ")
             << start.operation() << ": " << why;
        log_line(LOG_WARNING, line.view());
        return 0;
    }
    line << "virt-nested: " << guest_of(start).view() << " refused: "
         << (start.input.labelled() ? "it carries a nesting label"
             : start.rules_read
                 ? "the site forbids guests without a label"
                 : "the configuration cannot be read and counts as unlabelled = forbid")
         << ", but could not be judged: " << why << "; " << mend;
    return refuse(start, line.view(), false);
}

/// The deadline's handler: it interrupts what blocks, gives up on a configuration that does not
/// come, and in the end answers by itself; without words where even these block.
void on_tick(int) {
    static volatile sig_atomic_t answering = 0;
    Start& start = *current;
    if (start.reading_rules != 0 && start.patience.passed())
        ::siglongjmp(start.rules_are_strict, 1);
    if (!start.deadline.passed())
        return;
    if (start.judge > 0)
        ::kill(start.judge, SIGKILL);
    if (answering != 0)
        ::_exit(refuses_unjudged(start) && start.rules.mode == Mode::enforce);
    answering = 1;
    ::_exit(answer_unjudged(start,
                            start.judge > 0 ? "its judge gave no answer within 10 s"
                            : start.input.ended()
                                ? "no answer within 10 s"
                                : "its definition did not come to its end within 10 s",
                            try_again));
}

/// Descriptors and dispositions are the caller's: what is opened here must not take the place of
/// the three that libvirt gives, a broken pipe must not end this program, and it must hear how the
/// judge ended.
void trust_nothing() {
    pollfd fds[] = {{STDIN_FILENO, 0, 0}, {STDOUT_FILENO, 0, 0}, {STDERR_FILENO, 0, 0}};
    if (::poll(fds, 3, 0) > 0)
        for (const pollfd& fd : fds)
            if ((fd.revents & POLLNVAL) != 0 && ::open("/dev/null", O_RDWR) < 0)
                break;
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGCHLD, SIG_DFL);
}

void begin(Start& start, const HookArguments& arguments) {
    start.arguments = &arguments;
    current = &start;
    arm_alarm(tick_milliseconds, tick_milliseconds, on_tick);
}

/// All that is done before the definition is read. What then has not come counts as unreadable, and
/// the judge, who reads the file as well, is still asked in time.
void read_rules_in_time(Start& start) {
    if (::sigsetjmp(start.rules_are_strict, 0) == 0) {
        start.reading_rules = 1;
        trust_nothing();
        const std::optional<Rules> rules = read_rules(*start.arguments);
        start.rules_read = rules.has_value();
        start.rules = rules.value_or(strict_rules);
    }
    start.reading_rules = 0;
}

/// Not inlined: a start that asks nobody should not need its stack.
[[gnu::noinline]] int ask(Start& start, char** argv) {
    const JudgeAnswer answer = ask_judge(argv, start.input, start.judge);
    switch (answer.is) {
    case JudgeAnswer::Is::passed:
        return 0;
    case JudgeAnswer::Is::refused:
        return refuse(start, answer.words.view(), true);
    case JudgeAnswer::Is::neither:
        break;
    }
    Line why = judge_path();
    why << ": " << answer.words.view();
    return answer_unjudged(start, why.view(), answer.mend);
}

int judge(Start& start, char** argv) {
    read_rules_in_time(start);
    start.input.read();
    if (start.rules.unlabelled != UnlabelledRule::allow || start.input.labelled())
        return ask(start, argv);
    if (!start.input.looks_whole())
        return answer_unjudged(start, "its definition was cut off", {});
    if (start.rules.mistakes > 0)
        log_line(LOG_WARNING, "the configuration has mistakes; run: virt-nested validate");
    return 0;
}

Start the_start;

} // namespace

bool is_judged(const char* operation) {
    return is_one_of(judged, operation);
}

int answer(char** argv, const HookArguments& arguments) {
    begin(the_start, arguments);
    return judge(the_start, argv);
}

int let_pass(char** argv, const HookArguments& arguments) {
    if (arguments.wrong || !is_one_of(looked_at, arguments.operation))
        return 0;
    begin(the_start, arguments);
    // libvirt waits until nobody holds these.
    const Fd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (nowhere.get() < 0 || ::dup2(nowhere.get(), STDOUT_FILENO) < 0 ||
        ::dup2(nowhere.get(), STDERR_FILENO) < 0 || ::fork() != 0)
        return 0;
    // A child has no timer of its parent's.
    arm_alarm(tick_milliseconds, tick_milliseconds, on_tick);
    return judge(the_start, argv);
}

} // namespace virt_nested
