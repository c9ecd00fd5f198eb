// SPDX-License-Identifier: GPL-2.0-or-later
// Debounce with a bound, and exponential backoff on writes.
#include "guests/schedule.h"

#include <algorithm>

namespace virt_nested {

namespace {

std::chrono::milliseconds quiet_after(size_t writes) {
    auto out = Schedule::quiet;
    for (size_t i = 0; i < writes && out < Schedule::longest_quiet; ++i)
        out *= 2;
    return std::min(out, Schedule::longest_quiet);
}

} // namespace

void Schedule::set_due(const std::string& guest, Entry& entry, Time due) {
    if (entry.due)
        order_.erase({*entry.due, guest});
    entry.due = due;
    order_.insert({due, guest});
}

std::chrono::milliseconds Schedule::quiet_of(const std::string& guest, Time now) {
    Entry& entry = entries_[guest];
    while (!entry.writes.empty() && now - entry.writes.front() > memory)
        entry.writes.pop_front();
    if (entry.writes.empty())
        entry.fighting = false;
    return quiet_after(entry.writes.size());
}

void Schedule::touch(const std::string& guest, Time now) {
    const std::chrono::milliseconds wait = quiet_of(guest, now);
    Entry& entry = entries_[guest];
    if (!entry.due)
        entry.first = now;
    set_due(guest, entry, std::min(now + wait, entry.first + wait * patience));
}

void Schedule::urgent(const std::string& guest, Time now) {
    Entry& entry = entries_[guest];
    entry.first = now;
    set_due(guest, entry, now);
}

void Schedule::wrote(const std::string& guest, Time now) {
    entries_[guest].writes.push_back(now);
}

void Schedule::forget(const std::string& guest) {
    const auto found = entries_.find(guest);
    if (found == entries_.end())
        return;
    if (found->second.due)
        order_.erase({*found->second.due, guest});
    entries_.erase(found);
}

std::optional<std::string> Schedule::take(Time now) {
    if (order_.empty() || order_.begin()->first > now)
        return std::nullopt;
    const std::string guest = order_.begin()->second;
    order_.erase(order_.begin());
    entries_[guest].due.reset();
    return guest;
}

std::optional<Schedule::Time> Schedule::next() const {
    return order_.empty() ? std::nullopt : std::optional<Time>(order_.begin()->first);
}

bool Schedule::fight_begins(const std::string& guest) {
    Entry& entry = entries_[guest];
    if (entry.fighting || entry.writes.size() < fight)
        return false;
    entry.fighting = true;
    return true;
}

} // namespace virt_nested
