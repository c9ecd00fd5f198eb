// SPDX-License-Identifier: GPL-2.0-or-later
// What depmod reads of a module: .modinfo, __ksymtab_strings and the undefined symbols of .symtab
// (kmod: libkmod/libkmod-elf.c).
#include "tests/differential/module_object.h"

#include <cstdint>
#include <elf.h>
#include <vector>

namespace virt_nested::test {

namespace {

void put(std::string& out, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> 8U * i);
}

struct Section {
    std::string name;
    uint32_t type = SHT_NULL;
    std::string text = {};
    uint64_t entry = 0; ///< bytes of one
    uint32_t link = 0;
};

std::string symbol(uint32_t name) {
    std::string out;
    put(out, name, 4);
    out += static_cast<char>(name ? ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE) : 0);
    out.resize(24, '\0'); // undefined
    return out;
}

} // namespace

std::string module_object(const ModuleObject& object) {
    const std::string nul(1, '\0');
    std::vector<Section> sections(1);
    sections.push_back({".modinfo", SHT_PROGBITS, object.modinfo});
    if (!object.exports.empty())
        sections.push_back({"__ksymtab_strings", SHT_PROGBITS, object.exports + nul});
    if (!object.imports.empty()) {
        sections.push_back({".strtab", SHT_STRTAB, nul + object.imports + nul});
        sections.push_back({".symtab", SHT_SYMTAB, symbol(0) + symbol(1), 24,
                            static_cast<uint32_t>(sections.size()) - 1});
    }
    sections.push_back({".shstrtab", SHT_STRTAB});
    std::string names = nul;
    std::string table;
    std::string text;
    constexpr uint64_t header_size = 64;
    for (Section& section : sections) {
        const size_t name = section.name.empty() ? 0 : names.size();
        if (name)
            names += section.name + nul;
        if (section.name == ".shstrtab")
            section.text = names;
        put(table, name, 4);
        put(table, section.type, 4);
        put(table, 0, 8); // flags
        put(table, 0, 8); // address
        put(table, header_size + text.size(), 8);
        put(table, section.text.size(), 8);
        put(table, section.link, 4);
        put(table, section.entry ? 1 : 0, 4);
        put(table, 1, 8);
        put(table, section.entry, 8);
        text += section.text;
        text.resize((text.size() + 7) / 8 * 8, '\0');
    }
    std::string out = std::string(ELFMAG) + static_cast<char>(ELFCLASS64) +
                      static_cast<char>(ELFDATA2LSB) + static_cast<char>(EV_CURRENT);
    out.resize(EI_NIDENT, '\0');
    put(out, ET_REL, 2);
    put(out, EM_X86_64, 2);
    put(out, EV_CURRENT, 4);
    put(out, 0, 8); // entry
    put(out, 0, 8); // program headers
    put(out, header_size + text.size(), 8);
    put(out, 0, 4); // flags
    put(out, header_size, 2);
    put(out, 0, 4); // program headers
    put(out, 64, 2);
    put(out, sections.size(), 2);
    put(out, sections.size() - 1, 2);
    return out + text + table;
}

} // namespace virt_nested::test
