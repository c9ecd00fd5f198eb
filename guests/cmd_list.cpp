// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested list: the inventory.
#include "core/text.h"
#include "guests/batch.h"
#include "guests/commands.h"
#include "guests/inventory.h"
#include "guests/render.h"

#include <algorithm>
#include <iostream>

namespace virt_nested {

namespace po = boost::program_options;

int run_list(const std::vector<std::string>& arguments) {
    po::options_description options;
    add_connect(options);
    options.add_options() //
        ("format", po::value<std::string>()->default_value("text")->value_name("FORMAT"),
         "text, json or prometheus") //
        ("exposed", "only guests that have the host's vmx or svm (sief2, nested-hv, ...) now or "
                    "would get it at a start");
    const Parsed parsed = parse_options("list", options, "rest", arguments);
    if (parsed.done)
        return exit_pass;
    if (parsed.has("rest"))
        throw UsageError("'" + printable(parsed.list("rest").front(), 64) + "' is not an option");
    const std::string format =
        one_of("format", parsed.text("format"), {"text", "json", "prometheus"});
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
        rows.push_back(judge_guest_row(guest, side));
    const bool unreadable = std::any_of(rows.begin(), rows.end(),
                                        [](const GuestRow& row) { return row.label == "unknown"; });
    if (parsed.has("exposed"))
        std::erase_if(rows, [](const GuestRow& row) { return !row.exposed; });
    std::cout << (format == "json"         ? inventory_json(rows, side)
                  : format == "prometheus" ? inventory_prometheus(rows)
                                           : inventory_text(rows, side));
    return unreadable ? exit_warn : exit_pass;
}

} // namespace virt_nested
