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
        if (argc < 5) {
            help = argc == 2 && std::strcmp(argv[1], "--help") == 0;
            version = argc == 2 && std::strcmp(argv[1], "--version") == 0;
            guest = argc > 2 ? argv[1] : nullptr;
            operation = argc > 2 ? argv[2] : nullptr;
            wrong = !help && !version;
            return;
        }
        // The last four are libvirt's, whatever they look like: a guest may be named --help.
        const int last = argc - 4;
        guest = argv[last];
        operation = argv[last + 1];
        for (int at = 1; at < last; at += 2) {
            const bool has_value = at + 1 < last;
            if (has_value && std::strcmp(argv[at], "--root") == 0)
                root = argv[at + 1];
            else if (has_value && std::strcmp(argv[at], "--config") == 0)
                config = argv[at + 1];
            else
                wrong = true;
        }
    }
};

} // namespace virt_nested
