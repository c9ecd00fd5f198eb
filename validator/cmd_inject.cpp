// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested inject: a definition that is handed in is made to deliver here, without libvirt; one
// that libvirt knows, by the program that links it.
#include "cli/diff.h"
#include "cli/injection.h"
#include "cli/result.h"
#include "core/filter.h"
#include "core/text.h"
#include "validator/definition_file.h"
#include "validator/guests_program.h"
#include "validator/host_options.h"
#include "validator/other_host.h"

#include <algorithm>
#include <iostream>

namespace virt_nested {

namespace {

/// QEMU guests have no slash in their names (libvirt: VIR_DOMAIN_DEF_FEATURE_NAME_SLASH).
bool is_file(const std::string& operand) {
    return operand == "-" || operand.find('/') != std::string::npos;
}

void check_usage(const Parsed& parsed) {
    if (parsed.operands.size() > 1)
        throw UsageError("one definition at a time, in a file or on standard input (-), and no "
                         "guests beside it");
    if (parsed.has("connect") || parsed.flag("all") || parsed.flag("watch"))
        throw UsageError("--connect, --all and --watch are about guests that libvirt knows, not "
                         "about a definition that is handed in");
    if (as_json(parsed))
        throw UsageError("--format json is about guests that libvirt knows; here the definition "
                         "is what is printed");
    if (parsed.has("for") && parsed.has("root"))
        throw UsageError("--for and --root each name a host");
}

int say(const std::string& from, int status, const std::string& what) {
    std::cerr << "virt-nested inject: " << from << ": " << what << "\n";
    return status;
}

int problem(const std::string& from, const EditProblem& found) {
    const bool undetermined = found.kind == EditProblem::undetermined;
    const bool other_label = found.kind == EditProblem::contradiction;
    return say(from, undetermined ? exit_undetermined : exit_fail,
               found.what + (other_label ? "; change one of them, or take the label's word for "
                                           "it: virt-nested inject --override"
                                         : ""));
}

int filter(const Parsed& parsed) {
    check_usage(parsed);
    const std::string& file = parsed.operands.front();
    const std::string from = file == "-" ? "standard input" : "'" + printable(file) + "'";
    const Sysroot root = root_or_capture_of(parsed);
    const Result<std::string> text = read_definition(file);
    if (!text)
        return say(from, exit_undetermined, text.error().what);
    const TargetHost host =
        parsed.has("for") ? host_of_facts(parsed.text("for"))
                          : target_host(read_host(root, *kvm_of(root)), read_config(root).vouched);
    const EditResult result =
        filter_definition(*text, host,
                          {label_policy_of(parsed.text("policy")).value_or(LabelPolicy::none),
                           parsed.flag("override")});
    if (const auto* found = std::get_if<EditProblem>(&result))
        return problem(from, *found);
    const Edit& edit = std::get<Edit>(result);
    for (const std::string& warning : edit.warnings)
        say(from, exit_pass, warning);
    if (parsed.flag("dry-run"))
        std::cout << unified_diff(*text, edit.xml, printable(file),
                                  printable(file) + " (injected)");
    else
        std::cout << edit.xml;
    return exit_pass;
}

int run(const Parsed& parsed) {
    if (std::any_of(parsed.operands.begin(), parsed.operands.end(), is_file))
        return filter(parsed);
    for (const char* option : {"policy", "root", "for"})
        if (parsed.has(option))
            throw UsageError("--" + std::string(option) +
                             " is for a definition: a file by its path (./FILE), or - for "
                             "standard input");
    return run_guests_program("inject", parsed.arguments);
}

constexpr Command entries[] = {
    {.name = "inject",
     .summary = "make labelled definitions deliver what their label asks",
     .operands = "GUEST...|--all|--watch|FILE|-",
     .options = inject_options,
     .run = run}};

} // namespace

extern const Entries<Command> command_inject = entries;

} // namespace virt_nested
