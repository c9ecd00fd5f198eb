// SPDX-License-Identifier: GPL-2.0-or-later
// Reloading the module.
#include "validator/bringup/reload.h"

#include "core/sysroot.h"
#include "core/text.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

namespace virt_nested {

namespace {

/// Why it did not work, or empty.
std::string failure(const Result<Ran>& ran) {
    return ran ? ran->why() : ran.error().what;
}

ExitStatus ask_kvm(ReloadHost& host, const std::string& module, bool on) {
    const Fact answer = host.nests();
    if (answer.undetermined()) {
        host.say(module + " is loaded, but KVM could not be asked: " + answer.reason);
        return exit_undetermined;
    }
    if (answer.on() != on) {
        host.say(module + " is loaded, but KVM says otherwise: " + answer.found + " (" +
                 answer.source + ")" + (answer.reason.empty() ? "" : ", " + answer.reason) +
                 "; run: virt-nested validate");
        return exit_fail;
    }
    host.say("KVM: " + answer.found + " (" + answer.source + ")");
    return exit_pass;
}

ExitStatus go_back(ReloadHost& host, const std::string& module, std::string why) {
    const std::string kernel = host.kernel_says();
    if (!kernel.empty())
        why += "; the kernel says: " + kernel;
    host.say(module + " could not be loaded: " + why);
    const Result<bool> restored = host.restore();
    if (!restored)
        host.say("the previous configuration could not be put back: " + restored.error().what);
    else if (*restored)
        host.say("the previous configuration is back");
    const std::string again = failure(host.run({"modprobe", module}));
    if (again.empty() && host.loaded(module))
        host.say(module + " is loaded again, as it was configured before");
    else
        host.say(module + " could not be loaded with the previous configuration either" +
                 (again.empty() ? "" : ": " + again) +
                 "; this host has no KVM now, run: modprobe -v " + module);
    return exit_fail;
}

} // namespace

ExitStatus reload(ReloadHost& host, const std::string& module, bool on, const std::string& option) {
    host.kernel_says();
    if (host.loaded(module)) {
        const std::string why = failure(host.run({"modprobe", "-r", module}));
        // Gone all the same (a `remove` command that failed behind it): then it has to come back.
        if (host.loaded(module)) {
            host.say(module + " could not be unloaded" + (why.empty() ? "" : ": " + why) +
                     "; it runs on as it was, the configuration counts from the next load");
            return exit_fail;
        }
        host.say("unloaded " + module);
    }
    std::vector<std::string> load = {"modprobe", module};
    if (!option.empty())
        load.push_back(option);
    const std::string why = failure(host.run(load));
    if (!why.empty() || !host.loaded(module))
        return go_back(host, module, why.empty() ? "modprobe loaded nothing" : why);
    host.say("loaded " + module);
    return ask_kvm(host, module, on);
}

ExitStatus
detached(const std::function<ExitStatus(const std::function<void(std::string)>&)>& work) {
    std::cout.flush();
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        std::cerr << "virt-nested: pipe: " << std::strerror(errno) << "\n";
        return exit_fail;
    }
    Fd from(ends[0]);
    Fd to(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) {
        std::cerr << "virt-nested: fork: " << std::strerror(errno) << "\n";
        return exit_fail;
    }
    if (child == 0) {
        ::setsid();
        for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP})
            ::signal(signal, SIG_IGN);
        const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
        for (int fd = 0; fd < 3; ++fd)
            ::dup2(null.get(), fd);
        ::openlog("virt-nested", LOG_PID, LOG_DAEMON);
        ExitStatus status = exit_fail;
        const auto say = [&](const std::string& line) {
            ::syslog(LOG_NOTICE, "%s", line.c_str());
            const std::string text = line + "\n";
            // Nobody may be left to read it.
            if (::write(to.get(), text.data(), text.size()) < 0)
                return;
        };
        try {
            status = work(say);
        } catch (const std::exception& error) {
            say(printable(error.what()));
        }
        ::_exit(status);
    }
    to = Fd();
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        if (got > 0)
            std::cout.write(buffer.data(), got).flush();
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? static_cast<ExitStatus>(WEXITSTATUS(status)) : exit_fail;
}

} // namespace virt_nested
