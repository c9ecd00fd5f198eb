// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel would be given for a module: files and command line folded as libkmod folds them
// (kmod: libkmod/libkmod-module.c kmod_module_get_options, kmod_module_probe_insert_module), and
// then cut as the kernel cuts it.
#include "core/modconf/blocks.h"
#include "core/modconf/cmdline.h"
#include "core/modconf/install.h"
#include "core/modconf/modconf.h"
#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

using Kind = Directive::Kind;

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
    void add(const Composition& other) {
        if (other.text_.empty())
            return;
        if (!text_.empty())
            text_ += ' ';
        for (const Part& part : other.parts_)
            parts_.push_back({text_.size() + part.start, part.origin});
        text_ += other.text_;
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

/// Whether a shell hands it on as it stands, but for the blanks between its words.
bool is_plain_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view(" _-./=,:+@%^").find(c) != std::string_view::npos;
    });
}

/// modprobe's second run finds the options of the first again, and these behind them
/// (module_options_concat).
Composition with_arguments(const Composition& composed, const InstallEffect& effect,
                           const Origin& line) {
    Composition out = composed;
    for (const std::string& argument : effect.arguments) {
        if (argument == handed_on)
            out.add(composed);
        else
            out.add(argument, line);
    }
    return out;
}

void fold_built_in(const Cmdline& cmdline, Effective& out) {
    const std::string wanted = out.module + "." + out.parameter;
    for (const Cmdline::Token& token : cmdline.tokens)
        if (same_parameter(token.name, wanted))
            out.settings.push_back(
                {token.value, Origin::at_command_line(token.offset), token.after_dashes});
}

void fold_module(const ModConf& conf, const Cmdline& cmdline, const LoadContext& context,
                 Effective& out) {
    Composition composed = compose(conf, cmdline, out.module);
    out.options = composed.text();
    const Directive* command = install_command(conf, out.module);
    InstallEffect effect;
    if (command) {
        effect = follow_install(command->text, out.module);
        const bool hands_on = std::find(effect.arguments.begin(), effect.arguments.end(),
                                        handed_on) != effect.arguments.end();
        if (hands_on && !is_plain_text(out.options))
            effect = {};
        if (!passing_softdep(conf, out.module))
            composed = with_arguments(composed, effect, conf.origin(*command));
        out.arguments = trim(std::string_view(composed.text()).substr(out.options.size()));
    }
    for (const Cmdline::Token& token : kernel_tokens(composed.text()))
        if (same_parameter(token.name, out.parameter))
            out.settings.push_back(
                {token.value, composed.origin(token.offset), token.after_dashes});
    add_blocks(conf, cmdline, context, command ? &effect : nullptr, out);
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
    static constexpr std::array names = {"install",
                                         "blacklist",
                                         "modprobe.blacklist",
                                         "module_blacklist",
                                         "rd.driver.blacklist",
                                         "alias",
                                         "initcall_blacklist",
                                         "modules_disabled"};
    static_assert(names.size() == static_cast<size_t>(Block::Kind::modules_disabled) + 1);
    return names[static_cast<size_t>(kind)];
}

std::string Setting::shown(std::string_view parameter) const {
    return std::string(parameter) + (value ? "=" + *value : std::string());
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

const Block* Effective::open_question(bool by_alias) const {
    const auto open = [&](const Block& b) {
        return !b.doubt.empty() && (b.by_name || (by_alias && b.by_alias)) &&
               (b.kind == Block::Kind::install || b.kind == Block::Kind::alias ||
                b.kind == Block::Kind::modules_disabled);
    };
    const auto found = std::find_if(blocks.begin(), blocks.end(), open);
    return found == blocks.end() ? nullptr : &*found;
}

Effective effective(const ModConf& conf, const Cmdline& cmdline, std::string_view module,
                    std::string_view parameter, const LoadContext& context) {
    Effective out;
    out.module = module_name(module);
    out.parameter = parameter;
    if (context.linkage == Linkage::built_in) {
        fold_built_in(cmdline, out);
        add_blocks(conf, cmdline, context, nullptr, out);
    } else {
        fold_module(conf, cmdline, context, out);
    }
    return out;
}

} // namespace virt_nested
