// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested-judge: reads the definition and the host, decides, says so. Run by virt-nested-hook;
// exit status 0 and its word on standard output: pass; 1 and one line on standard error: refused;
// anything else is no answer, and the front decides what that means for the guest.
#include "core/judgement.h"
#include "core/text.h"
#include "hooks/arguments.h"
#include "hooks/deadline.h"
#include "hooks/log.h"
#include "hooks/verdict_word.h"
#include "version.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <string>
#include <syslog.h>
#include <unistd.h>

namespace {

using namespace virt_nested;

constexpr int fact_seconds = 5;
constexpr int no_answer = 3;

void arm_deadline() {
    arm_alarm(fact_seconds * 1000, 100, [](int) {});
    set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(fact_seconds));
}

long read_stdin(char* buffer, size_t size) {
    for (;;) {
        const ssize_t got = ::read(STDIN_FILENO, buffer, size);
        if (got >= 0 || errno != EINTR || deadline_passed())
            return got;
    }
}

/// What is wrong in the configuration, in few words: validate has all of them.
void log_problems(const Config& config) {
    constexpr size_t most = 3;
    for (size_t i = 0; i < std::min(most, config.problems.size()); ++i)
        log_line(LOG_WARNING, config.problems[i].in_words());
    if (config.problems.size() > most)
        log_line(LOG_WARNING, "and " + std::to_string(config.problems.size() - most) +
                                  " more in the configuration; run: virt-nested validate");
}

/// What the front is told counts; a person who runs this by hand reads it as well.
int say_verdict(const Judgement& judgement) {
    Line word;
    put_verdict(word, judgement.verdict.refuse ? refuse_word : pass_word, judgement.bytes,
                judgement.label_seen);
    const std::string_view text = word.view();
    const bool said =
        ::write(STDOUT_FILENO, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    return judgement.verdict.refuse ? 1 : said && judgement.whole ? 0 : no_answer;
}

int judge(const HookArguments& arguments) {
    const std::optional<Phase> phase = phase_of(arguments.operation);
    if (!phase)
        return 0;
    const Sysroot root(arguments.root);
    const Config config =
        arguments.config ? read_config(Sysroot(), arguments.config) : read_config(root);
    const Judgement judgement = judge_guest(*phase, read_stdin, root, config);
    const std::string line = refusal(arguments.guest, judgement.verdict);
    if (judgement.verdict.refuse)
        say(line);
    log_problems(config);
    const std::string guest = "'" + printable(arguments.guest) + "'";
    for (const std::string& warning : judgement.verdict.warnings)
        log_line(LOG_WARNING, guest + " at " + name(*phase) + ": " + warning);
    if (judgement.verdict.refuse)
        log_line(LOG_ERR, line);
    return say_verdict(judgement);
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
    arm_deadline();
    try {
        // A start waits for this, and the kernel takes memory back sooner than destructors do.
        ::_exit(judge(arguments));
    } catch (const std::exception& error) {
        say(printable(error.what()));
        return no_answer;
    }
}
