// SPDX-License-Identifier: GPL-2.0-or-later
// The loop over guests, its reports and its exit status.
#include "guests/batch.h"

#include "core/text.h"

#include <libvirt/virterror.h>

#include <chrono>
#include <iostream>
#include <thread>

namespace virt_nested {

namespace {

constexpr int reopen_tries = 3;
constexpr auto reopen_pause = std::chrono::seconds(1);
constexpr size_t named_at_most = 20; ///< of the guests that were not reached

} // namespace

Selection selection_of(const Parsed& parsed) {
    return {parsed.text("connect"), parsed.flag("all"), parsed.operands};
}

void check_selection(const Selection& selection) {
    if (selection.all && !selection.guests.empty())
        throw UsageError("--all excludes guests by name ('" +
                         printable(selection.guests.front(), 64) + "')");
    if (!selection.all && selection.guests.empty())
        throw UsageError("a guest's name or UUID is needed, or --all");
}

Result<std::unique_ptr<Session>> open_session(const std::string& uri, bool read_only) {
    Result<Connection> connection = Connection::open(uri, read_only);
    if (!connection)
        return connection.error();
    return std::make_unique<Session>(std::move(*connection));
}

std::unique_ptr<Session> open_session(const std::string& uri, const SessionWish& wish) {
    Result<std::unique_ptr<Session>> session = open_session(uri, wish.read_only);
    std::string problem = session ? std::string() : session.error().what;
    if (session && wish.qemu)
        problem = not_qemu((*session)->side);
    if (problem.empty())
        return std::move(*session);
    std::cerr << "virt-nested " << wish.command << ": " << problem
              << (session ? wish.otherwise : "") << "\n";
    return nullptr;
}

void print_guest(const std::string& guest, const std::string& what,
                 const std::vector<std::string>& notes) {
    std::cout << printable(guest) << ": " << what << "\n";
    for (const std::string& note : notes)
        std::cout << "  note: " << note << "\n";
    std::cout.flush();
}

void Batch::problem(const std::string& guest, const std::string& what) const {
    std::cerr << "virt-nested " << command_ << ": '" << printable(guest) << "': " << what << "\n";
}

bool Batch::reopen() {
    for (int i = 0; i < reopen_tries; ++i) {
        std::this_thread::sleep_for(reopen_pause);
        if (Result<std::unique_ptr<Session>> session = open_session(selection_.uri, read_only_)) {
            session_ = std::move(*session);
            return true;
        }
    }
    return false;
}

Done Batch::one(const Target& target, const Step& step) {
    const Result<DomainPtr> domain = target.uuid.empty()
                                         ? session_->connection.find(target.name)
                                         : session_->connection.find_uuid(target.uuid);
    if (domain)
        return step(*session_, domain->get());
    // With --all nobody asked for this very guest: one that is gone needs nothing.
    if (!target.uuid.empty() && domain.error().code == VIR_ERR_NO_DOMAIN)
        return Done::silent;
    problem(target.name, domain.error().what);
    return Done::failed;
}

int Batch::run_targets(const std::vector<Target>& targets, const Step& step) {
    for (size_t i = 0; i < targets.size(); ++i) {
        Done done = one(targets[i], step);
        if (!session_->connection.alive()) {
            problem(targets[i].name, "the connection was lost; opening it anew");
            if (!reopen()) {
                std::cerr << "virt-nested " << command_ << ": no connection any more; " << i
                          << " of " << targets.size() << " guests were done, not done:";
                for (size_t j = i; j < std::min(targets.size(), i + named_at_most); ++j)
                    std::cerr << " '" << printable(targets[j].name) << "'";
                std::cerr << (targets.size() - i > named_at_most ? " ..." : "")
                          << "; run it again: what is done stays done\n";
                return exit_fail;
            }
            done = one(targets[i], step);
        }
        ++counts_[static_cast<size_t>(done)];
    }
    if (count(Done::failed) > 0)
        return exit_fail;
    return count(Done::undetermined) > 0 ? exit_undetermined : exit_pass;
}

int Batch::run(const Step& step) {
    if (selection_.all)
        return run_all(step);
    std::vector<Target> targets;
    for (const std::string& name : selection_.guests)
        targets.push_back({name, {}});
    return run_targets(targets, step);
}

int Batch::run_all(const Step& step) {
    const Result<std::vector<DomainPtr>> list = session_->connection.list();
    if (!list) {
        std::cerr << "virt-nested " << command_
                  << ": the guests cannot be listed: " << list.error().what << "\n";
        return exit_fail;
    }
    std::vector<Target> targets;
    for (const DomainPtr& domain : *list)
        targets.push_back({name_of(domain.get()), uuid_of(domain.get())});
    return run_targets(targets, step);
}

} // namespace virt_nested
