// SPDX-License-Identifier: GPL-2.0-or-later
// The reload on this very machine.
#include "validator/bringup/reload_live.h"

#include "core/host.h"
#include "core/text.h"

#include <array>
#include <cerrno>
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

/// One record a read: "priority,sequence,time,flags;text" (Documentation/ABI/testing/dev-kmsg).
std::string LiveReloadHost::kernel_says() {
    std::string last;
    std::array<char, 8192> record{};
    for (;;) {
        const ssize_t got = ::read(kernel_log_.get(), record.data(), record.size());
        if (got < 0 && (errno == EPIPE || errno == EINTR))
            continue;
        if (got <= 0)
            return last;
        std::string_view text(record.data(), static_cast<size_t>(got));
        text = text.substr(std::min(text.find(';') + 1, text.size()));
        text = text.substr(0, text.find('\n'));
        if (text.find("kvm") != std::string_view::npos ||
            text.find("invalid for parameter") != std::string_view::npos)
            last = printable(text);
    }
}

} // namespace virt_nested
