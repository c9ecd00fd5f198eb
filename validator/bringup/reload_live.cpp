// SPDX-License-Identifier: GPL-2.0-or-later
// The reload on this very machine.
#include "validator/bringup/reload_live.h"

#include "core/host.h"
#include "core/text.h"
#include "validator/facts/kernel_log.h"

#include <chrono>
#include <fcntl.h>
#include <unistd.h>

namespace virt_nested {

namespace {

constexpr std::chrono::minutes time_limit{2}; ///< of one modprobe, its softdeps included

} // namespace

LiveReloadHost::LiveReloadHost(const Sysroot& root, AtomicFile* file, AtomicFile::Kind kind,
                               std::string text, std::function<void(std::string)> say)
    : root_(root), file_(file), kind_(kind), text_(std::move(text)), say_(std::move(say)),
      kernel_log_(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {
    if (kernel_log_.get() >= 0)
        ::lseek(kernel_log_.get(), 0, SEEK_END);
}

Result<Ran> LiveReloadHost::run(const std::vector<std::string>& arguments) {
    return run_program(arguments, time_limit);
}

bool LiveReloadHost::loaded(const std::string& module) {
    const Result<std::string> state = root_.read("/sys/module/" + module + "/initstate", 64);
    return state && trim(*state) == "live";
}

Fact LiveReloadHost::nests() {
    return read_host(root_, *kvm_of(root_)).nests;
}

Result<bool> LiveReloadHost::restore() {
    if (!file_)
        return false;
    return kind_ == AtomicFile::Kind::absent ? file_->remove() : file_->replace(text_);
}

std::string LiveReloadHost::kernel_says() {
    std::string last;
    each_record([&](char* buffer, size_t size) { return ::read(kernel_log_.get(), buffer, size); },
                [&](std::string_view text) {
                    if (text.find("kvm") != std::string_view::npos ||
                        text.find("invalid for parameter") != std::string_view::npos)
                        last = printable(text);
                    return true;
                });
    return last;
}

} // namespace virt_nested
