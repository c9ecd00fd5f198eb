// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested validate: does this host nest now, after the next load, after the next boot.
#include "cli/command.h"
#include "core/atomic_file.h"
#include "core/sysroot.h"
#include "core/text.h"
#include "validator/checks/steady.h"
#include "validator/host_options.h"
#include "validator/render/render.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

namespace virt_nested {

namespace po = boost::program_options;
using namespace std::chrono_literals;

namespace {

/// Of the formats that can list the checks.
std::vector<std::string> listing_formats() {
    std::vector<std::string> out;
    for (const ReportFormat* format : report_formats())
        if (format->list)
            out.emplace_back(format->name);
    return text_first(std::move(out));
}

std::vector<std::string> saved_files() {
    std::vector<std::string> out;
    for (const ReportFormat* format : report_formats())
        if (format->saved_as)
            out.emplace_back(format->saved_as);
    return out;
}

Options options() {
    std::vector<std::string> horizons;
    for (const Horizon horizon : all_horizons)
        horizons.emplace_back(name(horizon));
    horizons.emplace_back("all");
    Options out;
    add_text(out, "root", root_value,
             "validate the machine captured below DIR, or in FILE; nothing live is asked");
    add_text(out, "config", "FILE", "configuration instead of the host's");
    add_format(out, report_formats());
    add_choice(out, {.name = "horizon",
                     .value = "HORIZON",
                     .choices = std::move(horizons),
                     .words = "what the exit status speaks of",
                     .otherwise = "all",
                     .behind = {}});
    out.add_options() //
        ("check", po::value<std::vector<std::string>>()->composing()->value_name("ID"),
         "only this check; can be repeated") //
        ("skip", po::value<std::vector<std::string>>()->composing()->value_name("ID=REASON"),
         "waive a check; shown with its reason; can be repeated");
    add_text(out, "kmod-profile", "VERSION",
             "read modprobe.d as this version of kmod does (25, 28, 30, 34; default: the installed "
             "one)");
    add_flag(out, "deep", "look into every initramfs, not only the next boot's");
    add_flag(out, "prove", "run a guest's guest as well, as virt-nested prove does");
    add_flag(out, "list-checks",
             "list the checks (--format " + listed(listing_formats(), "or") + ")");
    add_flag(out, "kvm-answer",
             "print what KVM answers, in the form of a captured root's /dev/kvm");
    add_text(out, "save", "DIR",
             "keep the report in DIR too, for a diff with another day's: " + listed(saved_files()));
    out.add_options()("wait", po::value<unsigned>()->default_value(0)->value_name("SECONDS"),
                      "validate again for so long, until the host is as wanted");
    add_flag(out, "quiet,q", "no output, the exit status only");
    add_flag(out, "verbose,v", "every check, also those that pass or are skipped");
    return out;
}

void known_id(const std::string& id) {
    if (!check(id))
        throw UsageError("no check has the id '" + printable(id, 64) +
                         "'; --list-checks names them");
}

std::map<std::string, std::string> waivers(const std::vector<std::string>& given) {
    std::map<std::string, std::string> out;
    for (const std::string& waiver : given) {
        const size_t equals = waiver.find('=');
        if (equals == std::string::npos || trim(waiver.substr(equals + 1)).empty())
            throw UsageError("--skip '" + printable(waiver, 64) + "' is not of the form ID=REASON");
        known_id(waiver.substr(0, equals));
        out[waiver.substr(0, equals)] = waiver.substr(equals + 1);
    }
    return out;
}

int kmod_version(const std::string& text) {
    int version = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (code != std::errc() || end != text.data() + text.size() || version < 1 || version > 999)
        throw UsageError("--kmod-profile '" + printable(text, 16) +
                         "' is not a version of kmod, such as 30");
    return version;
}

Horizons horizons_of(const std::string& text) {
    for (const Horizon horizon : all_horizons)
        if (text == name(horizon))
            return only(horizon);
    return at_now | at_load | at_boot;
}

ValidateOptions options_of(const Parsed& parsed, const Sysroot& root) {
    ValidateOptions out = host_options(parsed, root);
    if (parsed.has("kmod-profile"))
        out.kmod_profile = kmod_version(parsed.text("kmod-profile"));
    out.deep = parsed.flag("deep");
    out.prove = parsed.flag("prove");
    if (out.prove && !root.here())
        throw UsageError("--prove runs on this machine, and --root is another");
    if (out.prove && parsed.values["wait"].as<unsigned>() > 0)
        throw UsageError("--prove tries once, and --wait tries again");
    out.checks = parsed.list("check");
    std::for_each(out.checks.begin(), out.checks.end(), known_id);
    out.waived = waivers(parsed.list("skip"));
    return out;
}

void print_kvm_answer(const Sysroot& root) {
    const Host host = read_host(root, *kvm_of(root));
    if (host.platform)
        std::cout << write_answer(host.kvm);
}

bool colour_wanted() {
    const char* refused = std::getenv("NO_COLOR");
    return (!refused || *refused == '\0') && ::isatty(STDOUT_FILENO) != 0;
}

/// 0 where it is none.
size_t terminal_columns() {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/// Each file whole or not at all; throws where one could not be written.
void save(Report report, const std::string& folder) {
    make_steady(report);
    const std::string place = std::filesystem::absolute(folder).string() + "/";
    for (const ReportFormat* format : report_formats()) {
        if (!format->saved_as)
            continue;
        const Result<bool> done = AtomicFile::overwrite(
            Sysroot(), place + format->saved_as,
            format->render(report, {.colour = false, .everything = true, .columns = 0}));
        if (!done)
            throw std::runtime_error("--save: " + done.error().what);
    }
}

Report validate_until(const Sysroot& root, const ValidateOptions& options, Horizons horizons,
                      std::chrono::seconds patience) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + patience;
    for (std::chrono::milliseconds nap{100};; nap = std::min(nap * 2, 1000ms)) {
        begin_time_limit();
        Report report = validate(root, options);
        const int status = exit_status(report, horizons);
        const auto left = end - Clock::now();
        if (status == exit_pass || status == exit_warn || left <= Clock::duration::zero())
            return report;
        std::this_thread::sleep_for(std::min<Clock::duration>(nap, left));
    }
}

int list_checks(const ReportFormat& format) {
    if (!format.list)
        throw UsageError("--list-checks is " + listed(listing_formats(), "or"));
    std::cout << format.list();
    return exit_pass;
}

int run(const Parsed& parsed) {
    const ReportFormat& format = format_of(parsed, report_formats());
    if (parsed.flag("list-checks"))
        return list_checks(format);
    const Horizons horizons = horizons_of(parsed.text("horizon"));
    const Sysroot root = root_or_capture_of(parsed);
    begin_time_limit();
    if (parsed.flag("kvm-answer")) {
        print_kvm_answer(root);
        return exit_pass;
    }
    const unsigned patience = parsed.values["wait"].as<unsigned>();
    if (patience > 3600)
        throw UsageError("--wait takes at most 3600 seconds");
    const Report report =
        validate_until(root, options_of(parsed, root), horizons, std::chrono::seconds(patience));
    if (parsed.has("save"))
        save(report, parsed.text("save"));
    if (!parsed.flag("quiet"))
        std::cout << format.render(report, {.colour = colour_wanted(),
                                            .everything = parsed.flag("verbose"),
                                            .columns = terminal_columns()});
    return exit_status(report, horizons);
}

constexpr Command entries[] = {
    {.name = "validate",
     .summary = "check this host: now, at the next module load, at the next boot",
     .operands = "",
     .options = options,
     .run = run}};

} // namespace

extern const Entries<Command> command_validate = entries;

} // namespace virt_nested
