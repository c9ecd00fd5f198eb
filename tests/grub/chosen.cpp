// SPDX-License-Identifier: GPL-2.0-or-later
// What read_grub_menu() makes of the configurations below a folder, as JSON lines for
// tests/grub/run:
//   chosen ROOT CONFIG...
#include "validator/boot/readers.h"

#include <cstdio>
#include <string>

namespace {

using namespace virt_nested;

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        char number[8];
        std::snprintf(number, sizeof number, "\\u%04x", static_cast<unsigned char>(c));
        const bool plain = c >= ' ' && c != '"' && c != '\\';
        out += plain ? std::string(1, c) : std::string(number);
    }
    return out + "\"";
}

template<typename T, typename Shown>
std::string listed(const std::vector<T>& all, Shown shown) {
    std::string out = "[";
    for (const T& one : all)
        out += (out.size() > 1 ? ", " : "") + shown(one);
    return out + "]";
}

std::string shown(const Doubt& doubt) {
    return quoted(doubt.source + ": " + doubt.what);
}

std::string shown(const BootEntry& entry) {
    const char* kind = entry.unified                               ? "unified"
                       : entry.kind == EntryKind::linux            ? "linux"
                       : entry.kind == EntryKind::under_hypervisor ? "under_hypervisor"
                                                                   : "other";
    return "{\"id\": " + quoted(entry.id) + ", \"title\": " + quoted(entry.title) +
           ", \"source\": " + quoted(entry.source) + ", \"kind\": \"" + kind +
           "\", \"file\": " + quoted(entry.kernel_file) +
           ", \"cmdline\": " + quoted(entry.cmdline) +
           ", \"initrds\": " + listed(entry.initrds, quoted) +
           ", \"chosen\": " + (entry.chosen ? "true" : "false") + ", \"doubts\": " +
           listed(entry.doubts, [](const Doubt& doubt) { return shown(doubt); }) + "}";
}

} // namespace

int main(int argc, char** argv) {
    const Sysroot root(argc > 1 ? argv[1] : "");
    for (int i = 2; i < argc; ++i) {
        const BootMenu menu = read_grub_menu(root, argv[i]);
        std::printf(
            "{\"config\": %s, \"found\": %s, \"choice\": %s, \"entries\": %s, "
            "\"doubts\": %s}\n",
            quoted(argv[i]).c_str(), menu.found ? "true" : "false", quoted(menu.choice).c_str(),
            listed(menu.entries, [](const BootEntry& entry) { return shown(entry); }).c_str(),
            listed(menu.doubts, [](const Doubt& doubt) { return shown(doubt); }).c_str());
    }
    return 0;
}
