// SPDX-License-Identifier: GPL-2.0-or-later
// The list, as tables, and how QEMU reads what options say.
#include "core/qemu_list.h"

#include "core/domain.h"
#include "core/text.h"

#include <array>
#include <string>

namespace virt_nested {

namespace {

/// qemu-options.hx, and system/vl.c for what becomes of them. Left out are what makes or changes
/// CPUs and accelerators (-cpu, -smp, -numa, -machine, -accel), what gives orders at run time
/// (-monitor, -qmp, -mon, -gdb, -preconfig), what brings code or a configuration of its own
/// (-plugin, -readconfig) or a state of the CPU (-incoming, -loadvm), and whatever is not known.
constexpr auto harmless = std::to_array<QemuOption>({
    // devices, objects and their properties
    {"device", QemuValue::device},
    {"global", QemuValue::global},
    {"object", QemuValue::object},
    {"set", QemuValue::setting},
    // firmware, tables and what the guest boots
    {"acpitable", QemuValue::any},
    {"append", QemuValue::any},
    {"bios", QemuValue::any},
    {"boot", QemuValue::any},
    {"fw_cfg", QemuValue::any},
    {"initrd", QemuValue::any},
    {"kernel", QemuValue::any},
    {"option-rom", QemuValue::any},
    {"smbios", QemuValue::any},
    {"uuid", QemuValue::any},
    // memory, time and ends
    {"m", QemuValue::any},
    {"mem-path", QemuValue::any},
    {"mem-prealloc", QemuValue::none},
    {"overcommit", QemuValue::any},
    {"rtc", QemuValue::any},
    {"seed", QemuValue::any},
    {"action", QemuValue::any},
    {"watchdog", QemuValue::any},
    {"watchdog-action", QemuValue::any},
    {"no-reboot", QemuValue::none},
    {"no-shutdown", QemuValue::none},
    {"no-acpi", QemuValue::none},
    {"no-hpet", QemuValue::none},
    {"no-fd-bootchk", QemuValue::none},
    {"no-kvm-pit-reinjection", QemuValue::none},
    {"localtime", QemuValue::none},
    {"realtime", QemuValue::any},
    {"balloon", QemuValue::any},
    {"compat", QemuValue::any},
    // disks
    {"blockdev", QemuValue::any},
    {"cdrom", QemuValue::any},
    {"drive", QemuValue::any},
    {"fda", QemuValue::any},
    {"fdb", QemuValue::any},
    {"hda", QemuValue::any},
    {"hdb", QemuValue::any},
    {"hdc", QemuValue::any},
    {"hdd", QemuValue::any},
    {"iscsi", QemuValue::any},
    {"mtdblock", QemuValue::any},
    {"pflash", QemuValue::any},
    {"sd", QemuValue::any},
    {"snapshot", QemuValue::none},
    // folders, networks, characters
    {"fsdev", QemuValue::any},
    {"virtfs", QemuValue::any},
    {"net", QemuValue::net},
    {"netdev", QemuValue::net},
    {"nic", QemuValue::net},
    {"chardev", QemuValue::any},
    {"serial", QemuValue::serial},
    {"parallel", QemuValue::serial},
    {"debugcon", QemuValue::serial},
    {"tpmdev", QemuValue::any},
    {"add-fd", QemuValue::any},
    // what a person sees, hears and holds
    {"audio", QemuValue::audio},
    {"audiodev", QemuValue::audio},
    {"soundhw", QemuValue::any},
    {"display", QemuValue::display},
    {"full-screen", QemuValue::none},
    {"alt-grab", QemuValue::none},
    {"ctrl-grab", QemuValue::none},
    {"show-cursor", QemuValue::none},
    {"k", QemuValue::any},
    {"name", QemuValue::any},
    {"spice", QemuValue::any},
    {"usb", QemuValue::none},
    {"usbdevice", QemuValue::any},
    {"vga", QemuValue::any},
    {"vnc", QemuValue::any},
    // logs
    {"D", QemuValue::any},
    {"d", QemuValue::any},
    {"msg", QemuValue::any},
    {"trace", QemuValue::any},
    // what libvirt gives itself
    {"nodefaults", QemuValue::none},
    {"no-user-config", QemuValue::none},
});

/// Further options that take no value: where one of them is vouched for, what follows is no value
/// of it.
constexpr auto other_flags =
    std::to_array<std::string_view>({"S", "daemonize", "enable-kvm", "nographic", "one-insn-per-tb",
                                     "only-migratable", "preconfig", "s", "singlestep"});

/// What every device is: hw/core/qdev.c (device_type_info and its interfaces), qom/object.c.
constexpr auto ancestors =
    std::to_array<std::string_view>({"device", "interface", "object", "resettable", "vmstate-if"});

/// User-creatable types that belong to disks, networks, memory, secrets and input (QEMU:
/// qapi/qom.json). Others make confidential guests, run the guest's devices elsewhere, or take
/// orders.
constexpr auto harmless_objects = std::to_array<std::string_view>(
    {"authz-list",        "authz-list-file",   "authz-simple", "can-bus",   "can-host-*",
     "colo-compare",      "cryptodev-*",       "dbus-vmstate", "filter-*",  "input-barrier",
     "input-linux",       "iommufd",           "iothread",     "main-loop", "memory-backend-*",
     "pr-manager-helper", "thread-context",    "rng-*",        "secret",    "secret_keyring",
     "throttle-group",    "tls-cipher-suites", "tls-creds-*"});

/// Capabilities of QEMU that libvirt uses for devices, disks and networks alone (libvirt:
/// src/qemu/qemu_capabilities.c).
constexpr auto harmless_capabilities = std::to_array<std::string_view>(
    {"blockdev", "device.json", "netdev.json", "usb-host.guest-resets-all"});

/// Devices that bring code of others: libcacard loads the PKCS#11 modules that its `db` names.
constexpr auto drivers_with_code = std::to_array<std::string_view>({"ccid-card-emulated"});

/// Variables that neither bring code nor name a file that could. Not PULSE_CLIENTCONFIG, HOME,
/// QEMU_ALSA_DAC_DEV and the like: PulseAudio's and ALSA's configurations name programs and
/// libraries.
constexpr auto harmless_variables = std::to_array<std::string_view>({"DISPLAY",
                                                                     "DRI_PRIME",
                                                                     "G_MESSAGES_DEBUG",
                                                                     "JACK_DEFAULT_SERVER",
                                                                     "JACK_NO_START_SERVER",
                                                                     "LANG",
                                                                     "LC_ALL",
                                                                     "LIBGL_ALWAYS_SOFTWARE",
                                                                     "MALLOC_ARENA_MAX",
                                                                     "MALLOC_PERTURB_",
                                                                     "PIPEWIRE_LATENCY",
                                                                     "PIPEWIRE_NODE",
                                                                     "PIPEWIRE_REMOTE",
                                                                     "PIPEWIRE_RUNTIME_DIR",
                                                                     "PULSE_COOKIE",
                                                                     "PULSE_LATENCY_MSEC",
                                                                     "PULSE_RUNTIME_PATH",
                                                                     "PULSE_SERVER",
                                                                     "PULSE_SINK",
                                                                     "PULSE_SOURCE",
                                                                     "QEMU_AUDIO_*",
                                                                     "QEMU_OSS_*",
                                                                     "QEMU_PA_*",
                                                                     "QEMU_SDL_*",
                                                                     "SDL_AUDIODRIVER",
                                                                     "SDL_VIDEODRIVER",
                                                                     "TMPDIR",
                                                                     "TZ",
                                                                     "WAYLAND_DISPLAY",
                                                                     "XAUTHORITY",
                                                                     "XDG_RUNTIME_DIR",
                                                                     "XDG_SESSION_TYPE"});

/// One value of "key=value,..." with its commas doubled (util/qemu-option.c, get_opt_value);
/// `text` begins with it, and with what follows afterwards.
std::string take_value(std::string_view& text) {
    std::string out;
    while (!text.empty()) {
        if (text[0] == ',') {
            text.remove_prefix(1);
            if (text.empty() || text[0] != ',')
                return out;
        }
        out += text[0];
        text.remove_prefix(1);
    }
    return out;
}

/// Whether all that the text says for `key` is `good`, and it says something; the first word may
/// stand without its key where QEMU implies one. All: of several QEMU takes the last.
template<typename Good>
bool all_values(std::string_view text, std::string_view key, bool implied, Good good) {
    bool said = false;
    if (text.starts_with('{')) // JSON
        return false;
    for (bool first = true; !text.empty(); first = false) {
        const size_t end = std::min(text.find_first_of("=,"), text.size());
        const bool has_key = end < text.size() && text[end] == '=';
        const std::string_view name = has_key || !first || !implied ? text.substr(0, end) : key;
        std::string value = "on"; // of a key that stands alone
        if (has_key || (first && implied)) {
            text.remove_prefix(has_key ? end + 1 : 0);
            value = take_value(text);
        } else {
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        if (name == key && !good(value))
            return false;
        said = said || name == key;
    }
    return said;
}

bool is_no_cpu(std::string_view driver) {
    return !can_be_cpu(driver) && !fits_one(driver, drivers_with_code);
}

/// Programs that QEMU would run, with what it may do itself; "no" stands for none.
bool runs_nothing(std::string_view text) {
    if (text.find("helper=") != std::string_view::npos ||
        text.find("cmd:") != std::string_view::npos)
        return false;
    constexpr std::string_view script = "script=";
    for (size_t at = 0; (at = text.find(script, at)) != std::string_view::npos;) {
        at += script.size();
        const std::string_view program = text.substr(at, text.find(',', at) - at);
        if (program != "no" && !program.empty())
            return false;
    }
    return true;
}

/// system/vl.c, qemu_global_option: "%63[^.=].%63[^=]=VALUE", else driver=, property= and value=.
bool harmless_global(std::string_view text) {
    constexpr size_t limit = 63;
    const size_t dot = text.find_first_of(".=");
    if (dot == std::string_view::npos)
        return false;
    const size_t equals = std::min(text.find('=', dot), text.size());
    const size_t property = text[dot] == '.' ? equals - dot - 1 : 0;
    const bool is_short =
        dot > 0 && dot <= limit && property > 0 && property <= limit && equals < text.size();
    return is_short ? is_no_cpu(text.substr(0, dot)) : all_values(text, "driver", false, is_no_cpu);
}

/// system/vl.c, qemu_set_option: GROUP.ID.PROPERTY=VALUE.
bool harmless_setting(std::string_view text) {
    constexpr std::string_view group = "device.";
    if (!text.starts_with(group))
        return false;
    text.remove_prefix(group.size());
    const size_t dot = text.find('.');
    const size_t equals = text.find('=');
    return dot != std::string_view::npos && equals != std::string_view::npos && dot < equals &&
           !is_cpu_alias(text.substr(0, dot)) &&
           (text.substr(dot + 1, equals - dot - 1) != "driver" ||
            is_no_cpu(text.substr(equals + 1)));
}

} // namespace

const QemuOption* harmless_option(std::string_view name) {
    const auto* found =
        std::find_if(harmless.begin(), harmless.end(),
                     [name](const QemuOption& option) { return option.name == name; });
    return found == harmless.end() ? nullptr : found;
}

bool is_flag(std::string_view name) {
    const QemuOption* option = harmless_option(name);
    return option ? option->value == QemuValue::none
                  : std::find(other_flags.begin(), other_flags.end(), name) != other_flags.end();
}

bool is_cpu_alias(std::string_view alias) {
    return alias.starts_with("vcpu");
}

bool harmless_value(QemuValue kind, std::string_view text) {
    switch (kind) {
    case QemuValue::none:
    case QemuValue::any:
        return true;
    case QemuValue::device:
        return all_values(text, "driver", true, is_no_cpu);
    case QemuValue::global:
        return harmless_global(text);
    case QemuValue::object:
        return all_values(text, "qom-type", true,
                          [](std::string_view type) { return fits_one(type, harmless_objects); });
    case QemuValue::serial:
        return !text.starts_with("mon:") && text.find("mux") == std::string_view::npos;
    case QemuValue::display:
        return !text.starts_with('{') && text.find("spice-app") == std::string_view::npos;
    case QemuValue::audio:
        return text.find_first_of("{}'\"|<>") == std::string_view::npos;
    case QemuValue::net:
        return runs_nothing(text);
    case QemuValue::setting:
        return harmless_setting(text);
    }
    return false;
}

bool harmless_variable(std::string_view name) {
    return fits_one(name, harmless_variables);
}

bool harmless_capability(std::string_view name) {
    return fits_one(name, harmless_capabilities);
}

bool can_be_cpu(std::string_view driver) {
    const std::string lower = lower_case(driver);
    return driver.empty() || !is_plain_name(driver) || lower.find("cpu") != std::string::npos ||
           std::find(ancestors.begin(), ancestors.end(), lower) != ancestors.end();
}

} // namespace virt_nested
