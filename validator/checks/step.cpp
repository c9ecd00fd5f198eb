// SPDX-License-Identifier: GPL-2.0-or-later
#include "validator/checks/step.h"

#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

const char* name(Act act) {
    constexpr std::array names = {"remove", "replace", "write",  "add_argument", "remove_argument",
                                  "run",    "reload",  "reboot", "decide",       "impossible"};
    static_assert(names.size() == static_cast<size_t>(Act::impossible) + 1);
    return names[static_cast<size_t>(act)];
}

Mend::Mend(std::string words) {
    if (!words.empty())
        steps.push_back({.act = Act::decide,
                         .words = std::move(words),
                         .file = {},
                         .variable = {},
                         .text = {},
                         .by = {},
                         .command = {}});
}

Mend Mend::then(const Mend& more) && {
    bool grown = false;
    for (const Step& step : more.steps) {
        const auto same = std::find(steps.begin(), steps.end(), step);
        if (same != steps.end() && !(grown && step.act == Act::run))
            continue;
        if (same != steps.end())
            steps.erase(same);
        grown = true;
        steps.push_back(step);
    }
    return std::move(*this);
}

bool can_be_carried_out(const Mend& mend) {
    return !mend.empty() &&
           std::none_of(mend.steps.begin(), mend.steps.end(), [](const Step& step) {
               return step.act == Act::decide || step.act == Act::impossible;
           });
}

std::string in_words(const Mend& mend) {
    std::vector<std::string> words;
    for (const Step& step : mend.steps)
        words.push_back(step.words);
    return join(words, ", then ");
}

std::string pasted(std::string_view command) {
    std::vector<std::string> parts;
    for (size_t end = 0; end != std::string_view::npos;
         command.remove_prefix(std::min(end + 1, command.size()))) {
        end = command.find('\\');
        parts.push_back(printable(command.substr(0, end), 4 * command.size()));
    }
    return join(parts, "\\");
}

Step run(std::string command) {
    Step out;
    out.act = Act::run;
    out.words = std::string(by_command) + pasted(command);
    out.command = std::move(command);
    return out;
}

Step load(std::string command) {
    Step out = run(std::move(command));
    out.act = Act::reload;
    return out;
}

Step reboot(std::string words) {
    Step out;
    out.act = Act::reboot;
    out.words = std::move(words);
    return out;
}

void say_reboot(Mend& mend, std::string_view words) {
    constexpr std::string_view usual = "reboot";
    for (Step& step : mend.steps)
        if (step.act == Act::reboot && step.words.starts_with(usual))
            step.words.replace(0, usual.size(), words);
}

Step impossible(std::string words) {
    Step out;
    out.act = Act::impossible;
    out.words = std::move(words);
    return out;
}

} // namespace virt_nested
