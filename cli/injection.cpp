// SPDX-License-Identifier: GPL-2.0-or-later
// The options of `virt-nested inject`.
#include "cli/injection.h"

#include "cli/result.h"

namespace virt_nested {

Options inject_options() {
    Options options;
    add_connect(options, "for guests: connection");
    add_flag(options, "all",
             "every labelled guest; adds features to a CPU that is there, chooses none");
    add_flag(options, "dry-run,n", "show a unified diff and change nothing");
    add_result_format(options);
    add_flag(options, "override", "change what the definition says to the contrary");
    add_flag(options, "watch",
             "as a service: all guests, then every one that is defined, relabelled or fails to "
             "start, until SIGTERM");
    add_choice(options, {.name = "policy",
                         .value = "POLICY",
                         .choices = {"require", "forbid"},
                         .words = "for a definition that carries no label, and gets none",
                         .otherwise = {},
                         .behind = {}});
    add_text(options, "root", root_value,
             "for a definition: the host is the machine captured below DIR, or in FILE");
    add_text(options, "for", "FACTS",
             "for a definition: the host is the one that printed these facts (virt-nested facts)");
    return options;
}

} // namespace virt_nested
