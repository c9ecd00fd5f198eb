// SPDX-License-Identifier: GPL-2.0-or-later
// Hosts that are themselves guests: each row of the table by a machine of its kind, as its firmware
// and its kernel describe it, and what its owner is told.
#include "tests/unit/captured_host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

using namespace virt_nested;
using test::finding;
using test::Folder;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

const std::string dmi = "sys/class/dmi/id/";

constexpr const char* x86 = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: A CPU\n"
                            "flags\t\t: fpu sse2 hypervisor\n\n";
constexpr const char* arm = "processor\t: 0\nBogoMIPS\t: 48.00\nFeatures\t: fp asimd evtstrm\n"
                            "CPU implementer\t: 0x41\nCPU architecture: 8\n\n";
constexpr const char* z =
    "vendor_id       : IBM/S390\n# processors    : 2\nfeatures\t: esan3 zarch\n";
constexpr const char* power =
    "processor\t: 0\ncpu\t\t: POWER10 (architected), altivec supported\nrevision\t: 2.0\n\n"
    "platform\t: pSeries\nMMU\t\t: Radix\n";

Files maker(const std::string& vendor, const std::string& product) {
    return {{dmi + "sys_vendor", vendor + "\n"}, {dmi + "product_name", product + "\n"}};
}

Files with(Files files, const std::string& name, const std::string& text) {
    files.emplace_back(name, text);
    return files;
}

Files microsoft() {
    return maker("Microsoft Corporation", "Virtual Machine");
}

struct Example {
    const char* row;
    Files files;
    const char* cpuinfo = x86;
    const char* kernel = "6.18.0";
    const char* advice = ""; ///< a part of it
};

const std::vector<Example>& examples() {
    static const std::vector<Example> out = {
        {"WSL 2", {}, x86, "5.15.90.1-microsoft-standard-WSL2", "nestedVirtualization=true"},
        {"WSL 2", {}, x86, "6.6.87.2-mine-WSL2+", ".wslconfig"},
        {"WSL 2", {}, arm, "5.15.90.1-microsoft-standard-WSL2", "wsl-config"},
        {"Azure", microsoft(), x86, "6.8.0-1015-azure", "Trusted Launch"},
        {"Azure", microsoft(), arm, "6.8.0-1015-azure", "instance types"},
        {"Azure", with(microsoft(), "var/lib/waagent/ovf-env.xml", ""), x86, "6.12.0", "Standard"},
        {"Azure",
         with(microsoft(), dmi + "chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77\n"), x86,
         "5.14.0-503.el9.x86_64", "VM sizes"},
        {"Hyper-V", microsoft(), x86, "6.1.0",
         "powered off: Set-VMProcessor -VMName NAME -ExposeVirtualizationExtensions $true"},
        {"Hyper-V", microsoft(), arm, "6.1.0", "hyper-v-on-windows"},
        {"Amazon EC2", maker("Amazon EC2", "m7a.large"), x86, "6.1.0", "bare-metal types"},
        {"Amazon EC2", maker("Amazon EC2", "c7g.large"), arm, "6.18.0",
         "EL2 only on bare-metal types"},
        {"Amazon EC2", with(maker("Xen", "HVM domU"), dmi + "bios_version", "4.11.amazon\n"), x86,
         "5.10.0", "--nested-virtualization enabled"},
        {"Google Cloud", maker("Google", "Google Compute Engine"), x86, "6.1.0",
         "enableNestedVirtualization"},
        {"Oracle Cloud",
         with(maker("QEMU", "Standard PC (i440FX + PIIX, 1996)"), dmi + "chassis_asset_tag",
              "OracleCloud.com\n"),
         x86, "6.1.0", "docs.oracle.com"},
        {"Oracle Cloud",
         with(maker("QEMU", "KVM Virtual Machine"), dmi + "chassis_asset_tag", "OracleCloud.com\n"),
         arm, "6.18.0", "gives EL2"},
        {"Alibaba Cloud", maker("Alibaba Cloud", "Alibaba Cloud ECS"), x86, "5.4.259",
         "bare-metal instance types"},
        {"Tencent Cloud", maker("Tencent Cloud", "CVM"), x86, "5.4.0", "some instance types"},
        {"Huawei Cloud",
         with(maker("OpenStack Foundation", "OpenStack Nova"), dmi + "chassis_asset_tag",
              "HUAWEICLOUD\n"),
         x86, "5.4.0", "huaweicloud.com"},
        {"IBM Cloud VPC",
         with(maker("QEMU", "Standard PC (i440FX + PIIX, 1996)"), dmi + "chassis_vendor",
              "IBM:Cloud Compute Server 1.0:bx2-2x8\n"),
         x86, "5.4.0", "cloud.ibm.com"},
        {"DigitalOcean", maker("DigitalOcean", "Droplet"), x86, "6.1.0", "docs.digitalocean.com"},
        {"Hetzner Cloud", maker("Hetzner", "vServer"), x86, "6.1.0", "gives no guest vmx"},
        {"Hetzner Cloud", maker("Hetzner", "vServer"), arm, "6.18.0", "gives no guest EL2"},
        {"Vultr", maker("Vultr", "VHP"), x86, "6.1.0", "docs.vultr.com"},
        {"Scaleway", maker("Scaleway", "SCW-DEV1-S"), x86, "6.1.0", "scaleway.com"},
        {"Akamai Cloud", maker("Linode", "Compute Instance"), x86, "6.1.0", "akamai.com"},
        {"Nutanix AHV", maker("Nutanix", "AHV"), x86, "5.14.0",
         "acli vm.update NAME cpu_passthrough=true"},
        {"OpenStack", maker("OpenStack Foundation", "OpenStack Nova"), x86, "6.1.0",
         "cpu_mode=host-passthrough"},
        {"OpenStack", maker("RDO", "OpenStack Compute"), x86, "6.1.0", "nova.conf"},
        {"KubeVirt", maker("KubeVirt", "None"), x86, "6.1.0", "model: host-passthrough"},
        {"oVirt", maker("oVirt", "oVirt Node"), x86, "6.1.0", "vdsm-hook-nestedvt"},
        {"oVirt", maker("Red Hat", "RHEV Hypervisor"), x86, "3.10.0", "Pass-Through Host CPU"},
        {"Proxmox VE",
         with(maker("QEMU", "Standard PC (Q35 + ICH9, 2009)"), dmi + "bios_vendor",
              "Proxmox distribution of EDK II\n"),
         x86, "6.1.0", "it vmx: qm set VMID --cpu host"},
        {"VirtualBox", maker("innotek GmbH", "VirtualBox"), x86, "5.10.0-8-amd64",
         "powered off: VBoxManage modifyvm NAME --nested-hw-virt on"},
        {"VirtualBox", maker("Oracle Corporation", "VirtualBox"), arm, "6.18.0",
         "EL2: see https://www.virtualbox.org"},
        {"VMware", maker("VMware, Inc.", "VMware7,1"), x86, "6.1.0", "vhv.enable = \"TRUE\""},
        {"VMware", maker("VMware, Inc.", "VMware20,1"), arm, "6.18.0", "EL2: see https://"},
        {"Parallels", maker("Parallels International GmbH.", "Parallels Virtual Platform"), x86,
         "6.1.0", "prlctl set NAME --nested-virt on"},
        {"Parallels", maker("Parallels International GmbH.", "Parallels ARM Virtual Machine"), arm,
         "6.18.0", "EL2: see https://kb.parallels.com"},
        {"Apple's Virtualization framework",
         maker("Apple Inc.", "Apple Virtualization Generic Platform"), arm, "6.18.0",
         "isNestedVirtualizationEnabled"},
        {"Xen", with(maker("Xen", "HVM domU"), "sys/hypervisor/type", "xen\n"), x86, "6.1.0",
         "nestedhvm=1"},
        {"Xen",
         {{"proc/device-tree/hypervisor/compatible", std::string("xen,xen-4.17\0", 13)}},
         arm,
         "6.18.0",
         "EL2: see https://wiki.xenproject.org"},
        {"bhyve", maker("FreeBSD", "BHYVE"), x86, "6.1.0", "bhyve, which gives no guest vmx"},
        {"Firecracker",
         {{"proc/cmdline", "console=ttyS0 reboot=k panic=1 pci=off\n"}},
         x86,
         "5.10.0",
         "firecracker"},
        {"QEMU's emulation (TCG)", maker("QEMU", "Standard PC (Q35 + ICH9, 2009)"),
         "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: QEMU TCG CPU version 2.5+\n"
         "flags\t\t: fpu sse2 hypervisor\n\n",
         "6.1.0", "www.qemu.org"},
        {"Bochs, or a QEMU of long ago", maker("Bochs", "Bochs"), x86, "3.10.0", "bochs"},
        {"z/VM",
         {{"proc/sysinfo", "VM00 Name: LINUX1\nVM00 Control Program: z/VM    7.3.0\n"}},
         z,
         "6.1.0",
         "www.ibm.com/docs/zvm"},
        {"PowerVM", {}, power, "7.2.0", "PowerVM, which gives no guest nested-hv"},
        {"KVM or QEMU", maker("QEMU", "Standard PC (Q35 + ICH9, 2009)"), x86, "6.1.0",
         "virt-nested label GUEST require on the outer host"},
        {"KVM or QEMU", maker("Red Hat", "KVM"), x86, "5.14.0", "-cpu host"},
        {"KVM or QEMU", maker("QEMU", "KVM Virtual Machine"), arm, "6.18.0", "kvm-arm.mode=nested"},
        {"KVM or QEMU",
         {{"proc/device-tree/hypervisor/compatible", std::string("linux,kvm\0", 10)}},
         arm,
         "6.18.0",
         "must give it EL2"},
        {"KVM or QEMU",
         {{"proc/sysinfo", "VM00 Control Program: KVM/Linux\n"}},
         z,
         "6.1.0",
         "must give it sief2: libvirt: virt-nested label"},
        {"KVM or QEMU",
         {{"proc/device-tree/hypervisor/compatible", std::string("linux,kvm\0", 10)}},
         power,
         "7.2.0",
         "must give it nested-hv"},
    };
    return out;
}

void fill(const Folder& folder, const Example& example) {
    folder.write("proc/cpuinfo", example.cpuinfo);
    folder.write("proc/sys/kernel/osrelease", std::string(example.kernel) + "\n");
    folder.write("proc/cmdline", "root=/dev/vda1 ro\n");
    folder.write("dev/kvm", "device=absent\n");
    for (const auto& [name, text] : example.files)
        folder.write(name, text);
}

Facts facts_of(const Folder& folder) {
    return gather(Sysroot(folder.path()), {});
}

std::string advice_of(const Folder& folder) {
    return in_words(finding(validate(Sysroot(folder.path()), {}), "kvm-nesting").mend);
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

} // namespace

TEST(OuterHosts, EachRowIsChosenByItsSigns) {
    for (const Example& example : examples()) {
        const Folder folder{};
        fill(folder, example);
        const Facts facts = facts_of(folder);
        ASSERT_NE(facts.machine.outer, nullptr) << example.row;
        EXPECT_EQ(facts.machine.outer->name, example.row) << example.kernel;
        EXPECT_EQ(facts.machine.level, Level::l1) << example.row;
        EXPECT_FALSE(facts.machine.hypervisor.empty()) << example.row;
    }
    for (const OuterHost& row : outer_hosts())
        EXPECT_TRUE(std::any_of(examples().begin(), examples().end(),
                                [&](const Example& example) { return row.name == example.row; }))
            << row.name << " has no machine here";
}

TEST(OuterHosts, ItsRecipeIsToldAndNoOthers) {
    for (const Example& example : examples()) {
        const Folder folder{};
        fill(folder, example);
        // What a partition of POWER is given, only the loaded module tells.
        if (example.cpuinfo == power)
            folder.write("var/log/dmesg", "[ 1.0] kvm-hv: Parent hypervisor does not support "
                                          "nesting (rc=-2)\n");
        const std::string advice = advice_of(folder);
        EXPECT_TRUE(contains(advice, example.advice)) << example.row << ": " << advice;
        EXPECT_TRUE(contains(advice, example.row)) << example.row << ": " << advice;
        const Facts facts = facts_of(folder);
        const std::string_view own = facts.machine.outer->recipe(facts.host.machine);
        for (const OuterHost& other : outer_hosts())
            for (const std::string_view recipe : {other.x86, other.arm64, other.elsewhere})
                EXPECT_TRUE(recipe.empty() || contains(own, recipe) || !contains(advice, recipe))
                    << example.row << " is told of " << other.name << ": " << advice;
    }
}

TEST(OuterHosts, RowsAreWhole) {
    for (const OuterHost& row : outer_hosts()) {
        EXPECT_TRUE(row.see.starts_with("https://")) << row.name;
        EXPECT_NE(row.signs.front().front().in, SignIn::nothing) << row.name;
        if (row.gives == Gives::never) {
            EXPECT_TRUE(row.x86.empty() && row.arm64.empty() && row.elsewhere.empty()) << row.name;
        }
    }
}

TEST(OuterHosts, BareMetalIsNotTakenForAGuest) {
    const struct {
        Files files;
        const char* cpuinfo;
        Level level;
    } hosts[] = {
        {maker("Amazon EC2", "c7g.metal"), arm, Level::unknown},
        {maker("Amazon EC2", "c8g.metal-24xl"), arm, Level::unknown},
        {with(maker("GIGABYTE", "R152-P30"), dmi + "chassis_asset_tag", "OracleCloud.com\n"), arm,
         Level::unknown},
        {maker("HPE", "ProLiant RL300"), arm, Level::unknown},
        {maker("Microsoft Corporation", "Surface Laptop"),
         "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu sse2\n\n", Level::l0},
        {maker("QEMU", "Standard PC"),
         "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu sse2\n\n", Level::l0},
    };
    for (const auto& host : hosts) {
        const Folder folder{};
        fill(folder, {"", host.files, host.cpuinfo});
        const Facts facts = facts_of(folder);
        EXPECT_EQ(facts.machine.outer, nullptr) << host.files.back().second;
        EXPECT_EQ(facts.machine.level, host.level) << host.files.back().second;
    }
}

TEST(OuterHosts, OneThatNobodyKnowsIsNamedAsFound) {
    const Folder folder{};
    fill(folder, {"", maker("Example Corp.", "Cloud Thing"), x86});
    const std::string advice = advice_of(folder);
    EXPECT_TRUE(contains(advice, "(Example Corp. Cloud Thing) must give it vmx")) << advice;
    EXPECT_TRUE(contains(advice, "libvirt's: virt-nested label GUEST require")) << advice;
    const Folder nameless{};
    fill(nameless, {"", {}, x86});
    EXPECT_TRUE(contains(advice_of(nameless), "its hypervisor must give it vmx"))
        << advice_of(nameless);
}
