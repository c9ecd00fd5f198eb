// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's log, live or captured (Linux: Documentation/ABI/testing/dev-kmsg): a record is
// "priority,sequence,time,flags;text", then lines that begin with a blank, of properties.
#include "validator/facts/kernel_log.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace virt_nested {

namespace {

constexpr size_t most_lines = 64;
constexpr int most_records = 20'000;

bool tells(std::string_view line) {
    constexpr std::array<std::string_view, 6> words = {"kvm", "VMX", "SVM", "KVM", "nested", "SIE"};
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
        return line.find(word) != std::string_view::npos;
    });
}

void keep(std::string_view line, std::vector<std::string>& out) {
    if (out.size() < most_lines && tells(line))
        out.push_back(printable(line));
}

/// The text of a record, without what stands before and behind it.
std::string_view text_of(std::string_view record) {
    record = record.substr(std::min(record.find(';') + 1, record.size()));
    return record.substr(0, record.find('\n'));
}

KernelLog live_log() {
    constexpr const char* path = "/dev/kmsg";
    const Fd fd(::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (fd.get() < 0)
        return {};
    return {path, read_records(
                      [&](char* buffer, size_t size) { return ::read(fd.get(), buffer, size); })};
}

} // namespace

void each_record(const ReadRecord& read, const std::function<bool(std::string_view text)>& see) {
    std::array<char, 8192> record{};
    for (int count = 0; count < most_records; ++count) {
        const ssize_t got = read(record.data(), record.size());
        // EPIPE: the record was overwritten before it could be read; the next read gives a later
        // one.
        if (got < 0 && (errno == EPIPE || errno == EINTR))
            continue;
        if (got <= 0 || !see(text_of({record.data(), static_cast<size_t>(got)})))
            return;
    }
}

std::vector<std::string> read_records(const ReadRecord& read) {
    std::vector<std::string> out;
    each_record(read, [&](std::string_view text) {
        keep(text, out);
        return out.size() < most_lines;
    });
    return out;
}

KernelLog read_kernel_log(const Sysroot& root) {
    if (root.live())
        return live_log();
    for (const char* path : {"/dev/kmsg", "/var/log/dmesg"}) {
        const Result<std::string> text = root.read_head(path, 4U << 20);
        if (!text)
            continue;
        KernelLog out{root.shown(path), {}};
        const bool records = std::string_view(path) == "/dev/kmsg";
        for (const std::string_view line : lines(*text))
            if (!records)
                keep(line, out.lines);
            else if (!line.starts_with(' '))
                keep(text_of(line), out.lines);
        return out;
    }
    return {};
}

} // namespace virt_nested
