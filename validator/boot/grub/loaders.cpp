// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's shell: the commands that load what boots. What is loaded is kept among the variables, so
// that a branch that is perhaps taken changes it perhaps.
#include "core/text.h"
#include "validator/boot/grub/run.h"

#include <algorithm>

namespace virt_nested::grub {

namespace {

bool mentions(std::string_view path, std::string_view word) {
    return lower_case(base_name(path)).find(word) != std::string::npos;
}

} // namespace

Text Run::boot_path(const Text& named, const Place& place) {
    Text path = named;
    // A file into a folder of the image's (grub: loader/linux.c).
    if (path.starts_with("newc:"))
        path = path.substr(path.rfind(':') + 1);
    const FoundFile found = files_.find(state_, path, text_of("root"));
    if (!found.exists)
        ok_ = Tri::unknown; // or is not in what was captured
    if (!found.named)
        doubt("the name of a file is not known: '" + printable(state_.shown(path), 256) + "'",
              place);
    else if (!found.elsewhere.empty())
        doubt("'" + printable(state_.shown(path), 256) + "' lies on " + found.elsewhere, place);
    else if (!found.exists && found.device)
        doubt("'" + printable(state_.shown(path), 256) + "' is not found on this machine", place);
    return found.path;
}

void Run::load(std::string_view kind, const Text& kernel, const Text& cmdline, const Call& call) {
    // Where it is loaded is no part of what is loaded: a second way to it changes nothing.
    const std::string source = call.place.file + ":" + std::to_string(call.place.line);
    state_.set("\x04kind", std::string(kind), call.place);
    state_.set("\x04kernel", kernel, call.place);
    state_.set("\x04"
               "cmdline",
               cmdline, call.place);
    state_.set("\x04initrds", "", call.place);
    state_.set("\x04source", source, call.place);
}

void Run::do_linux(Call& call) {
    if (call.words.size() < 2)
        return known(false);
    known(true);
    const bool other = mentions(state_.shown(call.words[1]), "memtest");
    constexpr std::string_view by_uuid = "root=UUID=";
    for (const Text& word : call.words)
        if (word.starts_with(by_uuid) && is_known(word) &&
            files_.is_elsewhere(std::string_view(word).substr(by_uuid.size())))
            doubt("another system's root is on its command line: '" + printable(word, 128) + "'",
                  call.place);
    load(other ? "other" : "linux", boot_path(call.words[1], call.place),
         command_line(call.words, 2), call);
}

/// A second one takes the first one's place (grub: loader/i386/linux.c grub_cmd_initrd).
void Run::do_initrd(Call& call) {
    known(true);
    const Text before = text_of("\x04initrds");
    if (!before.empty() && perhaps_ == 0)
        doubt("a second '" + call.words.front() + "' takes the place of the first one's files",
              call.place);
    Text files;
    for (size_t i = 1; i < call.words.size(); ++i)
        files += (files.empty() ? "" : "\n") + boot_path(call.words[i], call.place);
    state_.set("\x04initrds", files, call.place);
}

void Run::do_multiboot(Call& call) {
    std::vector<Text> words = call.words;
    std::erase_if(words, [](const Text& word) { return word.starts_with("--quirk"); });
    if (words.size() < 2)
        return known(false);
    const std::string shown = state_.shown(words[1]);
    ok_ = files_.find(state_, words[1], text_of("root")).exists ? Tri::yes : Tri::unknown;
    // tboot measures, and then starts the next module: Xen or Linux itself.
    const bool xen = mentions(shown, "xen") || call.words.front() == "xen_hypervisor";
    load(xen ? "waits for xen's" : mentions(shown, "tboot") ? "waits" : "other", "", "", call);
}

void Run::do_module(Call& call) {
    known(true);
    std::vector<Text> words = call.words;
    std::erase_if(words, [](const Text& word) { return word == "--nounzip"; });
    if (words.size() < 2)
        return known(false);
    const Text kind = text_of("\x04kind");
    const Text path = boot_path(words[1], call.place);
    if (kind == "waits" && mentions(path, "xen")) {
        state_.set("\x04kind", "waits for xen's", call.place);
    } else if (kind.starts_with("waits")) {
        load(kind == "waits" ? "linux" : "xen", path, command_line(words, 2), call);
    } else if (kind == "xen" || kind == "linux") {
        const Text before = text_of("\x04initrds");
        state_.set("\x04initrds", before + (before.empty() ? "" : "\n") + path, call.place);
    } else if (kind != "other") {
        doubt("a module for what is not known is loaded", call.place);
    }
}

void Run::do_chainloader(Call& call) {
    std::vector<Text> words = call.words;
    std::erase_if(words, [](const Text& word) { return word == "--force" || word == "--bpb"; });
    if (words.size() < 2)
        return known(false);
    const std::string named = lower_case(state_.shown(words[1]));
    ok_ = files_.find(state_, words[1], text_of("root")).exists ? Tri::yes : Tri::unknown;
    const bool unified = named.find("/efi/linux/") != std::string::npos && named.ends_with(".efi");
    load(unified ? "unified" : "other", unified ? boot_path(words[1], call.place) : "",
         unified ? command_line(words, 2) : "", call);
}

void Run::do_other(Call& call) {
    // It only asks (grub: commands/efi/efifwsetup.c).
    if (call.words.size() > 1 && call.words[1] == "--is-supported") {
        ok_ = Tri::unknown;
        return;
    }
    known(true);
    load("other", "", "", call);
}

void Run::do_boot(Call&) {
    const Text kind = text_of("\x04kind");
    known(!kind.empty());
    if (kind.empty())
        return;
    take_loaded(nullptr, {});
    flow_.ended = true;
}

/// The firmware goes on, or the machine starts again: nothing of this menu boots.
void Run::do_leave(Call& call) {
    known(true);
    load("other", "", "", call);
    take_loaded(nullptr, {});
    flow_.ended = true;
}

const std::unordered_map<std::string_view, Run::Handler>& Run::handlers() {
    static constexpr std::pair<Handler, std::string_view> rows[] = {
        {&Run::do_set, "set"},
        {&Run::do_unset, "unset"},
        {&Run::do_true, "true"},
        {&Run::do_export, "export"},
        {&Run::do_false, "false"},
        {&Run::do_test, "[ test"},
        {&Run::do_menuentry, "menuentry submenu"},
        {&Run::do_load_env, "load_env"},
        {&Run::do_source, "source ."},
        {&Run::do_configfile, "configfile normal"},
        {&Run::do_extract, "extract_entries_source extract_entries_configfile "
                           "extract_legacy_entries_source extract_legacy_entries_configfile "
                           "extract_syslinux_entries_source "
                           "extract_syslinux_entries_configfile legacy_source syslinux_source"},
        {&Run::do_other_menu, "legacy_configfile syslinux_configfile"},
        {&Run::do_loopback, "loopback"},
        {&Run::do_search, "search search.file search.fs_uuid search.fs_label"},
        {&Run::do_break, "break continue"},
        {&Run::do_return, "return"},
        {&Run::do_shift, "shift"},
        {&Run::do_setparams, "setparams"},
        {&Run::do_eval, "eval"},
        {&Run::do_count, "increment decrement"},
        {&Run::do_boot, "boot"},
        {&Run::do_leave, "exit halt reboot normal_exit"},
        {&Run::do_other, "fwsetup ntldr freedos plan9 truecrypt pxechainloader appleloader "
                         "kfreebsd knetbsd kopenbsd xnu_kernel xnu_kernel64"},
        {&Run::do_linux, "linux linux16 linuxefi legacy_kernel"},
        {&Run::do_initrd, "initrd initrd16 initrdefi legacy_initrd legacy_initrd_nounzip"},
        {&Run::do_multiboot, "multiboot multiboot2 xen_hypervisor"},
        {&Run::do_module, "module module2 xen_module"},
        {&Run::do_chainloader, "chainloader"},
        {&Run::do_blscfg, "blscfg bls_import"},
        {&Run::do_uki, "uki"},
    };
    static const std::unordered_map<std::string_view, Handler> all = [] {
        std::unordered_map<std::string_view, Handler> out;
        for (const auto& [handler, names] : rows)
            for (const std::string_view name : words(names))
                out.emplace(name, handler);
        return out;
    }();
    return all;
}

} // namespace virt_nested::grub
