// SPDX-License-Identifier: GPL-2.0-or-later
// /proc/cpuinfo, as far as it tells the machine.
#include "core/cpuinfo.h"

#include "core/text.h"

#include <algorithm>

namespace virt_nested {

namespace {

const Platform* x86_platform(std::string_view cpuinfo) {
    const std::string_view vendor = cpu_field(cpuinfo, "vendor_id");
    const std::string_view flags = cpu_field(cpuinfo, "flags");
    for (const Platform& row : platforms())
        if (std::find(row.vendors.begin(), row.vendors.end(), vendor) != row.vendors.end())
            return &row;
    // A hypervisor can hide the vendor; the flags of virtualization name it as well.
    for (const Platform& row : platforms())
        if (row.machine == "x86_64" && has_word(flags, row.cpu_flag))
            return &row;
    return nullptr;
}

} // namespace

Result<std::string> read_cpu_record(const Sysroot& root) {
    // The longest flags line seen is about 2 KiB.
    Result<std::string> text = root.read_head("/proc/cpuinfo", 4096);
    if (text && text->size() == 4096 && text->find("\n\n") == std::string::npos)
        text = root.read_head("/proc/cpuinfo", 16384);
    if (!text)
        return text;
    const size_t end = text->find("\n\n");
    if (end != std::string::npos)
        text->resize(end + 2);
    return text;
}

Result<std::string> read_power_record(const Sysroot& root) {
    // A record is about 110 bytes, CONFIG_NR_CPUS at most 8192.
    Result<std::string> text = root.read_head("/proc/cpuinfo", 4U << 20);
    if (!text)
        return text;
    const size_t first = text->find("\n\n");
    const size_t last = text->rfind("\n\n", text->find_last_not_of('\n'));
    if (first != std::string::npos && last != std::string::npos && first < last)
        text->erase(first, last - first);
    return text;
}

std::string_view cpu_field(std::string_view cpuinfo, std::string_view key) {
    for (const std::string_view line : lines(cpuinfo)) {
        const size_t colon = line.find(':');
        if (colon != std::string_view::npos && trim(line.substr(0, colon)) == key)
            return trim(line.substr(colon + 1));
    }
    return {};
}

Machine identify(std::string_view cpuinfo) {
    if (!cpu_field(cpuinfo, "flags").empty())
        return {"x86_64", x86_platform(cpuinfo)};
    if (cpuinfo.find("IBM/S390") != std::string_view::npos)
        return {"s390x", &platform(PlatformId::z)};
    if (!cpu_field(cpuinfo, "CPU implementer").empty())
        return {"aarch64", &platform(PlatformId::arm64)};
    if (cpu_field(cpuinfo, "cpu").starts_with("POWER") || !cpu_field(cpuinfo, "revision").empty())
        return {"ppc64le", &platform(PlatformId::power)};
    return {};
}

} // namespace virt_nested
