// SPDX-License-Identifier: GPL-2.0-or-later
// The loop over guests, its reports and its exit status.
#include "guests/batch.h"

#include "cli/result.h"
#include "core/text.h"

#include <libvirt/virterror.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
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

void add_guests(const std::vector<GuestResult>& results, nlohmann::ordered_json& out) {
    static constexpr std::array outcomes = {"done", "nothing", "failed", "undetermined"};
    out["changed"] = std::any_of(results.begin(), results.end(),
                                 [](const GuestResult& result) { return result.changed; });
    out["guests"] = nlohmann::ordered_json::array();
    for (const GuestResult& result : results)
        out["guests"].push_back(
            {{"guest", result.guest},
             {"outcome", outcomes[static_cast<size_t>(result.done)]},
             {"changed", result.changed},
             {"label",
              {{"before", or_null(result.label_before)}, {"after", or_null(result.label_after)}}},
             {"what", result.what},
             {"problem", result.problem},
             {"waits", result.notes}});
}

void Batch::show(const GuestResult& result) const {
    std::cout << result.diff;
    if (!result.what.empty()) {
        std::cout << printable(result.guest) << ": " << result.what << "\n";
        for (const std::string& note : result.notes)
            std::cout << "  note: " << note << "\n";
    }
    std::cout.flush();
    if (!result.problem.empty())
        problem(result.guest, (result.what.empty() ? "" : result.what + ", but ") + result.problem);
}

size_t Batch::count(Done done) const {
    return static_cast<size_t>(
        std::count_if(results_.begin(), results_.end(),
                      [&](const GuestResult& result) { return result.done == done; }));
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

GuestResult Batch::one(const Target& target, const Step& step) {
    const Result<DomainPtr> domain = target.uuid.empty()
                                         ? session_->connection.find(target.name)
                                         : session_->connection.find_uuid(target.uuid);
    GuestResult out;
    if (domain) {
        out = step(*session_, domain->get());
        out.guest = name_of(domain->get());
        return out;
    }
    out.guest = target.name;
    // With --all nobody asked for this very guest: one that is gone needs nothing.
    if (!target.uuid.empty() && domain.error().code == VIR_ERR_NO_DOMAIN)
        out.done = Done::silent;
    else
        out.problem = domain.error().what;
    return out;
}

int Batch::run_targets(const std::vector<Target>& targets, const Step& step) {
    for (size_t i = 0; i < targets.size(); ++i) {
        GuestResult result = one(targets[i], step);
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
            result = one(targets[i], step);
        }
        show(result);
        result.diff.clear();
        results_.push_back(std::move(result));
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
