// SPDX-License-Identifier: GPL-2.0-or-later
// Everything that a validation rests on, read once, before any check decides. Never fails: what
// could not be read is undetermined, with its reason.
#pragma once

#include "core/config.h"
#include "core/hook_files.h"
#include "core/host.h"
#include "core/modconf/lint.h"
#include "validator/boot/initramfs.h"
#include "validator/checks/report.h"
#include "validator/facts/kernel_log.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace virt_nested {

struct ValidateOptions {
    std::string config;              ///< path of the configuration; empty: the root's own
    std::optional<int> kmod_profile; ///< version of kmod; absent: the installed one
    bool deep = false;               ///< look into every initramfs, not only the next boot's
    std::vector<std::string> checks; ///< only these; empty: all
    std::map<std::string, std::string> waived; ///< id -> reason
    std::string cache; ///< file that keeps what was in an initramfs; empty: none
};

/// A kind of host that is not changed file by file.
struct HostKind {
    std::string_view name;   ///< "ostree"
    std::string_view marker; ///< file that tells, or empty
    std::string_view os_id;  ///< ID of os-release that tells, or empty
    std::string_view add;    ///< how an argument (@) gets onto the kernel command line
    std::string_view remove; ///< and off it
    std::string_view initramfs;
    std::string_view files; ///< how a file of /etc/modprobe.d gets there
    std::string_view hook;  ///< the same for a hook of libvirt; empty: in place
    bool keeps_etc;         ///< what is written below /etc stays, and is the host's own way
};

/// What a boot entry gives the next kernel.
struct BootEntry {
    std::string source; ///< file and line, inside the root
    std::string kernel; ///< release, empty if it cannot be told
    std::string cmdline;
    std::string initrd;  ///< file of its initramfs, inside the root; empty if not told
    bool chosen = false; ///< the boot loader's default, as far as its files tell
};

/// What libvirt keeps of QEMU's answers, for one emulator (libvirt: src/qemu/qemu_capabilities.c,
/// virQEMUCapsFormatCache).
struct CachedCapabilities {
    std::string path;            ///< inside the root
    std::string kernel;          ///< release that ran then; empty: not kept
    int libvirt = 0;             ///< version that wrote it: 9000000 is 9.0.0
    bool nesting = false;        ///< the module's parameter was on for libvirt
    std::optional<bool> feature; ///< QEMU's host CPU had the platform's feature under KVM
    std::optional<bool> paging;  ///< and nested paging for it
};

struct Facts {
    std::string root; ///< prefix of the shown paths
    Config config;
    Host host;
    std::string cpuinfo; ///< first record; on POWER also what is behind the last
    Fact cpuinfo_read;

    std::string kernel; ///< release; empty if unknown
    std::string distribution;
    std::string container;
    std::string hypervisor;
    const HostKind* kind = nullptr; ///< nullptr: an ordinary host

    /// Of the module that nests.
    Fact available;                  ///< the installed kernel has it
    std::vector<std::string> guests; ///< running under libvirt's system daemon
    std::map<std::string, Fact>
        parameters;                  ///< "kvm_intel.ept": as the file says; absent ones left out
    std::vector<std::string> rivals; ///< loaded modules of other hypervisors
    KernelLog log;                   ///< only read to explain a no

    InstalledKmod kmod;
    ModConf conf;
    Result<Cmdline> cmdline = Error{0, "not read"};
    Effective effective; ///< of the parameter, at the next load
    std::vector<LintFinding> lint;
    std::optional<Error> types_problem; ///< the module is there, its parameters' types are not

    std::vector<BootEntry> boot_entries;
    std::string boot_kernel;            ///< release of the next boot
    std::vector<InitramfsImage> images; ///< the next boot's first
    std::string image_problem;          ///< why there is none, where one was looked for

    HookFacts hook;
    std::vector<CachedCapabilities> capabilities;
    Fact capabilities_read; ///< the folder of them; absent: libvirt keeps none

    // Small ones together.
    Level level = Level::unknown;
    Linkage linkage = Linkage::module;
    int references = -1; ///< refcnt; -1 unknown
    bool live = true;
    bool unified = false; ///< the next boot's kernel is a unified kernel image
    bool linkage_known = false;

    const Platform* platform() const { return host.platform; }
    const Fact* parameter(std::string_view module, std::string_view parameter) const;
    /// What libvirt makes of the nested parameter: on if it starts with Y, y or 1 (libvirt:
    /// src/qemu/qemu_capabilities.c, virQEMUCapsKVMSupportsNesting).
    bool on_for_libvirt() const;
    /// The first line of the kernel log with these words, or nullptr.
    const std::string* logged(std::string_view words) const;
    /// The kernel's line that says why the hardware, the firmware or an outer host keeps the module
    /// from loading, or nullptr (arch/x86/kernel/cpu/{feat_ctl,amd}.c, arch/x86/kvm/{x86,vmx/vmx,
    /// svm/svm}.c, arch/powerpc/kvm/book3s_hv_nested.c, arch/s390/kvm/kvm-s390.c).
    const std::string* refusal() const;
    std::string shown(std::string_view path) const { return root + std::string(path); }
};

Facts gather(const Sysroot& root, const ValidateOptions& options);

// --- parts of gather(), one file each
void gather_machine(const Sysroot& root, Facts& facts);
void gather_modules(const Sysroot& root, Facts& facts);
void gather_configuration(const Sysroot& root, const ValidateOptions& options, Facts& facts);
void gather_boot(const Sysroot& root, const ValidateOptions& options, Facts& facts);
void gather_capabilities(const Sysroot& root, Facts& facts);

} // namespace virt_nested
