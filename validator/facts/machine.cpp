// SPDX-License-Identifier: GPL-2.0-or-later
// What the host is: kernel, distribution, container, how deep, how its boot is changed.
#include "validator/facts/machine.h"

#include "core/cpuinfo.h"
#include "core/text.h"
#include "validator/facts/mounts.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

namespace virt_nested {

namespace {

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

void level_by_flag(const Sysroot& root, const Platform& platform, MachineFacts& out) {
    const bool guest = has_word(cpu_field(out.cpuinfo, platform.flag_field), "hypervisor");
    if (out.cpuinfo.empty())
        return;
    out.level = guest ? Level::l1 : Level::l0;
    if (!guest)
        return;
    if (root.exists("/sys/hypervisor/type"))
        out.hypervisor = printable(first_line(root, "/sys/hypervisor/type"), 64);
    else
        out.hypervisor = firmware_maker(root);
}

/// arch/s390/kernel/sysinfo.c: one block of "VMnn" lines for each level of virtual machine below
/// the partition.
void level_by_sysinfo(const Sysroot& root, MachineFacts& out) {
    const Result<std::string> text = root.read("/proc/sysinfo");
    if (!text)
        return;
    out.level = Level::l0;
    for (const std::string_view line : lines(*text)) {
        if (line.starts_with("VM01"))
            out.level = Level::deeper;
        else if (line.starts_with("VM00") && out.level == Level::l0)
            out.level = Level::l1;
        if (line.starts_with("VM00 Control Program:"))
            out.hypervisor = printable(trim(line.substr(21)), 64);
    }
}

void level_by_cpu_platform(const Sysroot& root, MachineFacts& out) {
    const std::string_view platform = cpu_field(out.cpuinfo, "platform");
    if (platform == "PowerNV")
        out.level = Level::l0;
    if (platform != "pSeries")
        return;
    out.level = Level::l1;
    const std::string compatible = first_line(root, "/proc/device-tree/hypervisor/compatible");
    out.hypervisor = compatible == "linux,kvm" ? "KVM" : "PowerVM";
}

/// No flag tells: what the firmware and the kernel's name say of a hypervisor does, by the table of
/// outer hosts.
void level_by_firmware(const Sysroot& root, MachineFacts& out) {
    const std::string compatible = first_line(root, "/proc/device-tree/hypervisor/compatible");
    if (compatible.empty() && !outer_host(root, {out.cpuinfo, out.kernel, {}}))
        return;
    out.level = Level::l1;
    out.hypervisor = compatible.empty() ? firmware_maker(root) : printable(compatible, 64);
}

void tell_level(const Sysroot& root, const Platform& platform, MachineFacts& out) {
    switch (platform.level_from) {
    case LevelFrom::hypervisor_flag:
        return level_by_flag(root, platform, out);
    case LevelFrom::sysinfo:
        return level_by_sysinfo(root, out);
    case LevelFrom::cpu_platform:
        return level_by_cpu_platform(root, out);
    case LevelFrom::firmware:
        return level_by_firmware(root, out);
    }
}

/// Only of a guest: bare metal carries some of the same names. Xen's dom0 has nobody above it.
void tell_outer(const Sysroot& root, MachineFacts& out) {
    if (out.dom0)
        out.hypervisor = "Xen (this is its dom0)";
    const bool guest = out.level == Level::l1 || out.level == Level::deeper;
    out.outer =
        guest && !out.dom0 ? outer_host(root, {out.cpuinfo, out.kernel, out.hypervisor}) : nullptr;
    if (out.outer && out.hypervisor.empty())
        out.hypervisor = out.outer->name;
}

/// Its pods have it, whatever runs them.
bool in_kubernetes(const Sysroot& root) {
    constexpr const char* variable = "KUBERNETES_SERVICE_HOST";
    return static_cast<bool>(root.answer("environment " + std::string(variable), [&] {
        return std::getenv(variable) ? Result<std::string>("set") : Error{ENOENT, "not set"};
    }));
}

} // namespace

const char* name(Level level) {
    constexpr std::array names = {"unknown", "L0", "L1", "deeper"};
    static_assert(names.size() == static_cast<size_t>(Level::deeper) + 1);
    return names[static_cast<size_t>(level)];
}

MachineFacts read_machine(const Sysroot& root, const Host& host) {
    MachineFacts out;
    // Where the vendor is not known, the machine still is.
    const Platform* machine = platform_of_machine(host.machine);
    const bool behind = machine && machine->record == CpuRecord::first_and_behind;
    out.cpuinfo = (behind ? read_outer_records(root) : read_cpu_record(root)).value_or({});
    out.kernel = printable(first_line(root, "/proc/sys/kernel/osrelease"), 128);
    out.distribution = printable(os_release(root, "ID"), 64);
    out.container = container_manager(root);
    if (out.container.empty() && root.live() && in_kubernetes(root))
        out.container = "kubernetes";
    // drivers/xen/xenfs/super.c: "control_d" in the one domain that has the machine.
    out.dom0 = first_line(root, "/proc/xen/capabilities").find("control_d") != std::string::npos;
    if (machine)
        tell_level(root, *machine, out);
    tell_outer(root, out);
    const Lasting etc = read_lasting(root, "/etc/modprobe.d");
    out.etc_lasts = etc.lasts;
    out.etc_writable = etc.writable;
    out.kind = host_kind(root, out.distribution, out.etc_lasts);
    return out;
}

} // namespace virt_nested
