// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested-guests: what `virt-nested` does through libvirt. `virt-nested` starts it with the
// command's name and the rest of its command line.
#include "cli/command.h"
#include "guests/commands.h"
#include "guests/connection.h"

#include <algorithm>
#include <array>
#include <iostream>

namespace {

using namespace virt_nested;

struct Entry {
    const char* name;
    int (*run)(const std::vector<std::string>& arguments);
};

constexpr std::array<Entry, 6> entries = {{{"label", run_label},
                                           {"unlabel", run_unlabel},
                                           {"list", run_list},
                                           {"inject", run_inject},
                                           {"selftest", run_selftest},
                                           {"explain", run_explain_guest}}};

int run(const std::vector<std::string>& arguments) {
    const std::string name = arguments.empty() ? "" : arguments.front();
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry& entry) { return name == entry.name; });
    if (found == entries.end()) {
        std::cerr << "virt-nested-guests: it is run by virt-nested; run: virt-nested --help\n";
        return exit_usage;
    }
    prepare_libvirt();
    return run_command(name, [&] { return found->run({arguments.begin() + 1, arguments.end()}); });
}

} // namespace

int main(int argc, char** argv) {
    return virt_nested::run_program(argc, argv, run);
}
