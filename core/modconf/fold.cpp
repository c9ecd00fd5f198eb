// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel would be given for a module: files and command line folded as libkmod folds them
// (kmod: libkmod/libkmod-module.c kmod_module_get_options, kmod_module_probe_insert_module), and
// then cut as the kernel cuts it.
#include "core/modconf/cmdline.h"
#include "core/modconf/modconf.h"
#include "core/modconf/parse.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <fnmatch.h>

namespace virt_nested {

namespace {

using Kind = Directive::Kind;

bool matches(const Directive& directive, Kind kind, const std::string& module) {
    return directive.kind == kind && ::fnmatch(directive.name.c_str(), module.c_str(), 0) == 0;
}

/// The options in one string, and which byte of it came from where.
class Composition {
  public:
    void add(std::string_view text, Origin origin) {
        if (text.empty())
            return;
        if (!text_.empty())
            text_ += ' ';
        parts_.push_back({text_.size(), std::move(origin)});
        text_ += text;
    }
    const std::string& text() const { return text_; }
    const Origin& origin(size_t offset) const {
        const auto after =
            std::upper_bound(parts_.begin(), parts_.end(), offset,
                             [](size_t at, const Part& part) { return at < part.start; });
        return std::prev(after)->origin;
    }

  private:
    struct Part {
        size_t start;
        Origin origin;
    };
    std::string text_;
    std::vector<Part> parts_;
};

Composition compose(const ModConf& conf, const Cmdline& cmdline, const std::string& module) {
    Composition out;
    for (const Directive& directive : conf.directives)
        if (directive.kind == Kind::options && directive.name == module)
            out.add(directive.text, conf.origin(directive));
    for (const Cmdline::ModuleOption& option : cmdline.options)
        if (option.module == module)
            out.add(option.text, Origin::at_command_line(option.offset));
    return out;
}

/// Commands that people write to keep a module out (the CIS and STIG guides).
bool refuses_for_certain(std::string_view command) {
    static constexpr std::array<std::string_view, 6> refusing = {
        "/bin/false", "/usr/bin/false", "/bin/true", "/usr/bin/true", "true", "false"};
    std::string_view rest = command;
    const std::string_view first = cut_word(rest).value_or("");
    return std::find(refusing.begin(), refusing.end(), first) != refusing.end() &&
           rest.find_first_of(";|&`$") == std::string_view::npos;
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

// The first command whose pattern matches is the one (kmod_module_get_install_commands); a softdep
// of the module, also the first, that names a module which exists makes libkmod pass the command by
// (__kmod_module_fill_softdep sets ignorecmd).
void add_install(const ModConf& conf, const std::string& module, std::vector<Block>& blocks) {
    const auto first = [&](Kind kind) {
        return std::find_if(conf.directives.begin(), conf.directives.end(),
                            [&](const Directive& d) { return matches(d, kind, module); });
    };
    const auto command = first(Kind::install);
    if (command == conf.directives.end())
        return;
    std::string doubt;
    if (!refuses_for_certain(command->text))
        doubt = "the command may load the module in the end";
    const auto softdep = first(Kind::softdep);
    if (softdep != conf.directives.end() && has_soft_dependencies(softdep->text))
        doubt = "modprobe passes the command by if a module named in the softdep at " +
                shown(conf.origin(*softdep)) + " exists";
    blocks.push_back(block(Block::Kind::install, conf.origin(*command), line_text(*command), true,
                           std::move(doubt)));
}

/// An alias that matches the module's own name replaces it (kmod_lookup_alias_from_config). True if
/// the module is still reached, as an alias, for which blacklists count.
bool add_aliases(const ModConf& conf, const std::string& module, std::vector<Block>& blocks) {
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
        found.by_alias = false;
        blocks.push_back(std::move(found));
    }
    return reached;
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

/// The kernel's own: one string, the last one given (Linux: kernel/module/main.c, a charp of at
/// most 1024 bytes), compared byte by byte.
void add_module_blacklist(const Cmdline& cmdline, const std::string& module,
                          std::vector<Block>& blocks) {
    constexpr size_t charp_limit = 1024;
    const Cmdline::Token* last = nullptr;
    for (const Cmdline::Token& token : cmdline.tokens)
        if (!token.after_dashes && same_parameter(token.name, "module_blacklist") && token.value &&
            token.value->size() <= charp_limit)
            last = &token;
    if (last && has_item(*last->value, module))
        blocks.push_back(block(Block::Kind::module_blacklist, Origin::at_command_line(last->offset),
                               "module_blacklist=" + *last->value, true, {}));
}

// dracut writes the names into modprobe.d files of the initramfs as blacklist lines; dracut-ng 102
// and later below /run, where they outlive it (modules.d/*base/dracut-pre-udev.sh).
void add_initramfs_blacklist(const Cmdline& cmdline, const std::string& module,
                             std::vector<Block>& blocks) {
    for (const Cmdline::Token& token : cmdline.tokens) {
        if (token.name != "rd.driver.blacklist" && token.name != "rdblacklist")
            continue;
        const std::string names = token.value.value_or("");
        if (has_item(module_name(names), module))
            blocks.push_back(block(Block::Kind::initramfs_blacklist,
                                   Origin::at_command_line(token.offset), token.name + "=" + names,
                                   false,
                                   "it counts in the initramfs, and after it with dracut-ng 102 "
                                   "and later only"));
    }
}

void fold_built_in(const Cmdline& cmdline, Effective& out) {
    const std::string wanted = out.module + "." + out.parameter;
    for (const Cmdline::Token& token : cmdline.tokens)
        if (same_parameter(token.name, wanted))
            out.settings.push_back(
                {token.value, Origin::at_command_line(token.offset), token.after_dashes});
}

void fold_module(const ModConf& conf, const Cmdline& cmdline, Effective& out) {
    const Composition composed = compose(conf, cmdline, out.module);
    out.options = composed.text();
    for (const Cmdline::Token& token : kernel_tokens(out.options))
        if (same_parameter(token.name, out.parameter))
            out.settings.push_back(
                {token.value, composed.origin(token.offset), token.after_dashes});
    const bool as_alias = add_aliases(conf, out.module, out.blocks);
    add_install(conf, out.module, out.blocks);
    add_blacklists(conf, cmdline, out.module, as_alias, out.blocks);
    add_module_blacklist(cmdline, out.module, out.blocks);
    add_initramfs_blacklist(cmdline, out.module, out.blocks);
}

} // namespace

Origin Origin::in_file(std::string file, unsigned line) {
    return {Kind::file, std::move(file), line, 0};
}

Origin Origin::at_command_line(size_t offset) {
    return {Kind::command_line, Cmdline::file, 0, offset};
}

std::string shown(const Origin& origin) {
    if (origin.on_command_line())
        return "the kernel command line";
    return printable(origin.file, 512) + ":" + std::to_string(origin.line);
}

std::string module_name(std::string_view name) {
    std::string out(name);
    std::replace(out.begin(), out.end(), '-', '_');
    return out;
}

std::string module_in_path(std::string_view path) {
    const std::string_view file = base_name(path);
    const size_t end = file.find(".ko");
    return end == std::string_view::npos ? std::string() : module_name(file.substr(0, end));
}

bool same_parameter(std::string_view a, std::string_view b) {
    return module_name(a) == module_name(b);
}

const char* name(Block::Kind kind) {
    static constexpr std::array names = {
        "install",          "blacklist",           "modprobe.blacklist",
        "module_blacklist", "rd.driver.blacklist", "alias"};
    static_assert(names.size() == static_cast<size_t>(Block::Kind::alias) + 1);
    return names[static_cast<size_t>(kind)];
}

std::string Setting::shown(std::string_view parameter) const {
    return std::string(parameter) + (value ? "=" + printable(*value) : std::string());
}

const Setting* Effective::winner() const {
    const auto last = std::find_if(settings.rbegin(), settings.rend(),
                                   [](const Setting& setting) { return !setting.ignored; });
    return last == settings.rend() ? nullptr : &*last;
}

std::vector<const Setting*> Effective::overridden() const {
    std::vector<const Setting*> out;
    const Setting* last = winner();
    for (const Setting& setting : settings)
        if (!setting.ignored && &setting != last)
            out.push_back(&setting);
    return out;
}

bool Effective::blocked_by_name() const {
    return std::any_of(blocks.begin(), blocks.end(),
                       [](const Block& b) { return b.by_name && b.doubt.empty(); });
}

bool Effective::blocked_by_alias() const {
    return std::any_of(blocks.begin(), blocks.end(),
                       [](const Block& b) { return b.by_alias && b.doubt.empty(); });
}

Effective effective(const ModConf& conf, const Cmdline& cmdline, std::string_view module,
                    std::string_view parameter, const LoadContext& context) {
    Effective out;
    out.module = module_name(module);
    out.parameter = parameter;
    if (context.linkage == Linkage::built_in)
        fold_built_in(cmdline, out);
    else
        fold_module(conf, cmdline, out);
    return out;
}

} // namespace virt_nested
