// SPDX-License-Identifier: GPL-2.0-or-later
// Table, JSON, metrics.
#include "guests/render.h"

#include "core/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <functional>

namespace virt_nested {

namespace {

using Json = nlohmann::ordered_json;

std::string delivers_words(const Delivery& gives) {
    if (gives.undetermined)
        return "undetermined";
    switch (gives.how) {
    case Delivers::certainly:
        return "yes";
    case Delivers::possibly:
        return "possibly";
    case Delivers::no:
        break;
    }
    return "no";
}

std::string now_words(const GuestRow& row) {
    if (row.now == State::absent)
        return "-";
    if (row.now == State::undetermined)
        return "undetermined";
    if (row.now == State::off)
        return "no";
    return row.emulated ? "emulated" : "yes";
}

std::string start_words(const GuestRow& row) {
    if (row.start == State::undetermined)
        return "undetermined";
    return row.start == State::on ? "passes" : "refused";
}

/// The reason that the row's reader looks for first: what a start runs into, else what the guest
/// has now, else what its definition gives.
std::string why(const GuestRow& row) {
    std::string out = row.gives.why;
    if (row.start != State::on)
        out = row.start_why;
    else if (row.now != State::absent)
        out = row.now_why;
    return out;
}

size_t width_of(const std::string& text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

using Cells = std::array<std::string, 8>;

std::string table(const std::vector<Cells>& all) {
    std::array<size_t, 8> widths{};
    for (const Cells& cells : all)
        for (size_t i = 0; i < cells.size(); ++i)
            widths[i] = std::max(widths[i], width_of(cells[i]));
    std::string out;
    for (const Cells& cells : all) {
        std::string line;
        for (size_t i = 0; i < cells.size(); ++i)
            line += cells[i] + std::string(widths[i] - width_of(cells[i]) + 2, ' ');
        out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return out;
}

Json state_json(State state) {
    if (state == State::undetermined || state == State::absent)
        return nullptr;
    return state == State::on;
}

Json row_json(const GuestRow& row) {
    return {{"name", row.name},
            {"uuid", row.uuid},
            {"state", row.state},
            {"persistent", row.persistent},
            {"label", row.label},
            {"running_label", row.running_label.empty() ? row.label : row.running_label},
            {"cpu", row.cpu},
            {"feature", row.feature},
            {"emulated", row.emulated},
            {"delivers", delivers_words(row.gives)},
            {"delivers_why", row.gives.why},
            {"running", row.now != State::absent},
            {"has_now", state_json(row.now)},
            {"has_now_why", row.now_why},
            {"start", start_words(row)},
            {"start_why", row.start_why},
            {"start_fix", row.start_fix},
            {"start_decision", row.start_decision},
            {"exposed", row.exposed},
            {"notes", row.notes}};
}

struct Gauge {
    const char* name;
    const char* help;
    std::function<State(const GuestRow&)> value;
};

State delivers_state(const GuestRow& row) {
    if (row.gives.undetermined || row.gives.how == Delivers::possibly)
        return State::undetermined;
    return row.gives.how == Delivers::certainly ? State::on : State::off;
}

std::string table_of(const std::vector<GuestRow>& rows, const HostSide& side) {
    std::vector<Cells> cells = {
        {"GUEST", "STATE", "LABEL", "CPU", "DELIVERS", "HAS NOW", "START", "WHY"}};
    for (const GuestRow& row : rows)
        cells.push_back({printable(row.name), row.state, row.label, printable(row.cpu, 64),
                         delivers_words(row.gives), now_words(row), start_words(row), why(row)});
    std::string out = table(cells);
    if (!side.local)
        out += "\nThe host of '" + printable(side.uri) +
               "' is not this machine: what libvirt does not tell of it is undetermined.\n";
    for (const ConfigProblem& problem : side.config.problems)
        out += "warning: " + problem.in_words() + "\n";
    return out;
}

std::string json_of(const std::vector<GuestRow>& rows, const HostSide& side) {
    Json guests = Json::array();
    for (const GuestRow& row : rows)
        guests.push_back(row_json(row));
    const Json out = {
        {"uri", side.uri},
        {"host",
         {{"hypervisor", side.hypervisor},
          {"platform", side.host.platform ? Json(side.host.platform->name) : Json()},
          {"local", side.local},
          {"nests", state_json(side.host.nests.absent() ? State::off : side.host.nests.state)},
          {"nests_why",
           side.host.nests.undetermined() ? side.host.nests.reason : side.host.nests.found}}},
        {"guests", guests}};
    return json_text(out);
}

/// Numbers alone, whatever the number of guests.
std::string counts_of(const std::vector<GuestRow>& rows, const HostSide&) {
    Json labels = Json::object();
    for (const char* label : {"require", "forbid", "allow", "none", "invalid", "unknown"})
        labels[label] = {{"all", 0}, {"exposed", 0}};
    int exposed = 0;
    for (const GuestRow& row : rows) {
        Json& count = labels[row.label];
        count["all"] = count["all"].get<int>() + 1;
        count["exposed"] = count["exposed"].get<int>() + (row.exposed ? 1 : 0);
        exposed += row.exposed ? 1 : 0;
    }
    return json_line({{"total", rows.size()}, {"exposed", exposed}, {"labels", labels}});
}

std::string metrics_of(const std::vector<GuestRow>& rows, const HostSide&) {
    const std::array<Gauge, 4> gauges = {{
        {"virt_nested_guest_delivers", "The definition gives the guest the feature.",
         delivers_state},
        {"virt_nested_guest_has_feature", "The running guest has the feature now.",
         [](const GuestRow& row) { return row.now; }},
        {"virt_nested_guest_start_passes", "The hook would let a start pass.",
         [](const GuestRow& row) { return row.start; }},
        {"virt_nested_guest_exposed",
         "The guest has the host's feature, or would get it at a start, or neither can be ruled "
         "out.",
         [](const GuestRow& row) { return row.exposed ? State::on : State::off; }},
    }};
    Metrics out;
    out.gauge("virt_nested_guest_info", "A guest, its label and its CPU.");
    for (const GuestRow& row : rows)
        out.sample({{"guest", row.name},
                    {"uuid", row.uuid},
                    {"state", row.state},
                    {"label", row.label},
                    {"cpu", row.cpu},
                    {"feature", row.feature},
                    {"emulated", row.emulated ? "yes" : "no"}},
                   true);
    for (const Gauge& gauge : gauges) {
        out.gauge(gauge.name, gauge.help);
        for (const GuestRow& row : rows) {
            const State state = gauge.value(row);
            if (state == State::on || state == State::off)
                out.sample({{"guest", row.name}, {"uuid", row.uuid}}, state == State::on);
        }
    }
    return out.text();
}

} // namespace

std::span<const InventoryFormat* const> inventory_formats() {
    static constexpr InventoryFormat text = {.name = "text", .render = table_of};
    static constexpr InventoryFormat json = {.name = "json", .render = json_of};
    static constexpr InventoryFormat metrics = {.name = "prometheus", .render = metrics_of};
    static constexpr InventoryFormat counts = {.name = "counts", .render = counts_of};
    static constexpr std::array all = {&text, &json, &metrics, &counts};
    return all;
}

} // namespace virt_nested
