// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested explain: the hook's decision on a definition, for a person.
#include "cli/command.h"
#include "cli/explanation.h"
#include "core/sysroot.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <sys/stat.h>
#include <unistd.h>

namespace virt_nested {

namespace po = boost::program_options;

namespace {

Fd open_definition(const std::string& file) {
    if (file == "-")
        return Fd(::dup(STDIN_FILENO));
    Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd.get() < 0)
        throw UsageError("'" + printable(file) + "': " + std::strerror(errno));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
        throw UsageError("'" + printable(file) + "' is not a regular file");
    return fd;
}

/// What a file's reader could have meant stays a file: a path, or a name that exists.
bool names_guest(const Parsed& parsed, const std::string& definition) {
    if (parsed.has("connect") || parsed.has("live"))
        return true;
    const bool path = definition == "-" || definition.find('/') != std::string::npos;
    return !path && ::access(definition.c_str(), F_OK) != 0;
}

} // namespace

int run_explain(const std::vector<std::string>& arguments) {
    po::options_description options;
    options.add_options() //
        ("phase", po::value<std::string>()->default_value("prepare")->value_name("PHASE"),
         "hook operation to decide: prepare, start, started, migrate, restore or reconnect") //
        ("root", po::value<std::string>()->value_name("DIR"),
         "judge for the machine captured below DIR; nothing live is asked") //
        ("config", po::value<std::string>()->value_name("FILE"),
         "configuration instead of the host's") //
        ("format", po::value<std::string>()->default_value("text")->value_name("FORMAT"),
         "text or json") //
        ("connect,c", po::value<std::string>()->value_name("URI"),
         "for a guest: connection, as virsh has it (default: libvirt's own)") //
        ("live", "for a guest: judge it as it runs");
    const Parsed parsed = parse_options("explain", options, "definition", arguments);
    if (parsed.done)
        return exit_pass;
    const std::vector<std::string> files = parsed.list("definition");
    if (files.size() != 1)
        throw UsageError("one guest, or one file with a domain XML, is needed, or - for standard "
                         "input");
    if (names_guest(parsed, files.front()))
        return run_guests_program("explain", arguments);
    const std::optional<Phase> phase = phase_of(parsed.text("phase"));
    if (!phase)
        throw UsageError("--phase '" + printable(parsed.text("phase"), 64) +
                         "' is none of prepare, start, started, migrate, restore and reconnect");
    const std::string format = one_of("format", parsed.text("format"), {"text", "json"});
    const Sysroot root = root_of(parsed);
    const Config config = parsed.has("config") ? read_config(Sysroot(), file_of(parsed, "config"))
                                               : read_config(root);
    const Fd fd = open_definition(files.front());
    const ByteSource source = [&](char* buffer, size_t size) {
        return static_cast<long>(::read(fd.get(), buffer, size));
    };
    const Judgement judgement = judge_guest(*phase, source, root, config, true);
    std::cout << (format == "json" ? explanation_json(judgement, config)
                                   : explanation_text(judgement, config));
    return judgement.verdict.refuse ? exit_fail : exit_pass;
}

} // namespace virt_nested
