// SPDX-License-Identifier: GPL-2.0-or-later
// Every end that the judge can have, turned into the answer that is safe for this guest.
#include "hooks/answer.h"

#include "core/fd.h"
#include "core/text.h"
#include "hooks/input.h"
#include "hooks/judge_process.h"
#include "hooks/unlabelled_rule.h"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <syslog.h>
#include <unistd.h>

namespace virt_nested {

namespace {

/// Where an answer other than 0 costs no more than it has to. Not restore: prepare follows, with
/// the CPU in the image, and a refusal before it makes libvirt 11.2 to 11.10 unlink the image
/// (docs/refusals.md).
constexpr const char* judged[] = {"prepare", "start", "started", "migrate"};

void log(int priority, const std::string& line) {
    ::openlog("virt-nested", LOG_PID, LOG_DAEMON);
    ::syslog(priority, "%s", line.c_str());
}

/// The judge could not say anything: refuse a guest that carries a label or that the site forbids,
/// let the others go.
int answer_unjudged(const HookArguments& arguments, const std::string& why, bool labelled,
                    UnlabelledRule rule) {
    const std::string guest = "'" + printable(arguments.guest) + "'";
    const std::string fact = judge_path() + " could not judge it (" + why + ")";
    if (!labelled && rule != UnlabelledRule::forbid) {
        log(LOG_WARNING, guest + " passes at " + arguments.operation + " unjudged: " + fact);
        return 0;
    }
    const std::string line =
        "virt-nested: " + guest + " refused: " +
        (labelled ? "it carries a nesting label" : "the site forbids guests without a label") +
        ", but " + fact + "; reinstall virt-nested-libvirt";
    log(LOG_ERR, line);
    say(line);
    return 1;
}

} // namespace

bool is_judged(const char* operation) {
    for (const char* known : judged)
        if (std::strcmp(operation, known) == 0)
            return true;
    return false;
}

int answer(char** argv, const HookArguments& arguments) {
    ::signal(SIGPIPE, SIG_IGN);
    const UnlabelledRule rule = read_unlabelled_rule(arguments);
    Input input;
    input.read_until_label();
    if (rule == UnlabelledRule::allow && !input.labelled())
        return 0;
    const JudgeAnswer judge = ask_judge(argv, input);
    if (judge.passed())
        return 0;
    if (judge.refused()) {
        say(trim(judge.words));
        return 1;
    }
    return answer_unjudged(arguments, judge.why_neither(), input.labelled(), rule);
}

void look(char** argv, const HookArguments& arguments) {
    ::signal(SIGPIPE, SIG_IGN);
    // libvirt waits until nobody holds these.
    const Fd nowhere(::open("/dev/null", O_WRONLY));
    if (nowhere.get() < 0)
        return;
    ::dup2(nowhere.get(), STDOUT_FILENO);
    ::dup2(nowhere.get(), STDERR_FILENO);
    ::signal(SIGALRM, SIG_DFL);
    ::alarm((input_milliseconds + judge_milliseconds) / 1000);
    const UnlabelledRule rule = read_unlabelled_rule(arguments);
    Input input;
    input.read_until_label();
    if (rule == UnlabelledRule::allow && !input.labelled())
        return;
    const JudgeAnswer judge = ask_judge(argv, input);
    if (!judge.passed())
        log(LOG_WARNING,
            "a running guest could not be judged at reconnect: " + judge.why_neither());
}

void say(std::string_view line) {
    while (!line.empty()) {
        const ssize_t put = ::write(STDERR_FILENO, line.data(), line.size());
        if (put <= 0)
            return;
        line.remove_prefix(static_cast<size_t>(put));
    }
}

} // namespace virt_nested
