// SPDX-License-Identifier: GPL-2.0-or-later
// What mends a finding on this host: its level, its kind and its distribution decide the words.
#pragma once

#include "core/modconf/lint.h"
#include "validator/checks/by_options.h"
#include "validator/checks/step.h"
#include "validator/facts/facts.h"

#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

enum class Turn { off, on };
constexpr Turn turn(bool on) {
    return on ? Turn::on : Turn::off;
}

/// What the site wants of this host; either: on.
Turn wanted(const Facts& facts);

/// How to add an argument to the kernel command line of every boot, or to remove it, by the row of
/// the boot loader (loaders.h). What is removed is named as it is spelled where it stands: the
/// tools that remove arguments compare bytes (mend_argument.cpp).
Mend mend_add_argument(const Facts& facts, std::string_view argument);
Mend mend_remove_argument(const Facts& facts, std::string_view argument);

/// On a kind of host that is not changed file by file: what makes the change count.
Mend applied_elsewhere(const Facts& facts, Mend change);
/// There: where its files of /etc are made, with these words.
Mend mend_elsewhere(const Facts& facts, const std::string& words);

/// The command that brings the list of arguments to the boot loader; empty where none is needed.
Mend mend_apply_list(const Facts& facts);

/// Whether the next boot's kernel nests (or does not) where no option says so.
bool is_default(const Facts& facts, bool on);

/// A container sees the host's kernel, and not the files that count for it.
inline constexpr std::string_view outside_container = "run virt-nested validate on the host";

/// What boots next is known, and is without it.
bool gone_at_next_boot(const Facts& facts, std::string_view argument);

/// How to build a unified kernel image anew.
Mend mend_unified(const Facts& facts);

/// How to build this image anew.
Mend mend_initramfs(const Facts& facts, const InitramfsImage& image);

/// How the running module gets new options: by writing the parameter where that works, by a reload
/// when nothing holds the module, by a reboot else.
Mend mend_running(const Facts& facts);

/// `first`, then `step`, which loads the module; or a reboot where `first` changes the kernel's
/// command line: that counts until the next one, and what is loaded before gets it again.
Mend then_loaded(Mend first, const Mend& step);

/// Whether KVM of this release is too old to nest on this platform; one that is not known is not.
bool too_old(const Platform& platform, const std::string& release);

/// Arm64: of a host that was booted with the option, and offers no EL2 all the same.
inline constexpr std::string_view needs_nv2 = "move the guests to a CPU with FEAT_NV2";

/// How `nested` is turned on (or off) for the next load.
Mend mend_nested(const Facts& facts, Turn turn);

/// The same for the running kernel: what is configured, and the reload.
Mend mend_now(const Facts& facts, Turn turn);

/// How the kernel gets the flag of the CPU that it does not show.
Mend mend_cpu(const Facts& facts);

/// How clearcpuid= lets the kernel have the flag; what else is in its list stays hidden.
Mend mend_cleared(const Facts& facts);

/// How KVM comes to offer what the parameter alone does not bring.
Mend mend_withheld(const Facts& facts);

/// Whether the CPU shows the flag of nested paging; what can be done where it does not.
bool has_paging_flag(const Facts& facts);
Mend mend_paging_flag(const Facts& facts);

/// How nested paging is offered beside nesting.
Mend mend_nested_paging(const Facts& facts);

/// How KVM's module for this CPU, which is not loaded, gets loaded with what is wanted.
Mend mend_not_loaded(const Facts& facts);

/// What there is to do where something could not be read.
Mend mend_unread(const Facts& facts);

/// What makes this outlook the wanted one.
Mend mend_for(const Facts& facts, const Outlook& outlook);

/// How one setting is put right: that of the parameter that nests gets the value that is wanted,
/// another one goes.
Mend mend_setting(const Facts& facts, const Setting& setting);
Mend mend_setting(const Facts& facts, const Setting& setting, std::string_view module,
                  std::string_view parameter);

/// The setting that has the last word and says otherwise, then those that would have it after that.
std::vector<const Setting*> in_the_way(const Effective& options, Turn turn);

/// How they are put right, all of them: one boot must do.
Mend mend_settings(const Facts& facts, const Effective& options, Turn turn);

/// How what keeps the module out is taken away; of a list of names, all that block.
Mend mend_block(const Facts& facts, const Block& block, const std::vector<Block>& all);

/// What is to be done about a line without the effect that was meant.
Mend mend_line(const Facts& facts, const LintFinding& lint);

/// How a kernel gets a module that it has not got.
Mend mend_missing_module(const Facts& facts);

/// How libvirt finds our hook.
Mend mend_hook_link(const Facts& facts);

/// How libvirt asks QEMU again, in place of what it keeps in this file.
Mend mend_capabilities(const Facts& facts, const std::string& path);

/// Who must give this host virtualization, and how: its firmware, or who runs it as a guest; or why
/// nobody can.
Mend mend_hardware(const Facts& facts);

/// "/etc/modprobe.d/kvm.conf:3" with the root in front, or the command line's name.
std::string where(const Facts& facts, const Origin& origin);

} // namespace virt_nested
