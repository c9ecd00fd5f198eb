// SPDX-License-Identifier: GPL-2.0-or-later
// Lists of modules to load at boot: /etc/modules, modules-load.d, /etc/conf.d/modules. systemd
// takes names from them; other inits hand on what stands behind a name, and modprobe takes its own
// arguments last.
#pragma once

#include "core/modconf/modconf.h"
#include "core/platform.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

/// What loads the modules of these lists.
enum class LoadService {
    names_only, ///< systemd-modules-load, or not known: nothing is handed on
    alpine,     ///< aports: main/openrc/modules.initd
    openrc,     ///< OpenRC: init.d/modules
    sysv,       ///< Debian: kmod's /etc/init.d/kmod
};

/// Told by the files of the init, where there are none by os-release.
LoadService load_service(const Sysroot& root);

/// For people: "Alpine's service modules".
std::string_view name(LoadService service);

/// Whether the list's load of a module comes first in a boot: a later one does nothing.
enum class LoadOrder {
    first, ///< its arguments count
    open,  ///< udev, or what else loads by the CPU's alias, may come before
    late,  ///< that does come before
};
LoadOrder load_order(const Sysroot& root, LoadService service, LoadedBy loaded_by);

/// The arguments that a list has for a module.
struct LoadArguments {
    LoadService service = LoadService::names_only;
    LoadOrder order = LoadOrder::late;
    std::string options;           ///< as modprobe is given them; empty: there are none
    std::vector<Setting> settings; ///< of the parameter, in the kernel's order
};

/// A list's line for the module.
struct LoadLine {
    unsigned line = 0;
    std::string arguments;
};

/// The first line that names the module: /etc/modules, modules-load.d. `comments`: a '#' inside a
/// line begins one.
std::optional<LoadLine> load_line(std::string_view text, std::string_view module, bool comments);

/// What OpenRC's conf.d/modules has for the module on a kernel of this release; `line` is that of
/// the arguments. `understood` is false where the file holds more of a shell's language than
/// assignments: then it may mean something else.
struct ConfD {
    std::optional<LoadLine> found;
    bool understood = true;
};
ConfD conf_d_line(std::string_view text, std::string_view module, std::string_view kernel);

/// Of this root, for the platform's module; what could not be read goes to `problems`.
LoadArguments read_load_arguments(const Sysroot& root, const Platform& platform,
                                  const std::string& kernel, std::vector<ConfProblem>& problems);

} // namespace virt_nested
