// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested enable and disable.
#include "cli/command.h"
#include "validator/bringup/enable.h"

namespace virt_nested {

namespace {

Options options() {
    Options out;
    add_flag(out, "dry-run,n", "print what would be done, change nothing");
    add_flag(out, "now",
             "reload the module at once; refused, with their names, while guests use it");
    add_flag(out, "runtime", "with --now: until the next boot only; no file is written");
    add_flag(out, "no-initramfs",
             "name the command that builds a stale initramfs anew, do not run it");
    add_text(out, "root", "DIR", "the image or chroot below DIR instead of this host");
    return out;
}

int run(const Parsed& parsed, EnableOptions wanted) {
    const Sysroot root = root_of(parsed);
    if (!root.live() && parsed.flag("now"))
        throw UsageError("--now is about this host, and --root about another");
    if (parsed.flag("runtime") && !parsed.flag("now"))
        throw UsageError("--runtime is until the next boot, and needs --now");
    wanted.runtime = parsed.flag("runtime");
    wanted.dry_run = parsed.flag("dry-run");
    wanted.now = parsed.flag("now");
    wanted.initramfs = !parsed.flag("no-initramfs");
    return enable(root, wanted);
}

constexpr Command entries[] = {
    {.name = "enable",
     .summary = "turn nesting on: the configuration, and with --now the running module",
     .operands = "",
     .options = options,
     .run = [](const Parsed& parsed) { return run(parsed, {.on = true}); }},
    {.name = "disable",
     .summary = "turn nesting off: the same the other way round",
     .operands = "",
     .options = options,
     .run = [](const Parsed& parsed) { return run(parsed, {.on = false}); }}};

} // namespace

extern const Entries<Command> command_enable = entries;

} // namespace virt_nested
