// SPDX-License-Identifier: GPL-2.0-or-later
// Table, JSON, metrics.
#include "guests/render.h"

#include "core/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>

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

using Cells = std::vector<std::string>;

std::string table(const std::vector<Cells>& all) {
    std::vector<size_t> widths(all.front().size());
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

/// Servers, where that tells the hosts apart: a URI of forty columns leaves little for the guests.
std::vector<std::string> short_names(const Inventory& inventory) {
    std::map<std::string, size_t> times;
    std::vector<std::string> out;
    for (const HostAnswer& answer : inventory.hosts)
        ++times[server_name_of(answer.asked)];
    for (const HostAnswer& answer : inventory.hosts) {
        const std::string server = server_name_of(answer.asked);
        out.push_back(printable(server.empty() || times[server] > 1 ? answer.asked : server));
    }
    return out;
}

void add_rows(const HostAnswer& answer, const Cells& host, std::vector<Cells>& all) {
    const auto add = [&](const Cells& cells) {
        all.push_back(host);
        all.back().insert(all.back().end(), cells.begin(), cells.end());
    };
    if (!answer.problem.empty())
        add({"-", "no answer", "-", "-", "-", "-", "-", answer.problem});
    for (const GuestRow& row : answer.rows)
        add({printable(row.name), row.state, row.label, printable(row.cpu, 64),
             delivers_words(row.gives), now_words(row), start_words(row), why(row)});
}

/// What stands beneath the table.
std::string remarks(const Inventory& inventory) {
    std::string out;
    size_t answered = 0;
    size_t far = 0;
    std::vector<std::string> warnings; // once, however many connections lead to this machine
    for (const HostAnswer& answer : inventory.hosts) {
        answered += answer.problem.empty() ? 1 : 0;
        far += answer.problem.empty() && !answer.side.local ? 1 : 0;
        for (const ConfigProblem& problem : answer.side.config.problems) {
            std::string warning = "warning: " + problem.in_words() + "\n";
            if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end())
                warnings.push_back(std::move(warning));
        }
    }
    if (inventory.several)
        out += "\n" + std::to_string(answered) + " of " + std::to_string(inventory.hosts.size()) +
               " hosts answered.\n";
    if (inventory.several && far > 0)
        out += "What libvirt does not tell of a host that is not this machine is undetermined.\n";
    else if (far > 0)
        out += "\nThe host of '" + printable(inventory.hosts.front().side.uri) +
               "' is not this machine: what libvirt does not tell of it is undetermined.\n";
    for (const std::string& warning : warnings)
        out += warning;
    return out;
}

std::string table_of(const Inventory& inventory) {
    const Cells heads = {"GUEST", "STATE", "LABEL", "CPU", "DELIVERS", "HAS NOW", "START", "WHY"};
    std::vector<Cells> cells(1, inventory.several ? Cells{"HOST"} : Cells{});
    cells.front().insert(cells.front().end(), heads.begin(), heads.end());
    const std::vector<std::string> names = short_names(inventory);
    for (size_t i = 0; i < names.size(); ++i)
        add_rows(inventory.hosts[i], inventory.several ? Cells{names[i]} : Cells{}, cells);
    return table(cells) + remarks(inventory);
}

void add_indented(std::string text, size_t depth, std::string& out) {
    text.erase(text.find_last_not_of('\n') + 1);
    for (const char c : text) {
        out += c;
        if (c == '\n')
            out.append(depth, ' ');
    }
}

Json head_json(const HostAnswer& answer, bool several) {
    Json out = Json::object();
    if (several) {
        out["connect"] = answer.asked;
        out["problem"] = answer.problem.empty() ? Json() : Json(answer.problem);
    }
    if (!answer.problem.empty())
        return out;
    const HostSide& side = answer.side;
    out["uri"] = side.uri;
    out["host"] = {
        {"hypervisor", side.hypervisor},
        {"platform", side.host.platform ? Json(side.host.platform->name) : Json()},
        {"local", side.local},
        {"nests", state_json(side.host.nests.absent() ? State::off : side.host.nests.state)},
        {"nests_why",
         side.host.nests.undetermined() ? side.host.nests.reason : side.host.nests.found}};
    return out;
}

/// Text by text: of ten thousand guests, one document in memory takes ten times its text.
void add_host(const HostAnswer& answer, bool several, size_t depth, std::string& out) {
    const std::string margin(depth, ' ');
    std::string head = json_text(head_json(answer, several));
    if (!answer.problem.empty())
        return add_indented(head, depth, out);
    head.erase(head.rfind("\n}"));
    add_indented(std::move(head), depth, out);
    out += ",\n" + margin + "  \"guests\": [";
    const char* separator = "\n";
    for (const GuestRow& row : answer.rows) {
        out += separator + margin + "    ";
        add_indented(json_text(row_json(row)), depth + 4, out);
        separator = ",\n";
    }
    out += (answer.rows.empty() ? "]\n" : "\n" + margin + "  ]\n") + margin + "}";
}

std::string json_of(const Inventory& inventory) {
    std::string out;
    if (inventory.several)
        out += "{\n  \"hosts\": [";
    const char* separator = "\n    ";
    for (const HostAnswer& answer : inventory.hosts) {
        if (inventory.several)
            out += separator;
        add_host(answer, inventory.several, inventory.several ? 4 : 0, out);
        separator = ",\n    ";
    }
    return out + (inventory.several ? "\n  ]\n}\n" : "\n");
}

/// Numbers alone, whatever the number of guests; and the hosts that are not in them.
std::string counts_of(const Inventory& inventory) {
    Json labels = Json::object();
    for (const char* label : {"require", "forbid", "allow", "none", "invalid", "unknown"})
        labels[label] = {{"all", 0}, {"exposed", 0}};
    size_t total = 0;
    int exposed = 0;
    Json problems = Json::array();
    for (const HostAnswer& answer : inventory.hosts) {
        if (!answer.problem.empty())
            problems.push_back({{"connect", answer.asked}, {"problem", answer.problem}});
        total += answer.rows.size();
        for (const GuestRow& row : answer.rows) {
            Json& count = labels[row.label];
            count["all"] = count["all"].get<int>() + 1;
            count["exposed"] = count["exposed"].get<int>() + (row.exposed ? 1 : 0);
            exposed += row.exposed ? 1 : 0;
        }
    }
    Json out = {{"total", total}, {"exposed", exposed}, {"labels", labels}};
    if (inventory.several) {
        const size_t asked = inventory.hosts.size();
        out["hosts"] = {{"asked", asked}, {"answered", asked - problems.size()}};
        out["problems"] = problems;
    }
    return json_line(out);
}

Metrics::Labels with_host(const Inventory& inventory, const HostAnswer& answer,
                          Metrics::Labels labels) {
    if (inventory.several)
        labels.insert(labels.begin(), {"host", answer.asked});
    return labels;
}

void add_gauge(const Inventory& inventory, const Gauge& gauge, Metrics& out) {
    out.gauge(gauge.name, gauge.help);
    for (const HostAnswer& answer : inventory.hosts)
        for (const GuestRow& row : answer.rows) {
            const State state = gauge.value(row);
            if (state == State::on || state == State::off)
                out.sample(with_host(inventory, answer, {{"guest", row.name}, {"uuid", row.uuid}}),
                           state == State::on);
        }
}

std::string metrics_of(const Inventory& inventory) {
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
    if (inventory.several) {
        out.gauge("virt_nested_host_answers", "The host answered, and its guests were read.");
        for (const HostAnswer& answer : inventory.hosts)
            out.sample({{"host", answer.asked}}, answer.problem.empty());
    }
    out.gauge("virt_nested_guest_info", "A guest, its label and its CPU.");
    for (const HostAnswer& answer : inventory.hosts)
        for (const GuestRow& row : answer.rows)
            out.sample(with_host(inventory, answer,
                                 {{"guest", row.name},
                                  {"uuid", row.uuid},
                                  {"state", row.state},
                                  {"label", row.label},
                                  {"cpu", row.cpu},
                                  {"feature", row.feature},
                                  {"emulated", row.emulated ? "yes" : "no"}}),
                       true);
    for (const Gauge& gauge : gauges)
        add_gauge(inventory, gauge, out);
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
