// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested enable and disable.
#include "cli/command.h"
#include "cli/result.h"
#include "validator/bringup/enable.h"
#include "validator/bringup/plan.h"

#include <nlohmann/json.hpp>

namespace virt_nested {

namespace {

Options disable_options() {
    Options out;
    add_result_options(out);
    add_flag(out, "now",
             "reload the module at once; refused, with their names, while guests use it");
    add_flag(out, "runtime", "with --now: until the next boot only; no file is written");
    add_flag(out, "no-initramfs",
             "name the command that builds a stale initramfs anew, do not run it");
    add_text(out, "root", "DIR", "the image or chroot below DIR instead of this host");
    return out;
}

Options enable_options() {
    Options out = disable_options();
    add_flag(out, "reset",
             "take the file away that enable or disable wrote, and change nothing else");
    return out;
}

int answer(const Parsed& parsed, const char* command,
           const std::function<int(EnableResult&)>& work) {
    EnableResult result;
    return with_result(
        parsed, command, [&] { return work(result); },
        [&](nlohmann::ordered_json& out) {
            out["changed"] = result.changed;
            out["file"] = {{"path", own_file},
                           {"before", or_null(result.file_before)},
                           {"after", or_null(result.file_after)}};
            out["running"] = {{"before", or_null(result.running_before)},
                              {"after", or_null(result.running_after)}};
            out["waits"] = result.waits;
        });
}

int run(const Parsed& parsed, EnableOptions wanted) {
    const Sysroot root = root_of(parsed);
    if (parsed.flag("reset")) {
        for (const char* other : {"now", "runtime", "no-initramfs"})
            if (parsed.flag(other))
                throw UsageError(std::string("--reset changes nothing but the file, and --") +
                                 other + " is about more");
        return answer(parsed, "enable", [&](EnableResult& result) {
            return reset(root, parsed.flag("dry-run"), result);
        });
    }
    if (!root.live() && parsed.flag("now"))
        throw UsageError("--now is about this host, and --root about another");
    if (parsed.flag("runtime") && !parsed.flag("now"))
        throw UsageError("--runtime is until the next boot, and needs --now");
    wanted.runtime = parsed.flag("runtime");
    wanted.dry_run = parsed.flag("dry-run");
    wanted.now = parsed.flag("now");
    wanted.initramfs = !parsed.flag("no-initramfs");
    return answer(parsed, wanted.on ? "enable" : "disable",
                  [&](EnableResult& result) { return enable(root, wanted, result); });
}

constexpr Command entries[] = {
    {.name = "enable",
     .summary = "turn nesting on: the configuration, and with --now the running module",
     .operands = "",
     .options = enable_options,
     .run = [](const Parsed& parsed) { return run(parsed, {.on = true}); }},
    {.name = "disable",
     .summary = "turn nesting off: the same the other way round",
     .operands = "",
     .options = disable_options,
     .run = [](const Parsed& parsed) { return run(parsed, {.on = false}); }}};

} // namespace

extern const Entries<Command> command_enable = entries;

} // namespace virt_nested
