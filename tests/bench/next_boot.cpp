// SPDX-License-Identifier: GPL-2.0-or-later
// One validation of a captured machine with a cache, which the command itself keeps on a live one
// alone.  bench-next-boot ROOT CACHE
#include "validator/checks/check.h"

int main(int argc, char** argv) {
    if (argc != 3)
        return 2;
    virt_nested::ValidateOptions options;
    options.cache = argv[2];
    const virt_nested::Report report =
        virt_nested::validate(virt_nested::Sysroot(argv[1]), options);
    return report.at(virt_nested::Horizon::next_boot) == virt_nested::Outcome::pass ? 0 : 1;
}
