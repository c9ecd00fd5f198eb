// SPDX-License-Identifier: GPL-2.0-or-later
// How libvirt calls the hook: NAME OPERATION SUBOPERATION EXTRA (docs/hooks.rst), with our own
// options in front of them for tests and wrappers. Shared by front and judge, and free of
// allocation: the front answers most starts with it.
#pragma once

#include <cstring>

namespace virt_nested {

inline constexpr const char* hook_usage =
    "Usage: virt-nested-hook [--root DIR] [--config FILE] GUEST OPERATION SUBOPERATION EXTRA\n"
    "Called by libvirt as /etc/libvirt/hooks/qemu.d/99-virt-nested, with a domain XML on standard "
    "input.\n"
    "  --root DIR     judge for the machine captured below DIR\n"
    "  --config FILE  instead of /etc/virt-nested/virt-nested.conf\n"
    "Exit status: 0 the guest may go on; 1 refused, with one line on standard error; 2 wrong "
    "usage.\n";

struct HookArguments {
    const char* root = "";
    const char* config = nullptr;
    const char* guest = nullptr;
    const char* operation = nullptr;
    bool help = false;
    bool version = false;
    bool wrong = false; ///< an unknown option, or too few arguments

    HookArguments(int argc, char** argv) {
        int at = 1;
        for (; at < argc && std::strncmp(argv[at], "--", 2) == 0; ++at) {
            const bool has_value = at + 1 < argc;
            if (std::strcmp(argv[at], "--root") == 0 && has_value)
                root = argv[++at];
            else if (std::strcmp(argv[at], "--config") == 0 && has_value)
                config = argv[++at];
            else if (std::strcmp(argv[at], "--help") == 0)
                help = true;
            else if (std::strcmp(argv[at], "--version") == 0)
                version = true;
            else
                break; // a guest may be named like an option
        }
        if (at + 1 < argc) {
            guest = argv[at];
            operation = argv[at + 1];
        }
        wrong = !help && !version && argc - at < 4;
    }
};

} // namespace virt_nested
