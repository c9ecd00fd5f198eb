// SPDX-License-Identifier: GPL-2.0-or-later
// One file, written whole or not at all, by one writer at a time, and never over somebody else's
// edit. A power cut leaves the old file or the new one: the data is on the disk before the name
// leads to it, and the name before success is reported.
#pragma once

#include "core/result.h"
#include "core/sysroot.h"

#include <string>
#include <string_view>
#include <sys/types.h>

namespace virt_nested {

class AtomicFile {
  public:
    /// What stands at the name, links not followed: a link that somebody put there is a decision of
    /// theirs, not a path to write through.
    enum class Kind { absent, regular, link, other };

    enum class Access { look, change };

    static constexpr size_t limit = 64 * 1024; ///< bytes, of the file as it is

    /// Opens the folder of `path` (absolute, inside the root) and looks at the file. To change it,
    /// makes the folder where it is missing, takes its lock, and removes what a writer that was
    /// killed has left; for a look nothing on the disk is changed. Errors: ENOENT no folder;
    /// ENOTDIR the folder is a file; EWOULDBLOCK another writer has the lock; EROFS, EACCES; EFBIG.
    static Result<AtomicFile> open(const Sysroot& root, const std::string& path, Access access);

    /// For a file that nobody edits, such as a report in /run: puts `text` at `path` (mode 0644),
    /// whatever stands there, without a lock; the last writer wins, whole.
    static Result<bool> overwrite(const Sysroot& root, const std::string& path,
                                  std::string_view text);

    /// A file of its owner's alone (mode 0600) where there is none. Errors: EEXIST there is one, a
    /// link included; ENOENT no folder; else what failed. After any error nothing is left behind.
    static Result<bool> create(const Sysroot& root, const std::string& path, std::string_view text);

    Kind kind() const { return kind_; }
    const std::string& text() const { return text_; }     ///< of a regular file
    const std::string& target() const { return target_; } ///< of a link

    /// Puts `text` in its place (mode 0644), or takes the file away. The Result holds true where
    /// something was changed. Errors: EBUSY it is not any more what open() or the last change saw:
    /// nothing of the other's work is lost; EINVAL neither absent nor a regular file; else what
    /// failed. After any error the old file stands, whole.
    Result<bool> replace(std::string_view text);
    Result<bool> remove();

  private:
    /// By what another's edit is noticed, the text apart.
    struct Identity {
        dev_t device = 0;
        ino_t inode = 0;
        off_t size = 0;
        timespec mtime{};
        bool operator==(const Identity& o) const {
            return device == o.device && inode == o.inode && size == o.size &&
                   mtime.tv_sec == o.mtime.tv_sec && mtime.tv_nsec == o.mtime.tv_nsec;
        }
    };
    struct Seen {
        Kind kind = Kind::absent;
        Identity identity;
        std::string text;
        std::string target;
    };

    AtomicFile(Fd folder, std::string name, std::string shown)
        : folder_(std::move(folder)), name_(std::move(name)), shown_(std::move(shown)) {}
    Error fail(int code, std::string_view doing) const;
    Error edited() const;
    Result<Seen> look(const std::string& name) const;
    Result<std::string> write_temporary(std::string_view text, mode_t mode = 0644) const;
    bool put_where_nothing_is(const std::string& temporary) const;
    Result<bool> settle(const std::string& temporary);
    bool unchanged(const Seen& seen) const;
    void adopt(Seen seen);
    void sweep() const;

    Fd folder_;
    std::string name_;
    std::string shown_;
    Kind kind_ = Kind::absent;
    Identity identity_;
    std::string text_;
    std::string target_;
};

} // namespace virt_nested
