// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of a syslinux configuration, those that it includes among them, gathered into labels
// (syslinux_config.cpp). For syslinux.cpp alone.
#pragma once

#include "core/sysroot.h"
#include "validator/boot/menu.h"

#include <optional>
#include <string>
#include <vector>

namespace virt_nested {

struct SyslinuxLabel {
    std::string name;            ///< its first word
    std::string words;           ///< all of the line, as U-Boot compares it
    std::string title;           ///< of "menu label"
    std::string source;          ///< file and line of its arguments, else of the label
    std::string type = "kernel"; ///< the keyword that names what it starts
    std::string kernel;          ///< the label itself, where nothing is named
    std::optional<std::string> append;
    std::string initrd;
    std::vector<std::string> menu; ///< submenus around it
    bool passed_over = false;      ///< hidden or disabled: no menu has it as its default by itself
    bool menu_default = false;
    bool moves = false; ///< to another menu
};

struct SyslinuxConfig {
    bool found = false;
    std::vector<SyslinuxLabel> labels;
    std::string append; ///< for labels that have none
    std::optional<std::string> default_command, on_timeout;
    std::string default_source, on_timeout_source;
    bool menu = false; ///< a program shows one, and takes its default
    std::vector<Doubt> doubts;
};

SyslinuxConfig read_syslinux(const Sysroot& root, const std::string& path,
                             const BootLimits& limits);

/// Where a path in a configuration leads: from its folder, else from its file system.
std::string syslinux_file(const Sysroot& root, const std::string& config, std::string_view path);

} // namespace virt_nested
