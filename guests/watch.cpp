// SPDX-License-Identifier: GPL-2.0-or-later
// Events only mark guests; the loop looks at them when their time has come.
#include "guests/watch.h"

#include "core/sysroot.h"
#include "core/text.h"
#include "guests/batch.h"
#include "guests/schedule.h"

#include <csignal>
#include <cstring>
#include <iostream>
#include <poll.h>
#include <sys/signalfd.h>

namespace virt_nested {

namespace {

using Clock = Schedule::Clock;

constexpr int looks_at_a_time = 20; ///< before the events are read again
constexpr auto state_interval = std::chrono::seconds(10);
constexpr int keepalive_seconds = 5;
constexpr unsigned keepalive_count = 5;
constexpr int longest_pause_seconds = 30; ///< between two tries to connect

/// SIGTERM and SIGINT as a descriptor.
Fd stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

/// What is remembered of a guest between two looks.
struct Memory {
    std::string problem; ///< the last one that was reported
    LabelPolicy label = LabelPolicy::none;
    bool relabelled = false; ///< a metadata event came since the last look
};

class Watcher {
  public:
    explicit Watcher(std::string uri) : uri_(std::move(uri)), stop_signals_(stop_signals()) {}

    int run();

  private:
    enum class Opened { yes, stopped, not_qemu };
    Opened open();
    bool pause(int seconds);
    void listen();
    void follow();
    void sweep();
    void look_for_failed_starts();
    void look(const std::string& guest);
    void take_result(const std::string& uuid, const std::string& name, const Injected& result);
    void report(Memory& memory, const std::string& name, const std::string& what);

    static int on_lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* self);
    static void on_metadata(virConnectPtr, virDomainPtr domain, int type, const char* uri,
                            void* self);

    std::string uri_;
    Fd stop_signals_;
    std::unique_ptr<Session> session_;
    Schedule schedule_;
    std::map<std::string, Memory> memories_;
    std::set<std::string> failed_; ///< guests whose last start failed
    bool stop_ = false;
    bool lost_ = false;
    int timer_ = -1;
};

void say(const std::string& guest, const std::string& what) {
    std::cout << "'" << printable(guest) << "': " << what << std::endl;
}

void warn(const std::string& what) {
    std::cerr << "virt-nested inject: " << what << std::endl;
}

/// Waits; false when it is time to stop.
bool Watcher::pause(int seconds) {
    struct pollfd fd = {stop_signals_.get(), POLLIN, 0};
    return ::poll(&fd, 1, seconds * 1000) == 0;
}

Watcher::Opened Watcher::open() {
    session_.reset();
    lost_ = false;
    for (int seconds = 1;; seconds = std::min(seconds * 2, longest_pause_seconds)) {
        Result<std::unique_ptr<Session>> session = open_session(uri_, false);
        if (session) {
            session_ = std::move(*session);
            break;
        }
        if (seconds == 1)
            warn(session.error().what + "; it is tried again until it works");
        if (!pause(seconds))
            return Opened::stopped;
    }
    if (const std::string no = not_qemu(session_->side); !no.empty()) {
        warn(no);
        return Opened::not_qemu;
    }
    return Opened::yes;
}

void Watcher::listen() {
    const virConnectPtr connection = session_->connection.get();
    // A driver without keepalive answers for itself.
    virConnectSetKeepAlive(connection, keepalive_seconds, keepalive_count);
    virConnectRegisterCloseCallback(
        connection,
        [](virConnectPtr, int, void* self) { static_cast<Watcher*>(self)->lost_ = true; }, this,
        nullptr);
    const bool lifecycle =
        virConnectDomainEventRegisterAny(connection, nullptr, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                         event_callback(on_lifecycle), this, nullptr) >= 0;
    const bool metadata =
        virConnectDomainEventRegisterAny(connection, nullptr, VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
                                         event_callback(on_metadata), this, nullptr) >= 0;
    if (!lifecycle || !metadata)
        warn("libvirt gives no events: " + libvirt_error().what);
}

int Watcher::on_lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* self) {
    auto* watcher = static_cast<Watcher*>(self);
    const std::string uuid = uuid_of(domain);
    if (event == VIR_DOMAIN_EVENT_UNDEFINED) {
        watcher->schedule_.forget(uuid);
        watcher->memories_.erase(uuid);
        watcher->failed_.erase(uuid);
    } else if (event == VIR_DOMAIN_EVENT_STOPPED && detail == VIR_DOMAIN_EVENT_STOPPED_FAILED) {
        watcher->schedule_.urgent(uuid, Clock::now());
    } else if (event == VIR_DOMAIN_EVENT_DEFINED || event == VIR_DOMAIN_EVENT_STARTED ||
               event == VIR_DOMAIN_EVENT_STOPPED) {
        // Started and stopped too: reverting to a snapshot brings another definition with it.
        watcher->schedule_.touch(uuid, Clock::now());
    }
    return 0;
}

void Watcher::on_metadata(virConnectPtr, virDomainPtr domain, int type, const char* uri,
                          void* self) {
    if (type != VIR_DOMAIN_METADATA_ELEMENT || !uri || label_uri != uri)
        return;
    auto* watcher = static_cast<Watcher*>(self);
    const std::string uuid = uuid_of(domain);
    watcher->memories_[uuid].relabelled = true;
    watcher->schedule_.touch(uuid, Clock::now());
}

void Watcher::sweep() {
    const Result<std::vector<DomainPtr>> list =
        session_->connection.list(VIR_CONNECT_LIST_DOMAINS_PERSISTENT);
    if (!list) {
        warn("the guests cannot be listed: " + list.error().what);
        lost_ = true;
        return;
    }
    const Schedule::Time now = Clock::now();
    for (const DomainPtr& domain : *list)
        schedule_.urgent(uuid_of(domain.get()), now);
}

/// libvirt has an event for a failed start in its interface, but sends none where the hook refuses
/// (libvirt 9.0: virDomainGetState says "shut off (failed)", and that is all). So the states of all
/// guests that do not run are asked for in one call.
void Watcher::look_for_failed_starts() {
    virDomainStatsRecordPtr* records = nullptr;
    const int count = virConnectGetAllDomainStats(
        session_->connection.get(), VIR_DOMAIN_STATS_STATE, &records,
        VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE | VIR_CONNECT_GET_ALL_DOMAINS_STATS_PERSISTENT);
    std::set<std::string> failed;
    for (int i = 0; i < count; ++i) {
        const virDomainStatsRecordPtr record = records[i];
        int state = 0;
        int reason = 0;
        virTypedParamsGetInt(record->params, record->nparams, "state.state", &state);
        virTypedParamsGetInt(record->params, record->nparams, "state.reason", &reason);
        if (state == VIR_DOMAIN_SHUTOFF && reason == VIR_DOMAIN_SHUTOFF_FAILED)
            failed.insert(uuid_of(record->dom));
    }
    if (count < 0)
        return;
    virDomainStatsRecordListFree(records);
    for (const std::string& uuid : failed)
        if (failed_.count(uuid) == 0)
            schedule_.urgent(uuid, Clock::now());
    failed_ = std::move(failed);
}

void Watcher::report(Memory& memory, const std::string& name, const std::string& what) {
    if (memory.problem == what)
        return;
    memory.problem = what;
    warn("'" + printable(name) + "': " + what);
}

void Watcher::take_result(const std::string& uuid, const std::string& name,
                          const Injected& result) {
    Memory& memory = memories_[uuid];
    const LabelPolicy before = memory.label;
    const bool relabelled = memory.relabelled;
    memory.label = result.label;
    memory.relabelled = false;
    if (result.kind == Injected::changed) {
        memory.problem.clear();
        schedule_.wrote(uuid, Clock::now());
        say(name, result.what);
        for (const std::string& note : result.notes)
            say(name, "note: " + note);
        if (schedule_.fight_begins(uuid))
            warn("'" + printable(name) + "': its definition was made to agree with its label " +
                 std::to_string(Schedule::fight) +
                 " times within an hour, and something keeps undoing that; it is met ever more "
                 "rarely from now on, at last every 10 minutes");
    } else if (result.kind == Injected::unlabelled) {
        const bool taken =
            (before == LabelPolicy::require || before == LabelPolicy::forbid) && !relabelled;
        if (taken)
            report(memory, name,
                   std::string("its label ") + virt_nested::name(before) +
                       " is gone: a snapshot or another definition brought one without it; run: "
                       "virt-nested label " +
                       guest_word(name) + " " + virt_nested::name(before));
    } else if (result.kind == Injected::failed || result.kind == Injected::undetermined) {
        report(memory, name, result.what);
    } else {
        memory.problem.clear();
    }
}

void Watcher::look(const std::string& uuid) {
    const Result<DomainPtr> domain = session_->connection.find_uuid(uuid);
    if (!domain || !persistent(domain->get())) {
        if (!session_->connection.alive())
            lost_ = true;
        return;
    }
    const Injected result = session_->injector.inject(domain->get(), {});
    if (!session_->connection.alive())
        lost_ = true; // what became of it shows in the sweep that follows
    else
        take_result(uuid, name_of(domain->get()), result);
}

/// Until the connection is lost or it is time to stop.
void Watcher::follow() {
    Schedule::Time states = Clock::now() + state_interval;
    while (!stop_ && !lost_) {
        for (int i = 0; i < looks_at_a_time && !lost_; ++i) {
            const std::optional<std::string> guest = schedule_.take(Clock::now());
            if (!guest)
                break;
            look(*guest);
        }
        if (!lost_ && Clock::now() >= states) {
            look_for_failed_starts();
            states = Clock::now() + state_interval;
        }
        const Schedule::Time due = std::min(schedule_.next().value_or(states), states);
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(due - Clock::now()).count();
        virEventUpdateTimeout(timer_, left < 0 ? 0 : static_cast<int>(left) + 1);
        if (virEventRunDefaultImpl() < 0)
            lost_ = true;
    }
}

int Watcher::run() {
    timer_ = virEventAddTimeout(
        -1, [](int, void*) {}, nullptr, nullptr);
    virEventAddHandle(
        stop_signals_.get(), VIR_EVENT_HANDLE_READABLE,
        [](int, int, int, void* self) { static_cast<Watcher*>(self)->stop_ = true; }, this,
        nullptr);
    while (!stop_) {
        const Opened opened = open();
        if (opened == Opened::not_qemu)
            return exit_fail;
        if (opened == Opened::stopped)
            break;
        listen();
        std::cout << "watching " << printable(session_->side.uri) << std::endl;
        sweep();
        follow();
        if (!stop_)
            warn("the connection was lost");
    }
    return exit_pass;
}

} // namespace

int watch(const std::string& uri) {
    return Watcher(uri).run();
}

} // namespace virt_nested
