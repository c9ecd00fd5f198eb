// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested enable and disable.
#include "cli/command.h"
#include "core/text.h"
#include "validator/bringup/enable.h"

namespace virt_nested {

namespace po = boost::program_options;

namespace {

int run(const char* name, bool on, const std::vector<std::string>& arguments) {
    po::options_description options;
    options.add_options()                                                            //
        ("dry-run,n", po::bool_switch(), "print what would be done, change nothing") //
        ("now", po::bool_switch(),
         "reload the module at once; refused, with their names, while guests use it") //
        ("no-initramfs", po::bool_switch(),
         "name the command that builds a stale initramfs anew, do not run it") //
        ("root", po::value<std::string>()->value_name("DIR"),
         "the image or chroot below DIR instead of this host");
    const Parsed parsed = parse_options(name, options, "", arguments);
    if (parsed.done)
        return exit_pass;
    const Sysroot root = root_of(parsed);
    const bool now = parsed.values["now"].as<bool>();
    if (!root.live() && now)
        throw UsageError("--now is about this host, and --root about another");
    const bool initramfs = !parsed.values["no-initramfs"].as<bool>();
    return enable(root, {on, parsed.values["dry-run"].as<bool>(), now, initramfs});
}

} // namespace

int run_enable(const std::vector<std::string>& arguments) {
    return run("enable", true, arguments);
}

int run_disable(const std::vector<std::string>& arguments) {
    return run("disable", false, arguments);
}

} // namespace virt_nested
