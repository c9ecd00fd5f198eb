// SPDX-License-Identifier: GPL-2.0-or-later
// Our reading against libkmod and modprobe, question by question.
#include "tests/differential/compare.h"

#include "core/modconf/parse.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <libkmod.h>
#include <memory>

namespace virt_nested::test {

namespace {

using Kind = Directive::Kind;
using Context = std::unique_ptr<kmod_ctx, decltype(&kmod_unref)>;
using Module = std::unique_ptr<kmod_module, decltype(&kmod_module_unref)>;
using Modules = std::unique_ptr<kmod_list, decltype(&kmod_module_unref_list)>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::array modules = {"kvm", "kvm_intel", "kvm-amd", "dummy", "nothere"};

std::string text(const char* string) {
    return string ? string : "";
}

std::string difference(const std::string& what, const std::string& ours,
                       const std::string& theirs) {
    return what + "\n  ours:   " + printable(ours, 4096) + "\n  kmod's: " + printable(theirs, 4096);
}

std::string in_one(const Pairs& pairs) {
    std::string out;
    for (const auto& [key, value] : pairs)
        out += "[" + key + "|" + value + "]";
    return out;
}

// --- the lists of directives
// ----------------------------------------------------------------------

using Getter = kmod_config_iter* (*)(const kmod_ctx*);

struct List {
    Kind kind;
    Getter get;
};

constexpr std::array lists = {
    List{Kind::options, kmod_config_get_options},
    List{Kind::blacklist, kmod_config_get_blacklists},
    List{Kind::install, kmod_config_get_install_commands},
    List{Kind::remove, kmod_config_get_remove_commands},
    List{Kind::alias, kmod_config_get_aliases},
};

Pairs their_list(const kmod_ctx* ctx, Getter get) {
    Pairs out;
    kmod_config_iter* iter = get(ctx);
    while (iter && kmod_config_iter_next(iter))
        out.emplace_back(text(kmod_config_iter_get_key(iter)),
                         text(kmod_config_iter_get_value(iter)));
    if (iter)
        kmod_config_iter_free_iter(iter);
    return out;
}

Pairs our_list(const ModConf& conf, const Cmdline& cmdline, Kind kind) {
    Pairs out;
    for (const Directive& directive : conf.directives)
        if (directive.kind == kind)
            out.emplace_back(directive.name, directive.text);
    if (kind == Kind::options)
        for (const Cmdline::ModuleOption& option : cmdline.options)
            out.emplace_back(option.module, option.text);
    if (kind == Kind::blacklist)
        for (const Cmdline::Blacklisted& entry : cmdline.blacklist)
            out.emplace_back(entry.name, "");
    return out;
}

/// libkmod glues their words together: whether there are any is what counts.
std::optional<std::string> compare_softdeps(const kmod_ctx* ctx, const ModConf& conf) {
    Pairs ours;
    for (const Directive& directive : conf.directives)
        if (directive.kind == Kind::softdep)
            ours.emplace_back(directive.name, has_soft_dependencies(directive.text) ? "some" : "");
    Pairs theirs = their_list(ctx, kmod_config_get_softdeps);
    for (auto& [name, words] : theirs)
        words = words.empty() ? "" : "some";
    if (ours != theirs)
        return difference("all softdep lines", in_one(ours), in_one(theirs));
    return std::nullopt;
}

std::optional<std::string> compare_lists(const kmod_ctx* ctx, const ModConf& conf,
                                         const Cmdline& cmdline) {
    for (const List& list : lists) {
        const std::string ours = in_one(our_list(conf, cmdline, list.kind));
        const std::string theirs = in_one(their_list(ctx, list.get));
        if (ours != theirs)
            return difference(std::string("all ") + keyword(list.kind) + " lines", ours, theirs);
    }
    return compare_softdeps(ctx, conf);
}

// --- one module
// -----------------------------------------------------------------------------------

const Block* find(const Effective& effective, Block::Kind kind) {
    for (const Block& block : effective.blocks)
        if (block.kind == kind)
            return &block;
    return nullptr;
}

/// "install NAME COMMAND" without its first two words.
std::string command_of(const Effective& effective) {
    const Block* block = find(effective, Block::Kind::install);
    if (!block)
        return {};
    const size_t name = block->text.find(' ') + 1;
    return block->text.substr(block->text.find(' ', name) + 1);
}

std::optional<std::string> compare_module(kmod_ctx* ctx, const Effective& ours, const char* name) {
    kmod_module* raw = nullptr;
    if (kmod_module_new_from_name(ctx, name, &raw) < 0)
        return std::string("libkmod knows no module ") + name;
    const Module module(raw, kmod_module_unref);
    const std::string options = text(kmod_module_get_options(module.get()));
    if (options != ours.options)
        return difference(std::string("options of ") + name, ours.options, options);
    const std::string command = text(kmod_module_get_install_commands(module.get()));
    if (command != command_of(ours))
        return difference(std::string("install command of ") + name, command_of(ours), command);
    return std::nullopt;
}

// --- loading
// --------------------------------------------------------------------------------------

/// What libkmod would do with the module that was asked for.
struct Action {
    const kmod_module* module = nullptr;
    bool seen = false;
    bool install = false;
    std::string options;
};

Action* current = nullptr; // print_action has no room for data of ours

void note_action(kmod_module* module, bool install, const char* options) {
    if (module == current->module && !current->seen) {
        current->seen = true;
        current->install = install;
        current->options = text(options);
    }
}

/// "nothing", "insmod OPTIONS" or "install"
std::string their_action(kmod_ctx* ctx, const char* name, bool as_udev) {
    kmod_list* raw = nullptr;
    kmod_module_new_from_lookup(ctx, name, &raw);
    const Modules found(raw, kmod_module_unref_list);
    unsigned flags = KMOD_PROBE_DRY_RUN | KMOD_PROBE_IGNORE_LOADED;
    flags |= KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY;
    if (as_udev)
        flags |= KMOD_PROBE_APPLY_BLACKLIST;
    const kmod_list* entry = nullptr;
    kmod_list_foreach(entry, found.get()) {
        const Module module(kmod_module_get_module(entry), kmod_module_unref);
        if (text(kmod_module_get_name(module.get())) != module_name(name))
            continue;
        Action action{module.get(), false, false, {}};
        current = &action;
        kmod_module_probe_insert_module(module.get(), flags, nullptr, nullptr, nullptr,
                                        note_action);
        current = nullptr;
        if (!action.seen)
            return "nothing";
        return action.install ? "install" : "insmod " + std::string(trim(action.options));
    }
    return "nothing";
}

bool has_alias(const ModConf& conf) {
    return std::any_of(conf.directives.begin(), conf.directives.end(),
                       [](const Directive& d) { return d.kind == Kind::alias; });
}

/// The same, or nothing where it depends on other modules (Block::doubt says so).
std::optional<std::string> our_action(const Effective& ours, bool as_udev) {
    const Block* install = find(ours, Block::Kind::install);
    if (install && install->doubt.find("softdep") != std::string::npos)
        return std::nullopt;
    for (const Block& block : ours.blocks) {
        const bool stops = block.kind != Block::Kind::install &&
                           block.kind != Block::Kind::module_blacklist &&
                           block.kind != Block::Kind::initramfs_blacklist;
        // libkmod is asked by the module's name, where udev asks by the device's.
        const bool by_name = block.by_name || block.kind == Block::Kind::alias;
        if (stops && (by_name || (as_udev && block.by_alias)))
            return "nothing";
    }
    return install ? "install" : "insmod " + std::string(trim(ours.options));
}

std::optional<std::string> compare_loading(kmod_ctx* ctx, const ModConf& conf,
                                           const Effective& ours, const char* name) {
    for (const bool as_udev : {false, true}) {
        std::optional<std::string> expected = our_action(ours, as_udev);
        std::string found = their_action(ctx, name, as_udev);
        // Reached through an alias, a module takes the options of the alias' name too.
        if (has_alias(conf) && expected) {
            expected = expected->substr(0, expected->find(' '));
            found = found.substr(0, found.find(' '));
        }
        if (expected && *expected != found)
            return difference(std::string(as_udev ? "udev" : "modprobe") + " loading " + name,
                              *expected, found);
    }
    return std::nullopt;
}

} // namespace

std::optional<std::string> compare_with_libkmod(const Sandbox& sandbox, const ModConf& conf,
                                                const Cmdline& cmdline) {
    const Context ctx(kmod_new(sandbox.module_folder().c_str(), nullptr), kmod_unref);
    if (!ctx)
        return "kmod_new failed";
    if (auto found = compare_lists(ctx.get(), conf, cmdline))
        return found;
    for (const char* name : modules) {
        const Effective ours = effective(conf, cmdline, name, "nested");
        if (auto found = compare_module(ctx.get(), ours, name))
            return found;
        if (text(name) == "nothere")
            continue;
        if (auto found = compare_loading(ctx.get(), conf, ours, name))
            return found;
    }
    return std::nullopt;
}

std::optional<std::string> compare_with_modprobe(const Sandbox& sandbox, const ModConf& conf,
                                                 const Cmdline& cmdline) {
    for (const Directive& directive : conf.directives)
        if (directive.kind == Kind::alias || directive.kind == Kind::softdep)
            return std::nullopt; // other modules come in: compared in the process, one by one
    const Effective ours = effective(conf, cmdline, "kvm_intel", "nested");
    for (const bool as_udev : {false, true}) {
        const std::string action = our_action(ours, as_udev).value_or("");
        std::string expected;
        if (action.starts_with("insmod"))
            expected = "insmod " + sandbox.module_folder() + "/kernel/kvm-intel.ko " +
                       ours.options + (ours.options.empty() ? "\n" : " \n");
        else if (action == "install")
            expected = "install " + command_of(ours) + " " + ours.options +
                       (ours.options.empty() ? "\n" : " \n");
        const std::string found = sandbox.run_modprobe("kvm_intel", as_udev);
        if (found != expected)
            return difference("modprobe --show-depends kvm_intel", expected, found);
    }
    return std::nullopt;
}

} // namespace virt_nested::test
