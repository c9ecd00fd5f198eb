// SPDX-License-Identifier: GPL-2.0-or-later
// What a definition gives its guest.
#include "core/delivery.h"

#include "core/qemu_namespace.h"
#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

/// Where distributions and QEMU itself install emulators; an emulator elsewhere may do anything
/// with its options.
constexpr std::array<std::string_view, 9> system_folders = {"/usr/bin/",
                                                            "/usr/sbin/",
                                                            "/usr/libexec/",
                                                            "/usr/lib/",
                                                            "/usr/lib64/",
                                                            "/bin/",
                                                            "/sbin/",
                                                            "/run/current-system/sw/bin/",
                                                            "/run/libvirt/nix-emulators/"};

bool is_in(std::string_view path, std::string_view folder) {
    while (folder.ends_with('/'))
        folder.remove_suffix(1);
    return path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
}

bool in_known_folder(std::string_view emulator, const Vouched& vouched) {
    const auto holds = [emulator](std::string_view folder) { return is_in(emulator, folder); };
    return std::any_of(system_folders.begin(), system_folders.end(), holds) ||
           std::any_of(vouched.emulators.begin(), vouched.emulators.end(), holds);
}

std::string cpu_words(const Cpu& cpu) {
    if (!cpu.model.empty() && cpu.mode != CpuMode::host_model)
        return "the CPU model " + printable(cpu.model, 64);
    return cpu.mode == CpuMode::none ? "the default CPU" : name(cpu.mode);
}

/// The model that QEMU takes where the definition names none; empty: one without the feature, or
/// nobody knows.
std::string_view own_model(const Domain& domain, const Platform& platform) {
    const bool first = guest_arch(domain, platform) == platform.guests.front();
    return first && domain.machine != platform.bare_machine ? platform.default_model
                                                            : std::string_view();
}

/// Where nothing in <cpu> names the feature, and the model decides.
Delivery by_model(const Domain& domain, const Platform& platform, const std::string& shown) {
    const std::string feature(platform.feature);
    const std::string_view own = own_model(domain, platform);
    if (domain.cpu.model.empty() && own.empty())
        return {Delivers::no, false,
                shown + " contains " + feature + " on some types of machine only"};
    const std::string_view model = domain.cpu.model.empty() ? own : domain.cpu.model;
    const bool there = model_with_feature(platform, model) != nullptr;
    return {there ? Delivers::certainly : Delivers::no, false,
            shown + (there ? " contains " : " does not contain ") + feature +
                (there && !emulated(domain)
                     ? ", and the machine type " + domain.machine + " keeps it"
                     : "")};
}

/// Under KVM, or where <cpu> itself decides.
Delivery by_cpu(const Domain& domain, const Platform& platform) {
    const std::string feature(platform.feature);
    const Cpu& cpu = domain.cpu;
    const std::string mode = cpu_words(cpu);
    const CpuFeature* asked = cpu.feature(feature);
    const bool yes =
        asked && (asked->policy == FeaturePolicy::require || asked->policy == FeaturePolicy::force);
    const Obstacle said = yes ? Obstacle::says_yes : Obstacle::none;
    const bool named = cpu.mode == CpuMode::custom || cpu.mode == CpuMode::none;
    if (asked &&
        (asked->policy == FeaturePolicy::disable || asked->policy == FeaturePolicy::forbid))
        return {Delivers::no, false,
                "the definition says " + feature + " policy='" + name(asked->policy) + "'",
                Obstacle::says_no};
    if (cpu.mode == CpuMode::host_passthrough || cpu.mode == CpuMode::maximum ||
        (named && !emulated(domain) && is_host_model(platform, cpu.model)))
        return {Delivers::certainly, false, mode + " gives " + feature, said};
    if (yes)
        return {Delivers::certainly, false, "the definition requires " + feature, said};
    if (asked)
        return {Delivers::possibly, false, "the definition says " + feature + " policy='optional'"};
    if (emulated(domain) && cpu.mode == CpuMode::host_model)
        return {Delivers::possibly, false, "host-model is expanded at the start"};
    if (cpu.match == "minimum")
        return {Delivers::possibly, false, "match='minimum' takes what the host has"};
    const bool kept = !emulated(domain) && keeps_feature(platform, domain.machine);
    if (named && (kept || emulated(domain)))
        return by_model(domain, platform, mode);
    if (kept && platform.host_model == Delivers::no)
        return {Delivers::possibly, false,
                "host-model becomes a model that may contain " + feature +
                    ", and the machine type " + domain.machine + " keeps it"};
    if (cpu.mode == CpuMode::host_model)
        return {platform.host_model, false,
                platform.host_model == Delivers::certainly
                    ? "host-model gives " + feature
                    : "host-model leaves " + feature + " out on " + std::string(platform.name)};
    if (cpu.mode == CpuMode::custom || !cpu.model.empty())
        return {Delivers::no, false,
                mode + " does not deliver " + feature + " under KVM unless it is required"};
    return {platform.without_cpu, false,
            "a definition without <cpu> " +
                std::string(platform.without_cpu == Delivers::no ? "does not deliver "
                                                                 : "may deliver ") +
                feature};
}

Delivery by_feature(const Domain& domain, const Platform& platform) {
    const std::string feature(platform.feature);
    const ConfidentialGuest* guest = confidential_guest(platform, domain.launch_security);
    const std::string kind = !guest ? ""
                                    : std::string(guest->name) + " (launchSecurity type='" +
                                          std::string(guest->type) + "')";
    if (guest && guest->is == Confidential::masked)
        return {Delivers::no, false, kind + " masks " + feature, Obstacle::masked};
    if (emulated(domain) && !platform.emulated)
        return {Delivers::no, false, "an emulated guest (type='qemu') never has " + feature,
                Obstacle::never_emulated};
    Delivery gives = by_cpu(domain, platform);
    if (guest) {
        gives.obstacle = Obstacle::unusable;
        gives.what = feature;
        gives.useless = "Linux's KVM refuses to run in a guest of " + kind;
    }
    return gives;
}

Delivery by_switch(Switch state, std::string_view element) {
    const std::string shown = "<" + std::string(element) + ">";
    switch (state) {
    case Switch::on:
        return {Delivers::certainly, false, "<features> has " + shown, Obstacle::says_yes};
    case Switch::off:
        return {Delivers::no, false, shown + " is off in <features>", Obstacle::says_no};
    case Switch::absent:
        break;
    }
    return {Delivers::no, false, "<features> has no " + shown};
}

/// pSeries machines only (libvirt: src/qemu/qemu_validate.c).
Delivery by_nested_hv(const Domain& domain) {
    Delivery gives = by_switch(domain.nested_hv, "nested-hv");
    if (gives.how == Delivers::no && !domain.machine.empty() &&
        !domain.machine.starts_with("pseries")) {
        gives.obstacle = Obstacle::machine;
        gives.what = "pseries";
    }
    return gives;
}

Delivery by_virtualization(const Domain& domain) {
    Delivery gives = by_switch(domain.virtualization, "virtualization");
    if (domain.virtualization == Switch::absent) {
        gives.obstacle = Obstacle::element_is_new;
        gives.what = "12.1.0";
    }
    return gives;
}

Delivery beyond(std::string why, Obstacle obstacle, std::string what = {}) {
    return {Delivers::possibly, true, std::move(why), obstacle, std::move(what)};
}

/// QEMU's own namespace and the program that reads it.
Delivery qemu_beyond_judging(const Domain& domain, const Vouched& vouched) {
    if (const QemuDoubt doubt = doubt_of(domain, vouched); !doubt.what.empty())
        return beyond(std::string(doubt.where) + " has " + doubt.what +
                          ", which may change the CPU behind libvirt's back",
                      doubt.vouchable ? Obstacle::qemu_vouchable : Obstacle::qemu_piece,
                      doubt.what);
    const std::string_view emulator = domain.emulator;
    if (emulator.empty())
        return {};
    const std::string shown = printable(emulator, 128);
    if (!emulator.starts_with('/') || emulator.find("/../") != std::string_view::npos)
        return beyond("the emulator " + shown + " is outside the system's folders, by its path",
                      Obstacle::emulator_path);
    if (!in_known_folder(emulator, vouched))
        return beyond("the emulator " + shown + " is outside the system's folders",
                      Obstacle::emulator,
                      printable(emulator.substr(0, std::max<size_t>(emulator.rfind('/'), 1)), 128));
    return {};
}

/// What a definition can hold that cannot be judged.
Delivery beyond_judging(const Domain& domain, const Platform& platform, const Vouched& vouched) {
    if (domain.type != "kvm" && domain.type != "qemu")
        return beyond("the domain's type '" + printable(domain.type, 32) +
                          "' is neither kvm nor qemu",
                      Obstacle::domain_type);
    if (!domain.cpu.unknown.empty())
        return beyond(domain.cpu.unknown, Obstacle::cpu_words);
    if (!is_plain_name(domain.machine))
        return beyond("the machine type '" + printable(domain.machine, 64) +
                          "' is more than a name",
                      Obstacle::machine_name);
    const std::string& type = domain.launch_security;
    if (!emulated(domain) && !type.empty() && !confidential_guest(platform, type))
        return beyond("<launchSecurity type='" + printable(type, 64) + "'> is not known here on " +
                          std::string(platform.name),
                      Obstacle::confidential_kind);
    return qemu_beyond_judging(domain, vouched);
}

/// As if nothing in it were beyond judging.
Delivery by_definition(const Domain& domain, const Platform& platform) {
    switch (platform.guest_switch) {
    case GuestSwitch::cpu_feature:
        return by_feature(domain, platform);
    case GuestSwitch::nested_hv:
        return by_nested_hv(domain);
    case GuestSwitch::virtualization:
        return by_virtualization(domain);
    }
    return {};
}

} // namespace

bool emulated(const Domain& domain) {
    return domain.type == "qemu";
}

std::string_view guest_arch(const Domain& domain, const Platform& host) {
    return domain.arch.empty() ? host.guests.front() : std::string_view(domain.arch);
}

Delivery delivery(const Domain& domain, const Platform& platform, const Vouched& vouched) {
    const Platform* emulator =
        emulated(domain) ? emulated_platform(guest_arch(domain, platform)) : nullptr;
    const Platform& judging = emulator ? *emulator : platform;
    Delivery gives = beyond_judging(domain, judging, vouched);
    return gives.undetermined ? gives : by_definition(domain, judging);
}

std::optional<Delivery> certain_in_spite_of(const Delivery& doubt, const Domain& domain,
                                            const Platform& platform) {
    const bool cpu_is_known =
        doubt.obstacle != Obstacle::cpu_words && doubt.obstacle != Obstacle::domain_type;
    if (!doubt.undetermined || !cpu_is_known || emulated(domain))
        return std::nullopt;
    Delivery gives = by_definition(domain, platform);
    if (gives.how != Delivers::certainly)
        return std::nullopt;
    return gives;
}

} // namespace virt_nested
