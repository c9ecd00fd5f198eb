// SPDX-License-Identifier: GPL-2.0-or-later
// Who keeps kvm's module from being unloaded: every open descriptor of /dev/kvm, of a VM and of a
// vCPU holds the vendor's module (Linux: virt/kvm/kvm_main.c kvm_init sets the owner of all three).
#pragma once

#include "core/sysroot.h"

#include <string>
#include <vector>

namespace virt_nested {

struct ModuleUser {
    int pid = 0;
    std::string command; ///< as in /proc/PID/comm; printable
    std::string guest;   ///< QEMU's -name, printable; empty where it has none

    std::string in_words() const; ///< "guest 'web1' (qemu-system-x86, process 4711)"
};

/// Processes that hold a descriptor of KVM, by process id. Processes that end meanwhile, or may not
/// be looked into, are left out.
std::vector<ModuleUser> module_users(const Sysroot& root);

/// Guests that libvirt's system daemon has running under KVM, by its status files (libvirt:
/// qemu_domain.c, virDomainObjSave), one that cannot be read among them; for where no process shows
/// (another PID namespace).
std::vector<std::string> libvirt_guests(const Sysroot& root);

/// /sys/module/MODULE/refcnt, or -1 where it cannot be read (built in, not loaded).
int reference_count(const Sysroot& root, const std::string& module);

/// One sentence on who uses the module, or empty where nobody does.
std::string module_in_use(const Sysroot& root, const std::string& module);

} // namespace virt_nested
