// SPDX-License-Identifier: GPL-2.0-or-later
// The table of outer hosts: those first whose signs are the more particular ones. The firmware's
// words are those that systemd-detect-virt(1) and cloud-init's ds-identify go by. A recipe without
// a page of its vendor names what it was held against.
#include "validator/facts/outer_hosts.h"

namespace virt_nested {

namespace {

constexpr OuterSigns all(OuterSign a, OuterSign b = {}, OuterSign c = {}) {
    return {a, b, c};
}
constexpr std::array<OuterSigns, 4> any(OuterSigns a, OuterSigns b = {}, OuterSigns c = {},
                                        OuterSigns d = {}) {
    return {a, b, c, d};
}
constexpr OuterSign vendor(std::string_view text) {
    return {SignIn::sys_vendor, text};
}
constexpr OuterSign product(std::string_view text) {
    return {SignIn::product_name, text};
}
constexpr OuterSign asset_tag(std::string_view text) {
    return {SignIn::chassis_asset_tag, text};
}

constexpr std::array<OuterHost, 32> rows = {{
    // MicrosoftDocs/WSL, WSL/wsl-config.md: true is the default, of Windows 11.
    {.name = "WSL 2",
     .signs = any(all({SignIn::kernel, "WSL2"}), all({SignIn::kernel, "microsoft-standard"}),
                  all({SignIn::file, "/proc/sys/fs/binfmt_misc/WSLInterop"})),
     .x86 = "nestedVirtualization=true below [wsl2] in %UserProfile%\\.wslconfig (Windows 11), "
            "then: wsl --shutdown",
     .see = "https://learn.microsoft.com/windows/wsl/wsl-config"},
    // The asset tag is the same for every guest: cloud-init, is_azure_chassis.
    {.name = "Azure",
     .signs = any(all(asset_tag("7783-7084-3265-9085-8269-3286-77")),
                  all(vendor("Microsoft Corporation"), {SignIn::kernel, "-azure"}),
                  all(vendor("Microsoft Corporation"), {SignIn::file, "/var/lib/waagent"})),
     .gives = Gives::by_type,
     .x86 = "VM sizes that nest, with the security type Standard and not Trusted Launch",
     .see = "https://learn.microsoft.com/virtualization/hyper-v-on-windows/user-guide/"
            "enable-nested-virtualization"},
    {.name = "Hyper-V",
     .signs = any(all(vendor("Microsoft Corporation"), product("Virtual Machine"))),
     .x86 = "Set-VMProcessor -VMName NAME -ExposeVirtualizationExtensions $true",
     .while_off = true,
     .see = "https://learn.microsoft.com/virtualization/hyper-v-on-windows/user-guide/"
            "nested-virtualization"},
    // Older types run on Xen, and only the BIOS tells whose.
    {.name = "Amazon EC2",
     .signs = any(all(vendor("Amazon EC2")), all({SignIn::bios_vendor, "Amazon EC2"}),
                  all({SignIn::bios_version, "amazon"})),
     .unless = product(".metal"),
     .gives = Gives::by_type,
     .x86 = "bare-metal types, and on C8i, M8i and R8i after: aws ec2 modify-instance-cpu-options "
            "--instance-id ID --nested-virtualization enabled, while it is stopped",
     .arm64 = "bare-metal types",
     .see = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/"
            "amazon-ec2-nested-virtualization.html"},
    {.name = "Google Cloud",
     .signs = any(all(product("Google Compute Engine"))),
     .gives = Gives::by_type,
     .x86 = "machine types with Intel CPUs, not E2, with enableNestedVirtualization: true (gcloud "
            "compute instances update-from-file)",
     .see = "https://cloud.google.com/compute/docs/instances/nested-virtualization/overview"},
    // Its bare metal has the same asset tag.
    {.name = "Oracle Cloud",
     .signs = any(all(asset_tag("OracleCloud"), vendor("QEMU"))),
     .gives = Gives::by_type,
     .see = "https://docs.oracle.com/iaas/Content/Compute/References/computeshapes.htm"},
    // "Limits", of secondary virtualization.
    {.name = "Alibaba Cloud",
     .signs = any(all(vendor("Alibaba Cloud")), all(product("Alibaba Cloud ECS"))),
     .gives = Gives::by_type,
     .x86 = "bare-metal instance types",
     .see = "https://www.alibabacloud.com/help/en/ecs/product-overview/limits"},
    {.name = "Tencent Cloud",
     .signs = any(all(vendor("Tencent Cloud"))),
     .gives = Gives::by_type,
     .see = "https://www.tencentcloud.com/document/product/213"},
    {.name = "Huawei Cloud",
     .signs = any(all(asset_tag("HUAWEICLOUD")), all(vendor("HUAWEICLOUD"))),
     .gives = Gives::by_type,
     .see = "https://support.huaweicloud.com/intl/en-us/productdesc-ecs/ecs_01_0004.html"},
    {.name = "IBM Cloud VPC",
     .signs =
         any(all({SignIn::chassis_vendor, "IBM:Cloud Compute Server"}), all(asset_tag("ibmcloud"))),
     .gives = Gives::by_type,
     .see = "https://cloud.ibm.com/docs/vpc?topic=vpc-about-bare-metal-servers"},
    {.name = "DigitalOcean",
     .signs = any(all(vendor("DigitalOcean"))),
     .gives = Gives::by_type,
     .see = "https://docs.digitalocean.com/products/droplets"},
    // hetzneronline/community-content, issue 401: not enabled on its cloud servers.
    {.name = "Hetzner Cloud",
     .signs = any(all(vendor("Hetzner"))),
     .gives = Gives::never,
     .see = "https://docs.hetzner.com/cloud/servers/faq"},
    {.name = "Vultr",
     .signs = any(all(vendor("Vultr"))),
     .gives = Gives::by_type,
     .see = "https://docs.vultr.com"},
    {.name = "Scaleway",
     .signs = any(all(vendor("Scaleway"))),
     .gives = Gives::by_type,
     .see = "https://www.scaleway.com/en/docs/instances"},
    {.name = "Akamai Cloud",
     .signs = any(all(vendor("Akamai")), all(vendor("Linode"))),
     .gives = Gives::by_type,
     .see = "https://techdocs.akamai.com/cloud-computing/docs"},

    // CiscoDevNet's notes on CML under AHV, and test tools that switch the machine off for it.
    {.name = "Nutanix AHV",
     .signs = any(all(vendor("Nutanix"))),
     .x86 = "acli vm.update NAME cpu_passthrough=true",
     .while_off = true,
     .see = "https://portal.nutanix.com/page/documents/details?targetId=AHV-Admin-Guide"},
    // Nova: doc/source/admin/configuration/hypervisor-kvm.rst, "Nested guest support".
    {.name = "OpenStack",
     .signs = any(all(product("OpenStack")), all(vendor("OpenStack")), all(asset_tag("OpenStack"))),
     .x86 = "its operator sets cpu_mode=host-passthrough below [libvirt] in the compute host's "
            "nova.conf",
     .see = "https://docs.openstack.org/nova/latest/admin/configuration/hypervisor-kvm.html"},
    // harvester/harvester, issue 5243.
    {.name = "KubeVirt",
     .signs = any(all(vendor("KubeVirt")), all(product("KubeVirt"))),
     .x86 = "model: host-passthrough below domain.cpu in its VirtualMachine, then restart it",
     .see = "https://kubevirt.io/user-guide/compute/virtual_hardware"},
    // oVirt's administration guide, host settings; vdsm: vdsm_hooks/nestedvt/README.
    {.name = "oVirt",
     .signs = any(all(vendor("oVirt")), all(product("RHEV")), all(product("oVirt"))),
     .x86 = "vdsm-hook-nestedvt on the outer host, and Pass-Through Host CPU in its settings",
     .while_off = true,
     .see = "https://www.ovirt.org/documentation/administration_guide"},
    // qm(1). With SeaBIOS its guests cannot be told from others of QEMU.
    {.name = "Proxmox VE",
     .signs = any(all({SignIn::bios_vendor, "Proxmox"})),
     .x86 = "qm set VMID --cpu host, then stop and start it",
     .see = "https://pve.proxmox.com/wiki/Nested_Virtualization"},
    // VirtualBox: doc/manual/en_US/man_VBoxManage-modifyvm.xml, of machines that are not running.
    {.name = "VirtualBox",
     .signs = any(all(product("VirtualBox")), all(vendor("innotek")),
                  all({SignIn::bios_vendor, "innotek"})),
     .x86 = "VBoxManage modifyvm NAME --nested-hw-virt on",
     .while_off = true,
     .see = "https://www.virtualbox.org/manual"},
    // VMware's "Running Nested VMs", and knowledge.broadcom.com/external/article/437651.
    {.name = "VMware",
     .signs =
         any(all(vendor("VMware")), all(product("VMware")), all({SignIn::device_tree, "vmware"})),
     .x86 = "vhv.enable = \"TRUE\" in its .vmx file (vSphere: Expose hardware assisted "
            "virtualization to the guest OS)",
     .while_off = true,
     .see = "https://knowledge.broadcom.com/external/article/437651"},
    // Its knowledge base, 116239: on Macs with Intel processors alone.
    {.name = "Parallels",
     .signs = any(all(vendor("Parallels")), all(product("Parallels"))),
     .x86 = "prlctl set NAME --nested-virt on",
     .while_off = true,
     .see = "https://kb.parallels.com/116239"},
    {.name = "Apple's Virtualization framework",
     .signs = any(all(product("Apple Virtualization"))),
     .arm64 = "isNestedVirtualizationEnabled of its platform, with macOS 15 or later on an M3 or "
              "later",
     .see = "https://developer.apple.com/documentation/virtualization/"
            "vzgenericplatformconfiguration/isnestedvirtualizationenabled"},
    // xl.cfg(5); xapi: ocaml/xapi/xapi_vm_lifecycle.ml, platform:nested-virt. Nothing tells the
    // tool stacks apart.
    {.name = "Xen",
     .signs = any(all({SignIn::hypervisor_type, "xen"}), all(vendor("Xen")),
                  all({SignIn::device_tree, "xen"})),
     .x86 = "nestedhvm=1 in its xl.cfg; XCP-ng 8.3: xe vm-param-set uuid=UUID "
            "platform:nested-virt=true",
     .while_off = true,
     .see = "https://wiki.xenproject.org/wiki/Nested_Virtualization_in_Xen"},
    // FreeBSD: sys/amd64/vmm/x86.c takes VMX and SVM out of every guest's CPUID.
    {.name = "bhyve",
     .signs = any(all(product("BHYVE")), all({SignIn::bios_vendor, "BHYVE"}), all(vendor("BHYVE"))),
     .gives = Gives::never,
     .see = "https://wiki.freebsd.org/bhyve"},
    // target/i386/cpu.c: of -cpu max under TCG alone.
    {.name = "QEMU's emulation (TCG)",
     .signs = any(all({SignIn::cpu_model, "QEMU TCG CPU"})),
     .see = "https://www.qemu.org/docs/master/system/introduction.html"},
    {.name = "Bochs, or a QEMU of long ago",
     .signs = any(all(vendor("Bochs")), all(product("Bochs"))),
     .see = "https://bochs.sourceforge.io/doc/docbook/user/bochsrc.html"},
    {.name = "z/VM",
     .signs = any(all({SignIn::told, "z/VM"})),
     .see = "https://www.ibm.com/docs/zvm"},
    // arch/powerpc/kvm/book3s_hv_nested.c: what it speaks (PAPR, the second version) runs guests,
    // and those none.
    {.name = "PowerVM",
     .signs = any(all({SignIn::told, "PowerVM"})),
     .gives = Gives::never,
     .see = "https://docs.kernel.org/arch/powerpc/kvm-nested.html"},
    // QEMU: hw/i386/pc.c and hw/arm/virt.c; of EL's own build, "Red Hat" and "KVM".
    {.name = "KVM or QEMU",
     .signs = any(all(vendor("QEMU")), all(product("KVM")), all({SignIn::told, "KVM"}),
                  all({SignIn::device_tree, "linux,kvm"})),
     .x86 = "libvirt: virt-nested label GUEST require on the outer host; Proxmox VE: qm set VMID "
            "--cpu host; QEMU alone: -cpu host",
     .arm64 = "libvirt: virt-nested label GUEST require on the outer host, which itself runs Linux "
              "6.16 or later with kvm-arm.mode=nested",
     .elsewhere = "libvirt: virt-nested label GUEST require on the outer host",
     .see = "https://docs.kernel.org/virt/kvm/x86/running-nested-guests.html"},
    // Last, for it has no DMI to tell: its own getting-started guide boots with these words, and
    // others' kernels may, too.
    {.name = "Firecracker",
     .signs = any(all({SignIn::command_line, "pci=off"}, {SignIn::command_line, "reboot=k"})),
     .see = "https://github.com/firecracker-microvm/firecracker/blob/main/docs/cpu_templates/"
            "cpu-templates.md"},
}};

} // namespace

std::span<const OuterHost> outer_hosts() {
    return rows;
}

} // namespace virt_nested
