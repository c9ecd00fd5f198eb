// SPDX-License-Identifier: GPL-2.0-or-later
// The readers of whole menus but GRUB's. The first byte chooses the loader; the parts between the
// bytes 0x1e are its configuration and the files that it may read.
#include "tests/fuzz/boot_fuzz.h"
#include "validator/boot/readers.h"

using namespace virt_nested;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0)
        return 0;
    static const fuzz::Root root;
    const std::vector<std::string_view> parts = fuzz::parts(fuzz::text(data + 1, size - 1));
    BootLimits limits;
    limits.file_bytes = limits.all_bytes = 1U << 20;
    limits.entries = 100;
    limits.text = 4096;
    const auto part = [&](size_t i) { return i < parts.size() ? parts[i] : std::string_view(); };
    const Sysroot sysroot(root.path());
    if (data[0] % 3 == 0) {
        root.write("boot/syslinux/syslinux.cfg", part(0));
        root.write("boot/syslinux/a", part(1));
        root.write("boot/syslinux/b", part(2));
        fuzz::check(read_syslinux_menu(sysroot, "/boot/syslinux/syslinux.cfg", limits), limits);
        return 0;
    }
    const std::string home = data[0] % 3 == 1 ? "efi" : "boot";
    root.write(home + "/loader/entries/a+3.conf", part(1));
    root.write(home + "/loader/entries/b.conf", part(2));
    if (home == "boot") {
        root.write("etc/zipl.conf", part(0));
        fuzz::check(read_zipl_menu(sysroot, "/etc/zipl.conf", limits), limits);
        return 0;
    }
    root.write("efi/loader/loader.conf", part(0));
    root.write("efi/EFI/Linux/c.efi", part(3));
    root.write("sys/firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
               part(4));
    fuzz::check(read_systemd_boot_menu(sysroot, {"/efi"}, limits), limits);
    return 0;
}
