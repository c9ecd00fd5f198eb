// SPDX-License-Identifier: GPL-2.0-or-later
// Reads and judges the guests of one host, one after the other.
#include "guests/host_answer.h"

namespace virt_nested {

HostAnswer ask_host(const std::string& uri, bool exposed_only, const std::function<void()>& alive) {
    HostAnswer answer;
    answer.asked = uri;
    const Result<Connection> connection = Connection::open_reading(uri);
    if (!connection) {
        answer.problem = connection.error().what;
        return answer;
    }
    alive();
    answer.side = read_host_side(*connection);
    alive();
    const auto take = [&](const GuestTexts& guest) {
        GuestRow row = row_of(guest, answer.side);
        answer.unreadable = answer.unreadable || !row.readable;
        if (row.exposed || !exposed_only)
            answer.rows.push_back(std::move(row));
        alive();
    };
    if (const std::optional<Error> error = read_guests(*connection, take)) {
        answer.problem = "the guests cannot be read: " + error->what;
        answer.rows.clear();
    }
    return answer;
}

} // namespace virt_nested
