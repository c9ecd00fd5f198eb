// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested-guests: what `virt-nested` does through libvirt. `virt-nested` starts it with the
// command's name and the rest of its command line.
#include "core/text.h"
#include "validator/command.h"
#include "validator/guests/commands.h"
#include "validator/guests/connection.h"

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
    try {
        prepare_libvirt();
        return found->run({arguments.begin() + 1, arguments.end()});
    } catch (const UsageError& error) {
        std::cerr << "virt-nested " << name << ": " << error.what() << "; run: virt-nested " << name
                  << " --help\n";
        return exit_usage;
    }
}

} // namespace

int main(int argc, char** argv) {
    try {
        const int status = run({argv + 1, argv + argc});
        std::cout.flush();
        if (!std::cout) {
            std::cerr << "virt-nested: standard output could not be written\n";
            return status == exit_pass ? exit_fail : status;
        }
        return status;
    } catch (const std::exception& error) {
        std::cerr << "virt-nested: " << virt_nested::printable(error.what()) << "\n";
        return exit_undetermined;
    }
}
