// SPDX-License-Identifier: GPL-2.0-or-later
// When which guest is looked at: storms of events become one look, and an editor that keeps undoing
// what was written is met ever more rarely. Pure; the clock is handed in.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace virt_nested {

class Schedule {
  public:
    using Clock = std::chrono::steady_clock;
    using Time = Clock::time_point;

    /// A look follows this long after the last event, doubled by each write of the last hour.
    static constexpr std::chrono::milliseconds quiet{250};
    static constexpr std::chrono::milliseconds longest_quiet{600000};
    /// A guest that never comes to rest is looked at all the same after so many quiet times.
    static constexpr int patience = 8;
    static constexpr std::chrono::hours memory{1};
    /// So many writes within `memory` are a fight with another editor.
    static constexpr size_t fight = 6;

    /// Something happened to this guest.
    void touch(const std::string& guest, Time now);
    /// Look at it now, whatever happened before: somebody just tried to start it.
    void urgent(const std::string& guest, Time now);
    /// Its definition was written.
    void wrote(const std::string& guest, Time now);
    void forget(const std::string& guest);

    /// The next guest whose time has come; it is off the list then.
    std::optional<std::string> take(Time now);
    /// When the next one is due.
    std::optional<Time> next() const;
    /// True once when the writes to this guest have become a fight.
    bool fight_begins(const std::string& guest);
    /// How long the next look waits after an event.
    std::chrono::milliseconds quiet_of(const std::string& guest, Time now);

  private:
    struct Entry {
        std::optional<Time> due;
        Time first{}; ///< the first event since the last look
        std::deque<Time> writes;
        bool fighting = false;
    };
    void set_due(const std::string& guest, Entry& entry, Time due);

    std::map<std::string, Entry> entries_;
    std::set<std::pair<Time, std::string>> order_;
};

} // namespace virt_nested
