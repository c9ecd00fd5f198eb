// SPDX-License-Identifier: GPL-2.0-or-later
// Our reading against libkmod and modprobe, question by question.
#include "tests/differential/compare.h"

#include "core/modconf/install.h"
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

/// The modules that depmod finds for it in the sandbox.
LoadContext context_of(const char* name) {
    return {Linkage::module, module_name(name) == "kvm_intel" ? std::vector<std::string>{"kvm"}
                                                              : std::vector<std::string>{}};
}

std::string command_of(const ModConf& conf, const std::string& name) {
    const Directive* command = install_command(conf, module_name(name));
    return command ? command->text : std::string();
}

std::optional<std::string> compare_module(kmod_ctx* ctx, const ModConf& conf, const Effective& ours,
                                          const char* name) {
    kmod_module* raw = nullptr;
    if (kmod_module_new_from_name(ctx, name, &raw) < 0)
        return std::string("libkmod knows no module ") + name;
    const Module module(raw, kmod_module_unref);
    const std::string options = text(kmod_module_get_options(module.get()));
    if (options != ours.options)
        return difference(std::string("options of ") + name, ours.options, options);
    const std::string command = text(kmod_module_get_install_commands(module.get()));
    if (command != command_of(conf, name))
        return difference(std::string("install command of ") + name, command_of(conf, name),
                          command);
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
    bool installs_kvm = false;
};

Action* current = nullptr; // print_action has no room for data of ours

void note_action(kmod_module* module, bool install, const char* options) {
    if (module != current->module && text(kmod_module_get_name(module)) == "kvm") {
        current->installs_kvm = install;
    }
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
        Action action{module.get(), false, false, {}, false};
        current = &action;
        kmod_module_probe_insert_module(module.get(), flags, nullptr, nullptr, nullptr,
                                        note_action);
        current = nullptr;
        if (!action.seen)
            return "nothing";
        const bool dependency = module_name(name) == "kvm_intel" && action.installs_kvm;
        return (dependency ? "install kvm, " : "") +
               (action.install ? "install" : "insmod " + std::string(trim(action.options)));
    }
    return "nothing";
}

bool has_alias(const ModConf& conf) {
    return std::any_of(conf.directives.begin(), conf.directives.end(),
                       [](const Directive& d) { return d.kind == Kind::alias; });
}

/// The same, or nothing where it depends on other modules (Block::doubt says so).
std::optional<std::string> our_action(const ModConf& conf, const Effective& ours, bool as_udev) {
    const Directive* install = install_command(conf, ours.module);
    const Directive* dependency =
        ours.module == "kvm_intel" ? install_command(conf, "kvm") : nullptr;
    if ((install && passing_softdep(conf, ours.module)) ||
        (dependency && passing_softdep(conf, "kvm")))
        return std::nullopt;
    for (const Block& block : ours.blocks) {
        const bool stops = block.kind == Block::Kind::blacklist ||
                           block.kind == Block::Kind::modprobe_blacklist ||
                           block.kind == Block::Kind::alias;
        // libkmod is asked by the module's name, where udev asks by the device's.
        const bool by_alias = block.by_alias && block.kind != Block::Kind::alias;
        if (stops && (block.by_name || (as_udev && by_alias)))
            return "nothing";
    }
    return (dependency ? "install kvm, " : "") +
           (install ? "install" : "insmod " + std::string(trim(ours.options)));
}

/// What modprobe --show-depends prints for a module that is had.
std::string shown_load(const Sandbox& sandbox, const ModConf& conf, const Cmdline& cmdline,
                       const std::string& module, const std::string& file) {
    const std::string options = effective(conf, cmdline, module, "nested").options;
    const std::string command = command_of(conf, module);
    return (command.empty() ? "insmod " + sandbox.module_folder() + "/kernel/" + file
                            : "install " + command) +
           " " + options + (options.empty() ? "\n" : " \n");
}

/// Whether the CPU's own alias leads to kvm_intel.
std::optional<std::string> compare_cpu_alias(kmod_ctx* ctx, const ModConf& conf,
                                             const Cmdline& cmdline) {
    const std::string cpu = "cpu:type:x86,ven0000fam0006mod009E:feature:,0000,0085,00C0";
    const Effective ours =
        effective(conf, cmdline, "kvm_intel", "nested", LoadContext{Linkage::module, {}, cpu});
    const bool stopped =
        std::any_of(ours.blocks.begin(), ours.blocks.end(), [](const Block& block) {
            return block.kind == Block::Kind::alias && !block.by_name;
        });
    kmod_list* raw = nullptr;
    kmod_module_new_from_lookup(ctx, cpu.c_str(), &raw);
    const Modules found(raw, kmod_module_unref_list);
    bool leads = false;
    const kmod_list* entry = nullptr;
    kmod_list_foreach(entry, found.get()) {
        const Module module(kmod_module_get_module(entry), kmod_module_unref);
        leads = leads || text(kmod_module_get_name(module.get())) == "kvm_intel";
    }
    if (leads == stopped)
        return difference("the CPU's alias", stopped ? "elsewhere" : "kvm_intel",
                          leads ? "kvm_intel" : "elsewhere");
    return std::nullopt;
}

std::optional<std::string> compare_loading(kmod_ctx* ctx, const ModConf& conf,
                                           const Effective& ours, const char* name) {
    for (const bool as_udev : {false, true}) {
        std::optional<std::string> expected = our_action(conf, ours, as_udev);
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
        const Effective ours = effective(conf, cmdline, name, "nested", context_of(name));
        if (auto found = compare_module(ctx.get(), conf, ours, name))
            return found;
        if (text(name) == "nothere")
            continue;
        if (auto found = compare_loading(ctx.get(), conf, ours, name))
            return found;
    }
    return compare_cpu_alias(ctx.get(), conf, cmdline);
}

std::optional<std::string> compare_with_modprobe(const Sandbox& sandbox, const ModConf& conf,
                                                 const Cmdline& cmdline) {
    for (const Directive& directive : conf.directives)
        if (directive.kind == Kind::alias || directive.kind == Kind::softdep)
            return std::nullopt; // other modules come in: compared in the process, one by one
    const Effective ours = effective(conf, cmdline, "kvm_intel", "nested", context_of("kvm_intel"));
    for (const bool as_udev : {false, true}) {
        std::string expected;
        if (our_action(conf, ours, as_udev).value_or("") != "nothing")
            expected = shown_load(sandbox, conf, cmdline, "kvm", "kvm.ko") +
                       shown_load(sandbox, conf, cmdline, "kvm_intel", "kvm-intel.ko");
        const std::string found = sandbox.run_modprobe("kvm_intel", as_udev);
        if (found != expected)
            return difference("modprobe --show-depends kvm_intel", expected, found);
    }
    return std::nullopt;
}

std::optional<std::string> compare_with_shell(const Sandbox& sandbox, const std::string& command) {
    const InstallEffect effect = follow_install(command, "kvm_intel");
    if (effect.kind == InstallEffect::Kind::open)
        return std::nullopt;
    const std::string ours = effect.kind == InstallEffect::Kind::refuses
                                 ? "nothing"
                                 : "loads " + join(effect.arguments, " ");
    std::string theirs = "nothing";
    const std::string called = sandbox.run_shell(command);
    for (const std::string_view line : lines(called)) {
        std::vector<std::string> arguments;
        bool loads = false;
        for (const std::string_view word : words(line)) {
            if (module_name(word) == "kvm_intel")
                loads = true;
            else if (loads && !word.starts_with('-'))
                arguments.emplace_back(word);
        }
        if (loads && theirs == "nothing")
            theirs = "loads " + join(arguments, " ");
    }
    if (ours != theirs)
        return difference("a shell", ours, theirs);
    return std::nullopt;
}

} // namespace virt_nested::test
