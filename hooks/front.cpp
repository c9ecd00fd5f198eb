// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested-hook: what libvirt runs at every start. Linked fully statically, so that no library
// can be missing in the middle of an upgrade. It answers at once whatever is not ours and hands the
// rest to virt-nested-judge, whose every possible failure it turns into the answer that is safe for
// this guest.
#include "hooks/answer.h"
#include "hooks/log.h"
#include "version.h"

#include <string_view>
#include <unistd.h>

int main(int argc, char** argv) {
    using namespace virt_nested;
    // Not of the stack: a handler may need it when main has returned.
    static const HookArguments arguments(argc, argv);
    if (arguments.help || arguments.version) {
        const std::string_view text =
            arguments.help ? hook_usage : "virt-nested-hook " VIRT_NESTED_VERSION "\n";
        return ::write(STDOUT_FILENO, text.data(), text.size()) < 0;
    }
    // What must never fail goes first, and waits for nothing: a non-zero exit at reconnect kills a
    // running guest, and so does whatever ends this program.
    if (arguments.operation && !is_judged(arguments.operation))
        return let_pass(argv, arguments);
    if (arguments.wrong) {
        say(hook_usage);
        return 2;
    }
    return answer(argv, arguments);
}
