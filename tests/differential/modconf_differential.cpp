// SPDX-License-Identifier: GPL-2.0-or-later
// Generated modprobe.d trees and command lines: our fold against libkmod and modprobe, which must
// agree on every one. Exit 77 where there can be no private mount namespace.
#include "core/modconf/modconf.h"
#include "core/text.h"
#include "tests/differential/compare.h"
#include "tests/differential/generate.h"
#include "tests/differential/sandbox.h"

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

using namespace virt_nested;

namespace {

struct Options {
    uint64_t seed = 1;
    uint64_t cases = 10'000;
    uint64_t modprobe = 300; ///< so many of them also through the program
    int kmod = 0;            ///< the version of libkmod; 0: the installed one
};

std::string described(const test::Case& generated) {
    std::string out;
    for (const test::Entry& entry : generated.entries)
        out += "  " + printable(entry.path) +
               (entry.kind == test::Entry::Kind::link ? " -> " : ": ") +
               printable(entry.text, 8192) + "\n";
    return out + "  command line: " + printable(generated.cmdline, 8192) + "\n";
}

/// The difference in this case, or nothing.
std::optional<std::string> check(const test::Sandbox& sandbox, const KmodProfile& profile,
                                 const test::Case& generated, bool with_program, bool live) {
    sandbox.fill(generated);
    const Sysroot root(live ? std::string() : sandbox.root());
    const ModConf conf = load_modconf(root, profile);
    const Result<Cmdline> cmdline = read_cmdline(root, profile);
    if (!cmdline)
        return cmdline.error().what;
    if (!conf.complete())
        return "our reading is incomplete: " + conf.problems.front().reason;
    if (auto found = test::compare_with_libkmod(sandbox, conf, *cmdline))
        return found;
    return with_program ? test::compare_with_modprobe(sandbox, conf, *cmdline) : std::nullopt;
}

std::optional<std::string> check_command(const test::Sandbox& sandbox, uint64_t seed) {
    const std::string command = test::generate_command(seed);
    if (auto found = test::compare_with_shell(sandbox, command))
        return "install kvm_intel " + command + ": " + *found;
    return std::nullopt;
}

int run(const Options& options) {
    InstalledKmod kmod = installed_kmod(Sysroot());
    if (options.kmod != 0)
        kmod = {kmod_profile(options.kmod), true, "asked for"};
    if (!kmod.known) {
        std::cerr << "the version of kmod cannot be told: " << kmod.source << "\n";
        return EXIT_FAILURE;
    }
    const Result<test::Sandbox> sandbox = test::Sandbox::enter();
    if (!sandbox) {
        const char* ci_value = std::getenv("CI");
        const bool ci = ci_value && std::string_view(ci_value) == "true";
        std::cerr << "skipped: " << sandbox.error().what << "\n";
        return ci ? EXIT_FAILURE : 77;
    }
    const uint64_t step =
        options.modprobe ? std::max<uint64_t>(options.cases / options.modprobe, 1) : 0;
    uint64_t programs = 0;
    for (uint64_t i = 0; i < options.cases; ++i) {
        const uint64_t seed = options.seed + i;
        const test::Case generated = test::generate(seed);
        const bool with_program = step && i % step == 0;
        programs += with_program ? 1 : 0;
        if (auto found = check(*sandbox, kmod.profile, generated, with_program, seed % 2 == 0)) {
            std::cerr << "seed " << seed << ": " << *found << "\n" << described(generated);
            return EXIT_FAILURE;
        }
        if (auto found = with_program ? check_command(*sandbox, seed) : std::nullopt) {
            std::cerr << "seed " << seed << ": " << *found << "\n";
            return EXIT_FAILURE;
        }
    }
    std::cout << options.cases << " trees and command lines, kmod " << kmod.profile.version << " ("
              << kmod.source << "), " << programs << " of them through modprobe: no difference\n";
    return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
    ::setenv("KMOD_LOG", "0", 1); // libkmod names every bad line on stderr, while it is being made
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view word = argv[i];
        const uint64_t number = std::strtoull(argv[i + 1], nullptr, 10);
        if (word == "--seed")
            options.seed = number;
        else if (word == "--cases")
            options.cases = number;
        else if (word == "--modprobe")
            options.modprobe = number;
        else if (word == "--kmod") // with another libkmod in LD_LIBRARY_PATH
            options.kmod = static_cast<int>(number);
    }
    return run(options);
}
