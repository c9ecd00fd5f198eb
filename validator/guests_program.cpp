// SPDX-License-Identifier: GPL-2.0-or-later
// The commands that need libvirt: handed on to the program that links it.
#include "validator/guests_program.h"

#include "cli/exit_status.h"
#include "core/process.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <iostream>
#include <unistd.h>

namespace virt_nested {

namespace {

constexpr const char* program = "virt-nested-guests";

/// Beside this program: a build tree, or an unpacked one.
std::string beside() {
    std::string path(PATH_MAX, '\0');
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
    path.resize(length > 0 ? static_cast<size_t>(length) : 0);
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash + 1) + program;
}

std::string installed() {
    return std::string(VN_LIBEXEC_DIR) + "/" + program;
}

std::string missing() {
    return "it needs libvirt, and " + installed() +
           " is not installed; install the package virt-nested-libvirt";
}

} // namespace

int run_guests_program(const std::string& command, const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {program, command};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& argument : all)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    std::cout.flush();
    for (const std::string& path : {installed(), beside()}) {
        ::execv(path.c_str(), argv.data());
        if (errno == ENOENT)
            continue;
        const char* why = std::strerror(errno);
        std::cerr << "virt-nested " << command << ": " << path << ": " << why << "\n";
        return exit_undetermined;
    }
    std::cerr << "virt-nested " << command << ": " << missing() << "\n";
    return exit_undetermined;
}

Result<std::string> ask_guests_program(const std::vector<std::string>& arguments,
                                       std::chrono::milliseconds time_limit) {
    for (const std::string& path : {installed(), beside()}) {
        if (::access(path.c_str(), X_OK) != 0)
            continue;
        std::vector<std::string> all = {path};
        all.insert(all.end(), arguments.begin(), arguments.end());
        Result<Ran> ran = run_program(all, time_limit);
        if (!ran)
            return ran.error();
        if (ran->timed_out)
            return Error{ETIMEDOUT, "libvirt did not answer within " +
                                        std::to_string(time_limit.count()) + " ms"};
        if (!ran->well() && ran->out.empty())
            return Error{EIO, ran->why()};
        return std::move(ran->out);
    }
    return Error{ENOENT, missing()};
}

} // namespace virt_nested
