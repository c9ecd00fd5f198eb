// SPDX-License-Identifier: GPL-2.0-or-later
// The bytes of a file that may be packed (an initramfs, a module), in order and bounded.
#pragma once

#include "core/sysroot.h"

#include <archive.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// Thrown inside the reading; read_initramfs() and read_unpacked() return it as their error.
struct UnpackError {
    Error error;
};

class ByteStream {
  public:
    virtual ~ByteStream() = default;
    /// The next bytes, at least one; none at the end. Valid until the next call. Throws
    /// UnpackError.
    virtual std::string_view next() = 0;
};

/// Part of a file.
class FileStream final : public ByteStream {
  public:
    FileStream(int fd, uint64_t offset, uint64_t end) : fd_(fd), at_(offset), end_(end) {}
    std::string_view next() override;

  private:
    int fd_;
    uint64_t at_, end_;
    std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

/// What libarchive unpacks of it: gzip, xz, lzma, zstd, lz4, bzip2; never by running a program.
class UnpackedStream final : public ByteStream {
  public:
    /// `packed` outlives it.
    explicit UnpackedStream(ByteStream& packed);
    std::string_view next() override;
    /// At the end: how many bytes of `packed` were taken. libarchive ends in silence at what it
    /// does not know (of lz4, behind four bytes of that).
    uint64_t taken() const;
    bool is_lz4() const;

  private:
    static la_ssize_t feed(archive* a, void* self, const void** block);
    [[noreturn]] void fail();

    ByteStream& packed_;
    std::unique_ptr<archive, int (*)(archive*)> archive_;
};

/// A stream with a position, read in pieces of any size.
class Reader {
  public:
    /// After `limit` bytes, or past `until`: EFBIG, ETIME. `at`: the position that it starts with.
    Reader(ByteStream& stream, uint64_t limit, std::chrono::steady_clock::time_point until,
           uint64_t at = 0)
        : stream_(stream), limit_(limit), until_(until), at_(at) {}

    uint64_t at() const { return at_; }
    /// False at the end.
    bool more();
    char peek() const { return rest_.front(); }
    /// Past the zeros; a sparse file has many. Same errors as take().
    void skip_zeros();
    /// Exactly `size` bytes into `out` (nullptr: skipped). Error EBADMSG: it ends before.
    void take(uint64_t size, std::string* out);

  private:
    ByteStream& stream_;
    uint64_t limit_;
    std::chrono::steady_clock::time_point until_;
    std::string_view rest_;
    uint64_t at_;
};

/// The whole of a file, unpacked if it is packed. Errors: EFBIG unpacks to more than `limit` bytes;
/// EBADMSG truncated, corrupt or empty; ETIME past the deadline; else that of opening or reading.
Result<std::string> read_unpacked(const Sysroot& root, const std::string& path, size_t limit);

} // namespace virt_nested
