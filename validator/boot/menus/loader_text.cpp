// SPDX-License-Identifier: GPL-2.0-or-later
// A configuration file of a boot loader, or the doubt in its place.
#include "validator/boot/menus/loader_text.h"

#include "core/text.h"

#include <algorithm>
#include <cerrno>

namespace virt_nested {

std::string doubt_source(std::string_view path, unsigned line) {
    return printable(path, 512) + (line == 0 ? "" : ":" + std::to_string(line));
}

Doubt unread(const Sysroot& root, std::string_view path, const Error& error,
             std::string_view what) {
    std::string_view why = error.what;
    const std::string front = printable(root.shown(path), 512) + ": ";
    if (why.starts_with(front))
        why.remove_prefix(front.size());
    return {"the " + std::string(what) + " cannot be read: " + std::string(why), doubt_source(path),
            error.code};
}

std::optional<std::string> LoaderText::read(const std::string& path, std::string_view what,
                                            std::vector<Doubt>& doubts) {
    const size_t left = limits_.all_bytes - std::min(used_, limits_.all_bytes);
    const size_t limit = std::min(limits_.file_bytes, left);
    Result<std::string> text = root_.read(path, limit);
    if (text) {
        used_ += text->size();
        return std::move(*text);
    }
    if (text.error().code == EFBIG && left < limits_.file_bytes)
        doubts.push_back({"the " + std::string(what) +
                              " is not read: the files of this menu have "
                              "more than " +
                              std::to_string(limits_.all_bytes) + " bytes together",
                          doubt_source(path), EFBIG});
    else
        doubts.push_back(unread(root_, path, text.error(), what));
    return std::nullopt;
}

std::optional<std::string> LoaderText::read_if_there(const std::string& path, std::string_view what,
                                                     std::vector<Doubt>& doubts) {
    std::vector<Doubt> found;
    std::optional<std::string> text = read(path, what, found);
    for (Doubt& doubt : found)
        if (doubt.code != ENOENT)
            doubts.push_back(std::move(doubt));
    return text;
}

} // namespace virt_nested
