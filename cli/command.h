// SPDX-License-Identifier: GPL-2.0-or-later
// The commands of `virt-nested`: a table, one file a command (cmd_*.cpp).
#pragma once

#include "cli/exit_status.h"
#include "core/sysroot.h"

#include <boost/program_options.hpp>

#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace virt_nested {

struct Command {
    const char* name;
    const char* summary;   ///< one line, for --help
    const char* arguments; ///< what follows the options, e.g. "FILE|-"
    /// The rest of the command line, the command's name left out. nullptr: done by the program that
    /// speaks to libvirt.
    int (*run)(const std::vector<std::string>& arguments);
};

std::span<const Command> commands();

/// Wrong usage: run_command prints it in one line with "run: virt-nested COMMAND --help", status 2.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What `run` returns, or 2 where it throws UsageError.
int run_command(const std::string& name, const std::function<int()>& run);
/// The whole of main: what `run` returns for the command line without the program's name; 3 for any
/// other exception, 1 where standard output could not be written.
int run_program(int argc, char** argv, int (*run)(const std::vector<std::string>& arguments));

/// Options of one command, parsed with Boost.Program_options. `--help` is among them: where it is
/// given, the help was printed and `done` is true. `positional`: name of the option that takes what
/// follows, or empty. Throws UsageError.
struct Parsed {
    boost::program_options::variables_map values;
    bool done = false;

    bool has(const char* name) const { return values.count(name) > 0; }
    std::string text(const char* name, const std::string& otherwise = {}) const {
        return has(name) ? values[name].as<std::string>() : otherwise;
    }
    std::vector<std::string> list(const char* name) const {
        return has(name) ? values[name].as<std::vector<std::string>>() : std::vector<std::string>();
    }
};
Parsed parse_options(const char* command,
                     const boost::program_options::options_description& options,
                     const char* positional, const std::vector<std::string>& arguments);

/// `value` if it is one of `choices`, else UsageError that names them.
std::string one_of(const std::string& option, const std::string& value,
                   const std::vector<std::string>& choices);

/// The file that an option names, or empty where it was not given; UsageError where it is not
/// there.
std::string file_of(const Parsed& parsed, const char* option);
/// --root DIR; UsageError where that is no folder to read.
Sysroot root_of(const Parsed& parsed);

int run_validate(const std::vector<std::string>& arguments);
int run_disable(const std::vector<std::string>& arguments);
int run_enable(const std::vector<std::string>& arguments);
int run_explain(const std::vector<std::string>& arguments);

/// Becomes virt-nested-guests, from the folder for such programs or from beside this one. Returns
/// only where it is not there, with exit status 3.
int run_guests_program(const std::string& command, const std::vector<std::string>& arguments);

} // namespace virt_nested
