// SPDX-License-Identifier: GPL-2.0-or-later
// Captured machines for tests, put together from a few words.
#pragma once

#include "tests/unit/folder.h"
#include "validator/checks/check.h"

#include <string>

namespace virt_nested::test {

/// A healthy Intel host of today, to be spoiled by each test.
class IntelHost : public Folder {
  public:
    IntelHost()
        : Folder({{"proc/cpuinfo",
                   "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx ept vpid\n\n"},
                  {"proc/cmdline", "root=/dev/sda1 ro\n"},
                  {"proc/sys/kernel/osrelease", "6.1.0-50-amd64\n"},
                  {"dev/kvm", "nesting=1\nnested_paging=1\n"},
                  {"sys/module/kvm_intel/initstate", "live\n"},
                  {"sys/module/kvm_intel/refcnt", "0\n"},
                  {"sys/module/kvm_intel/parameters/nested", "Y\n"},
                  {"sys/module/kvm_intel/parameters/ept", "Y\n"},
                  {"lib/modules/6.1.0-50-amd64/modules.builtin", ""},
                  {"lib/modules/6.1.0-50-amd64/modules.dep",
                   "kernel/arch/x86/kvm/kvm-intel.ko: kernel/arch/x86/kvm/kvm.ko\n"}}) {}

    Report report(const ValidateOptions& options = {}) const {
        return validate(Sysroot(path()), options);
    }
};

/// The first finding of a check, or one without an id.
inline CheckResult finding(const Report& report, const std::string& id) {
    for (const CheckResult& check : report.checks)
        if (check.id == id)
            return check;
    return {};
}

} // namespace virt_nested::test
