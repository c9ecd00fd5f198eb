// SPDX-License-Identifier: GPL-2.0-or-later
// The firmware's variables, as far as boot loaders read them.
#include "validator/boot/menus/efi_variables.h"

#include "validator/boot/menus/loader_text.h"

#include <cerrno>
#include <cstdint>

namespace virt_nested {

namespace {

constexpr size_t attributes = 4; ///< bytes in front of the value

/// UTF-16LE up to its NUL, which may be missing. Nothing for half a character and for what is not
/// in the basic plane, which loaders do not write.
std::optional<std::string> utf8(std::string_view bytes) {
    if (bytes.empty() || bytes.size() % 2 != 0)
        return std::nullopt;
    std::string out;
    for (size_t i = 0; i < bytes.size(); i += 2) {
        const unsigned c = static_cast<unsigned char>(bytes[i]) |
                           static_cast<unsigned>(static_cast<unsigned char>(bytes[i + 1])) << 8;
        if (c == 0)
            break;
        if (c >= 0xd800 && c < 0xe000)
            return std::nullopt;
        if (c < 0x80)
            out += static_cast<char>(c);
        else if (c < 0x800) {
            out += static_cast<char>(0xc0 | c >> 6);
            out += static_cast<char>(0x80 | (c & 0x3f));
        } else {
            out += static_cast<char>(0xe0 | c >> 12);
            out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
            out += static_cast<char>(0x80 | (c & 0x3f));
        }
    }
    return out;
}

} // namespace

EfiVariables::EfiVariables(const Sysroot& root) : root_(root) {
    // A machine that starts by EFI has dozens; an empty folder is one where efivarfs is not
    // mounted.
    const Result<std::vector<std::string>> names = root.list(folder_);
    known_ = names && !names->empty();
}

std::string EfiVariables::loader_path(std::string_view name) const {
    return folder_ + "/" + std::string(name) + "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
}

std::optional<std::string> EfiVariables::loader_text(std::string_view name,
                                                     std::vector<Doubt>& doubts) const {
    const std::string path = loader_path(name);
    const Result<std::string> bytes = root_.read(path);
    if (!bytes) {
        if (bytes.error().code != ENOENT)
            doubts.push_back(unread(root_, path, bytes.error(), "EFI variable"));
        return std::nullopt;
    }
    std::optional<std::string> text = bytes->size() < attributes
                                          ? std::nullopt
                                          : utf8(std::string_view(*bytes).substr(attributes));
    if (!text)
        doubts.push_back({"the EFI variable holds no text", doubt_source(path), 0});
    return text;
}

std::optional<bool> EfiVariables::secure_boot() const {
    const Result<std::string> bytes =
        root_.read(folder_ + "/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
    if (!bytes || bytes->size() != attributes + 1)
        return std::nullopt;
    return bytes->back() != 0;
}

} // namespace virt_nested
