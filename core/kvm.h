// SPDX-License-Identifier: GPL-2.0-or-later
// What KVM itself offers: the ground truth. A parameter that says Y while KVM offers nothing is a
// no.
#pragma once

#include "core/fact.h"
#include "core/platform.h"
#include "core/sysroot.h"

#include <memory>
#include <optional>

namespace virt_nested {

/// KVM's own words on nesting.
struct KvmAnswer {
    Fact device;        ///< /dev/kvm: on (opened, API 12), absent, or undetermined with the reason
    Fact nesting;       ///< may guests be hypervisors
    Fact nested_paging; ///< x86: EPT or NPT for the guest hypervisor; absent elsewhere
};

/// What is known of nesting without asking KVM: that it has none, on a platform without a probe.
std::optional<Fact> known_unasked(const Platform& platform);

/// An interface so that a captured machine can stand in for the live one.
class Kvm {
  public:
    virtual ~Kvm() = default;
    virtual KvmAnswer ask(const Platform& platform) const = 0;
};

/// The ioctls of Documentation/virt/kvm/api.rst on /dev/kvm. x86 makes no VM (no uevent); on POWER
/// the capability on /dev/kvm is the answer (arch/powerpc/kvm/powerpc.c asks the same function that
/// enabling it does); Z needs a VM for its machine features (Documentation/virt/kvm/devices/vm.rst,
/// group 2). `device` is for tests.
std::unique_ptr<Kvm> live_kvm(std::string device = "/dev/kvm");

/// A captured answer: the regular file /dev/kvm of the root, lines key=value as `write_answer`
/// makes them:
///   nesting=1|0            the answer
///   nested_paging=1|0      x86
///   device=absent          there was no /dev/kvm
///   error=TEXT             /dev/kvm was there and could not be asked
/// Without that file everything is undetermined, and the parameter stands in (host.h).
std::unique_ptr<Kvm> captured_kvm(const Sysroot& root);

/// live_kvm() for the live root, captured_kvm() for any other.
std::unique_ptr<Kvm> kvm_of(const Sysroot& root);

/// The captured form of an answer.
std::string write_answer(const KvmAnswer& answer);

} // namespace virt_nested
