// SPDX-License-Identifier: GPL-2.0-or-later
// /proc/cpuinfo, as far as it tells the machine.
#include "core/cpuinfo.h"

#include "core/text.h"

#include <algorithm>
#include <charconv>

namespace virt_nested {

namespace {

bool shows(std::string_view cpuinfo, std::span<const CpuSign> signs) {
    return std::any_of(signs.begin(), signs.end(), [&](const CpuSign& sign) {
        const std::string_view value = cpu_field(cpuinfo, sign.key);
        return !value.empty() && value.starts_with(sign.begins);
    });
}

/// Among the platforms of one machine, the CPU's vendor decides.
const Platform* by_vendor(std::string_view cpuinfo, std::string_view machine) {
    const std::string_view vendor = cpu_field(cpuinfo, "vendor_id");
    for (const Platform& platform : platforms())
        if (platform.machine == machine &&
            (platform.vendors.empty() || std::find(platform.vendors.begin(), platform.vendors.end(),
                                                   vendor) != platform.vendors.end()))
            return &platform;
    // A hypervisor can hide the vendor; the flags of virtualization name it as well.
    for (const Platform& platform : platforms())
        if (platform.machine == machine && shows_flag(cpuinfo, platform))
            return &platform;
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

Result<std::string> read_outer_records(const Sysroot& root) {
    // A record of POWER is about 110 bytes, CONFIG_NR_CPUS at most 8192.
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

int power_generation(std::string_view cpuinfo) {
    constexpr std::string_view family = "POWER";
    const std::string_view cpu = cpu_field(cpuinfo, "cpu");
    int generation = 0;
    if (cpu.starts_with(family))
        std::from_chars(cpu.data() + family.size(), cpu.data() + cpu.size(), generation);
    return generation;
}

bool shows_flag(std::string_view cpuinfo, const Platform& platform) {
    if (platform.cpu_flag.empty())
        return false;
    const std::string_view flags = cpu_field(cpuinfo, platform.flag_field);
    if (platform.flag_form == FlagForm::isa_letter) {
        const std::string_view letters = flags.substr(0, flags.find_first_of("_ "));
        return letters.find(platform.cpu_flag, letters.find_first_of("0123456789")) !=
               std::string_view::npos;
    }
    return has_word(flags, platform.cpu_flag);
}

Machine identify(std::string_view cpuinfo) {
    for (const Platform& platform : platforms())
        if (shows(cpuinfo, platform.signs))
            return {std::string(platform.machine), by_vendor(cpuinfo, platform.machine)};
    return {};
}

} // namespace virt_nested
