// SPDX-License-Identifier: GPL-2.0-or-later
// The platforms that can nest under KVM, or one day will: one row of data each, in platform.cpp.
// All that differs between them is in the row; no other file asks which one it is.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace virt_nested {

/// Names for what is about one platform alone: a check of POWER's conditions, a parameter of one
/// vendor's module, a test. A row that nothing is about needs no name.
enum class PlatformId { intel, amd, power, z, arm64, unnamed };

/// A line of /proc/cpuinfo: the key, and how its value begins.
struct CpuSign {
    std::string_view key;
    std::string_view begins; ///< empty: any value
};

/// How the flags' line of /proc/cpuinfo names one.
enum class FlagForm {
    word,       ///< among words
    isa_letter, ///< RISC-V: a letter of the first word, before any '_' (arch/riscv/kernel/cpu.c)
};

/// Which records of /proc/cpuinfo tell about the machine.
enum class CpuRecord {
    first,            ///< the first CPU's, with what stands before it
    first_and_behind, ///< also what the kernel writes behind the last CPU's
};

/// Where a host tells that it is itself a guest (validator/facts/machine.cpp).
enum class LevelFrom {
    hypervisor_flag, ///< a word among the CPU's flags
    sysinfo,         ///< /proc/sysinfo
    cpu_platform,    ///< the line "platform" of /proc/cpuinfo
    firmware,        ///< the device tree, or DMI
};

/// What loads the module at boot.
enum class LoadedBy {
    cpu_alias, ///< udev, by the CPU's own alias (MODULE_DEVICE_TABLE), early in every boot
    name,      ///< whatever names it
};

/// Major and minor number of a kernel.
using KernelVersion = std::pair<int, int>;

/// "6.1.0-50-amd64" -> 6, 1; 0, 0 where it is none.
KernelVersion kernel_version(std::string_view release);

enum class KernelDefault { off, on, unknown };

/// The parameter's default: the first line that fits a kernel's release counts.
struct DefaultSince {
    std::string_view marker; ///< part of the release, e.g. a vendor's; empty: any
    KernelVersion since;
    KernelDefault is;
};

/// A parameter of the same module that keeps it from loading while both are on.
struct Exclusion {
    std::string_view parameter; ///< empty: there is none
    KernelVersion until;        ///< the first kernel that takes both
    std::string_view source;
    std::string_view why;
};

/// What of the hardware makes an L1 faster, as far as a parameter of the module tells that KVM uses
/// it: KVM turns it off where the CPU lacks it.
struct Help {
    std::string_view name;      ///< for people
    std::string_view parameter; ///< of the platform's module
    std::string_view does;      ///< for people, a clause
};

/// The question that is put to KVM (kvm.h). `none`: its interface has nothing to ask.
enum class KvmProbe { x86_vmx, x86_svm, power_nested_hv, z_sief2, arm64_el2, none };

/// How a domain asks for nesting: a feature of its <cpu>, or an element of its <features>.
enum class GuestSwitch { cpu_feature, nested_hv, virtualization };

/// Whether a definition gives the guest the feature, on a host that can: `require` needs certainly,
/// `forbid` must rule out possibly.
enum class Delivers { no, possibly, certainly };

/// What libvirt does with the features of a <cpu> (libvirt: src/cpu/cpu_*.c).
enum class LibvirtCpu {
    compares,  ///< knows what KVM offers: in host-model, in its cache, and with check='full'
    passes_on, ///< hands the names to QEMU
};

/// A CPU model of QEMU that contains the feature, with its generations: EPYC is also EPYC-Rome.
struct CpuModel {
    std::string_view name;
    bool paging = false; ///< and nested paging with it
};

/// Types of machines: a prefix of their names, and the first version behind it that is not meant.
struct MachinesUntil {
    std::string_view prefix;
    std::pair<int, int> version;
};

/// What confidential guests have of the feature: none can nest.
enum class Confidential {
    masked,   ///< they never get it, whatever their <cpu> says
    unusable, ///< they get it, and Linux's KVM refuses to run in such a guest
};

/// A kind of confidential guest (libvirt: docs/formatdomain.rst, launchSecurity).
struct ConfidentialGuest {
    std::string_view type; ///< of <launchSecurity>
    std::string_view name; ///< for people
    Confidential is;
};

/// Members have defaults, so that a row names only what it has.
struct Platform {
    // --- the machine
    PlatformId id = PlatformId::unnamed;
    std::string_view name = {};        ///< for people
    std::string_view machine = {};     ///< uname -m of the host
    std::string_view arch_folder = {}; ///< below arch/ of the kernel, and of its modules

    // --- /proc/cpuinfo (arch/*/kernel/{cpu/proc,setup-common,processor,cpuinfo,cpu}.c)
    std::span<const CpuSign> signs = {}; ///< any of these tells the machine
    /// Of vendor_id, where machines of one kind differ by it; empty: they do not.
    std::span<const std::string_view> vendors = {};
    CpuRecord record = CpuRecord::first;
    std::string_view flag_field = {}; ///< the key of the line that has the flags
    FlagForm flag_form = FlagForm::word;
    std::string_view cpu_flag = {}; ///< that the hardware must show; empty where none tells
    unsigned cpu_flag_number = 0;   ///< x86: as clearcpuid= takes it (asm/cpufeatures.h); 0: none
    std::string_view paging_flag = {}; ///< nested paging; empty where it is no question

    // --- KVM (arch/*/kvm, Documentation/admin-guide/kernel-parameters.txt)
    std::string_view module = {};    ///< the one that nests; empty where KVM is always built in
    std::string_view parameter = {}; ///< its type is in modconf/values.cpp; empty: none
    std::string_view config = {};    ///< of the kernel's build, for the module; empty as there
    bool live = false;               ///< it can be written while the module is loaded (mode 0644)
    std::span<const DefaultSince> defaults = {}; ///< of the parameter
    Exclusion excludes = {};                     ///< beside nested=1
    LoadedBy loaded_by = LoadedBy::name;
    KernelVersion nests_since = {};    ///< the first kernel whose KVM offers it; none: any
    std::string_view boot_option = {}; ///< the early boot option that stands in for a parameter
    KvmProbe probe = KvmProbe::none;
    std::string_view truth = {};       ///< what the probe asks; of `none`: the kernel's source
    std::string_view not_offered = {}; ///< of the probe `none`: the fact, as a clause; else empty

    /// Why `virt-nested prove` cannot run an L2 here; empty where it can.
    std::string_view no_proof = {};
    std::span<const Help> helps = {}; ///< that a proof names beside its figures

    // --- guests (libvirt: docs/formatdomain.rst, src/cpu; QEMU: target/*/cpu.c)
    std::span<const std::string_view> guests = {}; ///< <type arch=''>, under KVM
    GuestSwitch guest_switch = GuestSwitch::cpu_feature;
    /// Exact name in the domain; never a prefix: vmx-* are other features.
    std::string_view feature = {};
    std::string_view paging_feature = {}; ///< the guest feature that nested paging needs beside it
    Delivers without_cpu = Delivers::no;  ///< a definition without <cpu>
    Delivers host_model = Delivers::no;   ///< before libvirt has expanded it
    bool emulated = false; ///< QEMU's TCG gives the feature without any help of the host
    std::span<const CpuModel> models = {}; ///< that contain it: under TCG, and where it is kept
    /// Of QEMU's program for the first of `guests`, without <cpu>; empty: the machine's type
    /// decides.
    std::string_view default_model = {};
    std::string_view bare_machine = {}; ///< a type of machine whose own CPU is older than that
    /// Machines on which named models keep under KVM what they have under TCG: the first prefix
    /// that fits counts. And the same by the names of vendors.
    std::span<const MachinesUntil> keeping = {};
    std::span<const std::string_view> keeping_words = {};
    /// Under KVM these models of mode custom are the host's CPU, as far as it can be virtualized.
    std::span<const std::string_view> host_models = {};
    std::span<const ConfidentialGuest> confidential = {}; ///< its kinds of them

    // --- hosts, as libvirt's capabilities tell them (docs/formatcaps.rst)
    std::span<const std::string_view> hosts = {};           ///< <arch>
    std::span<const std::string_view> libvirt_vendors = {}; ///< <vendor>; empty: it does not matter
    LibvirtCpu libvirt_cpu = LibvirtCpu::passes_on;

    // --- what people do
    LevelFrom level_from = LevelFrom::firmware;
    std::string_view firmware = {};   ///< how a machine's owner turns virtualization on
    std::string_view from_outer = {}; ///< what a guest has to be given; empty: the feature
    std::span<const std::string_view> rivals = {}; ///< modules of other hypervisors
};

std::span<const Platform> platforms();
const Platform& platform(PlatformId id);

/// The first row of this machine, for what all its rows have in common; nullptr: there is none.
const Platform* platform_of_machine(std::string_view machine);

/// What keeps this module of this kernel's from loading beside nested=1; nullptr: nothing does.
const Exclusion* exclusion_of(std::string_view module, std::string_view kernel);

/// The row for guests of this architecture where the host's vendor does not matter (emulation), or
/// nullptr. On x86 that is AMD's: TCG emulates svm, and no vmx.
const Platform* emulated_platform(std::string_view guest_arch);

bool runs_guest(const Platform& platform, std::string_view guest_arch);

/// Whether this type of machine gives back to named models what KVM takes from them.
bool keeps_feature(const Platform& platform, std::string_view machine);

/// The row's entry for a model of QEMU, or nullptr: it lacks the feature. Under TCG they deliver
/// it; under KVM only on a machine that keeps it: target/i386/kvm/kvm-cpu.c turns svm off for every
/// named model, and leaves npt as the model has it.
const CpuModel* model_with_feature(const Platform& platform, std::string_view model);

/// Whether this model of mode custom stands for the host's CPU.
bool is_host_model(const Platform& platform, std::string_view model);

/// The entry for this <launchSecurity type=''>, or nullptr.
const ConfidentialGuest* confidential_guest(const Platform& platform, std::string_view type);

} // namespace virt_nested
