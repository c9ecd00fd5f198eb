// SPDX-License-Identifier: GPL-2.0-or-later
// Initramfs images and PE files for tests, byte by byte.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace virt_nested::test {

/// One entry of a newc archive.
inline std::string newc(const std::string& name, const std::string& data, unsigned mode = 0100644,
                        unsigned inode = 1, unsigned links = 1) {
    char header[111];
    std::snprintf(header, sizeof header,
                  "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", inode, mode, 0U, 0U,
                  links, 0U, static_cast<unsigned>(data.size()), 0U, 0U, 0U, 0U,
                  static_cast<unsigned>(name.size() + 1), 0U);
    std::string out = header + name;
    out += '\0';
    out.resize((out.size() + 3) & ~size_t{3}, '\0');
    out += data;
    out.resize((out.size() + 3) & ~size_t{3}, '\0');
    return out;
}

inline std::string trailer() {
    return newc("TRAILER!!!", "");
}

/// `data`, so many times over, through one of libarchive's filters: gzip, xz, zstd, lz4, bzip2.
inline std::string packed(const std::string& data, const char* filter, size_t times = 1) {
    std::string out(data.size() + (4U << 20), '\0');
    size_t used = 0;
    archive* a = ::archive_write_new();
    ::archive_write_set_format_raw(a);
    ::archive_write_add_filter_by_name(a, filter);
    ::archive_write_open_memory(a, out.data(), out.size(), &used);
    archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_write_header(a, entry);
    for (size_t i = 0; i < times; ++i)
        ::archive_write_data(a, data.data(), data.size());
    ::archive_entry_free(entry);
    ::archive_write_close(a);
    ::archive_write_free(a);
    out.resize(used);
    return out;
}

/// An image as Debian makes it where kvm was put into it by hand.
inline std::string kvm_image(const std::string& option) {
    return newc("usr/lib/modules/6.1.0-50-amd64/kernel/arch/x86/kvm/kvm-intel.ko.xz", "elf") +
           newc("./usr/lib/modules/6.1.0-50-amd64/kernel/arch/x86/kvm/kvm.ko.xz", "elf") +
           newc("etc/modprobe.d/kvm.conf", option) + trailer();
}

/// A PE file with these sections, as far as a reader of section headers sees one.
inline std::string pe(const std::initializer_list<std::pair<std::string, std::string>>& sections) {
    const auto number = [](uint64_t value, int size) {
        std::string out;
        for (int i = 0; i < size; ++i)
            out += static_cast<char>(value >> (8 * i) & 0xff);
        return out;
    };
    std::string out = "MZ" + std::string(0x3a, '\0') + number(0x40, 4);
    out += std::string("PE\0\0", 4) + number(0x8664, 2) + number(sections.size(), 2) +
           std::string(12, '\0') + number(0, 2) + number(0, 2);
    uint64_t at = 4096;
    std::string data;
    for (const auto& [name, text] : sections) {
        out += name + std::string(8 - name.size(), '\0') + number(text.size(), 4) + number(0, 4) +
               number((text.size() + 511) & ~511ULL, 4) + number(at + data.size(), 4) +
               std::string(16, '\0');
        data += text;
        data.resize((data.size() + 511) & ~size_t{511}, '\0');
    }
    out.resize(4096, '\0');
    return out + data;
}

} // namespace virt_nested::test
