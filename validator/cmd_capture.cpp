// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested capture: this host in a file, for somebody else to look into.
#include "core/atomic_file.h"
#include "core/text.h"
#include "validator/capture/archive.h"
#include "validator/capture/capture.h"
#include "validator/capture/secrets.h"
#include "validator/host_options.h"

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace virt_nested {

namespace {

Options options() {
    Options out;
    add_flag(out, "keep-names", "keep the names of this host and of the hosts that it names");
    add_text(out, "root", "DIR", "the machine captured below DIR instead");
    return out;
}

int fail(const std::string& what) {
    std::cerr << "virt-nested capture: " << what << "\n";
    return exit_fail;
}

int fail_over(const std::string& file) {
    return fail("'" + printable(file) +
                "' is there already, and stays as it is; name another file");
}

/// Whether the file, read again, tells what the machine told; else on stderr where it does not.
bool tells_the_same(const std::string& packed, const std::string& report) {
    const Result<Recording> again = unpack(packed, "the capture");
    if (!again) {
        std::cerr << "virt-nested capture: " << again.error().what << "\n";
        return false;
    }
    const std::string other =
        report_to_compare(Sysroot::replayed(std::make_shared<Recording>(*again)), {});
    if (other == report)
        return true;
    const std::vector<std::string_view> then = lines(report), now = lines(other);
    const auto [a, b] = std::mismatch(then.begin(), then.end(), now.begin(), now.end());
    std::cerr << "virt-nested capture: the report of the capture differs from this machine's, "
                 "which may have changed meanwhile: "
              << (a == then.end() ? "there is more" : printable(trim(*a))) << " became "
              << (b == now.end() ? "nothing" : printable(trim(*b)))
              << "; run it again, or with --keep-names\n";
    return false;
}

int write(const std::string& file, const std::string& packed) {
    const std::string path = std::filesystem::absolute(file).lexically_normal().string();
    const Result<bool> done = AtomicFile::create(Sysroot(), path, packed);
    if (!done)
        return done.error().code == EEXIST ? fail_over(file) : fail(done.error().what);
    std::cout << "captured in " << printable(file) << " (" << (packed.size() + 1023) / 1024
              << " KiB); look through it before you pass it on: tar -xf " << shell_word(file)
              << "\nrun: virt-nested validate --root " << shell_word(file) << "\n";
    return exit_pass;
}

int run(const Parsed& parsed) {
    if (parsed.operands.size() != 1 || parsed.operands.front().empty() ||
        parsed.operands.front().back() == '/')
        throw UsageError(
            "one file to write is needed, such as host.tar.zst, or - for standard output");
    const std::string& file = parsed.operands.front();
    const Sysroot root = root_of(parsed);
    std::error_code ignored;
    if (file != "-" && std::filesystem::exists(std::filesystem::symlink_status(file, ignored)))
        return fail_over(file);
    if (file == "-" && ::isatty(STDOUT_FILENO) != 0)
        throw UsageError(
            "an archive is nothing for a terminal; name a file, or redirect the output");
    begin_time_limit();
    const Captured taken = capture(root, host_options(parsed, root));
    const std::string host = parsed.flag("keep-names") ? "" : name_of_host(root);
    take_out_secrets(*taken.recording,
                     host.empty() && !parsed.flag("keep-names") ? "localhost" : host);
    const std::string packed = pack(*taken.recording);
    const bool same = tells_the_same(packed, taken.report);
    if (file == "-")
        std::cout << packed;
    const int status = file == "-" ? exit_pass : write(file, packed);
    return status == exit_pass && !same ? exit_warn : status;
}

constexpr Command entries[] = {{.name = "capture",
                                .summary = "this host in a file that --root takes, without secrets",
                                .operands = "FILE.tar.zst|-",
                                .options = options,
                                .run = run}};

} // namespace

extern const Entries<Command> command_capture = entries;

} // namespace virt_nested
