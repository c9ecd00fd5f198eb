// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of the hook as libvirt finds it (libvirt: src/util/virhook.c, docs/hooks.rst).
#include "core/text.h"
#include "validator/check.h"

#include <algorithm>
#include <array>
#include <sys/stat.h>

namespace virt_nested {

namespace {

constexpr const char* link_command =
    "mkdir -p /etc/libvirt/hooks/qemu.d && ln -s ../../../../usr/bin/virt-nested-hook "
    "/etc/libvirt/hooks/qemu.d/99-virt-nested && systemctl reload libvirtd";

/// Nothing to judge: without libvirt, or where the folder could not be read.
bool no_answer(const Facts& facts, Finding& out) {
    if (facts.hook.folder.undetermined()) {
        out = {Outcome::undetermined, {}, facts.hook.folder.reason, facts.hook.folder.source, {},
               "run it as root",      0};
        return true;
    }
    if (facts.hook.libvirt || !facts.hook.files.empty())
        return false;
    out = {Outcome::skip, {}, "libvirt's QEMU driver is not installed", {}, {}, {}, 0};
    return true;
}

Findings hook_installed(const Facts& facts) {
    Finding out;
    if (no_answer(facts, out))
        return {out};
    Findings found;
    for (const HookFile& file : facts.hook.files) {
        if (!file.ours)
            continue;
        Finding one{Outcome::pass,
                    "an executable link to virt-nested-hook",
                    file.target.empty() ? "a file" : "-> " + printable(file.target),
                    facts.shown(printable(file.path)),
                    {},
                    {},
                    0};
        if (!file.exists || !file.regular) {
            one.result = Outcome::fail;
            one.found += file.exists ? ", not a regular file" : ", which does not exist";
            one.fix = "install virt-nested, or remove " + shell_word(file.path);
        } else if (!file.executable) {
            one.result = Outcome::fail;
            one.found += ", not executable: libvirt skips it without a word";
            one.fix = "chmod 0755 " + shell_word(file.real);
        } else if (!facts.hook.judge) {
            one.result = Outcome::fail;
            one.found += ", without virt-nested-judge beside it: labelled guests are refused";
            one.fix = "install virt-nested anew";
        }
        found.push_back(one);
    }
    if (found.empty())
        found.push_back({Outcome::warn,
                         "an executable link to virt-nested-hook",
                         "not installed",
                         facts.shown("/etc/libvirt/hooks"),
                         {},
                         link_command,
                         0});
    return found;
}

/// libvirt runs these as root and asks neither owner nor mode.
Findings hook_permissions(const Facts& facts) {
    Finding out;
    if (no_answer(facts, out))
        return {out};
    Findings found;
    for (const HookFile& file : facts.hook.files) {
        if (!file.exists || !file.regular || !file.executable)
            continue;
        const bool foreign = file.status.uid != 0 && file.status.uid != facts.hook.root_owner;
        const bool writable = (file.status.mode & (S_IWGRP | S_IWOTH)) != 0;
        if (!foreign && !writable)
            continue;
        std::array<char, 16> mode{};
        std::snprintf(mode.data(), mode.size(), "%04o", file.status.mode & 07777);
        found.push_back(
            {Outcome::fail,
             "owned by root, writable by root alone",
             "owner " + std::to_string(file.status.uid) + ", mode " + mode.data(),
             facts.shown(printable(file.path)),
             {},
             "chown root:root " + shell_word(file.real) + " && chmod go-w " + shell_word(file.real),
             0});
    }
    if (found.empty())
        found.push_back({facts.hook.files.empty() ? Outcome::skip : Outcome::pass,
                         "owned by root, writable by root alone",
                         facts.hook.files.empty() ? "there is no hook" : "so they are",
                         facts.hook.folder.source,
                         {},
                         {},
                         0});
    return found;
}

bool looks_left_over(std::string_view path) {
    constexpr std::array<std::string_view, 13> ends = {
        ".rpmnew", ".rpmsave",  ".rpmorig",   "~",         ".swp",      ".bak",     ".orig",
        ".old",    ".dpkg-old", ".dpkg-dist", ".dpkg-new", ".dpkg-bak", ".ucf-dist"};
    const std::string_view file = path.substr(path.rfind('/') + 1);
    return file.starts_with('.') ||
           std::any_of(ends.begin(), ends.end(),
                       [&](std::string_view end) { return file.ends_with(end); });
}

Findings hook_strays(const Facts& facts) {
    Finding out;
    if (no_answer(facts, out))
        return {out};
    Findings found;
    for (const HookFile& file : facts.hook.files) {
        if (!file.exists || !file.regular || !file.executable)
            continue;
        const std::string chmod = "chmod -x " + shell_word(file.path) + ", or remove it";
        if (looks_left_over(file.path))
            found.push_back({Outcome::fail,
                             "no leftovers that are executable",
                             "libvirt runs it at every operation of every guest",
                             facts.shown(printable(file.path)),
                             {},
                             chmod,
                             0});
        else if (!file.interpreted)
            found.push_back({Outcome::fail,
                             "a program, or a script with #!",
                             "neither: every start of a guest fails with 'Exec format error'",
                             facts.shown(printable(file.path)),
                             {},
                             chmod,
                             0});
    }
    if (found.empty())
        found.push_back({facts.hook.files.empty() ? Outcome::skip : Outcome::pass,
                         "no leftovers that are executable",
                         facts.hook.files.empty() ? "there is no hook" : "none",
                         facts.hook.folder.source,
                         {},
                         {},
                         0});
    return found;
}

/// Fedora's policy since 2024: virtqemud_t may not execute virt_hook_t, it may execute bin_t
/// (selinux-policy, policy/modules/contrib/virt.te).
Findings hook_selinux(const Facts& facts) {
    Finding out;
    if (no_answer(facts, out))
        return {out};
    if (!facts.hook.enforcing)
        return {{Outcome::skip, {}, "no SELinux here", {}, {}, {}, 0}};
    for (const HookFile& file : facts.hook.files)
        if (file.ours && file.selinux.find(":virt_hook_t") != std::string::npos)
            return {{*facts.hook.enforcing ? Outcome::fail : Outcome::warn,
                     "bin_t",
                     file.selinux + (*facts.hook.enforcing ? "" : " (permissive)"),
                     facts.shown(printable(file.real)),
                     {},
                     {},
                     0}};
    return {{Outcome::pass, "bin_t", "nothing of ours is virt_hook_t", {}, {}, {}, 0}};
}

} // namespace

void add_hook_checks(std::vector<Check>& table) {
    constexpr std::string_view hooks = "https://libvirt.org/hooks.html";
    table.insert(
        table.end(),
        {{"hook-installed", "The hook is in place", Outcome::fail, 0, at_now, 0, false,
          "Without it no start is refused: a guest that needs nesting starts without it, silently. "
          "virt-nested selftest proves that it runs.",
          link_command, hooks, hook_installed},
         {"hook-permissions", "Owner and mode of the hooks", Outcome::fail, 0, at_now, 0, false,
          "libvirt runs them as root and checks neither.", "chown root:root, chmod go-w", hooks,
          hook_permissions},
         {"hook-strays", "Leftovers beside the hook", Outcome::fail, 0, at_now, 0, false,
          "libvirt runs every executable file in the folder, backups and .rpmsave files included.",
          "remove them", hooks, hook_strays},
         {"hook-selinux", "SELinux label of the hook", Outcome::fail, 0, at_now, 0, false,
          "virtqemud may execute bin_t, and not virt_hook_t: the start of every guest is denied.",
          "make it a link to /usr/bin/virt-nested-hook", hooks, hook_selinux}});
}

} // namespace virt_nested
