// SPDX-License-Identifier: GPL-2.0-or-later
// Several guests, one after the other, over one connection that may be lost in between.
#pragma once

#include "cli/command.h"
#include "guests/inject.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace virt_nested {

/// Which guests a command is about.
struct Selection {
    std::string uri;
    bool all = false;
    std::vector<std::string> guests; ///< names or UUIDs
};

/// From --connect, --all and the operands.
Selection selection_of(const Parsed& parsed);
/// Throws UsageError where both or none of --all and names are given.
void check_selection(const Selection& selection);

/// A connection, its host, and what edits definitions there.
struct Session {
    Session(Connection connected)
        : connection(std::move(connected)), side(read_host_side(connection)),
          injector(connection, side) {}

    Connection connection;
    HostSide side;
    Injector injector;
};

Result<std::unique_ptr<Session>> open_session(const std::string& uri, bool read_only);

/// For `virt-nested COMMAND`: prints why not where there is no connection, or where its driver is
/// not QEMU's and has to be; `otherwise` follows the latter.
struct SessionWish {
    const char* command;
    bool read_only = false;
    bool qemu = true;
    const char* otherwise = "";
};
std::unique_ptr<Session> open_session(const std::string& uri, const SessionWish& wish);

enum class Done { ok, silent, failed, undetermined };

/// What became of one guest.
struct GuestResult {
    Done done = Done::failed;
    bool changed = false;             ///< anything of it; with a dry run: it would be
    std::string what{};               ///< empty: nothing is to be said
    std::string problem{};            ///< what went wrong
    std::vector<std::string> notes{}; ///< what waits for what
    std::string label_before{};       ///< "require", ..., "none"; empty: it was not looked at
    std::string label_after{};
    std::string diff{};  ///< for people alone
    std::string guest{}; ///< its name, or what it was asked for by
};

/// "changed" and "guests" of docs/result.schema.json.
void add_guests(const std::vector<GuestResult>& results, nlohmann::ordered_json& out);

struct Target {
    std::string name;
    std::string uuid; ///< empty where only a name was given
};

/// The guests named, or all of them. Prints "virt-nested COMMAND: ..." for what goes wrong.
class Batch {
  public:
    Batch(const char* command, Selection selection, std::unique_ptr<Session> session,
          bool read_only = false)
        : command_(command), selection_(std::move(selection)), session_(std::move(session)),
          read_only_(read_only) {}

    using Step = std::function<GuestResult(Session&, virDomainPtr)>;

    /// Exit status: 0; 1 where a guest failed, or is gone, or was not reached any more; 3 where
    /// only undetermined ones are left. A lost connection is opened anew, three times, and the
    /// guest that it was lost on done again.
    int run(const Step& step);

    size_t count(Done done) const;
    /// One for each guest, in the order in which they were done.
    const std::vector<GuestResult>& results() const { return results_; }

  private:
    int run_all(const Step& step);
    int run_targets(const std::vector<Target>& targets, const Step& step);
    GuestResult one(const Target& target, const Step& step);
    void show(const GuestResult& result) const;
    void problem(const std::string& guest, const std::string& what) const;
    bool reopen();

    const char* command_;
    Selection selection_;
    std::unique_ptr<Session> session_;
    bool read_only_;
    std::vector<GuestResult> results_;
};

} // namespace virt_nested
