// SPDX-License-Identifier: GPL-2.0-or-later
// A command of `virt-nested`: its entry, its options, and what all of them have in common. A new
// command is a file cmd_NAME.cpp that ends with its entry, `extern const Entries<Command>
// command_NAME`; help, manual and completion are made from it.
#pragma once

#include "cli/entries.h"
#include "cli/exit_status.h"
#include "core/sysroot.h"

#include <boost/program_options.hpp>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

using Options = boost::program_options::options_description;

/// One command line, read. Words behind the options are its operands.
struct Parsed {
    boost::program_options::variables_map values;
    std::vector<std::string> operands;
    std::vector<std::string> arguments; ///< as they came, for a program that is to do the same

    bool has(const char* option) const { return values.count(option) > 0; }
    bool flag(const char* option) const { return has(option) && values[option].as<bool>(); }
    std::string text(const char* option, const std::string& otherwise = {}) const {
        return has(option) ? values[option].as<std::string>() : otherwise;
    }
    std::vector<std::string> list(const char* option) const {
        return has(option) ? values[option].as<std::vector<std::string>>()
                           : std::vector<std::string>();
    }
};

struct Command {
    const char* name;
    const char* summary;  ///< one line
    const char* operands; ///< what follows the options, e.g. "FILE|-"; empty: nothing may
    Options (*options)();
    /// Returns the exit status, or throws UsageError. nullptr (then `options` too): it is done by
    /// virt-nested-guests, and here to be listed.
    int (*run)(const Parsed& parsed);
};

/// Wrong usage: printed in one line with "run: virt-nested COMMAND --help", status 2.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// nullptr where none has this name.
const Command* command_named(std::span<const Command* const> commands, std::string_view name);

/// Reads the command line and runs the command; --help prints its options instead.
int run_command(const Command& command, const std::vector<std::string>& arguments);
/// The whole of main: what `run` returns for the command line without the program's name; 3 for any
/// exception, 1 where standard output could not be written.
int run_program(int argc, char** argv, int (*run)(const std::vector<std::string>& arguments));

/// What the manual and the shells' completion are made of, for --describe: lines of values with
/// tabs between them, "command NAME SUMMARY OPERANDS" and "option COMMAND LONG SHORT VALUE DEFAULT
/// CHOICES TEXT" (CHOICES with spaces between them). Of commands that are done elsewhere, nothing.
std::string description(std::span<const Command* const> commands);

// --- options that several commands have

/// An option without a value.
void add_flag(Options& options, const char* name, const std::string& words);
/// An option with one of `choices`, which its help lists behind `words`; none of them is
/// UsageError. `otherwise`: its default, or empty.
struct Choice {
    const char* name;
    const char* value; ///< "FORMAT"
    std::vector<std::string> choices;
    std::string words;
    std::string otherwise;
    std::string behind; ///< words behind the list
};
void add_choice(Options& options, const Choice& choice);
/// An option with a text; `name` may carry a short one, as in "connect,c".
void add_text(Options& options, const char* name, const char* value, const std::string& words);
/// -c, --connect URI.
void add_connect(Options& options, const std::string& words = "connection");
/// The same as often as one likes: Parsed::list.
void add_connects(Options& options, const std::string& words);

/// The file that an option names, or empty where it was not given; UsageError where it is not
/// there.
std::string file_of(const Parsed& parsed, const char* option);
/// The value of --root where it may be a capture too (virt-nested alone reads one).
constexpr const char* root_value = "DIR|FILE";
/// --root DIR; UsageError where that is no folder to read.
Sysroot root_of(const Parsed& parsed);

} // namespace virt_nested
