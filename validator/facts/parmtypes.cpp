// SPDX-License-Identifier: GPL-2.0-or-later
// Parameter types out of a module's own file (Linux: include/linux/moduleparam.h
// __MODULE_PARM_TYPE; ELF: section .modinfo).
#include "validator/facts/parmtypes.h"

#include "core/modconf/modconf.h"
#include "core/text.h"
#include "validator/boot/image/unpack.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <elf.h>

namespace virt_nested {

namespace {

constexpr size_t index_limit = 16U << 20;  ///< bytes; modules.dep has some hundred KiB
constexpr size_t module_limit = 64U << 20; ///< unpacked; kvm.ko has 3 MiB, with symbols 40

/// Numbers out of an ELF file of either word size and byte order; 0 beyond its end.
class Elf {
  public:
    explicit Elf(std::string_view file) : file_(file) {}

    bool valid() const {
        return file_.size() > EI_NIDENT && file_.starts_with("\177ELF") &&
               (file_[EI_CLASS] == ELFCLASS32 || file_[EI_CLASS] == ELFCLASS64) &&
               (file_[EI_DATA] == ELFDATA2LSB || file_[EI_DATA] == ELFDATA2MSB);
    }

    std::string_view section(std::string_view wanted) const {
        const uint64_t headers = at(0x28, 0x20, 8, 4);
        const uint64_t size = at(0x3a, 0x2e, 2, 2);
        const uint64_t count = at(0x3c, 0x30, 2, 2);
        const std::string_view names = contents(headers + at(0x3e, 0x32, 2, 2) * size);
        for (uint64_t i = 0; i < count; ++i) {
            const uint64_t name = number(headers + i * size, 4);
            if (name < names.size() && names.substr(name, names.find('\0', name) - name) == wanted)
                return contents(headers + i * size);
        }
        return {};
    }

  private:
    bool is_64() const { return file_[EI_CLASS] == ELFCLASS64; }

    uint64_t number(uint64_t offset, unsigned bytes) const {
        if (offset > file_.size() || file_.size() - offset < bytes)
            return 0;
        uint64_t out = 0;
        for (unsigned i = 0; i < bytes; ++i) {
            const bool big = file_[EI_DATA] == ELFDATA2MSB;
            const auto byte = static_cast<unsigned char>(file_[offset + (big ? i : bytes - 1 - i)]);
            out = (out << 8U) | byte;
        }
        return out;
    }

    uint64_t at(uint64_t offset_64, uint64_t offset_32, unsigned bytes_64,
                unsigned bytes_32) const {
        return is_64() ? number(offset_64, bytes_64) : number(offset_32, bytes_32);
    }

    std::string_view contents(uint64_t header) const {
        const uint64_t offset = is_64() ? number(header + 0x18, 8) : number(header + 0x10, 4);
        const uint64_t size = is_64() ? number(header + 0x20, 8) : number(header + 0x14, 4);
        if (offset > file_.size() || size > file_.size() - offset)
            return {};
        return file_.substr(offset, size);
    }

    std::string_view file_;
};

/// The module's path below the folder of modules, e.g. "kernel/arch/x86/kvm/kvm-intel.ko.xz".
std::string find_module(std::string_view index, std::string_view module) {
    for (std::string_view line : lines(index)) {
        const std::string_view path = line.substr(0, line.find(':'));
        if (module_in_path(path) == module)
            return std::string(path);
    }
    return {};
}

/// The section .modinfo of a module's file.
Result<std::string> read_modinfo(const Sysroot& root, const std::string& path) {
    const Result<std::string> file = read_unpacked(root, path, module_limit);
    if (!file)
        return file.error();
    const Elf elf(*file);
    const std::string_view modinfo = elf.valid() ? elf.section(".modinfo") : std::string_view();
    if (modinfo.empty())
        return Error{EBADMSG, printable(root.shown(path), 512) + ": no kernel module"};
    return std::string(modinfo);
}

Result<Parmtypes> read_from_file(const Sysroot& root, const std::string& path) {
    const Result<std::string> modinfo =
        root.answer("modinfo of " + path, [&] { return read_modinfo(root, path); });
    if (!modinfo)
        return modinfo.error();
    return Parmtypes{path, parmtypes_in(*modinfo)};
}

} // namespace

std::vector<std::pair<std::string, std::string>> parmtypes_in(std::string_view modinfo,
                                                              std::string_view module_prefix) {
    std::vector<std::pair<std::string, std::string>> out;
    const std::string key = std::string(module_prefix) + "parmtype=";
    while (!modinfo.empty()) {
        const size_t end = std::min(modinfo.find('\0'), modinfo.size());
        std::string_view record = modinfo.substr(0, end);
        modinfo.remove_prefix(std::min(end + 1, modinfo.size()));
        if (!record.starts_with(key))
            continue;
        record.remove_prefix(key.size());
        const size_t colon = record.find(':');
        if (colon != std::string_view::npos)
            out.emplace_back(record.substr(0, colon), record.substr(colon + 1));
    }
    return out;
}

Result<Parmtypes> read_parmtypes(const Sysroot& root, std::string_view kernel_release,
                                 std::string_view module) {
    const std::string name = module_name(module);
    for (const char* place : {"/lib/modules/", "/usr/lib/modules/"}) {
        const std::string folder = place + std::string(kernel_release) + "/";
        const Result<std::string> index = root.read(folder + "modules.dep", index_limit);
        if (index) {
            const std::string path = find_module(*index, name);
            if (!path.empty())
                return read_from_file(root, path.front() == '/' ? path : folder + path);
        }
        const std::string builtin = folder + "modules.builtin.modinfo";
        const Result<std::string> records = root.read(builtin, index_limit);
        if (records) {
            Parmtypes found{builtin, parmtypes_in(*records, name + ".")};
            if (!found.types.empty())
                return found;
        }
    }
    return Error{ENOENT, "no module " + printable(name) + " in " +
                             printable(root.shown("/lib/modules/"), 512) +
                             printable(kernel_release)};
}

} // namespace virt_nested
