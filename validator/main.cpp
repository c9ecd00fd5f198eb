// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested: find the command and run it.
#include "cli/command.h"
#include "core/text.h"
#include "version.h"

#include <algorithm>
#include <iostream>

namespace {

using namespace virt_nested;

void print_help() {
    std::cout
        << "Usage: virt-nested COMMAND [OPTION]...\n"
           "Makes host, guest definition and intent agree on nested virtualization.\n\nCommands:\n";
    for (const Command& command : commands())
        std::cout << "  " << command.name << std::string(12 - std::string(command.name).size(), ' ')
                  << command.summary << "\n";
    std::cout << "\nvirt-nested COMMAND --help tells more. Exit status: 0 pass; 1 fail; 2 wrong "
                 "usage; 3 nothing could be\n"
                 "decided; 4 passes with warnings.\n";
}

int unknown_command(const std::string& name) {
    const auto all = commands();
    const auto nearest =
        std::min_element(all.begin(), all.end(), [&](const Command& a, const Command& b) {
            return edit_distance(name, a.name) < edit_distance(name, b.name);
        });
    std::cerr << "virt-nested: unknown command '" << printable(name, 64) << "'";
    if (edit_distance(name, nearest->name) <= 3)
        std::cerr << ", did you mean '" << nearest->name << "'?";
    std::cerr << "; run: virt-nested --help\n";
    return exit_usage;
}

int run(const std::vector<std::string>& arguments) {
    if (arguments.empty()) {
        std::cerr << "virt-nested: no command; run: virt-nested --help\n";
        return exit_usage;
    }
    const std::string& name = arguments.front();
    if (name == "--help" || name == "-h" || name == "help") {
        print_help();
        return exit_pass;
    }
    if (name == "--version" || name == "-V") {
        std::cout << "virt-nested " << VIRT_NESTED_VERSION << "\n";
        return exit_pass;
    }
    const auto all = commands();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Command& c) { return name == c.name; });
    if (found == all.end())
        return unknown_command(name);
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    return run_command(
        name, [&] { return found->run ? found->run(rest) : run_guests_program(name, rest); });
}

} // namespace

int main(int argc, char** argv) {
    return virt_nested::run_program(argc, argv, run);
}
