// SPDX-License-Identifier: GPL-2.0-or-later
// What mends a finding, as data: text, JSON and the programs that carry it out have the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

enum class Act {
    remove,          ///< `text` from the line; the whole line where nothing but its keyword is left
    replace,         ///< `text` in the line by `by`
    write,           ///< the file, which is not there yet, with `text`
    add_argument,    ///< `text` to the kernel's command line of all later boots
    remove_argument, ///< `text` from it; `by`: what stays of a list of names, or empty
    run,
    reload, ///< the module
    reboot,
    decide,     ///< what no command ends: a person's choice, or an act on another machine
    impossible, ///< nothing on this machine ends it
};
/// "remove", "add_argument", ...
const char* name(Act act);

/// One step of a mend. Paths are inside the root.
struct Step {
    Act act = Act::decide;
    std::string words; ///< for a person: a clause; printable
    std::string file;  ///< that is changed; empty: none, or a tool knows which
    unsigned line = 0; ///< from 1, the first of a directive; 0: the file has no such lines. Of the
                       ///< file as it is now: an earlier step may take a line away
    std::string variable; ///< of arguments: the key of the line that holds them
    std::string text;     ///< as it stands there, or shall stand there
    std::string by;
    std::string command; ///< to paste into a shell of root's; empty: there is none

    bool changes_file() const { return !file.empty(); }
    /// It only makes what was changed before count.
    bool only_applies() const { return act == Act::reload || act == Act::reboot; }
    bool operator==(const Step&) const = default;
};

/// Steps in their order. Empty: nothing is known that mends it.
struct Mend {
    std::vector<Step> steps;

    Mend() = default;
    Mend(Step step) { steps.push_back(std::move(step)); }
    /// A sentence: to be decided.
    Mend(std::string words);
    Mend(std::string_view words) : Mend(std::string(words)) {}
    Mend(const char* words) : Mend(std::string(words)) {}

    bool empty() const { return steps.empty(); }
    /// What is there already is not said twice; what is run behind a new step, behind that.
    Mend then(const Mend& more) &&;
    bool operator==(const Mend&) const = default;
};

/// Each of its steps has a command or a change of a file.
bool can_be_carried_out(const Mend& mend);

/// "remove this, then run: that, then reboot"
std::string in_words(const Mend& mend);

/// How the words of a command begin, here and in tables of texts.
inline constexpr std::string_view by_command = "run: ";

/// A command as a terminal may see it: with its own backslashes, and nothing else that is not
/// printable.
std::string pasted(std::string_view command);

Step run(std::string command);
/// The module loaded, or loaded anew, by this command.
Step load(std::string command);
Step reboot(std::string words = "reboot");
/// Each reboot of it in the words of a machine that is booted anew in another way.
void say_reboot(Mend& mend, std::string_view words);
Step impossible(std::string words);

} // namespace virt_nested
