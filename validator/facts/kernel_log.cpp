// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's log, live or captured (Linux: Documentation/ABI/testing/dev-kmsg): a record is
// "priority,sequence,time,flags;text", then lines that begin with a blank, of properties.
#include "validator/facts/kernel_log.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace virt_nested {

namespace {

constexpr const char* live_path = "/dev/kmsg";
constexpr int most_records = 20'000;
constexpr size_t most_captured = 4U << 20; ///< bytes

/// The last line of a row takes the place of those before it, so there are never more than rows.
void keep(std::string_view text, std::string_view module, std::vector<LogLine>& out) {
    const LogRow* row = log_row(text, module);
    if (!row)
        return;
    if (row->by == Refuser::nobody)
        return out.clear();
    std::erase_if(out, [&](const LogLine& line) { return line.row == row; });
    out.push_back({row, printable(text)});
}

/// syslog(3)'s facility is in the number's upper bits; the kernel's own is 0.
bool by_the_kernel(std::string_view record) {
    unsigned priority = 0;
    std::from_chars(record.data(), record.data() + record.size(), priority);
    return priority < 8;
}

/// The text of a record, without what stands before and behind it.
std::string_view text_of(std::string_view record) {
    record = record.substr(std::min(record.find(';') + 1, record.size()));
    return record.substr(0, record.find('\n'));
}

/// Of this machine, the lines that some row is about.
Result<std::string> live_log(std::string_view module) {
    const Fd fd(::open(live_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (fd.get() < 0)
        return Error{errno, std::string(live_path) + ": " + std::strerror(errno)};
    std::string out;
    each_record([&](char* buffer, size_t size) { return ::read(fd.get(), buffer, size); },
                [&](std::string_view text) {
                    if (log_row(text, module))
                        out += std::string(text) + "\n";
                    return true;
                });
    return out;
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
        if (got <= 0)
            return;
        const std::string_view whole(record.data(), static_cast<size_t>(got));
        if (by_the_kernel(whole) && !see(text_of(whole)))
            return;
    }
}

std::vector<LogLine> read_records(const ReadRecord& read, std::string_view module) {
    std::vector<LogLine> out;
    each_record(read, [&](std::string_view text) {
        keep(text, module, out);
        return true;
    });
    return out;
}

const LogLine* KernelLog::refusal(Lasts at_least) const {
    const auto found = std::find_if(lines.rbegin(), lines.rend(), [&](const LogLine& line) {
        return line.row->lasts >= at_least;
    });
    return found == lines.rend() ? nullptr : &*found;
}

KernelLog read_kernel_log(const Sysroot& root, std::string_view module) {
    if (root.live()) {
        const Result<std::string> text =
            root.answer("kernel log on " + std::string(module), [&] { return live_log(module); });
        if (!text)
            return {};
        KernelLog out{live_path, {}};
        for (const std::string_view line : lines(*text))
            keep(line, module, out.lines);
        return out;
    }
    for (const char* path : {"/dev/kmsg", "/var/log/dmesg"}) {
        const Result<std::string> text = root.read_head(path, most_captured);
        if (!text)
            continue;
        KernelLog out{root.shown(path), {}};
        const bool records = std::string_view(path) == "/dev/kmsg";
        for (const std::string_view line : lines(*text))
            if (!records)
                keep(line, module, out.lines);
            else if (!line.starts_with(' ') && by_the_kernel(line))
                keep(text_of(line), module, out.lines);
        return out;
    }
    return {};
}

} // namespace virt_nested
