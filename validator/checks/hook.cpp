// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of the hook as libvirt finds it (libvirt: src/util/virhook.c, docs/hooks.rst).
#include "core/text.h"
#include "validator/checks/check.h"
#include "validator/checks/mend.h"

#include <algorithm>
#include <array>
#include <optional>
#include <sys/stat.h>

namespace virt_nested {

namespace {

constexpr std::string_view hooks = "https://libvirt.org/hooks.html";

/// Nothing to judge: without libvirt, or where the folder could not be read.
bool no_answer(const Facts& facts, Finding& out) {
    if (facts.hook.folder.undetermined()) {
        out = Finding::undetermined({}, facts.hook.folder.reason, facts.hook.folder.source)
                  .mend_by("run it as root");
        return true;
    }
    if (facts.hook.libvirt || !facts.hook.files.empty())
        return false;
    out = Finding::skip("libvirt's QEMU driver is not installed");
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
        Finding one = Finding::pass("an executable link to virt-nested-hook",
                                    file.wrapper          ? "a script that names virt-nested-hook"
                                    : file.target.empty() ? "a file"
                                                          : "-> " + printable(file.target),
                                    facts.shown(printable(file.path)));
        if (!file.exists || !file.regular) {
            one.result = Outcome::fail;
            one.found += file.exists ? ", not a regular file" : ", which does not exist";
            one.mend = "install virt-nested-libvirt, or remove " + shell_word(file.path);
        } else if (!file.executable) {
            one.result = Outcome::fail;
            one.found += ", not executable: libvirt skips it without a word";
            one.mend = file.interpreted ? Mend(run("chmod 0755 " + shell_word(file.real)))
                                        : Mend("install virt-nested anew: it is no program");
        } else if (!facts.hook.judge) {
            one.result = Outcome::fail;
            one.found += ", without virt-nested-judge beside it: labelled guests are refused";
            one.mend = "install virt-nested-libvirt anew";
        }
        found.push_back(one);
    }
    if (found.empty())
        found.push_back(Finding::warn("an executable link to virt-nested-hook", "not installed",
                                      facts.shown(hooks_folder))
                            .mend_by(mend_hook_link(facts)));
    return found;
}

Check hook_installed_check() {
    static const std::string link_it = link_hook_command(hook_places(), "libvirtd");
    return {
        .id = "hook-installed",
        .title = "The hook is in place",
        .why = "Without it no start is refused: a guest that needs nesting starts without it, "
               "silently. "
               "virt-nested selftest proves that it runs.",
        .mend = link_it,
        .reference = hooks,
        .run = hook_installed,
    };
}

/// The files that libvirt runs, one by one: what is wrong with each, or that nothing is.
Findings of_run_files(const Facts& facts, const std::string& expected, const std::string& all_well,
                      std::optional<Finding> (*wrong)(const HookFile&)) {
    Finding out;
    if (no_answer(facts, out))
        return {out};
    Findings found;
    for (const HookFile& file : facts.hook.files) {
        if (!file.runs())
            continue;
        std::optional<Finding> one = wrong(file);
        if (!one)
            continue;
        one->result = Outcome::fail;
        one->source = facts.shown(printable(file.path));
        if (one->expected.empty())
            one->expected = expected;
        found.push_back(std::move(*one));
    }
    const bool none = facts.hook.files.empty();
    if (found.empty())
        found.push_back(Finding::of(none ? Outcome::skip : Outcome::pass, expected,
                                    none ? "there is no hook" : all_well,
                                    facts.hook.folder.source));
    return found;
}

/// libvirt runs these as root and asks neither owner nor mode.
std::optional<Finding> open_to_others(const HookFile& file) {
    const bool writable = (file.status.mode & (S_IWGRP | S_IWOTH)) != 0;
    if (!file.foreign && !writable)
        return std::nullopt;
    std::array<char, 16> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", file.status.mode & 07777);
    Finding out;
    out.found = "owner " + std::to_string(file.status.uid) + ", mode " + mode.data();
    out.mend =
        run("chown root:root " + shell_word(file.real) + " && chmod go-w " + shell_word(file.real));
    return out;
}

Findings hook_permissions(const Facts& facts) {
    const std::string expected = "owned by root, writable by root alone";
    Findings found = of_run_files(facts, expected, "so they are", open_to_others);
    for (const HookFile& holder : facts.hook.folders)
        if (std::optional<Finding> one = open_to_others(holder)) {
            one->result = Outcome::fail;
            one->expected = expected;
            one->source = facts.shown(holder.path);
            found.insert(found.begin(), std::move(*one));
        }
    return found;
}

Check hook_permissions_check() {
    return {
        .id = "hook-permissions",
        .title = "Owner and mode of the hooks and their folders",
        .why = "libvirt runs them as root and checks neither.",
        .mend = "chown root:root, chmod go-w",
        .reference = hooks,
        .run = hook_permissions,
    };
}

std::optional<Finding> no_program_of_a_hook(const HookFile& file) {
    Finding out;
    if (left_behind(base_name(file.path))) {
        out.found = "libvirt runs it at every operation of every guest";
    } else if (!file.interpreted) {
        out.expected = "a program, or a script with #!";
        out.found = "neither: every start of a guest fails with 'Exec format error'";
    } else {
        return std::nullopt;
    }
    out.mend = run("chmod -x " + shell_word(file.path));
    return out;
}

Findings hook_strays(const Facts& facts) {
    return of_run_files(facts, "no leftovers that are executable", "none", no_program_of_a_hook);
}

Check hook_strays_check() {
    return {
        .id = "hook-strays",
        .title = "Leftovers beside the hook",
        .why = "libvirt runs every executable file in the folder, backups and .rpmsave files "
               "included.",
        .mend = "remove them",
        .reference = hooks,
        .run = hook_strays,
    };
}

/// Where a hook that fails at restore loses the managed-save image, and virsh says that all is
/// well (libvirt: src/qemu/qemu_driver.c, qemuDomainObjRestore; docs/refusals.md has what was
/// tried). 12.0 was not seen, and is taken to be as its predecessors.
constexpr int first_that_loses = 11'002'000;
constexpr int first_that_keeps = 12'001'000;

Findings hook_others(const Facts& facts) {
    Finding out;
    if (no_answer(facts, out))
        return {out};
    std::vector<std::string> others;
    for (const HookFile& file : facts.hook.files)
        if (!file.ours && file.runs())
            others.push_back(printable(file.path.substr(hooks_folder.size() + 1)));
    out.source = facts.hook.folder.source;
    out.found = "no other hook";
    if (others.empty())
        return {out};
    const Result<int>& version = facts.hook.libvirt_version;
    out.expected = "a libvirt that keeps the managed-save image when a hook fails at restore";
    if (!version) {
        out.result = Outcome::undetermined;
        out.found = "the version of libvirt is not known: " + version.error().what;
        out.mend = "virsh version";
        return {out};
    }
    const bool loses = *version >= first_that_loses && *version < first_that_keeps;
    out.result = loses ? Outcome::warn : Outcome::pass;
    out.found = "libvirt " + libvirt_version_text(*version);
    if (loses)
        out.found += ", which runs " + listed(others) + " at restore";
    return {out};
}

Check hook_others_check() {
    return {
        .id = "hook-others",
        .title = "Other hooks that could lose a saved guest",
        .severity = Outcome::warn,
        .why =
            "libvirt 11.2 to 11.10 delete the managed-save image of a guest when any hook fails at "
            "restore, and virsh start ends with 0. Ours never fails there.",
        .mend = "let each of them begin with: [ \"$2\" != restore ] || exit 0",
        .reference = "https://libvirt.org/hooks.html",
        .run = hook_others,
    };
}

/// Fedora's policy since 2024: virtqemud_t may not execute virt_hook_t, it may execute bin_t
/// (selinux-policy, policy/modules/contrib/virt.te).
Findings hook_selinux(const Facts& facts) {
    Finding out;
    if (no_answer(facts, out))
        return {out};
    if (!facts.hook.enforcing)
        return {Finding::skip("no SELinux here")};
    Finding well = Finding::pass("bin_t", "nothing of ours is virt_hook_t");
    for (const HookFile& file : facts.hook.files) {
        if (!file.ours || !file.exists)
            continue;
        const std::string source = facts.shown(printable(file.real));
        if (!file.selinux)
            return {Finding::undetermined("bin_t", file.selinux.error().what, source)
                        .mend_by(facts.live ? "run it as root" : "capture the machine as root")};
        if (file.selinux->find(":virt_hook_t") != std::string::npos)
            return {Finding::of(*facts.hook.enforcing ? Outcome::fail : Outcome::warn, "bin_t",
                                *file.selinux + (*facts.hook.enforcing ? "" : " (permissive)"),
                                source)};
        well.found = *file.selinux;
        well.source = source;
    }
    return {well};
}

Check hook_selinux_check() {
    static const std::string one_link = "make it a link to " + std::string(hook_places().program);
    return {
        .id = "hook-selinux",
        .title = "SELinux label of the hook",
        .why =
            "virtqemud may execute bin_t, and not virt_hook_t: the start of every guest is denied.",
        .mend = one_link,
        .reference = hooks,
        .run = hook_selinux,
    };
}

} // namespace

void add_hook_checks(std::vector<Check>& table) {
    table.insert(table.end(), {hook_installed_check(), hook_permissions_check(),
                               hook_strays_check(), hook_others_check(), hook_selinux_check()});
}

} // namespace virt_nested
