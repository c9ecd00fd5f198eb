// SPDX-License-Identifier: GPL-2.0-or-later
// A file written whole or not at all.
#include "core/atomic_file.h"

#include "core/text.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace virt_nested {

namespace {

/// Of the temporary files: a dot in front and no ".conf" at the end, so that no reader of a .d
/// folder takes one for a file of its own (kmod: libkmod/libkmod-config.c conf_files_filter_out).
constexpr std::string_view infix = ".virt-nested-";
constexpr size_t random_letters = 8;

std::string temporary_prefix(const std::string& name) {
    return "." + name + std::string(infix);
}

Result<std::string> read_all(int fd, const std::string& shown) {
    std::string text(AtomicFile::limit + 1, '\0');
    size_t have = 0;
    while (have < text.size()) {
        const ssize_t got = ::read(fd, text.data() + have, text.size() - have);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return Error{errno, shown + ": " + std::strerror(errno)};
        if (got > 0)
            have += static_cast<size_t>(got);
    }
    if (have > AtomicFile::limit)
        return Error{EFBIG,
                     shown + ": longer than " + std::to_string(AtomicFile::limit) + " bytes"};
    text.resize(have);
    return text;
}

/// True as well where a file system has no fsync of folders.
bool sync_folder(int fd) {
    return ::fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
}

/// The folder, opened; made first where it is missing and that is wanted.
Result<Fd> open_folder(const Sysroot& root, const std::string& folder, bool make) {
    const std::string shown = printable(root.shown(folder), 512);
    Result<std::string> real = root.resolve(folder);
    if (real) {
        Fd fd(::open(real->c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (fd.get() >= 0)
            return fd;
        if (errno != ENOENT)
            return Error{errno,
                         shown + ": " + (errno == ENOTDIR ? "not a folder" : std::strerror(errno))};
    } else if (real.error().code != ENOENT) {
        return real.error();
    }
    if (!make)
        return Error{ENOENT, shown + ": " + std::strerror(ENOENT)};
    const size_t slash = folder.rfind('/');
    const Result<Fd> parent = open_folder(root, slash == 0 ? "/" : folder.substr(0, slash), true);
    if (!parent)
        return parent.error();
    const std::string name = folder.substr(slash + 1);
    if ((::mkdirat(parent->get(), name.c_str(), 0755) != 0 && errno != EEXIST) ||
        !sync_folder(parent->get()))
        return Error{errno, shown + ": could not be made: " + std::strerror(errno)};
    Fd fd(::openat(parent->get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd.get() < 0)
        return Error{errno, shown + ": " + std::strerror(errno)};
    return fd;
}

Result<std::string> random_name(const std::string& name) {
    unsigned char bytes[random_letters];
    if (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
        return Error{errno, std::string("getrandom: ") + std::strerror(errno)};
    std::string out = temporary_prefix(name);
    for (const unsigned char byte : bytes)
        out += static_cast<char>('a' + byte % 26);
    return out;
}

} // namespace

Error AtomicFile::fail(int code, std::string_view doing) const {
    return {code, shown_ + ": " + std::string(doing) + ": " + std::strerror(code)};
}

Error AtomicFile::edited() const {
    return {EBUSY, shown_ + ": somebody else has changed it in the meantime; it was left as it is"};
}

Result<AtomicFile> AtomicFile::open(const Sysroot& root, const std::string& path, Access access) {
    const size_t slash = path.rfind('/');
    Result<Fd> folder = open_folder(root, path.substr(0, slash), access == Access::change);
    if (!folder)
        return folder.error();
    AtomicFile file(std::move(*folder), path.substr(slash + 1), printable(root.shown(path), 512));
    if (access == Access::change) {
        if (::flock(file.folder_.get(), LOCK_EX | LOCK_NB) != 0)
            return errno == EWOULDBLOCK
                       ? Error{EWOULDBLOCK, file.shown_ + ": another virt-nested is changing it"}
                       : file.fail(errno, "lock of its folder");
        file.sweep();
    }
    Result<Seen> seen = file.look(file.name_);
    if (!seen)
        return seen.error();
    file.adopt(std::move(*seen));
    return file;
}

Result<bool> AtomicFile::overwrite(const Sysroot& root, const std::string& path,
                                   std::string_view text) {
    const size_t slash = path.rfind('/');
    Result<Fd> folder = open_folder(root, path.substr(0, slash), true);
    if (!folder)
        return folder.error();
    const AtomicFile file(std::move(*folder), path.substr(slash + 1),
                          printable(root.shown(path), 512));
    const Result<std::string> temporary = file.write_temporary(text);
    if (!temporary)
        return temporary.error();
    if (::renameat(file.folder_.get(), temporary->c_str(), file.folder_.get(),
                   file.name_.c_str()) == 0)
        return sync_folder(file.folder_.get()) ? Result<bool>(true)
                                               : file.fail(errno, "fsync of its folder");
    const int code = errno;
    (void)::unlinkat(file.folder_.get(), temporary->c_str(), 0);
    return file.fail(code, "could not be replaced");
}

/// vfat has no hard links, and old network file systems have no RENAME_NOREPLACE.
bool AtomicFile::put_where_nothing_is(const std::string& temporary) const {
    const int folder = folder_.get();
    if (::renameat2(folder, temporary.c_str(), folder, name_.c_str(), RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    return ::linkat(folder, temporary.c_str(), folder, name_.c_str(), 0) == 0 &&
           ::unlinkat(folder, temporary.c_str(), 0) == 0;
}

Result<bool> AtomicFile::create(const Sysroot& root, const std::string& path,
                                std::string_view text) {
    const size_t slash = path.rfind('/');
    Result<Fd> folder = open_folder(root, path.substr(0, slash), false);
    if (!folder)
        return folder.error();
    const AtomicFile file(std::move(*folder), path.substr(slash + 1),
                          printable(root.shown(path), 512));
    const Result<std::string> temporary = file.write_temporary(text, 0600);
    if (!temporary)
        return temporary.error();
    if (file.put_where_nothing_is(*temporary))
        return sync_folder(file.folder_.get()) ? Result<bool>(true)
                                               : file.fail(errno, "fsync of its folder");
    const int code = errno;
    (void)::unlinkat(file.folder_.get(), temporary->c_str(), 0);
    return file.fail(code, "it was not written");
}

void AtomicFile::adopt(Seen seen) {
    kind_ = seen.kind;
    identity_ = seen.identity;
    text_ = std::move(seen.text);
    target_ = std::move(seen.target);
}

/// Under the lock, so none of them is at work any more.
void AtomicFile::sweep() const {
    const std::string prefix = temporary_prefix(name_);
    const Result<std::vector<std::string>> names =
        Sysroot().list("/proc/self/fd/" + std::to_string(folder_.get()));
    if (!names)
        return;
    for (const std::string& name : *names)
        if (name.starts_with(prefix) && name.size() == prefix.size() + random_letters)
            (void)::unlinkat(folder_.get(), name.c_str(), 0);
}

Result<AtomicFile::Seen> AtomicFile::look(const std::string& name) const {
    Seen seen;
    struct stat status {};
    if (::fstatat(folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT)
            return seen;
        return fail(errno, "stat");
    }
    seen.identity = {status.st_dev, status.st_ino, status.st_size, status.st_mtim};
    if (S_ISLNK(status.st_mode)) {
        seen.kind = Kind::link;
        std::string target(4096, '\0');
        const ssize_t length =
            ::readlinkat(folder_.get(), name.c_str(), target.data(), target.size());
        target.resize(length < 0 ? 0 : static_cast<size_t>(length));
        seen.target = std::move(target);
        return seen;
    }
    if (!S_ISREG(status.st_mode)) {
        seen.kind = Kind::other;
        return seen;
    }
    const Fd fd(::openat(folder_.get(), name.c_str(),
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (fd.get() < 0)
        return errno == ENOENT || errno == ELOOP ? edited() : fail(errno, "open");
    seen.kind = Kind::regular;
    Result<std::string> text = read_all(fd.get(), shown_);
    if (!text)
        return text.error();
    seen.text = std::move(*text);
    return seen;
}

bool AtomicFile::unchanged(const Seen& seen) const {
    return seen.kind == kind_ &&
           (kind_ == Kind::absent || (seen.identity == identity_ && seen.text == text_));
}

Result<std::string> AtomicFile::write_temporary(std::string_view text, mode_t mode) const {
    const Result<std::string> name = random_name(name_);
    if (!name)
        return name.error();
    const Fd fd(::openat(folder_.get(), name->c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (fd.get() < 0)
        return fail(errno, "could not be written");
    size_t done = 0;
    int code = 0;
    while (done < text.size() && code == 0) {
        const ssize_t wrote = ::write(fd.get(), text.data() + done, text.size() - done);
        if (wrote < 0 && errno != EINTR)
            code = errno;
        else if (wrote > 0)
            done += static_cast<size_t>(wrote);
    }
    // The umask is the caller's, the file is the host's.
    if (code == 0 && (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0))
        code = errno;
    if (code != 0) {
        (void)::unlinkat(folder_.get(), name->c_str(), 0);
        return fail(code, "could not be written");
    }
    return *name;
}

/// The old file stands under the temporary name: is it the one that was looked at? Else it goes
/// back to its place.
Result<bool> AtomicFile::settle(const std::string& temporary) {
    const Result<Seen> old = look(temporary);
    if (old && unchanged(*old)) {
        if (sync_folder(folder_.get())) {
            (void)::unlinkat(folder_.get(), temporary.c_str(), 0);
            return true;
        }
        const int code = errno;
        (void)::renameat2(folder_.get(), temporary.c_str(), folder_.get(), name_.c_str(),
                          RENAME_EXCHANGE);
        (void)::unlinkat(folder_.get(), temporary.c_str(), 0);
        return fail(code, "fsync of its folder");
    }
    if (::renameat2(folder_.get(), temporary.c_str(), folder_.get(), name_.c_str(),
                    RENAME_EXCHANGE) == 0)
        (void)::unlinkat(folder_.get(), temporary.c_str(), 0);
    return edited();
}

Result<bool> AtomicFile::replace(std::string_view text) {
    if (kind_ != Kind::absent && kind_ != Kind::regular)
        return Error{EINVAL, shown_ + ": not a regular file"};
    const Result<Seen> before = look(name_);
    if (!before || !unchanged(*before))
        return before ? edited() : before.error();
    if (kind_ == Kind::regular && text_ == text)
        return false;
    const Result<std::string> temporary = write_temporary(text);
    if (!temporary)
        return temporary.error();
    // Neither form can lose a file that came or changed since the look: NOREPLACE refuses, and
    // EXCHANGE keeps what it took away, to be compared.
    const unsigned form = kind_ == Kind::absent ? RENAME_NOREPLACE : RENAME_EXCHANGE;
    int renamed =
        ::renameat2(folder_.get(), temporary->c_str(), folder_.get(), name_.c_str(), form);
    const bool plain = renamed != 0 && (errno == EINVAL || errno == ENOSYS);
    if (plain) // a file system that has neither: the look above has to do
        renamed = ::renameat(folder_.get(), temporary->c_str(), folder_.get(), name_.c_str());
    if (renamed != 0) {
        const int code = errno;
        (void)::unlinkat(folder_.get(), temporary->c_str(), 0);
        return code == EEXIST || code == ENOENT ? edited() : fail(code, "could not be replaced");
    }
    if (kind_ == Kind::regular && !plain) {
        Result<bool> settled = settle(*temporary);
        if (!settled)
            return settled;
    } else if (!sync_folder(folder_.get())) {
        const int code = errno;
        if (kind_ == Kind::absent)
            (void)::unlinkat(folder_.get(), name_.c_str(), 0);
        return fail(code, "fsync of its folder");
    }
    Result<Seen> after = look(name_);
    if (after)
        adopt(std::move(*after));
    return true;
}

Result<bool> AtomicFile::remove() {
    if (kind_ == Kind::absent)
        return false;
    const Result<Seen> before = look(name_);
    if (!before || !unchanged(*before))
        return before ? edited() : before.error();
    if (::unlinkat(folder_.get(), name_.c_str(), 0) != 0 && errno != ENOENT)
        return fail(errno, "could not be removed");
    if (!sync_folder(folder_.get()))
        return fail(errno, "fsync of its folder");
    adopt({});
    return true;
}

} // namespace virt_nested
