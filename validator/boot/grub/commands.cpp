// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's shell: its commands, as far as they change what boots.
#include "core/text.h"
#include "validator/boot/grub/run.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace virt_nested::grub {

namespace {

/// Neither choose nor load anything.
constexpr std::string_view harmless =
    "acpi authenticate background_color background_image badram beep blocklist bli "
    "btrfs-mount-subvol btrfs-list-subvols cat clear cls cmp connectefi cryptomount "
    "cutmem devicetree distrust drivemap dtb dump echo efitextmode export file fakebios "
    "gettext gptsync halt_on hashsum hdparm help hwmatch insmod keymap keystatus "
    "list_env list_trusted loadbios loadfont load_video ls lsacpi lsapm "
    "lscoreboot lsefi lsefimmap lsefisystab lsfonts lsmmap lsmod lspci lssal md5sum "
    "nativedisk net_add_addr net_add_dns net_add_route net_del_addr net_ipv6_autoconf "
    "net_ls_addr net_ls_cards outb outl outw parttool password password_pbkdf2 play "
    "rmmod save_env sendkey serial sha1sum sha256sum sha512sum shim_lock sleep spkmodem "
    "terminal_input terminal_output terminfo time tpm2_key_protector_init "
    "tpm2_key_protector_clear tpm_record_pcrs trust usb vbeinfo verify_detached version "
    "videoinfo videotest wrmsr write_byte write_dword write_word zfs-bootfs zfsinfo";

/// Read what only the machine tells, into variables.
constexpr std::string_view reads_machine =
    "cmosdump cmostest cpuid date getenv inb inl inw net_bootp net_bootp6 net_dhcp "
    "net_get_dhcp_option net_nslookup pcidump probe rdmsr read read_byte read_dword "
    "read_word regexp setpci smbios tr search search.file search.fs_label search.fs_uuid "
    "hwmatch bootp dhcp mokutil";

} // namespace

void Run::command(const std::shared_ptr<const Script>& script, const Node& node) {
    const Place place = at(*script, node);
    Call call{script, node, expand(*script, node, place), place};
    if (stopped_ || call.words.empty())
        return;
    const bool invert = call.words.front() == "!";
    if (invert)
        call.words.erase(call.words.begin());
    if (call.words.empty())
        return;
    const std::string name = call.words.front();
    const auto handler = handlers().find(name);
    const auto function = functions_.find(name);
    if (handler != handlers().end()) {
        (this->*handler->second)(call);
    } else if (is_known(name) && function != functions_.end() && !has_word(harmless, name)) {
        const Function found = function->second;
        this->call(found, {call.words.begin() + 1, call.words.end()});
    } else if (const size_t equals = name.find('='); equals != std::string::npos) {
        known(true);
        state_.set(name.substr(0, equals), name.substr(equals + 1),
                   from_environment_ ? *from_environment_ : place);
    } else {
        passed_by(call);
    }
    if (invert && ok_ != Tri::unknown)
        known(ok_ == Tri::no);
}

/// What is no command at all does nothing either, and counts as done (grub: script/execute.c); but
/// only GRUB's modules tell.
void Run::passed_by(Call& call) {
    const Text& name = call.words.front();
    sets_unknown(call);
    ok_ = Tri::unknown;
    if (is_known(name) && (has_word(harmless, name) || has_word(reads_machine, name)))
        return;
    doubt(is_known(name)
              ? "the command '" + printable(name, 64) + "' is not known here"
              : "which command runs is not known: '" + printable(state_.shown(name), 64) + "'",
          call.place);
}

void Run::sets_unknown(const Call& call) {
    const auto forget = [&](const Text& name) {
        if (is_known(name) && !name.empty())
            state_.set(name, state_.unknown({name, {}, true}), call.place);
    };
    for (size_t i = 1; i < call.words.size(); ++i) {
        const Text& word = call.words[i];
        const bool last = i + 1 == call.words.size();
        if (word.starts_with("--set"))
            if (const size_t equals = word.find('='); equals != Text::npos)
                forget(word.substr(equals + 1, word.find(':', equals) == Text::npos
                                                   ? Text::npos
                                                   : word.find(':', equals) - equals - 1));
        if (!last && (word == "--set" || word == "-s" || word == "-v")) {
            const Text& name = call.words[i + 1];
            const size_t colon = name.find(':'); // regexp --set 1:name
            forget(colon == Text::npos ? name : name.substr(colon + 1));
            forget(colon == Text::npos ? name : name.substr(0, colon));
        }
        if (word.starts_with("--set=") && word.find(':') != Text::npos)
            forget(word.substr(word.find(':') + 1));
    }
    if (call.words.front() == "hwmatch")
        state_.set("match", state_.unknown({"match", {"0", "1"}, false}), call.place);
    if (call.words.front() == "read" || call.words.front() == "getenv" ||
        call.words.front() == "tr" || call.words.front() == "net_get_dhcp_option")
        for (size_t i = 1; i < call.words.size(); ++i)
            forget(call.words[i]);
}

void Run::do_set(Call& call) {
    known(true);
    if (call.words.size() < 2)
        return;
    const Text& word = call.words[1];
    const size_t equals = word.find('=');
    if (equals == Text::npos)
        return known(false);
    state_.set(word.substr(0, equals), word.substr(equals + 1),
               from_environment_ ? *from_environment_ : call.place);
}

void Run::do_unset(Call& call) {
    known(call.words.size() > 1);
    if (call.words.size() > 1)
        state_.unset(call.words[1]);
}

void Run::do_export(Call& call) {
    known(call.words.size() > 1);
    for (size_t i = 1; i < call.words.size(); ++i)
        state_.exports(call.words[i], call.place);
}

void Run::do_true(Call&) {
    known(true);
}

void Run::do_false(Call&) {
    known(false);
}

void Run::do_test(Call& call) {
    std::vector<Text> words(call.words.begin() + 1, call.words.end());
    if (!words.empty() && words.back() == "]")
        words.pop_back();
    const Text now = text_of("root");
    ok_ = test(state_, words, [&](char question, const Text& path) {
        return files_.ask(state_, question, path, now);
    });
}

/// Options as extcmd takes them: anywhere, the unknown ones are arguments (grub: lib/arg.c,
/// commands/menuentry.c).
void Run::do_menuentry(Call& call) {
    known(true);
    Item item;
    bool whole = true; // else an option takes the body for its value
    constexpr std::array with_value = {"--class", "--users", "--hotkey", "--source", "--id"};
    for (size_t i = 1; i < call.words.size(); ++i) {
        const Text& word = call.words[i];
        const size_t equals = word.find('=');
        const Text option = word.substr(0, equals);
        if (word == "--") {
            item.arguments.insert(item.arguments.end(),
                                  call.words.begin() + static_cast<ptrdiff_t>(i) + 1,
                                  call.words.end());
            break;
        }
        if (word == "--unrestricted")
            continue;
        if (std::find(with_value.begin(), with_value.end(), option) == with_value.end()) {
            item.arguments.push_back(word);
            continue;
        }
        Text value;
        if (equals != Text::npos)
            value = word.substr(equals + 1);
        else if (i + 1 < call.words.size() && !call.words[i + 1].starts_with('-'))
            value = call.words[++i];
        else
            whole = false;
        if (option == "--id") {
            item.has_id = true;
            item.id = value;
        } else if (option == "--source") {
            item.body.text =
                std::make_shared<Source>(call.place.file, state_.shown(value), call.place.line);
        }
    }
    const bool block = call.node.block_end != 0;
    if (!whole || item.arguments.empty() || block == (item.body.text != nullptr)) {
        known(false);
        return doubt("an entry without a title or a body is none for GRUB", call.place);
    }
    item.title = item.arguments.front();
    if (!item.has_id)
        item.id = item.title;
    item.submenu = call.words.front() == "submenu";
    item.place = call.place;
    if (block)
        item.body = {call.script, call.node.first, nullptr};
    add_item(std::move(item));
}

void Run::add_item(Item item) {
    if (menu_ == nullptr)
        return;
    if (++items_ > limits_.entries)
        return stop("more than " + std::to_string(limits_.entries) + " entries are there",
                    item.place);
    item.perhaps = perhaps_ > 0;
    menu_->push_back(std::move(item));
}

void Run::do_loopback(Call& call) {
    ok_ = Tri::unknown;
    for (size_t i = 1; i < call.words.size(); ++i)
        if (!call.words[i].starts_with('-')) {
            std::string name = call.words[i];
            std::erase_if(name, [](char c) { return c == '(' || c == ')'; });
            return files_.learn_loop(name);
        }
}

/// The same search finds the same device; what it is called is not known.
void Run::do_search(Call& call) {
    ok_ = Tri::unknown;
    Text variable = call.words.front() == "search" ? "" : "root";
    std::string what = call.words.front();
    std::vector<Text> names;
    for (size_t i = 1; i < call.words.size(); ++i) {
        const Text& word = call.words[i];
        if (word.starts_with("--set=") || word.starts_with("-s="))
            variable = word.substr(word.find('=') + 1);
        else if (word == "--set" || word == "-s")
            variable = "root"; // its value is optional, and taken below
        else if (word.starts_with("--hint") && word.find('=') == Text::npos)
            ++i;
        else if (!word.starts_with("-"))
            names.push_back(word);
        else if (word.starts_with("-") && !word.starts_with("--hint") && !word.starts_with("--no"))
            what += " " + word;
        if ((word == "--set" || word == "-s") && i + 1 < call.words.size() &&
            !call.words[i + 1].starts_with("-") && i + 2 < call.words.size())
            variable = call.words[++i];
    }
    if (variable.empty())
        return;
    // search.fs_uuid NAME VARIABLE HINT...
    const bool short_form = call.words.front() != "search";
    if (short_form && names.size() > 1)
        variable = names[1];
    if (!names.empty())
        what += " " + names.front();
    auto [found, fresh] = searched_.try_emplace(what);
    if (fresh) {
        found->second = state_.unknown({variable, {}, false});
        const bool by_uuid =
            call.words.front() == "search.fs_uuid" ||
            std::any_of(call.words.begin(), call.words.end(),
                        [](const Text& word) { return word == "--fs-uuid" || word == "-u"; });
        if (by_uuid && !names.empty())
            files_.learn_uuid(found->second, names.front());
    }
    if (is_known(variable))
        state_.set(variable, found->second, call.place);
}

} // namespace virt_nested::grub
