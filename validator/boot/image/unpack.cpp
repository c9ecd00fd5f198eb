// SPDX-License-Identifier: GPL-2.0-or-later
// The bytes of a file that may be packed, in order and bounded.
#include "validator/boot/image/unpack.h"

#include "core/text.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <unistd.h>

namespace virt_nested {

std::string_view FileStream::next() {
    const auto want = static_cast<size_t>(std::min<uint64_t>(buffer_.size(), end_ - at_));
    if (want == 0)
        return {};
    const ssize_t got = ::pread(fd_, buffer_.data(), want, static_cast<off_t>(at_));
    if (got < 0)
        throw UnpackError{{errno, std::strerror(errno)}};
    at_ += static_cast<uint64_t>(got);
    return {buffer_.data(), static_cast<size_t>(got)};
}

UnpackedStream::UnpackedStream(ByteStream& packed)
    : packed_(packed), archive_(::archive_read_new(), ::archive_read_free) {
    archive* const a = archive_.get();
    ::archive_read_support_filter_gzip(a);
    ::archive_read_support_filter_xz(a);
    ::archive_read_support_filter_lzma(a);
    ::archive_read_support_filter_zstd(a);
    ::archive_read_support_filter_lz4(a);
    ::archive_read_support_filter_bzip2(a);
    ::archive_read_support_format_raw(a);
    archive_entry* entry = nullptr;
    if (::archive_read_open(a, this, nullptr, feed, nullptr) != ARCHIVE_OK ||
        ::archive_read_next_header(a, &entry) != ARCHIVE_OK)
        fail();
    if (::archive_filter_count(a) > 2) // the last one is the file itself
        throw UnpackError{{EBADMSG, "corrupt: packed more than once"}};
}

uint64_t UnpackedStream::taken() const {
    return static_cast<uint64_t>(
        std::max<la_int64_t>(::archive_filter_bytes(archive_.get(), -1), 0));
}

bool UnpackedStream::is_lz4() const {
    return ::archive_filter_code(archive_.get(), 0) == ARCHIVE_FILTER_LZ4;
}

std::string_view UnpackedStream::next() {
    for (;;) {
        const void* data = nullptr;
        size_t size = 0;
        la_int64_t offset = 0;
        const int code = ::archive_read_data_block(archive_.get(), &data, &size, &offset);
        if (code == ARCHIVE_EOF)
            return {};
        if (code != ARCHIVE_OK)
            fail();
        if (size > 0)
            return {static_cast<const char*>(data), size};
    }
}

la_ssize_t UnpackedStream::feed(archive* a, void* self, const void** block) {
    // An exception must not pass through a C library.
    try {
        const std::string_view bytes = static_cast<UnpackedStream*>(self)->packed_.next();
        *block = bytes.data();
        return static_cast<la_ssize_t>(bytes.size());
    } catch (const UnpackError& failed) {
        ::archive_set_error(a, failed.error.code, "%s", failed.error.what.c_str());
        return -1;
    }
}

void UnpackedStream::fail() {
    const char* why = ::archive_error_string(archive_.get());
    throw UnpackError{{EBADMSG, std::string("truncated or corrupt: ") +
                                    (why ? printable(why) : "it cannot be unpacked")}};
}

bool Reader::more() {
    if (!rest_.empty())
        return true;
    if (std::chrono::steady_clock::now() > until_)
        throw UnpackError{{ETIME, "not unpacked within the time"}};
    rest_ = stream_.next();
    return !rest_.empty();
}

void Reader::skip_zeros() {
    while (more() && peek() == '\0')
        take(std::min(rest_.find_first_not_of('\0'), rest_.size()), nullptr);
}

void Reader::take(uint64_t size, std::string* out) {
    if (at_ + size > limit_)
        throw UnpackError{{EFBIG, "unpacks to more than " + std::to_string(limit_) + " bytes"}};
    while (size > 0) {
        if (!more())
            throw UnpackError{{EBADMSG, "truncated: it ends inside an entry"}};
        const auto part = static_cast<size_t>(std::min<uint64_t>(size, rest_.size()));
        if (out)
            out->append(rest_.substr(0, part));
        rest_.remove_prefix(part);
        at_ += part;
        size -= part;
    }
}

Result<std::string> read_unpacked(const Sysroot& root, const std::string& path, size_t limit) {
    const Result<Fd> fd = root.open(path);
    if (!fd)
        return fd.error();
    const auto fail = [&](int code, const std::string& why) {
        return Error{code, printable(root.shown(path), 512) + ": " + why};
    };
    try {
        FileStream packed(fd->get(), 0, std::numeric_limits<uint64_t>::max());
        UnpackedStream unpacked(packed);
        std::string out;
        for (std::string_view part = unpacked.next(); !part.empty(); part = unpacked.next()) {
            if (part.size() > limit - out.size())
                return fail(EFBIG, "unpacks to more than " + std::to_string(limit) + " bytes");
            if (deadline_passed())
                return fail(ETIME, "not unpacked within the time");
            out += part;
        }
        return out;
    } catch (const UnpackError& failed) {
        return fail(failed.error.code, failed.error.what);
    }
}

} // namespace virt_nested
