// SPDX-License-Identifier: GPL-2.0-or-later
// Several guests, one after the other, over one connection that may be lost in between.
#pragma once

#include "validator/command.h"
#include "validator/guests/inject.h"

#include <functional>
#include <memory>
#include <optional>

namespace virt_nested {

/// -c, --connect URI.
void add_connect(boost::program_options::options_description& options);

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

/// What became of one guest.
enum class Done { ok, silent, failed, undetermined };

struct Target {
    std::string name;
    std::string uuid; ///< empty where only a name was given
};

/// The guests named, or all of them. Prints "virt-nested COMMAND: ..." for what goes wrong.
class Batch {
  public:
    Batch(const char* command, std::string uri, std::unique_ptr<Session> session)
        : command_(command), uri_(std::move(uri)), session_(std::move(session)) {}

    using Step = std::function<Done(Session&, virDomainPtr)>;

    /// Exit status: 0; 1 where a guest failed, or is gone, or was not reached any more; 3 where
    /// only undetermined ones are left. A lost connection is opened anew, three times, and the
    /// guest that it was lost on done again.
    int run(const std::vector<std::string>& names, const Step& step);
    int run_all(const Step& step);

    size_t count(Done done) const { return counts_[static_cast<size_t>(done)]; }
    void problem(const std::string& guest, const std::string& what) const;

  private:
    int run_targets(const std::vector<Target>& targets, const Step& step);
    Done one(const Target& target, const Step& step);
    bool reopen();

    const char* command_;
    std::string uri_;
    std::unique_ptr<Session> session_;
    size_t counts_[4] = {};
};

/// "web1: what", and its notes below.
void print_guest(const std::string& guest, const std::string& what,
                 const std::vector<std::string>& notes);

} // namespace virt_nested
