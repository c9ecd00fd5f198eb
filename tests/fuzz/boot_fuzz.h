// SPDX-License-Identifier: GPL-2.0-or-later
// What must hold of every answer of a boot loader's reader, and a root folder to give them files
// in.
#pragma once

#include "tests/fuzz/fuzz.h"
#include "validator/boot/menu.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested::fuzz {

/// What stands between the bytes 0x1e, at most eight.
inline std::vector<std::string_view> parts(std::string_view text) {
    std::vector<std::string_view> out;
    while (out.size() < 8) {
        const size_t end = std::min(text.find('\x1e'), text.size());
        out.push_back(text.substr(0, end));
        if (end == text.size())
            break;
        text.remove_prefix(end + 1);
    }
    return out;
}

inline void check(const std::vector<Doubt>& doubts) {
    for (const Doubt& doubt : doubts) {
        must(!doubt.what.empty() && is_harmless(doubt.what), "a doubt is printable");
        must(is_harmless(doubt.source), "a doubt's place is printable");
    }
}

inline void check(const BootMenu& menu, const BootLimits& limits) {
    must(menu.entries.size() <= limits.entries + 2, "entries are bounded");
    must(menu.found || menu.entries.empty(), "entries come from files");
    must(is_harmless(menu.choice), "the place of the choice is printable");
    check(menu.doubts);
    bool any = false;
    for (const BootEntry& entry : menu.entries) {
        any = any || entry.chosen;
        must(entry.kernel_file.empty() || entry.kernel_file.front() == '/', "a path is absolute");
        for (const std::string& initrd : entry.initrds)
            must(!initrd.empty() && initrd.front() == '/', "a path is absolute");
        must(entry.kind != EntryKind::other || entry.initrds.empty(), "another has no initramfs");
        check(entry.doubts);
    }
    must(any || menu.entries.empty() || !menu.doubts.empty(),
         "one is chosen, or it is said why not");
}

/// A folder for the whole run.
class Root {
  public:
    Root() : path_((std::filesystem::temp_directory_path() / "virt-nested-fuzz-XXXXXX").string()) {
        if (!::mkdtemp(path_.data()))
            std::abort();
    }
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;
    ~Root() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }
    void write(const std::string& name, std::string_view text) const {
        const std::filesystem::path file = path_ + "/" + name;
        std::ofstream out(file, std::ios::binary | std::ios::trunc);
        if (!out) { // the first time
            std::filesystem::create_directories(file.parent_path());
            out.open(file, std::ios::binary | std::ios::trunc);
        }
        out << text;
    }

  private:
    std::string path_;
};

} // namespace virt_nested::fuzz
