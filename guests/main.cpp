// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested-guests: what `virt-nested` does through libvirt. `virt-nested` starts it with the
// command's name and the rest of its command line.
#include "cli/commands.h"
#include "guests/connection.h"
#include "guests/explain_guest.h"
#include "guests/inject_guests.h"

#include <array>
#include <iostream>

namespace {

using namespace virt_nested;

int run(const std::vector<std::string>& arguments) {
    const std::string name = arguments.empty() ? "" : arguments.front();
    if (name == "--describe") {
        std::cout << description(guest_commands());
        return exit_pass;
    }
    // Those that virt-nested itself carries out for a definition in a file.
    static constexpr std::array<const Command*, 2> shared = {&explain_guest, &inject_guests};
    const Command* command = command_named(shared, name);
    if (!command)
        command = command_named(guest_commands(), name);
    if (!command) {
        std::cerr << "virt-nested-guests: it is run by virt-nested; run: virt-nested --help\n";
        return exit_usage;
    }
    prepare_libvirt();
    return run_command(*command, {arguments.begin() + 1, arguments.end()});
}

} // namespace

int main(int argc, char** argv) {
    return virt_nested::run_program(argc, argv, run);
}
