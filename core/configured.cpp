// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/configured.h"

#include "core/modconf/modconf.h"
#include "core/modconf/profile.h"
#include "core/modconf/values.h"
#include "core/text.h"

namespace virt_nested {

Fact read_configured(const Sysroot& root, const Platform& platform) {
    const Parameter* known = known_parameter(platform.module, platform.parameter);
    if (!known)
        return Fact::absent("no parameter", std::string(platform.module));
    const KmodProfile profile = installed_kmod(root).profile;
    const ModConf conf = load_modconf(root, profile);
    const Result<Cmdline> cmdline = read_cmdline(root, profile);
    if (!cmdline || !conf.complete())
        return Fact::undetermined_because(cmdline ? "not all of modprobe.d can be read"
                                                  : cmdline.error().what,
                                          root.shown(cmdline ? "/etc/modprobe.d" : Cmdline::file));
    const Effective given = effective(conf, *cmdline, platform.module, platform.parameter);
    const Setting* winner = given.winner();
    if (!winner)
        return Fact::absent("not set", "modprobe.d");
    const std::string text =
        std::string(platform.module) + " " + printable(winner->shown(platform.parameter), 64);
    const std::string place =
        root.shown(winner->origin.on_command_line() ? Cmdline::file : shown(winner->origin));
    const std::optional<bool> on = check_value(known->type, winner->value).on;
    return on && *on ? Fact::on(text, place) : Fact::off(text, place);
}

} // namespace virt_nested
