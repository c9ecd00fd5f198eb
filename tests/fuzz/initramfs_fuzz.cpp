// SPDX-License-Identifier: GPL-2.0-or-later
// Initramfs images and PE files that no builder makes: an answer or an error within the limits.
#include "tests/fuzz/fuzz.h"
#include "validator/boot/image/initramfs.h"

#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

using namespace virt_nested;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const int fd = ::memfd_create("image", MFD_CLOEXEC);
    if (fd < 0 || ::write(fd, data, size) != static_cast<ssize_t>(size))
        std::abort();
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    InitramfsLimits limits;
    limits.unpacked = 4U << 20;
    limits.entries = 1000;
    limits.kept = 64 * 1024;
    const Sysroot root;
    const Result<InitramfsContent> content = read_initramfs(root, path, 0, 0, limits);
    if (content) {
        size_t kept = 0;
        for (const ConfFile& file : content->modprobe)
            kept += file.text.size();
        must(kept <= 2 * limits.kept, "what is kept is bounded");
        must(content->modules.size() <= limits.entries, "entries are bounded");
    } else {
        must(fuzz::is_harmless(content.error().what), "an error is printable");
    }
    const Result<std::vector<PeSection>> sections = pe_sections(root, path);
    must(!sections || sections->size() <= 96, "sections are bounded");
    for (const PeSection& section : sections ? *sections : std::vector<PeSection>())
        if (section.name == ".cmdline")
            must(!read_section(root, path, section) || section.size <= Sysroot::small_file,
                 "a section that is read is small");
    ::close(fd);
    return 0;
}
