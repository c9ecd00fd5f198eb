// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested list: the inventory.
#include "guests/commands.h"

#ifndef VN_WORDS_ALONE

#include "core/text.h"
#include "guests/parcel.h"
#include "guests/render.h"
#include "guests/side_by_side.h"

#include <algorithm>
#include <iostream>

namespace virt_nested {

namespace {

constexpr unsigned longest_silence = 3600;

Options list_options() {
    Options options;
    add_connects(options, "given again, one more host: all are asked side by side");
    add_format(options, inventory_formats());
    add_flag(options, "exposed",
             "only guests that have the host's vmx or svm (sief2, nested-hv, ...) now or would get "
             "it at a start");
    options.add_options()(
        "timeout", boost::program_options::value<int>()->value_name("SECONDS"),
        "give up a host from which nothing comes for so long (default: 30 for several hosts, never "
        "for one)");
    return options;
}

/// As they were given, each once: two answers of one host would count its guests twice.
std::vector<std::string> hosts_of(const std::vector<std::string>& uris) {
    std::vector<std::string> out;
    for (const std::string& uri : uris) {
        if (uri.empty() && uris.size() > 1)
            throw UsageError("--connect '' names no host, and would stand for libvirt's own choice "
                             "beside others");
        if (std::find(out.begin(), out.end(), uri) == out.end())
            out.push_back(uri);
    }
    if (out.empty())
        out.emplace_back();
    return out;
}

AskingLimits limits_of(const Parsed& parsed) {
    AskingLimits limits;
    if (!parsed.has("timeout"))
        return limits;
    const int seconds = parsed.values["timeout"].as<int>();
    if (seconds < 1 || seconds > static_cast<int>(longest_silence))
        throw UsageError("--timeout " + std::to_string(seconds) + " is not 1 to " +
                         std::to_string(longest_silence) + " seconds");
    limits.silence = std::chrono::seconds(seconds);
    return limits;
}

std::vector<HostAnswer> ask_all(const std::vector<std::string>& hosts, const AskingLimits& limits,
                                bool exposed_only) {
    std::vector<HostAnswer> out(hosts.size());
    const auto ask = [&](const std::string& uri, const std::function<void()>& alive) {
        return packed(ask_host(uri, exposed_only, alive));
    };
    const auto take = [&](size_t index, const Result<std::string>& told) {
        std::optional<HostAnswer> answer = told ? unpacked(*told) : std::nullopt;
        if (!answer) {
            answer.emplace();
            answer->problem = told ? "its answer is not whole" : told.error().what;
        }
        answer->asked = hosts[index];
        out[index] = std::move(*answer);
    };
    ask_side_by_side(hosts, limits, ask, take);
    return out;
}

int status_of(const Inventory& inventory) {
    const auto count = [&](auto holds) {
        return std::count_if(inventory.hosts.begin(), inventory.hosts.end(), holds);
    };
    const auto silent = count([](const HostAnswer& answer) { return !answer.problem.empty(); });
    if (silent == static_cast<std::ptrdiff_t>(inventory.hosts.size()))
        return exit_undetermined;
    const bool part =
        silent > 0 || count([](const HostAnswer& answer) { return answer.unreadable; }) > 0;
    return part ? exit_warn : exit_pass;
}

int run_list(const Parsed& parsed) {
    const std::vector<std::string> uris = parsed.list("connect");
    const std::vector<std::string> hosts = hosts_of(uris);
    const AskingLimits limits = limits_of(parsed);
    const bool exposed_only = parsed.flag("exposed");
    Inventory inventory;
    inventory.several = uris.size() > 1;
    // One host alone is asked in this process, where a person can be asked for a password.
    if (inventory.several || parsed.has("timeout"))
        inventory.hosts = ask_all(hosts, limits, exposed_only);
    else
        inventory.hosts.push_back(ask_host(hosts.front(), exposed_only, [] {}));
    const HostAnswer& first = inventory.hosts.front();
    if (!inventory.several && !first.problem.empty())
        std::cerr << "virt-nested list: " << first.problem << "\n";
    else
        std::cout << format_of(parsed, inventory_formats()).render(inventory);
    return status_of(inventory);
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
