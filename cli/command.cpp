// SPDX-License-Identifier: GPL-2.0-or-later
// The table of commands, and what they have in common: options, what goes wrong, exit statuses.
#include "cli/command.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <iostream>

namespace virt_nested {

namespace po = boost::program_options;

namespace {

constexpr auto table = std::to_array<Command>({
    {"validate", "check this host: now, at the next module load, at the next boot", "",
     run_validate},
    {"explain", "what the hook would decide for a guest, or a definition in a file, fact by fact",
     "GUEST|FILE|-", run_explain},
    {"enable", "turn nesting on: the configuration, and with --now the running module", "",
     run_enable},
    {"disable", "turn nesting off: the same the other way round", "", run_disable},
    {"label", "state that a guest must, must not, or may have nesting; make its definition fit",
     "GUEST...|--all require|forbid|allow", nullptr},
    {"unlabel", "take the label away", "GUEST...|--all", nullptr},
    {"list", "every guest: its label, what it has, what a start would do", "", nullptr},
    {"inject", "make labelled definitions deliver what their label asks", "GUEST...|--all|--watch",
     nullptr},
    {"selftest", "prove that enforcement is live, with a guest that the hook must refuse", "",
     nullptr},
});

const Command& command(const std::string& name) {
    return *std::find_if(table.begin(), table.end(),
                         [&](const Command& c) { return name == c.name; });
}

} // namespace

std::span<const Command> commands() {
    return table;
}

int run_command(const std::string& name, const std::function<int()>& run) {
    try {
        return run();
    } catch (const UsageError& error) {
        std::cerr << "virt-nested " << name << ": " << error.what() << "; run: virt-nested " << name
                  << " --help\n";
        return exit_usage;
    }
}

int run_program(int argc, char** argv, int (*run)(const std::vector<std::string>& arguments)) {
    try {
        const int status = run({argv + 1, argv + argc});
        std::cout.flush();
        if (!std::cout) {
            std::cerr << "virt-nested: standard output could not be written\n";
            return status == exit_pass ? exit_fail : status;
        }
        return status;
    } catch (const std::exception& error) {
        std::cerr << "virt-nested: " << printable(error.what()) << "\n";
        return exit_undetermined;
    }
}

Parsed parse_options(const char* name, const po::options_description& options,
                     const char* positional, const std::vector<std::string>& arguments) {
    po::options_description shown("Options");
    shown.add(options);
    shown.add_options()("help,h", "this help");
    po::options_description all;
    all.add(shown);
    po::positional_options_description rest;
    if (*positional != '\0') {
        all.add_options()(positional, po::value<std::vector<std::string>>());
        rest.add(positional, -1);
    }
    Parsed out;
    try {
        // No abbreviations: an option that is added later must not change what a script means.
        const int style =
            po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
        po::store(
            po::command_line_parser(arguments).options(all).positional(rest).style(style).run(),
            out.values);
        po::notify(out.values);
    } catch (const po::error& error) {
        throw UsageError(printable(error.what()));
    }
    if (out.has("help")) {
        out.done = true;
        std::cout << "Usage: virt-nested " << name << " [OPTION]... " << command(name).arguments
                  << "\n"
                  << command(name).summary << "\n\n"
                  << shown;
    }
    return out;
}

std::string one_of(const std::string& option, const std::string& value,
                   const std::vector<std::string>& choices) {
    if (std::find(choices.begin(), choices.end(), value) == choices.end())
        throw UsageError("--" + option + " '" + printable(value, 64) + "' is none of " +
                         listed(choices));
    return value;
}

std::string file_of(const Parsed& parsed, const char* option) {
    std::string path = parsed.text(option);
    const Result<FileStatus> status = Sysroot().status(path);
    if (parsed.has(option) && !status)
        throw UsageError("--" + std::string(option) + " " + status.error().what);
    return path;
}

Sysroot root_of(const Parsed& parsed) {
    Sysroot root(parsed.text("root"));
    if (parsed.has("root") && !root.list("/"))
        throw UsageError("--root '" + printable(parsed.text("root")) +
                         "' is not a folder that can be read");
    return root;
}

} // namespace virt_nested
