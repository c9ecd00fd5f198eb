// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested prove: a guest's guest, run here and now.
#include "cli/result.h"
#include "core/atomic_file.h"
#include "core/cpuinfo.h"
#include "validator/prove/here.h"

#include <ctime>
#include <iostream>
#include <sys/utsname.h>
#include <unistd.h>

namespace virt_nested {

namespace {

using std::chrono::milliseconds;

constexpr unsigned shortest = 100, longest = 60'000; ///< ms

Options options() {
    Options out;
    add_result_format(out);
    out.add_options()("timeout",
                      boost::program_options::value<unsigned>()
                          ->default_value(static_cast<unsigned>(prove::Limits().gives_up.count()))
                          ->value_name("MS"),
                      "give up after so many milliseconds without a proof, 100 to 60000");
    add_flag(out, "save", "keep the result for the other commands, in /var/lib/virt-nested (root)");
    return out;
}

prove::Limits limits_of(const Parsed& parsed) {
    prove::Limits out;
    const auto timeout = parsed.values["timeout"].as<unsigned>();
    if (timeout < shortest || timeout > longest)
        throw UsageError("--timeout takes " + std::to_string(shortest) + " to " +
                         std::to_string(longest) + " milliseconds");
    out.gives_up = milliseconds(timeout);
    return out;
}

prove::Made made(const Platform* platform) {
    utsname running{};
    ::uname(&running);
    return {running.release, platform ? std::string(platform->name) : std::string(),
            ::time(nullptr)};
}

int run(const Parsed& parsed) {
    const prove::Limits limits = limits_of(parsed);
    const bool save = parsed.flag("save");
    if (save && ::geteuid() != 0)
        throw UsageError("--save is for root alone");
    const Platform* platform = identify(read_cpu_record(Sysroot()).value_or({})).platform;
    const prove::Proof proof = prove::prove_here(Sysroot(), platform, limits);
    const std::string json = prove::json(proof, made(platform));
    std::cout << (as_json(parsed) ? json : prove::text(proof));
    if (save)
        if (const Result<bool> done = AtomicFile::overwrite(Sysroot(), prove::kept_in, json); !done)
            throw std::runtime_error("--save: " + done.error().what);
    return prove::exit_status(proof);
}

constexpr Command entries[] = {
    {.name = "prove",
     .summary = "run a guest's guest here: nesting proven by execution, and what it costs",
     .operands = "",
     .options = options,
     .run = run}};

} // namespace

extern const Entries<Command> command_prove = entries;

} // namespace virt_nested
