// SPDX-License-Identifier: GPL-2.0-or-later
// What a definition gives its guest.
#include "core/delivery.h"

#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

/// Where distributions and QEMU itself install emulators; an emulator elsewhere may do anything
/// with its options.
constexpr std::array<std::string_view, 7> system_folders = {"/usr/bin/",
                                                            "/usr/sbin/",
                                                            "/usr/libexec/",
                                                            "/usr/lib/",
                                                            "/usr/lib64/",
                                                            "/bin/",
                                                            "/run/libvirt/nix-emulators/"};

bool in_system_folder(std::string_view emulator) {
    return emulator.find("/../") == std::string_view::npos &&
           std::any_of(
               system_folders.begin(), system_folders.end(),
               [emulator](std::string_view folder) { return emulator.starts_with(folder); });
}

std::string cpu_words(const Cpu& cpu) {
    if (!cpu.model.empty() && cpu.mode != CpuMode::host_model)
        return "the CPU model " + printable(cpu.model, 64);
    return cpu.mode == CpuMode::none ? "the default CPU" : name(cpu.mode);
}

/// Under TCG, where nothing in <cpu> names the feature.
Delivery by_model(const Cpu& cpu, const Platform& platform, const std::string& shown) {
    const std::string feature(platform.feature);
    if (cpu.model.empty() && platform.default_model.empty())
        return {Delivers::no, false,
                shown + " contains " + feature + " on some types of machine only"};
    const std::string_view model = cpu.model.empty() ? platform.default_model : cpu.model;
    const bool there = model_with_feature(platform, model) != nullptr;
    return {there ? Delivers::certainly : Delivers::no, false,
            shown + (there ? " contains " : " does not contain ") + feature};
}

Delivery by_feature(const Domain& domain, const Platform& platform) {
    const std::string feature(platform.feature);
    const std::string mode = cpu_words(domain.cpu);
    if (const MaskingGuest* masking = masking_guest(platform, domain.launch_security))
        return {Delivers::no, false,
                std::string(masking->name) + " (launchSecurity type='" +
                    std::string(masking->type) + "') masks " + feature};
    if (emulated(domain) && !platform.emulated)
        return {Delivers::no, false, "an emulated guest (type='qemu') never has " + feature};
    const CpuFeature* asked = domain.cpu.feature(feature);
    if (asked &&
        (asked->policy == FeaturePolicy::disable || asked->policy == FeaturePolicy::forbid))
        return {Delivers::no, false,
                "the definition says " + feature + " policy='" + name(asked->policy) + "'"};
    if (domain.cpu.mode == CpuMode::host_passthrough || domain.cpu.mode == CpuMode::maximum)
        return {Delivers::certainly, false, mode + " gives " + feature};
    if (asked && asked->policy != FeaturePolicy::optional)
        return {Delivers::certainly, false, "the definition requires " + feature};
    if (asked)
        return {Delivers::possibly, false, "the definition says " + feature + " policy='optional'"};
    if (emulated(domain) && domain.cpu.mode == CpuMode::host_model)
        return {Delivers::possibly, false, "host-model is expanded at the start"};
    if (domain.cpu.match == "minimum")
        return {Delivers::possibly, false, "match='minimum' takes what the host has"};
    if (emulated(domain) &&
        (domain.cpu.mode == CpuMode::custom || domain.cpu.mode == CpuMode::none))
        return by_model(domain.cpu, platform, mode);
    if (domain.cpu.mode == CpuMode::host_model)
        return {platform.host_model, false,
                platform.host_model == Delivers::certainly
                    ? "host-model gives " + feature
                    : "host-model leaves " + feature + " out on " + std::string(platform.name)};
    if (domain.cpu.mode == CpuMode::custom || !domain.cpu.model.empty())
        return {Delivers::no, false,
                mode + " does not deliver " + feature + " under KVM unless it is required"};
    return {platform.without_cpu, false,
            "a definition without <cpu> " +
                std::string(platform.without_cpu == Delivers::no ? "does not deliver "
                                                                 : "may deliver ") +
                feature};
}

Delivery by_switch(Switch state, std::string_view element) {
    const std::string shown = "<" + std::string(element) + ">";
    if (state == Switch::on)
        return {Delivers::certainly, false, "<features> has " + shown};
    return {Delivers::no, false,
            state == Switch::off ? shown + " is off in <features>" : "<features> has no " + shown};
}

/// What a definition can hold that cannot be judged.
std::string beyond_judging(const Domain& domain) {
    if (domain.type != "kvm" && domain.type != "qemu")
        return "the domain's type '" + printable(domain.type, 32) + "' is neither kvm nor qemu";
    if (!domain.cpu.unknown.empty())
        return domain.cpu.unknown + ", which is not known here";
    if (!domain.cpu_arguments.empty())
        return "<qemu:commandline> has " + printable(domain.cpu_arguments.front(), 64) +
               ", which can change the CPU behind libvirt's back";
    if (!domain.emulator.empty() && !in_system_folder(domain.emulator))
        return "the emulator " + printable(domain.emulator, 128) +
               " is outside the system's folders";
    return {};
}

} // namespace

bool emulated(const Domain& domain) {
    return domain.type == "qemu";
}

Delivery delivery(const Domain& domain, const Platform& platform) {
    const Platform* emulator = emulated(domain) ? emulated_platform(domain.arch) : nullptr;
    const Platform& judging = emulator ? *emulator : platform;
    if (const std::string why = beyond_judging(domain); !why.empty())
        return {Delivers::possibly, true, why};
    switch (judging.guest_switch) {
    case GuestSwitch::cpu_feature:
        return by_feature(domain, judging);
    case GuestSwitch::nested_hv:
        return by_switch(domain.nested_hv, "nested-hv");
    case GuestSwitch::virtualization:
        return by_switch(domain.virtualization, "virtualization");
    }
    return {};
}

} // namespace virt_nested
