// SPDX-License-Identifier: GPL-2.0-or-later
// What the hook needs to know of its host, read afresh at each start: on POWER the parameter can
// change at any time.
#pragma once

#include "core/kvm.h"

#include <string>
#include <vector>

namespace virt_nested {

struct Host {
    std::string machine; ///< as uname -m would say, from the shape of /proc/cpuinfo; empty if it
                         ///< cannot be told
    const Platform* platform = nullptr; ///< nullptr: none that is known here
    Fact cpu;       ///< the CPU flag in /proc/cpuinfo; absent on platforms where none tells
    Fact module;    ///< on: loaded or built in
    Fact parameter; ///< `nested` of the module
    KvmAnswer kvm;
    Fact nests;         ///< all of it in one: may a guest started now be a hypervisor
    Fact nested_paging; ///< the same for its nested paging
    /// What is configured for the parameter; only had where it explains a refusal, else absent.
    Fact configured = Fact::absent({}, {});
    std::vector<std::string> backends; ///< modules under kvm that are none of ours, e.g. kvm_pvm
};

/// Reads one CPU's record of /proc/cpuinfo, not all. Never fails: what cannot be read is
/// undetermined, with its reason.
Host read_host(const Sysroot& root, const Kvm& kvm);

/// A `nested` parameter file's text as a fact, by the kernel's own forms (param_get_bool: Y or N;
/// param_get_int: a number).
Fact parse_parameter(std::string_view text, std::string source);

/// "kvm_amd.nested is 0 (/sys/module/...)": the fact in the words of a message.
std::string in_words(const Fact& fact, std::string_view what);

} // namespace virt_nested
