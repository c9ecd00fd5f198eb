// SPDX-License-Identifier: GPL-2.0-or-later
// The list of what leaves the CPU alone.
#include "core/qemu_namespace.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace virt_nested {

namespace {

/// What follows an option, and what of it may touch the CPU.
enum class Value {
    none,    ///< nothing does
    any,     ///< nothing of it does
    device,  ///< its driver
    global,  ///< the driver that it is about
    object,  ///< its type
    serial,  ///< "mon:" in front and "mux=on" behind open a monitor (chardev/char.c, qemu_chr_new)
    display, ///< spice-app opens a monitor
    audio,   ///< ALSA's names of devices can be whole configurations, with libraries and commands
    net,     ///< helpers, scripts and commands
    setting, ///< of a device: which one, and its driver
};

struct Option {
    std::string_view name;
    Value value;
};

/// qemu-options.hx, and system/vl.c for what becomes of them. Left out are what makes or changes
/// CPUs and accelerators (-cpu, -smp, -numa, -machine, -accel), what gives orders at run time
/// (-monitor, -qmp, -mon, -gdb, -preconfig), what brings code or a configuration of its own
/// (-plugin, -readconfig) or a state of the CPU (-incoming, -loadvm), and whatever is not known.
constexpr auto harmless = std::to_array<Option>({
    // devices, objects and their properties
    {"device", Value::device},
    {"global", Value::global},
    {"object", Value::object},
    {"set", Value::setting},
    // firmware, tables and what the guest boots
    {"acpitable", Value::any},
    {"append", Value::any},
    {"bios", Value::any},
    {"boot", Value::any},
    {"fw_cfg", Value::any},
    {"initrd", Value::any},
    {"kernel", Value::any},
    {"option-rom", Value::any},
    {"smbios", Value::any},
    {"uuid", Value::any},
    // memory, time and ends
    {"m", Value::any},
    {"mem-path", Value::any},
    {"mem-prealloc", Value::none},
    {"overcommit", Value::any},
    {"rtc", Value::any},
    {"seed", Value::any},
    {"action", Value::any},
    {"watchdog", Value::any},
    {"watchdog-action", Value::any},
    {"no-reboot", Value::none},
    {"no-shutdown", Value::none},
    {"no-acpi", Value::none},
    {"no-hpet", Value::none},
    {"no-fd-bootchk", Value::none},
    {"no-kvm-pit-reinjection", Value::none},
    {"localtime", Value::none},
    {"realtime", Value::any},
    {"balloon", Value::any},
    {"compat", Value::any},
    // disks
    {"blockdev", Value::any},
    {"cdrom", Value::any},
    {"drive", Value::any},
    {"fda", Value::any},
    {"fdb", Value::any},
    {"hda", Value::any},
    {"hdb", Value::any},
    {"hdc", Value::any},
    {"hdd", Value::any},
    {"iscsi", Value::any},
    {"mtdblock", Value::any},
    {"pflash", Value::any},
    {"sd", Value::any},
    {"snapshot", Value::none},
    // folders, networks, characters
    {"fsdev", Value::any},
    {"virtfs", Value::any},
    {"net", Value::net},
    {"netdev", Value::net},
    {"nic", Value::net},
    {"chardev", Value::any},
    {"serial", Value::serial},
    {"parallel", Value::serial},
    {"debugcon", Value::serial},
    {"tpmdev", Value::any},
    {"add-fd", Value::any},
    // what a person sees, hears and holds
    {"audio", Value::audio},
    {"audiodev", Value::audio},
    {"soundhw", Value::any},
    {"display", Value::display},
    {"full-screen", Value::none},
    {"alt-grab", Value::none},
    {"ctrl-grab", Value::none},
    {"show-cursor", Value::none},
    {"k", Value::any},
    {"name", Value::any},
    {"spice", Value::any},
    {"usb", Value::none},
    {"usbdevice", Value::any},
    {"vga", Value::any},
    {"vnc", Value::any},
    // logs
    {"D", Value::any},
    {"d", Value::any},
    {"msg", Value::any},
    {"trace", Value::any},
    // what libvirt gives itself
    {"nodefaults", Value::none},
    {"no-user-config", Value::none},
});

/// Further options that take no value: where one of them is vouched for, what follows is no value
/// of it.
constexpr auto other_flags =
    std::to_array<std::string_view>({"S", "daemonize", "enable-kvm", "nographic", "one-insn-per-tb",
                                     "only-migratable", "preconfig", "s", "singlestep"});

/// What every device is: hw/core/qdev.c (device_type_info and its interfaces), qom/object.c.
constexpr auto ancestors =
    std::to_array<std::string_view>({"device", "interface", "object", "resettable", "vmstate-if"});

/// Where the last character is '*', whatever begins so.
bool fits(std::string_view word, std::string_view pattern) {
    return pattern.ends_with('*') ? word.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : word == pattern;
}

template<typename List>
bool fits_one(std::string_view word, const List& patterns) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [word](std::string_view pattern) { return fits(word, pattern); });
}

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

/// "--opt" is "-opt" (system/vl.c, lookup_opt); empty: it is no option.
std::string_view option_name(std::string_view argument) {
    if (argument.size() < 2 || argument[0] != '-')
        return {};
    return argument.substr(argument[1] == '-' ? 2 : 1);
}

const Option* harmless_option(std::string_view name) {
    const auto* found = std::find_if(harmless.begin(), harmless.end(),
                                     [name](const Option& option) { return option.name == name; });
    return found == harmless.end() ? nullptr : found;
}

bool is_flag(std::string_view name) {
    const Option* option = harmless_option(name);
    return option ? option->value == Value::none
                  : std::find(other_flags.begin(), other_flags.end(), name) != other_flags.end();
}

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

/// Aliases of CPUs that libvirt plugs in (libvirt: src/qemu/qemu_alias.c).
bool is_cpu_alias(std::string_view alias) {
    return alias.starts_with("vcpu");
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

bool harmless_value(Value kind, std::string_view text) {
    switch (kind) {
    case Value::none:
    case Value::any:
        return true;
    case Value::device:
        return all_values(text, "driver", true, is_no_cpu);
    case Value::global:
        return harmless_global(text);
    case Value::object:
        return all_values(text, "qom-type", true,
                          [](std::string_view type) { return fits_one(type, harmless_objects); });
    case Value::serial:
        return !text.starts_with("mon:") && text.find("mux") == std::string_view::npos;
    case Value::display:
        return !text.starts_with('{') && text.find("spice-app") == std::string_view::npos;
    case Value::audio:
        return text.find_first_of("{}'\"|<>") == std::string_view::npos;
    case Value::net:
        return runs_nothing(text);
    case Value::setting:
        return harmless_setting(text);
    }
    return false;
}

/// The arguments of <qemu:commandline>, in QEMU's order: an option takes the next one as its value,
/// whatever that is (system/vl.c, lookup_opt).
class Arguments {
  public:
    explicit Arguments(const Vouched& vouched) : vouched_(vouched) {}

    /// What is in doubt about this one, or empty.
    std::string take(std::string_view text) {
        const bool vouched = fits_one(text, vouched_.qemu_arguments);
        const std::string_view name = option_name(text);
        const bool takes_value = !name.empty() && !is_flag(name);
        if (const Option* option = std::exchange(option_, nullptr))
            return vouched || harmless_value(option->value, text)
                       ? std::string()
                       : "-" + std::string(option->name) + " " + printable(text, 64);
        const Option* option = harmless_option(name);
        if (!std::exchange(by_itself_, false) && option) {
            option_ = takes_value ? option : nullptr;
            return {};
        }
        by_itself_ = vouched && takes_value;
        if (vouched)
            return {};
        return text.empty() ? "an empty argument" : printable(text, 64);
    }

    /// What is in doubt at their end: libvirt goes on with arguments of its own.
    std::string end() const {
        return option_ ? "-" + std::string(option_->name) + " without its value" : std::string();
    }

  private:
    const Vouched& vouched_;
    const Option* option_ = nullptr; ///< whose value comes next
    bool by_itself_ = false;         ///< the next may be the value of one that is vouched for
};

QemuDoubt doubt_about(const QemuPiece& piece, const Vouched& vouched) {
    switch (piece.kind) {
    case QemuPiece::argument:
        break;
    case QemuPiece::variable:
        if (fits_one(piece.name, harmless_variables) ||
            fits_one(piece.name + "=" + piece.value, vouched.qemu_arguments))
            break;
        return {"the variable " + printable(piece.name, 64), "<qemu:commandline>", true};
    case QemuPiece::capability:
        if (fits_one(piece.name, harmless_capabilities))
            break;
        return {printable(piece.name, 64), "<qemu:capabilities>", false};
    case QemuPiece::property:
        if (piece.value != "driver" && !is_cpu_alias(piece.name))
            break;
        return {"the property " + printable(piece.value, 64) + " of " + printable(piece.name, 64),
                "<qemu:override>", false};
    case QemuPiece::unknown:
        return {"<qemu:" + printable(piece.name, 64) + ">", "the definition", false};
    }
    return {};
}

} // namespace

bool can_be_cpu(std::string_view driver) {
    const std::string lower = lower_case(driver);
    return driver.empty() || !is_plain_name(driver) || lower.find("cpu") != std::string::npos ||
           std::find(ancestors.begin(), ancestors.end(), lower) != ancestors.end();
}

QemuDoubt doubt_of(const Domain& domain, const Vouched& vouched) {
    Arguments arguments(vouched);
    for (const QemuPiece& piece : domain.qemu) {
        QemuDoubt doubt = doubt_about(piece, vouched);
        if (piece.kind == QemuPiece::argument)
            doubt = {arguments.take(piece.value), "<qemu:commandline>", true};
        if (!doubt.what.empty())
            return doubt;
    }
    if (std::string open = arguments.end(); !open.empty())
        return {std::move(open), "<qemu:commandline>", true};
    if (domain.more_qemu)
        return {"more than anybody reads", "QEMU's namespace", false};
    return {};
}

} // namespace virt_nested
