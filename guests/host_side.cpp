// SPDX-License-Identifier: GPL-2.0-or-later
// Local facts for a local connection, libvirt's own documents for any other.
#include "guests/host_side.h"

#include "core/text.h"
#include "guests/capabilities.h"

namespace virt_nested {

namespace {

Fact not_told(const std::string& what) {
    return Fact::undetermined_because("the connection does not tell " + what, "remote host");
}

/// All that a remote host's connection says.
Host remote_host(const Connection& connection, const Platform* platform) {
    Host host;
    host.platform = platform;
    host.cpu = not_told("the CPU flags");
    host.module = not_told("kernel modules");
    host.parameter = not_told("module parameters");
    host.kvm.device = not_told("/dev/kvm");
    host.nested_paging = not_told("nested paging");
    host.nests = not_told("whether KVM offers nesting");
    if (!platform)
        return host;
    host.machine = std::string(platform->machine);
    const Result<std::string> text = taken_text(
        virConnectGetDomainCapabilities(connection.get(), nullptr, nullptr, nullptr, "kvm", 0));
    host.nests = text ? nests_by_capabilities(*text, *platform)
                      : Fact::undetermined_because(text.error().what, "remote host");
    return host;
}

} // namespace

HostSide read_host_side(const Connection& connection) {
    HostSide side;
    side.uri = connection.uri();
    side.hypervisor = connection.hypervisor();
    side.libvirt_version = connection.libvirt_version();
    const Result<std::string> text = taken_text(virConnectGetCapabilities(connection.get()));
    const Result<const Platform*> platform =
        text ? platform_of(*text) : Result<const Platform*>(text.error());
    if (connection.local() && side.qemu()) {
        const Sysroot root;
        side.host = read_host(root, *kvm_of(root));
        side.config = read_config(root);
        // A local socket can be a forwarded one: then the vendors may differ.
        side.local = !platform || !side.host.platform || side.host.platform == *platform;
    }
    if (!side.local) {
        side.host = remote_host(connection, platform ? *platform : nullptr);
        side.config = {};
    }
    if (platform)
        side.host.platform = *platform;
    else if (!side.host.platform)
        side.host.nests = Fact::undetermined_because(platform.error().what, printable(side.uri));
    return side;
}

std::string not_qemu(const HostSide& side) {
    if (side.qemu())
        return {};
    return "'" + printable(side.uri) + "' speaks to " +
           (side.hypervisor.empty() ? "an unknown hypervisor" : printable(side.hypervisor, 32)) +
           ", and virt-nested is about QEMU/KVM only: no other driver of libvirt runs its hook or "
           "gives guests the feature this way";
}

} // namespace virt_nested
