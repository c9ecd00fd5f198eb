// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested explain: the hook's decision on a definition, for a person.
#include "cli/command.h"
#include "cli/explanation.h"
#include "core/sysroot.h"
#include "validator/definition_file.h"
#include "validator/guests_program.h"
#include "validator/host_options.h"

#include <unistd.h>

namespace virt_nested {

namespace {

/// What a file's reader could have meant stays a file: a path, or a name that exists.
bool names_guest(const Parsed& parsed, const std::string& definition) {
    if (parsed.has("connect") || parsed.flag("live"))
        return true;
    const bool path = definition == "-" || definition.find('/') != std::string::npos;
    return !path && ::access(definition.c_str(), F_OK) != 0;
}

int run(const Parsed& parsed) {
    if (parsed.operands.size() != 1)
        throw UsageError("one guest, or one file with a domain XML, is needed, or - for standard "
                         "input");
    const std::string& definition = parsed.operands.front();
    if (names_guest(parsed, definition))
        return run_guests_program("explain", parsed.arguments);
    const Sysroot root = root_or_capture_of(parsed);
    const Config config = parsed.has("config") ? read_config(Sysroot(), file_of(parsed, "config"))
                                               : read_config(root);
    const Fd fd = open_definition(definition);
    const ByteSource source = [&](char* buffer, size_t size) {
        return static_cast<long>(::read(fd.get(), buffer, size));
    };
    return explain(judge_guest(phase_of(parsed, Phase::prepare), source, root, config, true),
                   config, parsed);
}

constexpr Command entries[] = {
    {.name = "explain",
     .summary = "what the hook would decide for a guest, or a definition in a file, fact by fact",
     .operands = "GUEST|FILE|-",
     .options = explain_options,
     .run = run}};

} // namespace

extern const Entries<Command> command_explain = entries;

} // namespace virt_nested
