// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested: find the command and run it.
#include "cli/commands.h"
#include "core/text.h"
#include "validator/checks/check.h"
#include "validator/guests_program.h"
#include "version.h"

#include <algorithm>
#include <iostream>

namespace {

using namespace virt_nested;

void print_commands(const char* heading, std::span<const Command* const> commands) {
    std::cout << heading;
    for (const Command* command : commands)
        std::cout << "  " << command->name
                  << std::string(12 - std::string(command->name).size(), ' ') << command->summary
                  << "\n";
}

void print_help() {
    std::cout << "Usage: virt-nested COMMAND [OPTION]...\n"
                 "Makes host, guest definition and intent agree on nested virtualization.\n";
    print_commands("\nThis host:\n", host_commands());
    print_commands("\nGuests, through libvirt:\n", guest_commands());
    std::cout << "\nvirt-nested COMMAND --help tells more. Exit status: 0 pass; 1 fail; 2 wrong "
                 "usage; 3 nothing could be\n"
                 "decided; 4 passes with warnings.\n";
}

std::vector<const Command*> all_commands() {
    std::vector<const Command*> out(host_commands().begin(), host_commands().end());
    out.insert(out.end(), guest_commands().begin(), guest_commands().end());
    return out;
}

int unknown_command(const std::string& name) {
    const std::vector<const Command*> all = all_commands();
    const Command* nearest =
        *std::min_element(all.begin(), all.end(), [&](const Command* a, const Command* b) {
            return edit_distance(name, a->name) < edit_distance(name, b->name);
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
    if (name == "--describe") {
        std::cout << description(host_commands());
        for (const Check& entry : checks())
            std::cout << join({"check", std::string(entry.id), std::string(entry.title),
                               std::string(entry.why), std::string(entry.reference)},
                              "\t")
                      << "\n";
        return exit_pass;
    }
    const Command* command = command_named(all_commands(), name);
    if (!command)
        return unknown_command(name);
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    return command->run ? run_command(*command, rest) : run_guests_program(name, rest);
}

} // namespace

int main(int argc, char** argv) {
    return virt_nested::run_program(argc, argv, run);
}
