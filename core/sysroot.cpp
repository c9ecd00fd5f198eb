// SPDX-License-Identifier: GPL-2.0-or-later
// The one door to the host's files.
#include "core/sysroot.h"

#include "core/recording.h"
#include "core/text.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace virt_nested {

namespace {

std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();

const char* kind(mode_t mode) {
    if (S_ISDIR(mode))
        return "a folder";
    if (S_ISFIFO(mode))
        return "a FIFO";
    if (S_ISSOCK(mode))
        return "a socket";
    return "a device";
}

/// The components of `path`, pushed so that the first is at the back of `pending`.
void push_components(std::string_view path, std::vector<std::string>& pending) {
    while (!path.empty()) {
        const size_t slash = path.rfind('/');
        const std::string_view last =
            slash == std::string_view::npos ? path : path.substr(slash + 1);
        if (!last.empty() && last != ".")
            pending.emplace_back(last);
        path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    }
}

std::string link_target(const std::string& path) {
    std::string target(4096, '\0');
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    target.resize(length < 0 ? 0 : static_cast<size_t>(length));
    return target;
}

void take_out(std::string& text, const std::string& prefix) {
    for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at))
        text.erase(at, prefix.size() - 1);
}

/// As the machine itself would have said it: the folder that it was captured in is nobody's
/// business.
template<typename T>
Result<T> without_prefix(Result<T> answer, const std::string& root) {
    if (answer || root.empty())
        return answer;
    Error error = answer.error();
    take_out(error.what, printable(root, 512) + "/");
    return error;
}

int64_t nanoseconds(const timespec& t) {
    return static_cast<int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

} // namespace

void set_deadline(std::chrono::steady_clock::time_point when) {
    deadline = when;
}

bool deadline_passed() {
    return deadline != std::chrono::steady_clock::time_point::max() &&
           std::chrono::steady_clock::now() >= deadline;
}

Sysroot::Sysroot(std::string root) : root_(std::move(root)) {
    while (!root_.empty() && root_.back() == '/')
        root_.pop_back();
}

Sysroot::Sysroot(std::string root, std::shared_ptr<Recording> record) : Sysroot(std::move(root)) {
    record_ = std::move(record);
    record_->live = root_.empty();
}

Sysroot Sysroot::replayed(std::shared_ptr<Recording> record) {
    Sysroot out;
    out.record_ = std::move(record);
    out.replays_ = true;
    return out;
}

bool Sysroot::live() const {
    return replays_ ? record_->live : root_.empty();
}

template<typename Kept, typename Ask>
auto Sysroot::kept(std::string_view path, Kept member, const Ask& ask) const {
    using Answer = decltype(ask());
    if (!record_)
        return ask();
    if (replays_) {
        const auto found = record_->paths.find(path);
        if (found == record_->paths.end() || !(found->second.*member))
            return Answer(fail(ENODATA, path));
        return *(found->second.*member);
    }
    Answer out = ask();
    record_->paths[std::string(path)].*member = without_prefix(out, root_);
    return out;
}

Result<std::string> Sysroot::answer(const std::string& of,
                                    const std::function<Result<std::string>()>& ask) const {
    if (!record_)
        return ask();
    const auto found = record_->answers.find(of);
    if (found != record_->answers.end())
        return found->second;
    if (replays_)
        return fail(ENODATA, of);
    Result<std::string> out = without_prefix(ask(), root_);
    if (out && !root_.empty())
        take_out(*out, printable(root_, 512) + "/");
    record_->answers.emplace(of, out);
    return out;
}

Error Sysroot::fail(int code, std::string_view path) const {
    std::string why = code == ETIME                 ? "not answered within the time"
                      : replays_ && code == ENODATA ? "was not captured"
                                                    : std::strerror(code);
    return {code, printable(shown(path), 512) + ": " + why};
}

Result<std::string> Sysroot::resolve(std::string_view path, bool follow_last) const {
    if (replays_)
        return fail(ENODATA, path);
    if (path.find('\0') != std::string_view::npos)
        return fail(EINVAL, path.substr(0, path.find('\0')));
    if (root_.empty() && follow_last)
        return std::string(path);
    std::vector<std::string> pending;
    std::vector<std::string> done;
    push_components(path, pending);
    int links = 0;
    while (!pending.empty()) {
        std::string component = std::move(pending.back());
        pending.pop_back();
        if (component == "..") {
            if (!done.empty())
                done.pop_back();
            continue;
        }
        std::string here = root_;
        for (const std::string& part : done)
            here += '/' + part;
        here += '/' + component;
        struct stat found {};
        if (::lstat(here.c_str(), &found) != 0)
            return fail(errno, path);
        if (S_ISLNK(found.st_mode) && (follow_last || !pending.empty())) {
            if (++links > 40)
                return fail(ELOOP, path);
            const std::string target = link_target(here);
            if (target.empty())
                return fail(ENOENT, path);
            if (target.front() == '/')
                done.clear();
            push_components(target, pending);
            continue;
        }
        done.push_back(std::move(component));
    }
    std::string real = root_;
    for (const std::string& part : done)
        real += '/' + part;
    return real.empty() ? std::string("/") : real;
}

Result<Fd> Sysroot::open(std::string_view path) const {
    if (replays_)
        return fail(ENODATA, path);
    if (deadline_passed())
        return fail(ETIME, path);
    const Result<std::string> real = resolve(path);
    if (!real)
        return real.error();
    // O_NONBLOCK: opening a FIFO that was put in a file's place must not wait for its writer.
    Fd fd(::open(real->c_str(),
                 O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (root_.empty() ? 0 : O_NOFOLLOW)));
    if (fd.get() < 0)
        return fail(errno == EINTR && deadline_passed() ? ETIME : errno, path);
    struct stat found {};
    if (::fstat(fd.get(), &found) != 0)
        return fail(errno, path);
    if (!S_ISREG(found.st_mode))
        return Error{EINVAL, printable(shown(path), 512) + ": " + kind(found.st_mode) +
                                 ", not a regular file"};
    return fd;
}

Result<std::string> Sysroot::read_file(std::string_view path, size_t limit) const {
    const Result<Fd> fd = open(path);
    if (!fd)
        return fd.error();
    std::string text;
    while (text.size() < limit) {
        // One page at a time to begin with: procfs and sysfs make the text as it is read, so asking
        // for less costs less.
        const size_t step =
            std::min<size_t>(limit - text.size(), text.size() < 65536 ? 4096 : 1 << 20);
        const size_t before = text.size();
        text.resize(before + step);
        const ssize_t got = ::read(fd->get(), text.data() + before, step);
        const int code = errno;
        text.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
        if (got == 0)
            break;
        if (deadline_passed())
            return fail(ETIME, path);
        if (got < 0 && code != EINTR)
            return fail(code, path);
    }
    return text;
}

Result<std::string> Sysroot::read_head(std::string_view path, size_t limit) const {
    if (!record_)
        return read_file(path, limit);
    if (!replays_) {
        Result<std::string> out = read_file(path, limit);
        RecordedPath& kept = record_->paths[std::string(path)];
        if (!kept.text || limit >= kept.asked) {
            kept.text = without_prefix(out, root_);
            kept.asked = limit;
        }
        return out;
    }
    const auto found = record_->paths.find(path);
    if (found == record_->paths.end() || !found->second.text)
        return fail(ENODATA, path);
    const Result<std::string>& text = *found->second.text;
    if (!text)
        return text.error();
    // Of a longer file no more is known than was asked for.
    if (text->size() >= found->second.asked && limit > found->second.asked)
        return fail(ENODATA, path);
    return text->substr(0, limit);
}

Result<std::string> Sysroot::read(std::string_view path, size_t limit) const {
    Result<std::string> text = read_head(path, limit + 1);
    if (text && text->size() > limit)
        return Error{EFBIG, printable(shown(path), 512) + ": longer than " + std::to_string(limit) +
                                " bytes"};
    return text;
}

Result<std::vector<std::string>> Sysroot::read_folder(std::string_view path) const {
    if (deadline_passed())
        return fail(ETIME, path);
    const Result<std::string> real = resolve(path);
    if (!real)
        return real.error();
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(real->c_str()), ::closedir);
    if (!folder)
        return fail(errno, path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(folder.get())) {
        const std::string_view entry_name = entry->d_name;
        if (entry_name != "." && entry_name != "..")
            names.emplace_back(entry_name);
        errno = 0;
    }
    if (errno != 0)
        return fail(errno, path);
    std::sort(names.begin(), names.end());
    return names;
}

Result<FileStatus> Sysroot::read_status(std::string_view path) const {
    const Result<std::string> real = resolve(path);
    if (!real)
        return real.error();
    struct stat found {};
    if (::stat(real->c_str(), &found) != 0)
        return fail(errno, path);
    return FileStatus{found.st_mode,
                      found.st_uid,
                      found.st_gid,
                      static_cast<uint64_t>(found.st_size),
                      found.st_ino,
                      found.st_dev,
                      nanoseconds(found.st_mtim),
                      nanoseconds(found.st_ctim)};
}

Result<std::string> Sysroot::read_link(std::string_view path) const {
    const Result<std::string> real = resolve(path, false);
    if (!real)
        return real.error();
    std::string target(4096, '\0');
    const ssize_t length = ::readlink(real->c_str(), target.data(), target.size());
    if (length < 0)
        return fail(errno, path);
    target.resize(static_cast<size_t>(length));
    return target;
}

Result<std::string> Sysroot::real_inside(std::string_view path) const {
    if (!root_.empty()) {
        Result<std::string> real = resolve(path);
        if (real)
            real->erase(0, std::min(root_.size(), real->size()));
        return real;
    }
    const std::unique_ptr<char, void (*)(void*)> real(
        ::realpath(std::string(path).c_str(), nullptr), ::free);
    return real ? Result<std::string>(real.get()) : fail(errno, path);
}

Result<std::vector<std::string>> Sysroot::list(std::string_view path) const {
    return kept(path, &RecordedPath::names, [&] { return read_folder(path); });
}

Result<FileStatus> Sysroot::status(std::string_view path) const {
    return kept(path, &RecordedPath::status, [&] { return read_status(path); });
}

Result<std::string> Sysroot::link(std::string_view path) const {
    return kept(path, &RecordedPath::link, [&] { return read_link(path); });
}

Result<std::string> Sysroot::inside(std::string_view path) const {
    return kept(path, &RecordedPath::inside, [&] { return real_inside(path); });
}

} // namespace virt_nested
