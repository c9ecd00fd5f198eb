// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's shell: the commands that leave lists, and those that run others: functions' arguments,
// texts, files.
#include "core/text.h"
#include "validator/boot/grub/run.h"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>

namespace virt_nested::grub {

void Run::do_break(Call& call) {
    unsigned long count = 1;
    std::string_view rest;
    known(true);
    if (call.words.size() > 1 && (!read_number(call.words[1], count, rest) || !rest.empty()))
        return known(false);
    flow_.breaks = static_cast<unsigned>(std::min<unsigned long>(count, loops_));
    flow_.again = flow_.breaks > 0 && call.words.front() == "continue";
}

void Run::do_return(Call& call) {
    unsigned long value = 0;
    std::string_view rest;
    if (scope_ == nullptr || call.words.size() > 2)
        return known(false);
    if (call.words.size() == 2) {
        if (!read_number(call.words[1], value, rest) || !rest.empty())
            return known(false);
        known(value == 0);
    }
    flow_.returned = true;
}

void Run::do_shift(Call& call) {
    unsigned long count = 1;
    std::string_view rest;
    if (call.words.size() > 1 && !read_number(call.words[1], count, rest))
        return known(false);
    known(scope_ == nullptr || count <= scope_->arguments.size());
    if (scope_ != nullptr && scope_->unknown)
        ok_ = Tri::unknown;
    if (scope_ != nullptr && count <= scope_->arguments.size())
        scope_->arguments.erase(scope_->arguments.begin(),
                                scope_->arguments.begin() + static_cast<ptrdiff_t>(count));
}

void Run::do_setparams(Call& call) {
    known(scope_ != nullptr);
    if (scope_ != nullptr)
        *scope_ = {{call.words.begin() + 1, call.words.end()}, false};
}

void Run::do_eval(Call& call) {
    Text text;
    for (size_t i = 1; i < call.words.size(); ++i)
        text += (i > 1 ? " " : "") + call.words[i];
    if (!is_known(text)) {
        ok_ = Tri::unknown;
        return doubt("the text that 'eval' runs is not known", call.place);
    }
    if (++depth_ > 64)
        stop("'eval' runs itself deeper than is followed", call.place);
    else
        source(std::make_shared<Source>(call.place.file, text, call.place.line));
    --depth_;
}

/// Fedora's `increment` and `decrement` (grub2: commands/increment.c).
void Run::do_count(Call& call) {
    known(call.words.size() == 2);
    if (call.words.size() != 2)
        return;
    unsigned long value = 0;
    std::string_view rest;
    const Text now = text_of(call.words[1]);
    if (!is_known(now))
        return;
    read_number(now, value, rest);
    const bool more = call.words.front() == "increment";
    value = more ? value + 1 : value - (value > 0 ? 1 : 0);
    state_.set(call.words[1], std::to_string(value), call.place);
}

void Run::unread_environment(const Place& place) {
    state_.unread = true;
    for (const char* name :
         {"next_entry", "saved_entry", "prev_saved_entry", "boot_once", "boot_success", "default",
          "boot_indeterminate", "boot_counter", "menu_auto_hide", "recordfail", "kernelopts",
          "menu_show_once", "tuned_params", "tuned_initrd", "early_initrd", "fallback"})
        state_.set(name, state_.unknown({name, {}, true}), place);
}

/// The variables that GRUB writes itself, and the tools for it: into the block that it has for them
/// outside of any file, no others.
void Run::unread_blocks(const Place& place) {
    for (const char* name :
         {"next_entry", "saved_entry", "prev_saved_entry", "boot_once", "boot_success",
          "boot_indeterminate", "boot_counter", "menu_auto_hide", "menu_show_once", "recordfail"})
        state_.set(name, state_.unknown({name, {}, true}), place);
}

void Run::take_environment(std::string_view text, const std::string& path,
                           const std::set<Text>& only) {
    std::vector<std::pair<std::string, std::string>> variables;
    if (!read_environment(text, variables))
        return;
    known(true);
    for (auto& [name, value] : variables)
        if (only.empty() || only.contains(name))
            state_.set(name, std::move(value), {path, 0, true});
}

/// On btrfs GRUB cannot write into a file, and has blocks outside of any (variable env_block). A
/// captured machine has what it was captured with: nothing is saved there.
void Run::load_blocks(const FoundFile& found, std::string_view blocks, const std::set<Text>& only,
                      const Place& place) {
    ok_ = Tri::unknown;
    if (!root_.live())
        return;
    const Result<std::string> text = read_blocks(root_, found.beside, blocks);
    if (text && text->find_first_of("\x01\x02\x03\x04") == std::string::npos) {
        known(false);
        return take_environment(*text, config_, only);
    }
    doubt("GRUB's environment block outside of files (env_block=" + printable(blocks, 64) +
              "), which grub2-editenv lists, cannot be read" +
              (text ? ": control bytes stand in it" : ": " + text.error().what),
          place, text ? 0 : text.error().code);
    unread_blocks(place);
}

void Run::do_load_env(Call& call) {
    Text path = text_of("prefix") + "/grubenv";
    std::set<Text> only;
    for (size_t i = 1; i < call.words.size(); ++i) {
        const Text& word = call.words[i];
        if ((word == "-f" || word == "--file") && i + 1 < call.words.size())
            path = call.words[++i];
        else if (word.starts_with("--file="))
            path = word.substr(7);
        else if (word != "-s" && word != "--skip-sig")
            only.insert(word);
    }
    const FoundFile found = files_.find(state_, path, text_of("root"));
    if (found.named && found.blocks && found.sure)
        return load_blocks(found, std::string_view(path).substr(path.find(')') + 1), only,
                           call.place);
    known(false);
    if (!found.named || found.blocks || (!found.exists && !found.sure)) {
        doubt("GRUB's environment block is not found on this machine: '" +
                  printable(state_.shown(path), 128) + "'",
              call.place);
        return unread_environment(call.place);
    }
    // GRUB reads all of it, and grub-editenv makes it of 1024 bytes.
    constexpr uint64_t longest = 64 * 1024;
    if (const Result<FileStatus> status = root_.status(found.path);
        status && S_ISREG(status->mode) && status->size > longest) {
        doubt("GRUB's environment block has more than " + std::to_string(longest) +
                  " bytes and is not read",
              {found.path, 0, true}, EFBIG);
        return unread_environment(call.place);
    }
    std::vector<Doubt> doubts;
    const std::optional<std::string> text =
        texts_.read(found.path, "environment block of GRUB", doubts);
    if (!text && doubts.front().code == ENOENT)
        return;
    if (!text || text->find_first_of("\x01\x02\x03\x04") != std::string::npos) {
        if (text)
            doubts.push_back(
                {"control bytes stand in GRUB's environment block", doubt_source(found.path), 0});
        for (Doubt& one : doubts)
            doubt(one.what, {found.path, 0, true}, one.code);
        return unread_environment(call.place);
    }
    take_environment(*text, found.path, only);
}

void Run::do_source(Call& call) {
    ok_ = Tri::unknown;
    if (call.words.size() != 2)
        return known(false);
    const FoundFile found = files_.find(state_, call.words[1], text_of("root"));
    const std::string shown = printable(state_.shown(call.words[1]), 128);
    if (!found.named || found.blocks)
        return doubt("which file is read is not known: '" + shown + "'", call.place);
    if (!found.exists && found.sure && !root_.status(found.path) &&
        root_.status(found.path).error().code == ENOENT)
        return known(false);
    if (!found.exists && !found.sure)
        return doubt("a file that GRUB reads is not found on this machine: '" + shown + "'",
                     call.place);
    file(found.path, call.words[1], call.place);
}

/// Its entries are another menu's, which is shown at once; this one only returns where somebody
/// leaves it, or where it has no entry (grub: normal/main.c grub_normal_execute).
void Run::do_configfile(Call& call) {
    Menu menu;
    Menu* const before = std::exchange(menu_, &menu);
    state_.push();
    state_.enter_context(family_ != Family::upstream);
    do_source(call);
    if (!leaving() && !menu.empty()) {
        show(menu, {});
        flow_.ended = true;
    }
    state_.pop();
    menu_ = before;
}

void Run::do_extract(Call& call) {
    ok_ = Tri::unknown;
    doubt("the entries of '" +
              printable(call.words.size() > 1 ? state_.shown(call.words[1]) : "", 128) +
              "' are not taken out (" + call.words.front() + ")",
          call.place);
}

void Run::do_other_menu(Call& call) {
    ok_ = Tri::unknown;
    doubt("the menu that '" + call.words.front() + "' leads to is not followed", call.place);
    shown_ = true;
    flow_.ended = true;
}

} // namespace virt_nested::grub
