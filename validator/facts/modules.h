// SPDX-License-Identifier: GPL-2.0-or-later
// KVM's modules: built in or not, installed, loaded, in use, with which parameters; and what the
// kernel logged about them.
#pragma once

#include "core/host.h"
#include "core/modconf/modconf.h"
#include "validator/boot/next_kernel.h"
#include "validator/facts/kernel_log.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// Why a module that is not loaded is not to be had.
enum class Absence {
    none,          ///< it is there, or nothing tells that it is not
    replaced,      ///< the running kernel's modules are gone, another kernel's are there
    built_without, ///< the kernel's configuration has not got it
    not_installed, ///< it has, and no file of it is there
    unknown,       ///< one of the last two
};

/// Another hypervisor's module.
struct LoadedRival {
    std::string module;
    std::string version; ///< as the module says; printable; empty: it does not
};

/// The running kernel's, and what became of its module.
struct ModuleFacts : KernelFacts {
    Absence absence = Absence::none;
    std::vector<std::string> installed_kernels; ///< of `replaced`: the folders in /lib/modules
    int references = -1;                        ///< its refcnt; -1 unknown
    std::vector<std::string> guests;            ///< of libvirt's system daemon that may hold it
    std::map<std::string, Fact>
        parameters;                  ///< "kvm_intel.ept": as the file says; absent ones left out
    std::vector<LoadedRival> rivals; ///< loaded modules of other hypervisors
    KernelLog log;                   ///< only read to explain a no
    Fact loading;                    ///< off: this kernel loads and unloads modules no more

    bool built_in() const { return linkage == Linkage::built_in; }
    Linkage likely_linkage() const { return linkage.value_or(Linkage::module); }
    const Fact* parameter(std::string_view module, std::string_view parameter) const;
    /// The kernel's latest line that says why the hardware, the firmware or an outer host keeps the
    /// module from loading, now and after every boot, or nullptr.
    const std::string* refusal() const;
    /// Its latest word on the module that has not loaded, a wrong parameter's included: that one is
    /// to be believed only while the configuration still says such a thing.
    const LogLine* last_word() const { return log.refusal(Lasts::one_load); }
};

/// `kernel`: the running one's release.
ModuleFacts read_modules(const Sysroot& root, const Host& host, const std::string& kernel);

} // namespace virt_nested
