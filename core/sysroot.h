// SPDX-License-Identifier: GPL-2.0-or-later
// The one door to /sys /proc /etc /usr /dev, of this machine or of a captured one. Nothing behind
// it blocks: FIFOs, sockets and devices are refused by kind, reads are bounded in size and by a
// deadline that the whole program shares.
#pragma once

#include "core/fd.h"
#include "core/result.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace virt_nested {

/// What stat(2) says of a file, links followed.
struct FileStatus {
    mode_t mode = 0;
    uid_t uid = 0;
    gid_t gid = 0;
    uint64_t size = 0; ///< bytes
    uint64_t inode = 0;
    uint64_t device = 0;
    int64_t mtime_ns = 0; ///< nanoseconds since the epoch
    int64_t ctime_ns = 0;
};

/// After `when`, every read through any Sysroot fails with ETIME: a fact that takes longer is
/// undetermined. One for the process, for a program has one deadline.
void set_deadline(std::chrono::steady_clock::time_point when);
bool deadline_passed();

struct Recording;

/// A root folder. Paths are absolute ("/sys/module/kvm") and are taken inside the root; symbolic
/// links, absolute ones and ".." included, are resolved inside it, at most 40 of them, as the
/// kernel does (namei.c MAXSYMLINKS).
class Sysroot {
  public:
    static constexpr size_t small_file =
        64 * 1024; ///< bytes; more than any file of sysfs, procfs or /etc that is read here

    /// "" or "/": this machine, live.
    explicit Sysroot(std::string root = {});
    /// The same, with every answer written down (recording.h).
    Sysroot(std::string root, std::shared_ptr<Recording> record);
    /// A machine of which the answers were written down: each is given again, and nothing of this
    /// machine is looked at. Error of what was never asked: ENODATA, which is not "absent".
    static Sysroot replayed(std::shared_ptr<Recording> record);

    /// A machine that runs, or ran when its answers were written down: what is not there does not
    /// exist. A captured folder may lack what nobody put there.
    bool live() const;
    /// The machine that this program runs on.
    bool here() const { return root_.empty() && !replays_; }
    const std::string& root() const { return root_; }
    /// The path as a person can open it: with the root in front.
    std::string shown(std::string_view path) const { return root_ + std::string(path); }

    /// The whole text of a regular file (sysfs and procfs included). Errors: ENOENT not there;
    /// EFBIG longer than `limit`; ETIME past the deadline; EINVAL not a regular file; ELOOP; else
    /// the errno of open or read.
    Result<std::string> read(std::string_view path, size_t limit = small_file) const;
    /// At most the first `limit` bytes; a longer file is no error.
    Result<std::string> read_head(std::string_view path, size_t limit) const;
    /// A regular file, opened for reading; same errors.
    Result<Fd> open(std::string_view path) const;
    /// Names in a folder, "." and ".." left out, in byte order.
    Result<std::vector<std::string>> list(std::string_view path) const;
    Result<FileStatus> status(std::string_view path) const;
    /// The target text of a symbolic link, itself not followed.
    Result<std::string> link(std::string_view path) const;
    bool exists(std::string_view path) const { return static_cast<bool>(status(path)); }

    /// Where a path leads in the end, all links resolved: inside the root, without its prefix.
    Result<std::string> inside(std::string_view path) const;
    /// The real path on this machine, links resolved inside the root (the last component too if
    /// `follow_last`).
    Result<std::string> resolve(std::string_view path, bool follow_last = true) const;

    /// What no file's text says: the kernel's own word, or what is in a file too large to be kept.
    /// `ask` is called for it, except where answers are given again; `of` names it for them.
    Result<std::string> answer(const std::string& of,
                               const std::function<Result<std::string>()>& ask) const;
    bool recorded() const { return record_ != nullptr; }

  private:
    template<typename Kept, typename Ask>
    auto kept(std::string_view path, Kept member, const Ask& ask) const;
    Result<std::string> read_file(std::string_view path, size_t limit) const;
    Result<std::vector<std::string>> read_folder(std::string_view path) const;
    Result<FileStatus> read_status(std::string_view path) const;
    Result<std::string> read_link(std::string_view path) const;
    Result<std::string> real_inside(std::string_view path) const;
    Error fail(int code, std::string_view path) const;

    std::string root_;
    std::shared_ptr<Recording> record_;
    bool replays_ = false;
};

} // namespace virt_nested
