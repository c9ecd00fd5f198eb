// SPDX-License-Identifier: GPL-2.0-or-later
// Runs the hook, and has one system call of it fail or stall. Linux on x86-64.
//
//   fault --report FILE [OPTION...] -- CMD...
//     --list                     each system call that is made, into the report
//     --at PROCESS:CALL:K:DO     the K-th time (from 1) that PROCESS makes CALL (its number); DO is
//     one of
//          fail:ERRNO            nothing is done, and the error is returned
//          late-fail:ERRNO       it is done, and the error is returned all the same: close(2)
//          stall                 it waits until a signal is handled, then returns EINTR
//          wait                  it waits without an end; signals are handled, and it goes on as
//          before delay:MILLISECONDS    as stall, but only for so long: then it is carried out
//          slow:MILLISECONDS     as wait, but only for so long: then it is carried out
//          freeze                it never comes back, and no signal but SIGKILL is seen
//     --each                     that time and each one after it: the same call of the same
//     process, same first argument
//     --timeout SECONDS          everything is killed then (default: 13)
//     --limit RESOURCE=BYTES, --ignore SIGNAL, --block SIGNAL, --close FD, --env NAME=VALUE
//                                what CMD starts with; RESOURCE and SIGNAL are numbers
//
// PROCESS is front: CMD itself; child: what it forks, until that becomes another program; judge:
// that other program. Standard input, output and error are CMD's. Exit status 0: the report is
// written, whatever became of CMD; 77: nothing can be traced here; 2: wrong usage.
#define _GNU_SOURCE
#include <stdio.h>

#ifndef __x86_64__
int main(void) {
    puts("skipped: system calls are replaced on x86-64 only");
    return 77;
}
#else

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { most_processes = 64, most_calls = 1024, most_options = 16 };
/// What a wait that a signal ends leaves in rax until the kernel has seen to the signal.
enum { ERESTARTNOHAND = 514 };

enum scope { NOBODY, FRONT, CHILD, JUDGE, SCOPES };
static const char* const scope_names[] = {"nobody", "front", "child", "judge"};

enum action { NOTHING, FAIL, LATE_FAIL, STALL, WAIT, DELAY, SLOW, FREEZE };
static const char* const action_names[] = {"",     "fail",  "late-fail", "stall",
                                           "wait", "delay", "slow",      "freeze"};

struct process {
    pid_t pid;
    enum scope scope; ///< NOBODY: its parent's word about it has not come yet
    bool held;        ///< and it waits for that
    bool calling;     ///< between entry and exit of a call that is watched
    int number, time; ///< of that call, in its scope
    struct __ptrace_syscall_info call;
    char polled[64];
    enum action doing;
    bool replaced; ///< the wait stands in for the call
    bool over;     ///< the delay's end was said
};

static struct {
    bool list, each;
    double timeout;
    enum scope scope;
    unsigned long long call;
    int time;
    enum action action;
    long value;
} asked = {.timeout = 13};

static struct {
    int resource[most_options], ignored[most_options], blocked[most_options], closed[most_options];
    rlim_t limit[most_options];
    const char* variable[most_options];
    int limits, ignores, blocks, closes, variables;
} start;

static struct process processes[most_processes];
static int numbers[SCOPES], times[SCOPES][most_calls];
static FILE* report;
static pid_t front;
static double began;
static struct {
    int at; ///< number of the call that was hit first; 0: none
    pid_t pid;
    struct __ptrace_syscall_info call;
    double until; ///< where it is for some time only
} hit;
static int execs;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void kill_all(void) {
    for (int i = 0; i < most_processes; i++)
        if (processes[i].pid)
            kill(processes[i].pid, SIGKILL);
}

static void __attribute__((noreturn)) give_up(const char* what, int status) {
    fprintf(report ? report : stderr, "error %s: %s\n", what, strerror(errno));
    kill_all();
    exit(status);
}

static struct process* find(pid_t pid) {
    for (int i = 0; i < most_processes; i++)
        if (processes[i].pid == pid)
            return &processes[i];
    return NULL;
}

static struct process* found_or_new(pid_t pid) {
    struct process* p = find(pid);
    if (p)
        return p;
    p = find(0);
    if (!p)
        give_up("too many processes", 1);
    memset(p, 0, sizeof *p);
    p->pid = pid;
    return p;
}

// --- a system call

static bool is_for_some_time(void) {
    return asked.action == DELAY || asked.action == SLOW;
}

/// Whether a call that a handler has interrupted goes on: it is made again by the kernel.
static bool goes_on(void) {
    return asked.action == WAIT || asked.action == SLOW;
}

static bool is_watched(const struct process* p) {
    if (asked.list || p->calling)
        return true;
    return p->scope == asked.scope && asked.action != NOTHING &&
           (!hit.at || asked.each || goes_on());
}

static void go_on(struct process* p, int signal) {
    // A process that was killed meanwhile is no failure.
    ptrace(is_watched(p) ? PTRACE_SYSCALL : PTRACE_CONT, p->pid, 0, signal);
}

static void list_call(const struct process* p, const char* result) {
    fprintf(report, "call %s %d %lu %d", scope_names[p->scope], p->number,
            (unsigned long)p->call.entry.nr, p->time);
    for (int i = 0; i < 3; i++)
        fprintf(report, " %lu", (unsigned long)p->call.entry.args[i]);
    fprintf(report, " %s %s\n", result, p->polled);
}

/// Which descriptors a poll waits for: "5,0".
static void read_polled(struct process* p) {
    strcpy(p->polled, "-");
    if (p->call.entry.nr != SYS_poll && p->call.entry.nr != SYS_ppoll)
        return;
    struct pollfd fds[8];
    const size_t most = sizeof fds / sizeof *fds;
    size_t count = p->call.entry.args[1] < most ? p->call.entry.args[1] : most;
    struct iovec here = {fds, count * sizeof *fds};
    struct iovec there = {(void*)p->call.entry.args[0], here.iov_len};
    const ssize_t got = process_vm_readv(p->pid, &here, 1, &there, 1, 0);
    size_t size = 0;
    for (size_t i = 0; got > 0 && i < (size_t)got / sizeof *fds; i++)
        size += (size_t)snprintf(p->polled + size, sizeof p->polled - size, "%s%d", i ? "," : "",
                                 fds[i].fd);
}

static bool is_meant(const struct process* p) {
    if (asked.action == NOTHING || p->scope != asked.scope || p->call.entry.nr != asked.call)
        return false;
    if (!hit.at)
        return p->time == asked.time;
    if (p->pid != hit.pid || p->call.entry.args[0] != hit.call.entry.args[0] ||
        (is_for_some_time() && now() >= hit.until))
        return false;
    return asked.each ||
           (goes_on() && p->call.instruction_pointer == hit.call.instruction_pointer &&
            p->call.stack_pointer == hit.call.stack_pointer);
}

/// Instead of the call: one that fails, or one that waits for a signal.
static void replace(struct process* p, struct user_regs_struct* registers) {
    if (asked.action == FAIL && p->call.entry.nr == SYS_brk)
        registers->rdi = 0; // where it fails it says where the break is, as it does for 0
    else if (asked.action == FAIL)
        registers->orig_rax = (unsigned long long)-1;
    else if (asked.action != LATE_FAIL)
        registers->orig_rax = SYS_pause;
    p->replaced = asked.action >= STALL;
    p->over = false;
    ptrace(PTRACE_SETREGS, p->pid, 0, registers);
}

/// False: it is not to go on.
static bool on_entry(struct process* p, const struct __ptrace_syscall_info* call) {
    if (p->replaced)
        return true; // the kernel starts the wait again after a signal that nobody handles
    p->call = *call;
    p->calling = true;
    p->doing = NOTHING;
    p->number = ++numbers[p->scope];
    p->time = call->entry.nr < most_calls ? ++times[p->scope][call->entry.nr] : 1;
    read_polled(p);
    if (!is_meant(p))
        return true;
    if (!hit.at) {
        hit.at = p->number;
        hit.pid = p->pid;
        hit.call = *call;
        hit.until = now() + (double)asked.value / 1000;
    }
    p->doing = asked.action;
    if (p->doing == FREEZE)
        return false;
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, p->pid, 0, &registers) == 0)
        replace(p, &registers);
    return true;
}

/// At a stop in which the kernel has not seen yet to what interrupted the wait.
static void end_wait(struct process* p) {
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, p->pid, 0, &registers) != 0 ||
        (long long)registers.rax != -ERESTARTNOHAND)
        return; // it had not begun
    const bool made_again = p->over || goes_on();
    p->replaced = p->calling = p->over = false;
    if (!made_again)
        return;         // the kernel makes it EINTR
    registers.rip -= 2; // back onto the syscall instruction
    registers.rax = p->call.entry.nr;
    registers.orig_rax = (unsigned long long)-1;
    ptrace(PTRACE_SETREGS, p->pid, 0, &registers);
}

static void on_exit_of(struct process* p, const struct __ptrace_syscall_info* call) {
    if (p->over)
        end_wait(p);
    if (p->replaced)
        return; // a signal is seen to where it comes
    if (!p->calling)
        return; // of the exec with which it began to be watched
    p->calling = false;
    if (asked.list) {
        char result[32];
        snprintf(result, sizeof result, "%lld", (long long)call->exit.rval);
        list_call(p, result);
    }
    struct user_regs_struct registers;
    if ((p->doing != FAIL && p->doing != LATE_FAIL) ||
        ptrace(PTRACE_GETREGS, p->pid, 0, &registers) != 0)
        return;
    if (p->call.entry.nr == SYS_brk)
        registers.rdi = p->call.entry.args[0];
    else
        registers.rax = (unsigned long long)-asked.value;
    ptrace(PTRACE_SETREGS, p->pid, 0, &registers);
}

/// False: it is not to go on.
static bool on_call(struct process* p) {
    struct __ptrace_syscall_info call;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof call, &call) <= 0)
        return true;
    if (call.op == PTRACE_SYSCALL_INFO_ENTRY)
        return on_entry(p, &call);
    if (call.op == PTRACE_SYSCALL_INFO_EXIT)
        on_exit_of(p, &call);
    return true;
}

// --- signals

static bool is_handled(pid_t pid, int signal) {
    char path[64], line[256];
    unsigned long long caught = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE* file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "SigCgt: %llx", &caught) == 1)
            break;
    if (file)
        fclose(file);
    return caught >> (signal - 1) & 1;
}

static void end_delays(void) {
    for (int i = 0; i < most_processes; i++) {
        struct process* p = &processes[i];
        if (!p->pid || !p->replaced || p->over || !is_for_some_time() || now() < hit.until)
            continue;
        // Not by a signal, which may be blocked.
        p->over = ptrace(PTRACE_INTERRUPT, p->pid, 0, 0) == 0;
    }
}

// --- what is forked and executed

static void on_fork(const struct process* parent) {
    unsigned long pid = 0;
    ptrace(PTRACE_GETEVENTMSG, parent->pid, 0, &pid);
    struct process* p = found_or_new((pid_t)pid);
    p->scope = parent->scope == JUDGE ? JUDGE : CHILD;
    if (p->held) {
        p->held = false;
        go_on(p, 0);
    }
}

static void on_exec(struct process* p) {
    if (p->pid == front) {
        p->scope = FRONT;
        return;
    }
    if (asked.list && p->calling)
        list_call(p, "0");
    p->calling = false;
    p->scope = JUDGE;
    execs++;
}

static void on_stop(struct process* p, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (signal == (SIGTRAP | 0x80)) {
        if (on_call(p))
            go_on(p, 0);
    } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
        ptrace(PTRACE_LISTEN, p->pid, 0, 0);
    } else if (event == PTRACE_EVENT_STOP && p->scope == NOBODY) {
        p->held = true;
    } else if (event) {
        if (event == PTRACE_EVENT_EXEC)
            on_exec(p);
        else if (event != PTRACE_EVENT_STOP)
            on_fork(p);
        go_on(p, 0);
    } else {
        if (p->replaced && is_handled(p->pid, signal))
            end_wait(p);
        go_on(p, signal);
    }
}

// --- how it starts and ends

static void apply_start(void) {
    sigset_t blocked;
    sigemptyset(&blocked);
    for (int i = 0; i < start.ignores; i++)
        signal(start.ignored[i], SIG_IGN);
    for (int i = 0; i < start.blocks; i++)
        sigaddset(&blocked, start.blocked[i]);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    for (int i = 0; i < start.variables; i++)
        putenv((char*)start.variable[i]);
    for (int i = 0; i < start.closes; i++)
        close(start.closed[i]);
    for (int i = 0; i < start.limits; i++) {
        const struct rlimit limit = {start.limit[i], start.limit[i]};
        setrlimit((__rlimit_resource_t)start.resource[i], &limit);
    }
}

static void launch(char** argv) {
    int ready[2];
    char byte;
    if (pipe2(ready, O_CLOEXEC) != 0)
        give_up("pipe", 1);
    front = fork();
    if (front < 0)
        give_up("fork", 1);
    if (front == 0) {
        close(ready[1]);
        if (read(ready[0], &byte, 1) != 1)
            _exit(126);
        apply_start();
        execv(argv[0], argv);
        _exit(126);
    }
    found_or_new(front);
    const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
    if (ptrace(PTRACE_SEIZE, front, 0, options) != 0) {
        printf("skipped: nothing can be traced here: %s\n", strerror(errno));
        kill_all();
        exit(77);
    }
    began = now();
    if (write(ready[1], "", 1) != 1)
        give_up("write", 1);
    close(ready[0]);
    close(ready[1]);
}

/// Whether another process keeps the standard output or error open, whose end libvirt waits for.
static bool is_held_open(const struct stat files[2]) {
    for (int i = 0; i < most_processes; i++) {
        char path[64], name[400];
        if (!processes[i].pid)
            continue;
        snprintf(path, sizeof path, "/proc/%d/fd", processes[i].pid);
        DIR* folder = opendir(path);
        bool held = false;
        for (struct dirent* entry; folder && (entry = readdir(folder));) {
            struct stat status;
            snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
            if (stat(name, &status) != 0 || !S_ISFIFO(status.st_mode))
                continue;
            for (int k = 0; k < 2; k++)
                held =
                    held || (status.st_ino == files[k].st_ino && status.st_dev == files[k].st_dev);
        }
        if (folder)
            closedir(folder);
        if (held)
            return true;
    }
    return false;
}

static void tick(int signal) {
    (void)signal;
}

static void tick_every(int milliseconds) {
    const struct itimerval timer = {{0, milliseconds * 1000}, {0, milliseconds * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/// They are this process's to reap, whoever forked them.
static void leave_nothing(void) {
    const double until = now() + 2;
    int status;
    while (now() < until) {
        kill_all();
        const pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno != EINTR)
            return;
        if (pid > 0)
            found_or_new(pid)->pid = WIFSTOPPED(status) ? pid : 0;
    }
}

static void follow(const struct stat files[2]) {
    int front_status = 0;
    double ended = 0, let_go = 0;
    for (;;) {
        if (ended && !is_held_open(files)) {
            let_go = now();
            break;
        }
        if (now() > began + asked.timeout)
            break;
        end_delays();
        int status;
        const pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno != EINTR)
            break;
        if (pid <= 0)
            continue;
        struct process* p = found_or_new(pid);
        if (WIFSTOPPED(status)) {
            on_stop(p, status);
            continue;
        }
        if (asked.list && p->calling)
            list_call(p, "-");
        p->pid = 0;
        if (pid == front) {
            front_status = status;
            ended = now();
            tick_every(5);
        }
    }
    fprintf(report, "status %d\nsignal %d\nseconds %.3f\nlate %d\nlet_go %.3f\nhit %d\nexecs %d\n",
            ended && WIFEXITED(front_status) ? WEXITSTATUS(front_status) : -1,
            ended && WIFSIGNALED(front_status) ? WTERMSIG(front_status) : 0,
            (ended ? ended : now()) - began, !ended, let_go ? let_go - began : -1, hit.at, execs);
}

// --- what is asked for

static void __attribute__((noreturn)) wrong(const char* what) {
    fprintf(stderr, "fault: %s\n", what);
    exit(2);
}

static int one_of(const char* const* names, int count, const char* word, size_t size) {
    for (int i = 1; i < count; i++)
        if (strlen(names[i]) == size && strncmp(names[i], word, size) == 0)
            return i;
    wrong("an unknown process or action");
}

static void parse_at(const char* text) {
    const size_t name = strcspn(text, ":");
    int used = 0;
    asked.scope = (enum scope)one_of(scope_names, SCOPES, text, name);
    if (sscanf(text + name, ":%llu:%d:%n", &asked.call, &asked.time, &used) != 2 || used == 0)
        wrong("--at PROCESS:CALL:K:DO");
    text += name + (size_t)used;
    const size_t action = strcspn(text, ":");
    asked.action = (enum action)one_of(action_names, FREEZE + 1, text, action);
    asked.value = text[action] ? atol(text + action + 1) : 0;
}

static void add(int* list, int* count, const char* text) {
    if (*count == most_options)
        wrong("too many options");
    list[(*count)++] = atoi(text);
}

int main(int argc, char** argv) {
    static const struct option options[] = {{"report", required_argument, NULL, 'r'},
                                            {"list", no_argument, NULL, 'l'},
                                            {"at", required_argument, NULL, 'a'},
                                            {"each", no_argument, NULL, 'e'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"limit", required_argument, NULL, 'L'},
                                            {"ignore", required_argument, NULL, 'i'},
                                            {"block", required_argument, NULL, 'b'},
                                            {"close", required_argument, NULL, 'c'},
                                            {"env", required_argument, NULL, 'E'},
                                            {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
        if (option == 'r')
            report = fopen(optarg, "we");
        else if (option == 'l')
            asked.list = true;
        else if (option == 'a')
            parse_at(optarg);
        else if (option == 'e')
            asked.each = true;
        else if (option == 't')
            asked.timeout = atof(optarg);
        else if (option == 'L' && strchr(optarg, '=')) {
            if (start.limits < most_options)
                start.limit[start.limits] = strtoull(strchr(optarg, '=') + 1, NULL, 10);
            add(start.resource, &start.limits, optarg);
        } else if (option == 'i')
            add(start.ignored, &start.ignores, optarg);
        else if (option == 'b')
            add(start.blocked, &start.blocks, optarg);
        else if (option == 'c')
            add(start.closed, &start.closes, optarg);
        else if (option == 'E' && start.variables < most_options)
            start.variable[start.variables++] = optarg;
        else
            wrong("wrong usage");
    }
    if (!report || optind == argc)
        wrong("--report FILE -- CMD...");
    struct stat files[2] = {{0}, {0}};
    fstat(STDOUT_FILENO, &files[0]);
    fstat(STDERR_FILENO, &files[1]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    launch(argv + optind);
    // Their ends are to be seen by who reads them.
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    const struct sigaction action = {.sa_handler = tick};
    sigaction(SIGALRM, &action, NULL);
    tick_every(50);
    follow(files);
    fclose(report);
    leave_nothing();
    return 0;
}
#endif
