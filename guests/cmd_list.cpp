// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested list: the inventory.
#include "guests/commands.h"

#ifndef VN_WORDS_ALONE

#include "core/text.h"
#include "guests/batch.h"
#include "guests/inventory.h"
#include "guests/render.h"

#include <algorithm>
#include <iostream>

namespace virt_nested {

namespace {

Options list_options() {
    Options options;
    add_connect(options);
    add_format(options, inventory_formats());
    add_flag(options, "exposed",
             "only guests that have the host's vmx or svm (sief2, nested-hv, ...) now or would get "
             "it at a start");
    return options;
}

int run_list(const Parsed& parsed) {
    const Result<Connection> connection = Connection::open_reading(parsed.text("connect"));
    if (!connection) {
        std::cerr << "virt-nested list: " << connection.error().what << "\n";
        return exit_undetermined;
    }
    const HostSide side = read_host_side(*connection);
    const Result<std::vector<GuestTexts>> guests = read_guests(*connection);
    if (!guests) {
        std::cerr << "virt-nested list: the guests cannot be read: " << guests.error().what << "\n";
        return exit_undetermined;
    }
    std::vector<GuestRow> rows;
    for (const GuestTexts& guest : *guests)
        rows.push_back(row_of(guest, side));
    const bool unreadable =
        std::any_of(rows.begin(), rows.end(), [](const GuestRow& row) { return !row.readable; });
    if (parsed.flag("exposed"))
        std::erase_if(rows, [](const GuestRow& row) { return !row.exposed; });
    std::cout << format_of(parsed, inventory_formats()).render(rows, side);
    return unreadable ? exit_warn : exit_pass;
}

} // namespace

} // namespace virt_nested

#endif

namespace virt_nested {

namespace {

constexpr Command entries[] = {
    {.name = "list",
     .summary = "every guest: its label, what it has, what a start would do",
     .operands = "",
     .options = VN_HERE(list_options),
     .run = VN_HERE(run_list)}};

} // namespace

extern const Entries<Command> command_list = entries;

} // namespace virt_nested
