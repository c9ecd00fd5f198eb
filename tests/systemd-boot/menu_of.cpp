// SPDX-License-Identifier: GPL-2.0-or-later
// systemd-boot's menu in a root folder as this product reads it: a line "FILE", or "FILE *" where
// it is chosen, for each entry, in order. Each line of the input is a root.
#include "validator/boot/readers.h"

#include <iostream>
#include <string>

int main() {
    using namespace virt_nested;
    for (std::string root; std::getline(std::cin, root);) {
        const BootMenu menu = read_systemd_boot_menu(Sysroot(root), {"/efi", "/boot"});
        for (const BootEntry& entry : menu.entries) {
            // bootctl knows of those that systemd-boot adds only where that has run.
            if (entry.id.starts_with("auto-"))
                continue;
            const size_t end = entry.source.find_last_of(entry.unified ? " " : ":");
            std::cout << entry.source.substr(0, end) << (entry.chosen ? " *" : "") << '\n';
        }
        std::cout << std::endl;
    }
}
