// SPDX-License-Identifier: GPL-2.0-or-later
// The table of mounts, in both of its forms, and what is told from it.
#include "tests/fuzz/fuzz.h"
#include "validator/facts/mounts.h"

using namespace virt_nested;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const Sysroot nowhere("/nonexistent");
    for (const std::vector<Mount>& mounts :
         {parse_mountinfo(fuzz::text(data, size)), parse_mounts(fuzz::text(data, size))}) {
        for (const Mount& mount : mounts)
            must(mount.at.starts_with('/') && mount.at.size() <= size, "a mount has its place");
        for (const char* path : {"/", "/etc", "/etc/modprobe.d"}) {
            const Mount* found = mount_of(mounts, path);
            must(!found || (found >= mounts.data() && found < mounts.data() + mounts.size()),
                 "it is one of them");
            const Lasting said = lasting(mounts, nowhere, path, "table");
            must(fuzz::is_harmless(said.lasts.found + said.lasts.reason + said.writable.found),
                 "what is told is printable");
        }
    }
    return 0;
}
