// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested facts: what programs need to know, whatever the state of the host.
#include "cli/command.h"
#include "validator/facts_line.h"
#include "validator/guests_program.h"
#include "validator/host_options.h"

#include <ctime>
#include <iostream>

namespace virt_nested {

namespace {

/// A fleet's engine waits for the answer.
constexpr std::chrono::milliseconds guests_limit{1900};

Options options() {
    Options out;
    add_flag(out, "guests", "count the guests by label and exposure, through libvirt");
    add_connect(out, "connection for --guests");
    add_text(out, "root", root_value,
             "the machine captured below DIR, or in FILE; nothing live is asked");
    add_text(out, "config", "FILE", "configuration instead of the host's");
    return out;
}

Result<std::string> count_guests(const Parsed& parsed, const Sysroot& root) {
    if (!root.here())
        return Error{0, "a captured machine has no libvirt that could be asked"};
    std::vector<std::string> arguments = {"list", "--format", "counts"};
    if (parsed.has("connect"))
        arguments.insert(arguments.end(), {"--connect", parsed.text("connect")});
    return ask_guests_program(arguments, guests_limit);
}

int run(const Parsed& parsed) {
    if (parsed.has("connect") && !parsed.flag("guests"))
        throw UsageError("--connect is for --guests");
    const Sysroot root = root_or_capture_of(parsed);
    begin_time_limit();
    const ValidateOptions wanted = host_options(parsed, root);
    const Facts facts = gather(root, wanted);
    const Report report = report_on(facts, wanted);
    std::optional<Result<std::string>> guests;
    if (parsed.flag("guests"))
        guests = count_guests(parsed, root);
    std::cout << facts_line(facts, report, guests, ::time(nullptr));
    return exit_pass;
}

constexpr Command entries[] = {{.name = "facts",
                                .summary = "what programs need to know of this host, in one line",
                                .operands = "",
                                .options = options,
                                .run = run}};

} // namespace

extern const Entries<Command> command_facts = entries;

} // namespace virt_nested
