// SPDX-License-Identifier: GPL-2.0-or-later
// What keeps a module from being loaded: its own lines, those of the modules that it needs, and the
// kernel's.
#include "core/modconf/blocks.h"

#include "core/modconf/boot_options.h"
#include "core/modconf/parse.h"
#include "core/text.h"

#include <algorithm>
#include <fnmatch.h>

namespace virt_nested {

namespace {

using Kind = Directive::Kind;

bool matches(const Directive& directive, Kind kind, const std::string& name) {
    return directive.kind == kind && ::fnmatch(directive.name.c_str(), name.c_str(), 0) == 0;
}

Block block(Block::Kind kind, Origin origin, std::string text, bool by_name, std::string doubt) {
    return {kind, std::move(origin), std::move(text), by_name, true, std::move(doubt)};
}

std::string line_text(const Directive& directive) {
    std::string text = std::string(keyword(directive.kind)) + " " + directive.name;
    if (!directive.text.empty())
        text += " " + directive.text;
    return text;
}

/// The install command of the module, or of one that it needs.
void add_install(const ModConf& conf, const std::string& module, const InstallEffect& effect,
                 std::vector<Block>& blocks) {
    const Directive* command = install_command(conf, module);
    const Directive* softdep = passing_softdep(conf, module);
    const Origin origin = conf.origin(*command);
    const bool known = std::any_of(blocks.begin(), blocks.end(),
                                   [&](const Block& other) { return other.origin == origin; });
    if (known || (effect.kind == InstallEffect::Kind::loads && !softdep))
        return;
    std::string doubt;
    if (effect.kind == InstallEffect::Kind::open)
        doubt = "the command may load the module in the end";
    if (softdep)
        doubt = "modprobe passes the command by if a module named in the softdep at " +
                shown(conf.origin(*softdep)) + " exists";
    blocks.push_back(
        block(Block::Kind::install, origin, line_text(*command), true, std::move(doubt)));
}

// Dependencies are had by their paths, and their install commands are run, with modprobe -i too
// (kmod: libkmod/libkmod-module.c __kmod_module_get_probe_list); aliases and blacklists are for the
// module alone that was asked for. A command that does not load it, successful or not, leaves the
// module with symbols that are missing. The kernel refuses every module by itself.
void add_dependency(const ModConf& conf, const Cmdline& cmdline, const LoadContext& context,
                    const std::string& name, std::vector<Block>& blocks) {
    if (const Directive* command = install_command(conf, name))
        add_install(conf, name, follow_install(command->text, name), blocks);
    add_module_blacklist(cmdline, name, blocks);
    add_initcall_blacklist(cmdline, name, context.kernel, blocks);
}

/// An alias that matches the module's own name replaces it (kmod_lookup_alias_from_config). True if
/// the module is still reached, as an alias, for which blacklists count.
bool add_aliases(const ModConf& conf, const std::string& module, const InstallEffect* own,
                 std::vector<Block>& blocks) {
    const Directive* elsewhere = nullptr;
    bool reached = false;
    for (const Directive& directive : conf.directives) {
        if (!matches(directive, Kind::alias, module))
            continue;
        reached = reached || directive.text == module;
        if (!elsewhere)
            elsewhere = &directive;
    }
    if (elsewhere && !reached) {
        Block found =
            block(Block::Kind::alias, conf.origin(*elsewhere), line_text(*elsewhere), true, {});
        // An install command that loads the module asks for it by its name.
        found.by_alias = own && own->kind == InstallEffect::Kind::loads;
        blocks.push_back(std::move(found));
    }
    return reached;
}

/// Aliases of modprobe.d come before the modules' own, which are not looked at then (kmod:
/// libkmod/libkmod-module.c kmod_module_new_from_lookup): the CPU's leads to these modules alone.
void add_cpu_aliases(const ModConf& conf, const std::string& module, std::string cpu,
                     std::vector<Block>& blocks) {
    cpu = trim(cpu);
    if (!cpu.empty() && !to_underscores(cpu))
        return;
    const Directive* elsewhere = nullptr;
    for (const Directive& directive : conf.directives) {
        if (directive.kind != Kind::alias || (cpu.empty() ? !directive.name.starts_with("cpu:")
                                                          : !matches(directive, Kind::alias, cpu)))
            continue;
        if (directive.text == module)
            return;
        if (!elsewhere)
            elsewhere = &directive;
    }
    if (!elsewhere)
        return;
    Block found =
        block(Block::Kind::alias, conf.origin(*elsewhere), line_text(*elsewhere), false, {});
    if (cpu.empty())
        found.doubt = "this CPU's own alias, which it may match or not, is not known";
    blocks.push_back(std::move(found));
}

void add_blacklists(const ModConf& conf, const Cmdline& cmdline, const std::string& module,
                    bool by_name, std::vector<Block>& blocks) {
    for (const Directive& directive : conf.directives)
        if (directive.kind == Kind::blacklist && directive.name == module)
            blocks.push_back(block(Block::Kind::blacklist, conf.origin(directive),
                                   line_text(directive), by_name, {}));
    for (const Cmdline::Blacklisted& entry : cmdline.blacklist)
        if (entry.name == module)
            blocks.push_back(block(Block::Kind::modprobe_blacklist,
                                   Origin::at_command_line(entry.offset),
                                   "modprobe.blacklist=" + entry.name, by_name, {}));
}

// dracut writes the names into modprobe.d files of the initramfs as blacklist lines; dracut-ng 102
// and later below /run, where they outlive it (modules.d/*base/dracut-pre-udev.sh).
void add_initramfs_blacklist(const Cmdline& cmdline, const std::string& module,
                             std::vector<Block>& blocks) {
    for (const Cmdline::Token& token : cmdline.tokens) {
        if (token.name != "rd.driver.blacklist" && token.name != "rdblacklist")
            continue;
        if (!token.value)
            continue;
        const std::vector<std::string_view> names = items(*token.value);
        const auto found = std::find_if(names.begin(), names.end(), [&](std::string_view name) {
            return module_name(name) == module;
        });
        if (found == names.end())
            continue;
        blocks.push_back(block(Block::Kind::initramfs_blacklist,
                               Origin::at_command_line(token.offset),
                               token.name + "=" + *token.value, false,
                               "it counts in the initramfs, and after it with dracut-ng 102 "
                               "and later only"));
        blocks.back().item = *found;
    }
}

} // namespace

void add_blocks(const ModConf& conf, const Cmdline& cmdline, const LoadContext& context,
                const InstallEffect* own, Effective& out) {
    if (context.linkage == Linkage::built_in)
        return add_initcall_blacklist(cmdline, out.module, context.kernel, out.blocks);
    const bool as_alias = add_aliases(conf, out.module, own, out.blocks);
    add_cpu_aliases(conf, out.module, context.cpu_alias, out.blocks);
    if (own)
        add_install(conf, out.module, *own, out.blocks);
    add_blacklists(conf, cmdline, out.module, as_alias, out.blocks);
    add_module_blacklist(cmdline, out.module, out.blocks);
    add_initcall_blacklist(cmdline, out.module, context.kernel, out.blocks);
    add_modules_disabled(cmdline, out.blocks);
    add_initramfs_blacklist(cmdline, out.module, out.blocks);
    for (const std::string& name : context.dependencies)
        add_dependency(conf, cmdline, context, name, out.blocks);
    out.blocks.insert(out.blocks.end(), context.beside.begin(), context.beside.end());
}

} // namespace virt_nested
