// SPDX-License-Identifier: GPL-2.0-or-later
// The platforms that can nest under KVM, one row of data each. A new platform is a new row in
// platform.cpp.
#pragma once

#include <span>
#include <string_view>

namespace virt_nested {

enum class PlatformId { intel, amd, power, z, arm64 };

/// How a domain asks for nesting: a feature of its <cpu>, or an element of its <features>.
enum class GuestSwitch { cpu_feature, nested_hv, virtualization };

/// Whether a definition gives the guest the feature, on a host that can: `require` needs certainly,
/// `forbid` must rule out possibly.
enum class Delivers { no, possibly, certainly };

/// The question that is put to KVM (kvm.h).
enum class KvmProbe { x86_vmx, x86_svm, power_nested_hv, z_sief2, arm64_el2 };

struct Platform {
    PlatformId id;
    std::string_view name;    ///< for people
    std::string_view machine; ///< uname -m of the host
    std::span<const std::string_view>
        guests; ///< <type arch=''> of the guests that run here under KVM
    std::span<const std::string_view> vendors; ///< x86: vendor_id of /proc/cpuinfo

    std::string_view module; ///< the module that nests; Arm64 has KVM built in
    std::string_view
        parameter; ///< of that module, its type in modconf_values.h; empty where there is none
    bool live;     ///< the parameter can be written while the module is loaded (mode 0644)
    std::string_view boot_option; ///< Arm64: the early boot option that stands in for a parameter
    std::string_view
        cpu_flag; ///< word in /proc/cpuinfo that the hardware must show; empty where none tells
    std::string_view paging_flag;      ///< nested paging, in /proc/cpuinfo
    std::string_view paging_parameter; ///< nested paging, of the same module
    KvmProbe probe;
    std::string_view truth; ///< what the probe asks, for messages

    GuestSwitch guest_switch;
    std::string_view
        feature; ///< exact name in the domain; never a prefix: vmx-* are other features
    std::string_view paging_feature; ///< the guest feature that nested paging needs beside it
    Delivers without_cpu;            ///< a definition without <cpu>
    Delivers host_model;             ///< before libvirt has expanded it
    bool emulated;                   ///< QEMU's TCG gives the feature without any help of the host
    std::string_view min_kernel;     ///< the first kernel that nests on this platform, for messages
};

std::span<const Platform> platforms();
const Platform& platform(PlatformId id);

/// The row for guests of this architecture where the host's vendor does not matter (emulation), or
/// nullptr. On x86 that is AMD's: TCG emulates svm, and no vmx.
const Platform* emulated_platform(std::string_view guest_arch);

bool runs_guest(const Platform& platform, std::string_view guest_arch);

/// What QEMU's CPU models contain (target/i386/cpu.c, builtin_x86_defs). Under TCG they deliver
/// svm; under KVM they do not: target/i386/kvm/kvm-cpu.c turns svm off for every named model, and
/// leaves npt as the model has it.
struct SvmInModel {
    bool svm = false;
    bool npt = false;
};
SvmInModel svm_in_model(std::string_view model);

} // namespace virt_nested
