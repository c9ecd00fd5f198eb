// SPDX-License-Identifier: GPL-2.0-or-later
// GRUB's shell, followed without running anything: what cannot be known is followed both ways
// (grub: grub-core/script/execute.c, normal/menu.c, commands/).
#pragma once

#include "validator/boot/grub/files.h"
#include "validator/boot/grub/script.h"
#include "validator/boot/grub/words.h"
#include "validator/boot/menu.h"
#include "validator/boot/menus/bls.h"
#include "validator/boot/menus/loader_text.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace virt_nested::grub {

/// What an entry runs: a block of a script, or a text.
struct Body {
    std::shared_ptr<const Script> script;
    uint32_t first = 0;
    std::shared_ptr<const Source> text;
};

struct Item {
    Text id, title;
    bool has_id = false;
    bool submenu = false;
    bool perhaps = false; ///< whether it is there is not known
    std::vector<Text> arguments;
    Body body;
    Place place;
    std::string source;        ///< not empty: where its arguments stand
    std::vector<Doubt> doubts; ///< about what it gives
};

using Menu = std::vector<Item>;

/// A command as it is called.
struct Call {
    const std::shared_ptr<const Script>& script;
    const Node& node;
    std::vector<Text> words; ///< its name first
    Place place;
};

/// Which entries the value of `default` names, and why others may be it. `numbers_first`, as GRUB
/// has it, or as Red Hat's has it (grub: normal/menu.c get_entry_number).
struct Choice {
    std::set<size_t> entries;
    bool sure = true;
    bool other_way = false; ///< GRUBs differ in it
};
enum class Family { upstream, red_hat, unknown };
Family family_of(const Sysroot& root);
Choice choose(const State& state, const Menu& menu, const Text& value, Family family);
/// What a value of `default` leaves for the submenu that it names; empty: nothing.
std::string inside(std::string_view value);

class Run {
  public:
    Run(const Sysroot& root, const BootLimits& limits, const std::string& config, BootMenu& out);

    /// All of it: the file, the menu that it makes, and what is chosen there.
    void whole();

  private:
    /// What ends a list of commands before its end.
    struct Flow {
        unsigned breaks = 0; ///< loops to leave
        bool again = false;  ///< the last of these goes on
        bool returned = false;
        bool ended = false; ///< the machine boots, or is left
        bool operator==(const Flow&) const = default;
    };
    using Handler = void (Run::*)(Call&);

    // grub_run.cpp
    bool leaving() const { return stopped_ || flow_ != Flow(); }
    void doubt(std::string what, const Place& place, int code = 0);
    void stop(std::string what, const Place& place);
    bool step(const Place& place);
    std::vector<Text> expand(const Script& script, const Node& node, const Place& place);
    void list(const std::shared_ptr<const Script>& script, uint32_t first);
    void node(const std::shared_ptr<const Script>& script, uint32_t which);
    void either(const std::function<void()>& one, const std::function<void()>& other,
                const Place& place);
    void branch(const std::shared_ptr<const Script>& script, uint32_t which);
    void for_each(const std::shared_ptr<const Script>& script, const Node& node);
    void for_words(const std::shared_ptr<const Script>& script, const Node& node,
                   const std::vector<Text>& words, size_t from);
    void repeat(const std::shared_ptr<const Script>& script, const Node& node);
    void unfollowed(const std::shared_ptr<const Script>& script, const Node& node,
                    const std::string& name, const Text& word);
    bool loop_body(const std::shared_ptr<const Script>& script, const Node& node);
    void command(const std::shared_ptr<const Script>& script, const Node& node);
    void call(const Function& function, std::vector<Text> arguments);
    void source(const std::shared_ptr<const Source>& source);
    void body(const Body& body);
    /// Runs a file of GRUB's; false: it could not be had.
    bool file(const std::string& path, const Text& named, const Place& place);
    Place at(const Script& script, const Node& node) const {
        return {script.source->path(), node.line, false};
    }
    Text text_of(const std::string& name) const;
    void known(bool ok) { ok_ = tri(ok); }

    // grub_commands.cpp, grub_loaders.cpp, grub_bls.cpp
    static const std::unordered_map<std::string_view, Handler>& handlers();
    void passed_by(Call& call);
    void sets_unknown(const Call& call);
    void do_set(Call& call);
    void do_unset(Call& call);
    void do_export(Call& call);
    void do_true(Call& call);
    void do_false(Call& call);
    void do_test(Call& call);
    void do_menuentry(Call& call);
    void do_load_env(Call& call);
    void do_source(Call& call);
    void do_configfile(Call& call);
    void do_extract(Call& call);
    void do_other_menu(Call& call);
    void do_loopback(Call& call);
    void do_search(Call& call);
    void do_break(Call& call);
    void do_return(Call& call);
    void do_shift(Call& call);
    void do_setparams(Call& call);
    void do_eval(Call& call);
    void do_count(Call& call);
    void do_boot(Call& call);
    void do_leave(Call& call);
    void do_linux(Call& call);
    void do_initrd(Call& call);
    void do_multiboot(Call& call);
    void do_module(Call& call);
    void do_chainloader(Call& call);
    void do_other(Call& call);
    void do_blscfg(Call& call);
    void do_uki(Call& call);
    void unread_environment(const Place& place);
    void unread_blocks(const Place& place);
    void take_environment(std::string_view text, const std::string& path,
                          const std::set<Text>& only);
    void load_blocks(const FoundFile& found, std::string_view blocks, const std::set<Text>& only,
                     const Place& place);
    void load(std::string_view kind, const Text& kernel, const Text& cmdline, const Call& call);
    Text boot_path(const Text& named, const Place& place);
    void add_item(Item item);
    void add_bls(const BlsFile& file, const Place& place);

    // grub_menu.cpp
    void show(Menu& menu, const Text& path);
    void take_item(Item& item, const Text& path, bool chosen);
    void enter(bool submenu);
    void take_loaded(const Item* item, const Text& path);
    std::string taken(const char* name, const char* what, BootEntry& entry);

    const Sysroot& root_;
    const BootLimits& limits_;
    std::string config_;
    Family family_;
    BootMenu& out_;
    LoaderText texts_;
    State state_;
    Text device_; ///< what GRUB's first file lies on
    Files files_;
    std::unordered_map<std::string, Function> functions_;
    std::map<std::string, Text> searched_; ///< $root after a search for the same
    Menu* menu_ = nullptr;
    std::set<std::string> bls_shown_;       ///< files of entries that are in a menu
    std::optional<Place> from_environment_; ///< a word of the command that runs is
    std::vector<Doubt>* doubts_;
    Scope* scope_ = nullptr;
    Flow flow_;
    Tri ok_ = Tri::yes;       ///< $?
    bool maybe_left_ = false; ///< whether the list goes on is not known
    bool stopped_ = false;    ///< a limit was met
    bool chosen_ = true;      ///< what runs is what boots, as far as is known
    bool shown_ = false;      ///< a menu was shown, or something booted
    unsigned perhaps_ = 0;    ///< branches that may not be taken
    unsigned loops_ = 0;
    size_t steps_ = 0, bytes_ = 0, items_ = 0;
    unsigned depth_ = 0, files_deep_ = 0, menus_deep_ = 0;
};

} // namespace virt_nested::grub
