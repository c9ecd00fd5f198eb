// SPDX-License-Identifier: GPL-2.0-or-later
// What mends a finding on this host: its level, its kind and its distribution decide the words.
#pragma once

#include "core/modconf/lint.h"
#include "validator/facts/facts.h"

#include <string>
#include <string_view>

namespace virt_nested {

enum class Turn { off, on };
constexpr Turn turn(bool on) {
    return on ? Turn::on : Turn::off;
}

/// How to add an argument to the kernel command line of every boot, or to remove it, by the row of
/// the boot loader (loaders.h). What is removed is named as it is spelled where it stands: the
/// tools that remove arguments compare bytes (mend_argument.cpp).
std::string mend_add_argument(const Facts& facts, std::string_view argument);
std::string mend_remove_argument(const Facts& facts, std::string_view argument);

/// How to build a unified kernel image anew.
std::string mend_unified(const Facts& facts);

/// How to build this image anew.
std::string mend_initramfs(const Facts& facts, const InitramfsImage& image);

/// How the running module gets new options: by writing the parameter where that works, by a reload
/// when nothing holds the module, by a reboot else.
std::string mend_running(const Facts& facts);

/// Whether KVM of this release is too old to nest on this platform; one that is not known is not.
bool too_old(const Platform& platform, const std::string& release);

/// How `nested` is turned on (or off) for the next load.
std::string mend_nested(const Facts& facts, Turn turn);

/// The same for the running kernel: what is configured, and the reload.
std::string mend_now(const Facts& facts, Turn turn);

/// How one setting is taken back: of the parameter that nests, or of another.
std::string mend_setting(const Facts& facts, const Setting& setting);
std::string mend_setting(const Facts& facts, const Setting& setting, std::string_view module,
                         std::string_view parameter);

/// How what keeps the module out is taken away.
std::string mend_block(const Facts& facts, const Block& block);

/// What is to be done about a line without the effect that was meant.
std::string mend_line(const Facts& facts, const LintFinding& lint);

/// How a kernel gets a module that it has not got.
std::string mend_missing_module(const Facts& facts);

/// How libvirt finds our hook.
std::string mend_hook_link(const Facts& facts);

/// How libvirt asks QEMU again, in place of what it keeps in this file.
std::string mend_capabilities(const Facts& facts, const std::string& path);

/// Who must give this host virtualization, and how: its firmware, or who runs it as a guest; or why
/// nobody can.
std::string mend_hardware(const Facts& facts);

/// "/etc/modprobe.d/kvm.conf:3" with the root in front, or the command line's name.
std::string where(const Facts& facts, const Origin& origin);

} // namespace virt_nested
