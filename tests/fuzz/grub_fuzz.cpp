// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's configuration and environment block that nobody writes: an answer within the limits. A
// first line "#env" parts the two.
#include "tests/fuzz/fuzz.h"
#include "validator/boot/readers.h"

#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

using namespace virt_nested;
using fuzz::must;

namespace {

/// A root in memory where there is one, gone with the process.
class Root {
  public:
    Root() {
        for (const char* folder : {"/dev/shm", "/tmp"}) {
            path_ = std::string(folder) + "/grub-fuzz-XXXXXX";
            if (::mkdtemp(path_.data()) == nullptr)
                continue;
            for (const char* inner :
                 {"/boot", "/boot/grub", "/boot/loader", "/boot/loader/entries"})
                must(::mkdir((path_ + inner).c_str(), 0700) == 0, "a folder");
            return;
        }
        std::abort();
    }
    ~Root() {
        for (const char* inner :
             {"/boot/grub/grub.cfg", "/boot/grub/grubenv", "/boot/loader/entries/a-1.conf"})
            ::unlink((path_ + inner).c_str());
        for (const char* inner :
             {"/boot/loader/entries", "/boot/loader", "/boot/grub", "/boot", ""})
            ::rmdir((path_ + inner).c_str());
    }
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;

    const std::string& path() const { return path_; }
    void write(const char* name, std::string_view text) const {
        const int fd =
            ::open((path_ + name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        must(fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
             "a file");
        ::close(fd);
    }

  private:
    std::string path_;
};

void check(const BootMenu& menu, const BootLimits& limits) {
    must(menu.found, "the file is there");
    must(menu.entries.size() <= 2 * limits.entries, "entries are bounded");
    size_t chosen = 0;
    for (const BootEntry& entry : menu.entries) {
        chosen += entry.chosen ? 1 : 0;
        must(entry.cmdline.size() <= 4 * limits.text, "a command line is bounded");
        must(entry.doubts.size() <= 1000, "an entry's doubts are bounded");
        for (const Doubt& doubt : entry.doubts)
            must(fuzz::is_harmless(doubt.what) && fuzz::is_harmless(doubt.source),
                 "an entry's doubt is printable");
    }
    must(chosen > 0 || !menu.doubts.empty() || menu.entries.empty(),
         "one is chosen, or it is said why not");
    must(!menu.entries.empty() || !menu.doubts.empty(), "no entries is a doubt");
    for (const Doubt& doubt : menu.doubts)
        must(!doubt.what.empty() && fuzz::is_harmless(doubt.what) &&
                 fuzz::is_harmless(doubt.source),
             "a doubt is printable");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const Root root;
    const std::string_view text = fuzz::text(data, size);
    const size_t part = text.find("\n#env\n");
    const std::string_view config = text.substr(0, part);
    const std::string_view environment =
        part == std::string_view::npos ? std::string_view() : text.substr(part + 6);
    root.write("/boot/grub/grub.cfg", config);
    root.write("/boot/grub/grubenv", environment);
    root.write("/boot/loader/entries/a-1.conf", environment);
    BootLimits limits;
    limits.steps = 2000;
    limits.entries = 64;
    limits.text = 4096;
    check(read_grub_menu(Sysroot(root.path()), "/boot/grub/grub.cfg", limits), limits);
    return 0;
}
