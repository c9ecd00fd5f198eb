// SPDX-License-Identifier: GPL-2.0-or-later
// The smallest file that is a kernel module: an ELF object with a .modinfo.
#pragma once

#include <cstdint>
#include <elf.h>
#include <string>

namespace virt_nested::test {

/// `modinfo`: records with a NUL behind each.
inline std::string module_file(const std::string& modinfo, bool is_64 = true, bool big = false) {
    std::string out;
    const auto put = [&](uint64_t value, unsigned bytes) {
        for (unsigned i = 0; i < bytes; ++i)
            out += static_cast<char>(value >> 8U * (big ? bytes - 1 - i : i));
    };
    const unsigned word = is_64 ? 8 : 4;
    const unsigned header_size = is_64 ? 64 : 52;
    const unsigned section_size = is_64 ? 64 : 40;
    const std::string names(std::string("\0.shstrtab\0.modinfo\0", 20));
    const uint64_t names_at = header_size;
    const uint64_t modinfo_at = names_at + names.size();
    const uint64_t sections_at = (modinfo_at + modinfo.size() + 7) / 8 * 8;

    out += std::string("\177ELF") + static_cast<char>(is_64 ? ELFCLASS64 : ELFCLASS32) +
           static_cast<char>(big ? ELFDATA2MSB : ELFDATA2LSB) + static_cast<char>(EV_CURRENT);
    out.resize(EI_NIDENT, '\0');
    put(ET_REL, 2);
    put(is_64 ? EM_X86_64 : EM_386, 2);
    put(EV_CURRENT, 4);
    put(0, word);           // entry
    put(0, word);           // program headers
    put(sections_at, word); // section headers
    put(0, 4);              // flags
    put(header_size, 2);
    put(0, 2);
    put(0, 2);
    put(section_size, 2);
    put(3, 2); // sections
    put(1, 2); // the one with the names
    out += names + modinfo;
    out.resize(sections_at, '\0');
    const auto section = [&](uint32_t name, uint32_t type, uint64_t offset, uint64_t size) {
        put(name, 4);
        put(type, 4);
        put(0, word); // flags
        put(0, word); // address
        put(offset, word);
        put(size, word);
        put(0, 4); // link
        put(0, 4); // info
        put(1, word);
        put(0, word);
    };
    section(0, SHT_NULL, 0, 0);
    section(1, SHT_STRTAB, names_at, names.size());
    section(11, SHT_PROGBITS, modinfo_at, modinfo.size());
    return out;
}

} // namespace virt_nested::test
