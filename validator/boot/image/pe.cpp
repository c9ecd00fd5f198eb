// SPDX-License-Identifier: GPL-2.0-or-later
// The sections of a PE file: a unified kernel image keeps its initramfs and its command line there.
#include "core/text.h"
#include "validator/boot/image/initramfs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace virt_nested {

namespace {

/// Little-endian, whatever this machine is.
uint32_t number(std::string_view bytes, size_t at, size_t size) {
    uint32_t out = 0;
    for (size_t i = 0; i < size; ++i)
        out |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    return out;
}

} // namespace

Result<std::vector<PeSection>> pe_sections(const Sysroot& root, const std::string& path) {
    const auto refuse = [&](const char* why) {
        return Error{EBADMSG, printable(root.shown(path), 512) + ": " + why};
    };
    // Headers stand at the front; 64 KiB hold more sections than any loader takes.
    const Result<std::string> head = root.read_head(path, 64 * 1024);
    if (!head)
        return head.error();
    const std::string_view bytes = *head;
    if (bytes.size() < 0x40 || !bytes.starts_with("MZ"))
        return refuse("not a PE file");
    const size_t pe = number(bytes, 0x3c, 4);
    if (pe > bytes.size() || bytes.size() - pe < 24 ||
        bytes.substr(pe, 4) != std::string_view("PE\0\0", 4))
        return refuse("not a PE file");
    const size_t count = number(bytes, pe + 6, 2);
    const size_t table = pe + 24 + number(bytes, pe + 20, 2);
    if (count > 96 || table + count * 40 > bytes.size())
        return refuse("its headers contradict themselves");
    std::vector<PeSection> out;
    for (size_t i = 0; i < count; ++i) {
        const size_t at = table + i * 40;
        const std::string_view name = bytes.substr(at, 8);
        const uint32_t in_memory = number(bytes, at + 8, 4);
        const uint32_t in_file = number(bytes, at + 16, 4);
        out.push_back({std::string(name.substr(0, name.find('\0'))), number(bytes, at + 20, 4),
                       in_memory == 0 ? in_file : std::min(in_memory, in_file)});
    }
    return out;
}

Result<std::string> read_section(const Sysroot& root, const std::string& path,
                                 const PeSection& section) {
    if (section.size > Sysroot::small_file)
        return Error{EFBIG, printable(root.shown(path), 512) + ": section too long"};
    return root.answer(section.name + " of " + path, [&]() -> Result<std::string> {
        const Result<Fd> fd = root.open(path);
        if (!fd)
            return fd.error();
        std::string text(section.size, '\0');
        const ssize_t got =
            ::pread(fd->get(), text.data(), text.size(), static_cast<off_t>(section.offset));
        if (got < 0)
            return Error{errno, std::strerror(errno)};
        text.resize(static_cast<size_t>(got));
        return text;
    });
}

} // namespace virt_nested
