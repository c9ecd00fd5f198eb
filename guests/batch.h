// SPDX-License-Identifier: GPL-2.0-or-later
// Several guests, one after the other, over one connection that may be lost in between.
#pragma once

#include "cli/command.h"
#include "guests/inject.h"

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

/// What became of one guest.
enum class Done { ok, silent, failed, undetermined };

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

    using Step = std::function<Done(Session&, virDomainPtr)>;

    /// Exit status: 0; 1 where a guest failed, or is gone, or was not reached any more; 3 where
    /// only undetermined ones are left. A lost connection is opened anew, three times, and the
    /// guest that it was lost on done again.
    int run(const Step& step);

    size_t count(Done done) const { return counts_[static_cast<size_t>(done)]; }
    void problem(const std::string& guest, const std::string& what) const;

  private:
    int run_all(const Step& step);
    int run_targets(const std::vector<Target>& targets, const Step& step);
    Done one(const Target& target, const Step& step);
    bool reopen();

    const char* command_;
    Selection selection_;
    std::unique_ptr<Session> session_;
    bool read_only_;
    size_t counts_[4] = {};
};

/// "web1: what", and its notes below.
void print_guest(const std::string& guest, const std::string& what,
                 const std::vector<std::string>& notes);

} // namespace virt_nested
