// SPDX-License-Identifier: GPL-2.0-or-later
// What the host is: kernel, distribution, container, how deep, how its boot is changed.
#include "core/cpuinfo.h"
#include "core/text.h"
#include "validator/facts/facts.h"

#include <array>
#include <cstdlib>

namespace virt_nested {

namespace {

/// Hosts whose files do not simply stay as an administrator writes them. The marker files are the
/// projects' own: ostree's switchroot makes /run/ostree-booted; transactional-update and others
/// are told by os-release(5).
constexpr std::array<HostKind, 7> kinds = {{
    {"bootc", "/usr/lib/bootc/install", "",
     "add @ to a file of /usr/lib/bootc/kargs.d in the image",
     "remove @ from the files of /usr/lib/bootc/kargs.d in the image", "build it into the image",
     "put it into the image (Containerfile)",
     "link it from libvirt's hooks/qemu.d in the image (Containerfile)", false},
    {"ostree", "/run/ostree-booted", "", "rpm-ostree kargs --append-if-missing=@",
     "rpm-ostree kargs --delete-if-present=@", "rpm-ostree initramfs --enable",
     "write it below /etc, which is kept across deployments", "", true},
    {"NixOS", "", "nixos", "add @ to boot.kernelParams in configuration.nix",
     "remove @ from boot.kernelParams in configuration.nix", "nixos-rebuild boot",
     "boot.extraModprobeConfig in configuration.nix",
     "virtualisation.libvirtd.hooks.qemu in configuration.nix", false},
    {"MicroOS", "", "opensuse-microos",
     "add @ to GRUB_CMDLINE_LINUX in /etc/default/grub, then run: transactional-update grub.cfg",
     "remove @ from GRUB_CMDLINE_LINUX in /etc/default/grub, then run: transactional-update "
     "grub.cfg",
     "transactional-update initrd", "write it below /etc", "", true},
    {"SL Micro", "", "sl-micro",
     "add @ to GRUB_CMDLINE_LINUX in /etc/default/grub, then run: transactional-update grub.cfg",
     "remove @ from GRUB_CMDLINE_LINUX in /etc/default/grub, then run: transactional-update "
     "grub.cfg",
     "transactional-update initrd", "write it below /etc", "", true},
    {"Flatcar", "", "flatcar", "add @ to linux_append in /oem/grub.cfg",
     "remove @ from linux_append in /oem/grub.cfg", "the image carries it",
     "write it below /etc (Ignition)", "", true},
    {"Talos", "", "talos", "add @ to machine.install.extraKernelArgs, then upgrade the node",
     "remove @ from machine.install.extraKernelArgs, then upgrade the node", "the image carries it",
     "machine.kernel.modules in the machine configuration", "the image carries it", false},
}};

std::string first_line(const Sysroot& root, std::string_view path) {
    const Result<std::string> text = root.read(path, 4096);
    if (!text)
        return {};
    // Device tree properties end in NUL.
    std::string line(trim(std::string_view(*text).substr(0, text->find('\n'))));
    return line.substr(0, line.find('\0'));
}

std::string os_release(const Sysroot& root, std::string_view key) {
    Result<std::string> text = root.read("/etc/os-release");
    if (!text)
        text = root.read("/usr/lib/os-release");
    if (!text)
        return {};
    for (const std::string_view line : lines(*text)) {
        const size_t equals = line.find('=');
        if (equals == std::string_view::npos || trim(line.substr(0, equals)) != key)
            continue;
        std::string_view value = trim(line.substr(equals + 1));
        if (value.size() > 1 && (value.front() == '"' || value.front() == '\''))
            value = value.substr(1, value.size() - 2);
        return std::string(value);
    }
    return {};
}

/// Container managers' own marks: https://systemd.io/CONTAINER_INTERFACE, podman-run(1), Docker,
/// the service account that Kubernetes mounts.
std::string container_manager(const Sysroot& root) {
    const std::string told = first_line(root, "/run/systemd/container");
    if (!told.empty())
        return printable(told, 64);
    if (root.exists("/run/.containerenv"))
        return "podman";
    if (root.exists("/.dockerenv"))
        return "docker";
    if (root.exists("/run/secrets/kubernetes.io"))
        return "kubernetes";
    if (root.exists("/proc/vz") && !root.exists("/proc/bc"))
        return "openvz";
    return {};
}

/// Firmware names who made the machine: /sys/class/dmi/id on x86 and Arm.
std::string firmware_maker(const Sysroot& root) {
    const std::string vendor = first_line(root, "/sys/class/dmi/id/sys_vendor");
    const std::string product = first_line(root, "/sys/class/dmi/id/product_name");
    return printable(vendor + (vendor.empty() || product.empty() ? "" : " ") + product, 128);
}

void level_by_flag(const Sysroot& root, const Platform& platform, Facts& facts) {
    const bool guest = has_word(cpu_field(facts.cpuinfo, platform.flag_field), "hypervisor");
    if (facts.cpuinfo.empty())
        return;
    facts.level = guest ? Level::l1 : Level::l0;
    if (!guest)
        return;
    if (first_line(root, "/proc/xen/capabilities").find("control_d") != std::string::npos)
        facts.hypervisor = "Xen (this is its dom0)";
    else if (root.exists("/sys/hypervisor/type"))
        facts.hypervisor = printable(first_line(root, "/sys/hypervisor/type"), 64);
    else
        facts.hypervisor = firmware_maker(root);
}

/// arch/s390/kernel/sysinfo.c: one block of "VMnn" lines for each level of virtual machine below
/// the partition.
void level_by_sysinfo(const Sysroot& root, Facts& facts) {
    const Result<std::string> text = root.read("/proc/sysinfo");
    if (!text)
        return;
    facts.level = Level::l0;
    for (const std::string_view line : lines(*text)) {
        if (line.starts_with("VM01"))
            facts.level = Level::deeper;
        else if (line.starts_with("VM00") && facts.level == Level::l0)
            facts.level = Level::l1;
        if (line.starts_with("VM00 Control Program:"))
            facts.hypervisor = printable(trim(line.substr(21)), 64);
    }
}

void level_by_cpu_platform(const Sysroot& root, Facts& facts) {
    const std::string_view platform = cpu_field(facts.cpuinfo, "platform");
    if (platform == "PowerNV")
        facts.level = Level::l0;
    if (platform != "pSeries")
        return;
    facts.level = Level::l1;
    const std::string compatible = first_line(root, "/proc/device-tree/hypervisor/compatible");
    facts.hypervisor = compatible == "linux,kvm" ? "KVM" : "PowerVM";
}

void level_by_firmware(const Sysroot& root, Facts& facts) {
    const std::string compatible = first_line(root, "/proc/device-tree/hypervisor/compatible");
    const std::string maker = firmware_maker(root);
    if (!compatible.empty() || maker.starts_with("QEMU")) {
        facts.level = Level::l1;
        facts.hypervisor = compatible.empty() ? maker : printable(compatible, 64);
    }
}

void tell_level(const Sysroot& root, const Platform& platform, Facts& facts) {
    switch (platform.level_from) {
    case LevelFrom::hypervisor_flag:
        return level_by_flag(root, platform, facts);
    case LevelFrom::sysinfo:
        return level_by_sysinfo(root, facts);
    case LevelFrom::cpu_platform:
        return level_by_cpu_platform(root, facts);
    case LevelFrom::firmware:
        return level_by_firmware(root, facts);
    }
}

} // namespace

void gather_machine(const Sysroot& root, Facts& facts) {
    // Where the vendor is not known, the machine still is.
    const Platform* machine = platform_of_machine(facts.host.machine);
    const bool behind = machine && machine->record == CpuRecord::first_and_behind;
    const Result<std::string> cpuinfo = behind ? read_outer_records(root) : read_cpu_record(root);
    facts.cpuinfo = cpuinfo.value_or({});
    facts.cpuinfo_read = {cpuinfo ? State::on : State::undetermined,
                          {},
                          root.shown("/proc/cpuinfo"),
                          cpuinfo ? "" : cpuinfo.error().what};
    facts.kernel = printable(first_line(root, "/proc/sys/kernel/osrelease"), 128);
    facts.distribution = printable(os_release(root, "ID"), 64);
    facts.container = container_manager(root);
    if (facts.container.empty() && root.live() && std::getenv("KUBERNETES_SERVICE_HOST"))
        facts.container = "kubernetes";
    if (machine)
        tell_level(root, *machine, facts);
    for (const HostKind& kind : kinds)
        if (!facts.kind && ((!kind.marker.empty() && root.exists(kind.marker)) ||
                            (!kind.os_id.empty() && facts.distribution == kind.os_id)))
            facts.kind = &kind;
}

} // namespace virt_nested
