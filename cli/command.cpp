// SPDX-License-Identifier: GPL-2.0-or-later
// What commands have in common: options, what goes wrong, exit statuses.
#include "cli/command.h"

#include "core/text.h"

#include <algorithm>
#include <iostream>
#include <sys/stat.h>

namespace virt_nested {

namespace po = boost::program_options;

namespace {

constexpr const char* uri_words = ", as virsh has it (default: libvirt's own)";

/// A text of which the option knows what it may be.
class ChosenText final : public po::typed_value<std::string> {
  public:
    explicit ChosenText(std::vector<std::string> all)
        : po::typed_value<std::string>(nullptr), choices(std::move(all)) {}

    const std::vector<std::string> choices;
};

const ChosenText* chosen_text(const po::option_description& option) {
    return dynamic_cast<const ChosenText*>(option.semantic().get());
}

Options shown_options(const Command& command) {
    Options out("Options");
    out.add(command.options());
    out.add_options()("help,h", "this help");
    return out;
}

void check_choices(const Options& options, const Parsed& parsed) {
    for (const auto& option : options.options()) {
        const ChosenText* known = chosen_text(*option);
        const std::string name = option->long_name();
        if (!known || !parsed.has(name.c_str()))
            continue;
        const std::string value = parsed.text(name.c_str());
        if (std::find(known->choices.begin(), known->choices.end(), value) == known->choices.end())
            throw UsageError("--" + name + " '" + printable(value, 64) + "' is none of " +
                             listed(known->choices));
    }
}

Parsed parse(const Command& command, const Options& shown,
             const std::vector<std::string>& arguments) {
    constexpr const char* operands = "operands";
    Options all;
    all.add(shown);
    all.add_options()(operands, po::value<std::vector<std::string>>());
    po::positional_options_description rest;
    rest.add(operands, -1);
    Parsed out;
    out.arguments = arguments;
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
    out.operands = out.list(operands);
    if (*command.operands == '\0' && !out.operands.empty() && !out.has("help"))
        throw UsageError("'" + printable(out.operands.front(), 64) + "' is not an option");
    return out;
}

std::string short_name(const po::option_description& option) {
    const std::string name = option.format_name();
    return name.size() > 1 && name[1] != '-' ? name.substr(1, 1) : std::string();
}

std::string default_of(const po::value_semantic& semantic) {
    boost::any value;
    if (!semantic.apply_default(value))
        return {};
    if (const auto* text = boost::any_cast<std::string>(&value))
        return *text;
    const auto* number = boost::any_cast<unsigned>(&value);
    return number ? std::to_string(*number) : std::string();
}

std::string describe(const Command& command, const po::option_description& option) {
    const po::value_semantic& semantic = *option.semantic();
    const bool valued = semantic.max_tokens() > 0;
    const std::string value = valued ? semantic.name() : std::string();
    const ChosenText* known = chosen_text(option);
    return join({"option", command.name, option.long_name(), short_name(option),
                 value.substr(0, value.find(" (=")), valued ? default_of(semantic) : "",
                 known ? join(known->choices, " ") : "", option.description()},
                "\t") +
           "\n";
}

} // namespace

const Command* command_named(std::span<const Command* const> commands, std::string_view name) {
    const auto found = std::find_if(commands.begin(), commands.end(),
                                    [&](const Command* one) { return name == one->name; });
    return found == commands.end() ? nullptr : *found;
}

int run_command(const Command& command, const std::vector<std::string>& arguments) {
    try {
        const Options shown = shown_options(command);
        const Parsed parsed = parse(command, shown, arguments);
        if (parsed.has("help")) {
            std::cout << "Usage: virt-nested " << command.name << " [OPTION]... "
                      << command.operands << "\n"
                      << command.summary << "\n\n"
                      << shown;
            return exit_pass;
        }
        check_choices(shown, parsed);
        return command.run(parsed);
    } catch (const UsageError& error) {
        std::cerr << "virt-nested " << command.name << ": " << error.what() << "; run: virt-nested "
                  << command.name << " --help\n";
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

std::string description(std::span<const Command* const> commands) {
    std::string out;
    for (const Command* command : commands) {
        if (!command->run)
            continue;
        out += join({"command", command->name, command->summary, command->operands}, "\t") + "\n";
        const Options shown = shown_options(*command);
        for (const auto& option : shown.options())
            out += describe(*command, *option);
    }
    return out;
}

void add_flag(Options& options, const char* name, const std::string& words) {
    options.add_options()(name, po::bool_switch(), words.c_str());
}

void add_choice(Options& options, const Choice& choice) {
    auto* value = new ChosenText(choice.choices); // options_description owns it
    value->value_name(choice.value);
    if (!choice.otherwise.empty())
        value->default_value(choice.otherwise);
    const std::string words = (choice.words.empty() ? "" : choice.words + ": ") +
                              listed(choice.choices, "or") + choice.behind;
    options.add_options()(choice.name, value, words.c_str());
}

void add_text(Options& options, const char* name, const char* value, const std::string& words) {
    options.add_options()(name, po::value<std::string>()->value_name(value), words.c_str());
}

void add_connect(Options& options, const std::string& words) {
    add_text(options, "connect,c", "URI", words + uri_words);
}

void add_connects(Options& options, const std::string& words) {
    options.add_options()("connect,c",
                          po::value<std::vector<std::string>>()->value_name("URI")->composing(),
                          (std::string("connection") + uri_words + "; " + words).c_str());
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
    if (!parsed.has("root") || root.list("/"))
        return root;
    const Result<FileStatus> file = Sysroot().status(parsed.text("root"));
    throw UsageError("--root '" + printable(parsed.text("root")) + "' is " +
                     (file && S_ISREG(file->mode)
                          ? "a file, and not a folder; a capture is read by validate, explain, "
                            "facts and inject alone"
                          : "not a folder that can be read"));
}

} // namespace virt_nested
