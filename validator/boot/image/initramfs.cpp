// SPDX-License-Identifier: GPL-2.0-or-later
// Walking through an initramfs as the kernel does (init/initramfs.c): newc archives one behind
// another with zeros between them, any of them compressed. libarchive unpacks; its cpio reader is
// not used, for it stops at the first trailer and takes forms that the kernel refuses.
#include "validator/boot/image/initramfs.h"

#include "core/text.h"
#include "validator/boot/image/collector.h"
#include "validator/boot/image/unpack.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>

namespace virt_nested {

namespace {

uint32_t hex(const std::string& header, size_t field) {
    uint32_t value = 0;
    const char* at = header.data() + 6 + field * 8;
    const auto [end, code] = std::from_chars(at, at + 8, value, 16);
    if (code != std::errc() || end != at + 8)
        throw UnpackError{{EBADMSG, "corrupt: a number in a header of the archive is none"}};
    return value;
}

void align(Reader& in) {
    in.take((4 - in.at() % 4) % 4, nullptr);
}

/// One newc archive up to its trailer (Documentation/driver-api/early-userspace/buffer-format.rst).
void walk_archive(Reader& in, Collector& collector) {
    for (;;) {
        align(in);
        std::string header;
        in.take(110, &header);
        if (!header.starts_with("070701") && !header.starts_with("070702"))
            throw UnpackError{{EBADMSG, "corrupt: no header of an archive where one must be"}};
        ImageEntry entry{{}, hex(header, 0), hex(header, 1), hex(header, 4), hex(header, 6)};
        const uint32_t name_size = hex(header, 11);
        if (name_size == 0 || name_size > 4096)
            throw UnpackError{
                {EBADMSG, "corrupt: a name of " + std::to_string(name_size) + " bytes"}};
        std::string name;
        in.take(name_size, &name);
        name.resize(std::strlen(name.c_str()));
        if (name == "TRAILER!!!") {
            collector.end_archive();
            return;
        }
        entry.name = normal_name(name);
        const bool wanted = collector.see(entry);
        align(in);
        std::optional<std::string> text;
        if (wanted && entry.size <= Collector::most_bytes)
            text.emplace();
        in.take(entry.size, text ? &*text : nullptr);
        if (wanted)
            collector.keep(entry, std::move(text));
    }
}

/// Archives one behind another, zeros between them; stops before anything else.
void walk_archives(Reader& in, Collector& collector) {
    while (in.more()) {
        if (in.peek() == '\0')
            in.skip_zeros();
        else if (in.peek() != '0')
            return;
        else if (in.at() % 4 != 0)
            throw UnpackError{{EBADMSG, "corrupt: an archive begins where the kernel reads none"}};
        else
            walk_archive(in, collector);
    }
}

std::string unknown_start(int fd, uint64_t at) {
    unsigned char magic[6] = {};
    if (::pread(fd, magic, sizeof magic, static_cast<off_t>(at)) < 4)
        return "truncated";
    struct Known {
        const char* name;
        const char* magic;
    };
    // lib/decompress.c; libarchive unpacks all but lzo.
    constexpr Known known[] = {{"gzip", "\x1f\x8b"},
                               {"bzip2", "BZh"},
                               {"lzma", "\x5d"},
                               {"xz", "\xfd"
                                      "7zXZ"},
                               {"zstd", "\x28\xb5\x2f\xfd"},
                               {"lz4", "\x02\x21\x4c\x18"},
                               {"lz4", "\x04\x22\x4d\x18"}};
    for (const Known& form : known)
        if (std::memcmp(magic, form.magic, std::strlen(form.magic)) == 0)
            return {};
    return std::memcmp(magic, "\x89LZO", 4) == 0 ? "compressed with lzo, which is not looked into"
                                                 : "unknown compression, or not an initramfs";
}

/// Where an image lies in a file, and how far it may be read.
struct Bounds {
    uint64_t offset, end;
    std::chrono::steady_clock::time_point until;
    uint64_t unpacked; ///< bytes that may yet be unpacked
};

/// A packed part: what it unpacks to is whole archives. The number of bytes that it takes.
uint64_t walk_packed(const Fd& fd, uint64_t at, Bounds& bounds, Collector& collector) {
    const std::string problem = unknown_start(fd.get(), at);
    if (!problem.empty())
        throw UnpackError{{EBADMSG, problem}};
    FileStream packed(fd.get(), at, bounds.end);
    UnpackedStream unpacked(packed);
    Reader in(unpacked, bounds.unpacked, bounds.until);
    walk_archives(in, collector);
    if (in.more())
        throw UnpackError{{EBADMSG, "corrupt: what it unpacks to is no archive"}};
    bounds.unpacked -= in.at();
    const uint64_t taken = unpacked.taken();
    if (taken == 0 || taken > bounds.end - at)
        throw UnpackError{{EBADMSG, "where a packed part of it ends cannot be told"}};
    if (!unpacked.is_lz4())
        return taken;
    // The kernel takes nothing behind lz4 (lib/decompress_unlz4.c).
    FileStream behind(fd.get(), at + taken, bounds.end);
    Reader rest(behind, std::numeric_limits<uint64_t>::max(), bounds.until);
    rest.skip_zeros();
    if (rest.more())
        throw UnpackError{{EBADMSG, "what follows a part packed with lz4 is not looked into"}};
    return bounds.end - at;
}

/// Part after part, as unpack_to_rootfs() goes on behind each (init/initramfs.c).
void walk(const Fd& fd, Bounds bounds, Collector& collector) {
    constexpr unsigned most_parts = 256;
    uint64_t at = bounds.offset;
    if (at >= bounds.end)
        throw UnpackError{{EBADMSG, "empty"}};
    for (unsigned part = 0; at < bounds.end; ++part) {
        if (part == most_parts)
            throw UnpackError{{EFBIG, "more than " + std::to_string(most_parts) + " parts"}};
        FileStream file(fd.get(), at, bounds.end);
        const uint64_t start = at - bounds.offset;
        Reader plain(file, start + bounds.unpacked, bounds.until, start);
        walk_archives(plain, collector);
        at = bounds.offset + plain.at();
        bounds.unpacked -= plain.at() - start;
        if (at < bounds.end)
            at += walk_packed(fd, at, bounds, collector);
    }
}

/// Where a boot configuration begins that ends the image: text, its size and the sum of its bytes,
/// "#BOOTCONFIG\n", up to three bytes of filling (init/main.c get_boot_config_from_initrd). `end`:
/// there is none that the kernel takes.
uint64_t bootconfig_at(const Fd& fd, uint64_t start, uint64_t end) {
    constexpr std::string_view magic = "#BOOTCONFIG\n";
    constexpr size_t foot = 8 + magic.size();
    constexpr uint32_t most = 1U << 20; // the kernel takes 32 KiB
    for (uint64_t fill = 0; fill < 4 && end - start >= foot + fill; ++fill) {
        unsigned char bytes[foot] = {};
        const uint64_t at = end - fill - foot;
        if (::pread(fd.get(), bytes, foot, static_cast<off_t>(at)) != static_cast<ssize_t>(foot) ||
            std::memcmp(bytes + 8, magic.data(), magic.size()) != 0)
            continue;
        const auto number = [&](size_t i) {
            return bytes[i] | static_cast<uint32_t>(bytes[i + 1]) << 8 |
                   static_cast<uint32_t>(bytes[i + 2]) << 16 |
                   static_cast<uint32_t>(bytes[i + 3]) << 24;
        };
        const uint32_t size = number(0);
        if (size > at - start || size > most)
            return end;
        std::string text(size, '\0');
        if (::pread(fd.get(), text.data(), size, static_cast<off_t>(at - size)) !=
            static_cast<ssize_t>(size))
            return end;
        uint32_t sum = 0;
        for (const char one : text)
            sum += static_cast<unsigned char>(one);
        return sum == number(4) ? at - size : end;
    }
    return end;
}

} // namespace

bool InitramfsContent::has(std::string_view module, std::string_view release) const {
    return std::any_of(modules.begin(), modules.end(), [&](const ImageModule& one) {
        return one.name == module && (release.empty() || one.release == release);
    });
}

Result<InitramfsContent> read_initramfs(const Sysroot& root, const std::string& path,
                                        uint64_t offset, uint64_t size,
                                        const InitramfsLimits& limits) {
    const Result<Fd> fd = root.open(path);
    if (!fd)
        return fd.error();
    struct stat found {};
    if (::fstat(fd->get(), &found) != 0)
        return Error{errno, std::strerror(errno)};
    const auto length = static_cast<uint64_t>(found.st_size);
    const uint64_t last = std::max(offset, size == 0 ? length : std::min(length, offset + size));
    const uint64_t end = bootconfig_at(*fd, offset, last);
    try {
        Collector collector(limits);
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(limits.seconds);
        constexpr int most_passes = 4;
        for (int pass = 0; pass < most_passes; ++pass) {
            collector.begin();
            walk(*fd, {offset, end, until, limits.unpacked}, collector);
            if (!collector.settled())
                continue;
            InitramfsContent out = collector.take();
            out.bootconfig = end != last;
            return out;
        }
        throw UnpackError{{ELOOP, "links of its configuration lead further than is followed: /" +
                                      printable(collector.missed())}};
    } catch (const UnpackError& failed) {
        return Error{failed.error.code,
                     printable(root.shown(path), 512) + ": " + failed.error.what};
    }
}

} // namespace virt_nested
