// SPDX-License-Identifier: GPL-2.0-or-later
// Which init's service reads the lists of modules, and when.
#include "core/modconf/load_lists.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <optional>

namespace virt_nested {

namespace {

using namespace std::string_view_literals;

bool any_exists(const Sysroot& root, std::initializer_list<std::string_view> paths) {
    return std::any_of(paths.begin(), paths.end(),
                       [&](std::string_view path) { return root.exists(path); });
}

/// The words of ID and ID_LIKE (os-release(5)).
std::vector<std::string> distributions(const Sysroot& root) {
    Result<std::string> text = root.read("/etc/os-release");
    if (!text)
        text = root.read("/usr/lib/os-release");
    const std::string release = text.value_or("");
    std::vector<std::string> out;
    for (const std::string_view line : lines(release)) {
        if (!line.starts_with("ID=") && !line.starts_with("ID_LIKE="))
            continue;
        std::string value(line.substr(line.find('=') + 1));
        std::replace_if(
            value.begin(), value.end(), [](char c) { return c == '"' || c == '\''; }, ' ');
        for (const std::string_view word : words(value))
            out.emplace_back(trim(word));
    }
    return out;
}

bool is_one_of(const std::vector<std::string>& have,
               std::initializer_list<std::string_view> wanted) {
    return std::any_of(have.begin(), have.end(), [&](const std::string& id) {
        return std::find(wanted.begin(), wanted.end(), id) != wanted.end();
    });
}

enum class Init { unknown, systemd, openrc, sysv };

Init init_of(const Sysroot& root, const std::vector<std::string>& ids) {
    if (root.exists("/run/systemd/system")) // sd_booted(3)
        return Init::systemd;
    for (const std::string_view path : {"/sbin/init"sv, "/usr/sbin/init"sv}) {
        const std::string target = root.link(path).value_or("");
        if (target.find("systemd") != std::string::npos)
            return Init::systemd;
        if (target.find("openrc") != std::string::npos)
            return Init::openrc;
    }
    // Where both are installed and nothing says which one runs: the usual one.
    if (any_exists(root, {"/usr/lib/systemd/systemd", "/lib/systemd/systemd"}))
        return Init::systemd;
    if (any_exists(root, {"/run/openrc", "/sbin/openrc", "/sbin/openrc-run", "/usr/bin/openrc",
                          "/usr/bin/openrc-run", "/etc/runlevels"}))
        return Init::openrc;
    if (any_exists(root, {"/sbin/init", "/usr/sbin/init", "/etc/inittab"}) &&
        root.exists("/etc/init.d/kmod"))
        return Init::sysv;
    if (is_one_of(ids, {"alpine", "gentoo"}))
        return Init::openrc;
    return is_one_of(ids, {"devuan"}) ? Init::sysv : Init::unknown;
}

/// The first runlevel of a boot that has the service; nothing: none has it.
std::optional<size_t> runlevel(const Sysroot& root, std::string_view service) {
    constexpr std::array levels = {"sysinit"sv, "boot"sv, "default"sv};
    for (size_t i = 0; i < levels.size(); ++i)
        if (root.link("/etc/runlevels/" + std::string(levels[i]) + "/" + std::string(service)) ||
            root.exists("/etc/runlevels/" + std::string(levels[i]) + "/" + std::string(service)))
            return i;
    return std::nullopt;
}

// A runlevel is complete before the next one begins, whatever "before" the services say: Alpine's
// default has hwdrivers, which loads by the CPU's alias, in sysinit, and modules in boot (aports:
// main/openrc/{modules,hwdrivers}.initd; mkinitfs: initramfs-init.in). udev works beside them.
LoadOrder by_runlevels(const Sysroot& root) {
    const std::optional<size_t> own = runlevel(root, "modules");
    if (!own)
        return LoadOrder::open;
    if (runlevel(root, "hwdrivers").value_or(*own) < *own)
        return LoadOrder::late;
    for (const std::string_view udev : {"udev-trigger"sv, "udev"sv, "udev-coldplug"sv})
        if (const std::optional<size_t> other = runlevel(root, udev); other && *other <= *own)
            return LoadOrder::open;
    return LoadOrder::first;
}

} // namespace

LoadService load_service(const Sysroot& root) {
    const std::vector<std::string> ids = distributions(root);
    switch (init_of(root, ids)) {
    case Init::openrc:
        return is_one_of(ids, {"alpine"}) || root.exists("/etc/alpine-release")
                   ? LoadService::alpine
                   : LoadService::openrc;
    case Init::sysv:
        return LoadService::sysv;
    case Init::systemd:
    case Init::unknown:
        break;
    }
    return LoadService::names_only;
}

std::string_view name(LoadService service) {
    static constexpr std::array names = {"systemd-modules-load"sv, "Alpine's service modules"sv,
                                         "OpenRC's service modules"sv, "/etc/init.d/kmod"sv};
    return names[static_cast<size_t>(service)];
}

LoadOrder load_order(const Sysroot& root, LoadService service, LoadedBy loaded_by) {
    if (service == LoadService::names_only)
        return LoadOrder::late;
    if (loaded_by == LoadedBy::name)
        return LoadOrder::first;
    return service == LoadService::sysv ? LoadOrder::open : by_runlevels(root);
}

} // namespace virt_nested
