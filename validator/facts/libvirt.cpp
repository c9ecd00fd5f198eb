// SPDX-License-Identifier: GPL-2.0-or-later
// What libvirt keeps of QEMU's answers between its starts. libvirt writes the files itself, one
// element a line, so that looking for them is enough.
#include "validator/facts/libvirt.h"

#include "core/text.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace virt_nested {

namespace {

constexpr const char* folder = "/var/cache/libvirt/qemu/capabilities";

std::string_view between(std::string_view text, std::string_view open, std::string_view close) {
    const size_t at = text.find(open);
    if (at == std::string_view::npos)
        return {};
    text.remove_prefix(at + open.size());
    return text.substr(0, std::min(text.find(close), text.size()));
}

std::optional<bool> property(std::string_view cpu, std::string_view name) {
    const std::string_view value =
        between(cpu, "<property name='" + std::string(name) + "' type='boolean' value='", "'");
    return value.empty() ? std::nullopt : std::optional(value == "true");
}

CachedCapabilities parsed(std::string_view text, const Platform& platform) {
    CachedCapabilities out;
    const std::string_view version = between(text, "<selfvers>", "</selfvers>");
    std::from_chars(version.data(), version.data() + version.size(), out.libvirt);
    const std::string_view kernel = between(text, "<kernelVersion>", "</kernelVersion>");
    out.kernel = printable(kernel.substr(0, kernel.find(' ')), 128);
    out.nesting = text.find("<kvmSupportsNesting/>") != std::string_view::npos;
    const std::string_view cpu = between(text, "<hostCPU type='kvm'", "</hostCPU>");
    out.feature = property(cpu, platform.feature);
    // Intel's is one of many properties of vmx (QEMU 4.2 and later), AMD's stands beside svm.
    if (!platform.paging_flag.empty())
        out.paging =
            property(cpu, platform.paging_feature.empty() ? std::string(platform.feature) + "-" +
                                                                std::string(platform.paging_flag)
                                                          : std::string(platform.paging_feature));
    return out;
}

} // namespace

bool on_for_libvirt(const Fact& parameter) {
    return parameter.found.find_first_of("Yy1") == 0;
}

LibvirtFacts read_libvirt(const Sysroot& root, const Platform* platform,
                          const MachineFacts& machine) {
    LibvirtFacts out;
    out.read = Fact::absent({}, root.shown(folder));
    if (!platform || platform->feature.empty() || !machine.container.empty())
        return out;
    const Result<std::vector<std::string>> names = root.list(folder);
    if (!names) {
        if (names.error().code != ENOENT)
            out.read = Fact::undetermined_because(names.error().what, root.shown(folder));
        return out;
    }
    out.read.state = State::on;
    for (const std::string& name : *names) {
        if (!name.ends_with(".xml") || out.capabilities.size() >= 16)
            continue;
        const std::string path = std::string(folder) + "/" + name;
        const Result<std::string> text = root.read(path, 4U << 20);
        if (!text) {
            out.read = Fact::undetermined_because(text.error().what, root.shown(path));
            continue;
        }
        out.capabilities.push_back(parsed(*text, *platform));
        out.capabilities.back().path = path;
    }
    return out;
}

} // namespace virt_nested
