// SPDX-License-Identifier: GPL-2.0-or-later
// What an install command comes to: it is a line for sh, of which only the plain is followed.
#include "core/modconf/install.h"

#include "core/modconf/parse.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <fnmatch.h>
#include <optional>

namespace virt_nested {

namespace {

using namespace std::string_view_literals;

/// A simple command, and the operator in front of it: "", ";", "&", "&&" or "||".
struct Command {
    std::string_view before;
    std::vector<std::string> words;
    bool empty = true;         ///< neither word nor redirection
    bool writes_sysfs = false; ///< its output goes to a file of /sys
};

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           "_-./=,:+@%^"sv.find(c) != std::string_view::npos;
}

/// Cuts a line of sh; nothing where it holds more than words, quotes, redirections and the four
/// operators.
class Shell {
  public:
    explicit Shell(std::string_view text) : text_(text) {}

    std::optional<std::vector<Command>> commands() {
        std::vector<Command> out(1);
        while (true) {
            skip_blanks();
            if (at_ == text_.size() || text_[at_] == '#') {
                const bool complete = !out.back().empty || out.back().before.size() < 2;
                return complete ? std::optional(out) : std::nullopt;
            }
            if (const std::string_view found = separator(); !found.empty()) {
                if (out.back().empty)
                    return std::nullopt;
                out.push_back({found, {}});
                continue;
            }
            std::string one;
            if (out.back().before == "&" || !word(one)) // '&': beside what is in the background
                return std::nullopt;
            out.back().empty = false;
            if (redirects(one)) {
                std::string target;
                if (!redirection(target))
                    return std::nullopt;
                out.back().writes_sysfs = out.back().writes_sysfs || target.starts_with("/sys");
                continue;
            }
            out.back().words.push_back(std::move(one));
        }
    }

  private:
    void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t", at_), text_.size()); }

    std::string_view separator() {
        for (const std::string_view known : {"&&"sv, "||"sv, ";"sv, "&"sv})
            if (text_.substr(at_).starts_with(known)) {
                at_ += known.size();
                return known;
            }
        return {};
    }

    bool redirects(const std::string& word) const {
        return at_ < text_.size() && (text_[at_] == '>' || text_[at_] == '<') &&
               word.find_first_not_of("0123456789") == std::string::npos;
    }

    /// "> FILE", ">>FILE", "2>&1"
    bool redirection(std::string& target) {
        while (at_ < text_.size() && (text_[at_] == '>' || text_[at_] == '<'))
            ++at_;
        if (at_ < text_.size() && text_[at_] == '&')
            ++at_;
        skip_blanks();
        return word(target) && !target.empty();
    }

    bool word(std::string& out) {
        if (text_.substr(at_).starts_with(handed_on)) {
            at_ += handed_on.size();
            out = handed_on;
            return at_ == text_.size() || " \t;&|"sv.find(text_[at_]) != std::string_view::npos;
        }
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (" \t;&|<>"sv.find(c) != std::string_view::npos)
                return c != '|' || text_.substr(at_).starts_with("||");
            if (c == '\'' || c == '"') {
                const size_t end = text_.find(c, at_ + 1);
                if (end == std::string_view::npos)
                    return false;
                const std::string_view inner = text_.substr(at_ + 1, end - at_ - 1);
                if (inner.find_first_of("$`\\ \t") != std::string_view::npos)
                    return false;
                out += inner;
                at_ = end;
            } else if (is_plain(c)) {
                out += c;
            } else {
                return false;
            }
        }
        return true;
    }

    std::string_view text_;
    size_t at_ = 0;
};

/// A call of modprobe (kmod: tools/modprobe.c cmdopts).
struct Call {
    bool followed = false; ///< its options are known, and load one module
    bool ignores_install = false;
    bool removes = false;
    std::string module; ///< '_' for '-'
    std::vector<std::string> arguments;
};

Call modprobe_call(const std::vector<std::string>& words) {
    Call call;
    call.followed = true;
    bool options = true;
    for (size_t i = 1; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (!options || word.size() < 2 || word.front() != '-') {
            if (call.module.empty())
                call.module = module_name(word);
            else
                call.arguments.push_back(word);
        } else if (word == "--") {
            options = false;
        } else if (word.starts_with("--")) {
            const bool ignores = word == "--ignore-install" || word == "--ignore-remove";
            const bool harmless = word == "--first-time" || word == "--quiet" ||
                                  word == "--verbose" || word == "--syslog" || word == "--force";
            call.removes = call.removes || word == "--remove";
            call.ignores_install = call.ignores_install || ignores;
            call.followed = call.followed && (ignores || harmless);
        } else {
            call.removes = call.removes || word.find('r') != std::string::npos;
            call.ignores_install = call.ignores_install || word.find('i') != std::string::npos;
            call.followed =
                call.followed && word.find_first_not_of("ifsqv", 1) == std::string::npos;
        }
    }
    return call;
}

enum class Status { success, failure, unknown };

/// A run of the commands, for one module.
class Run {
  public:
    explicit Run(const std::string& module) : module_(module) {}

    InstallEffect of(const std::vector<Command>& commands) {
        effect_.kind = InstallEffect::Kind::refuses;
        for (const Command& command : commands)
            if (!command.words.empty() && !step(command))
                break;
        return effect_;
    }

  private:
    bool loaded() const { return effect_.kind == InstallEffect::Kind::loads; }

    bool open() {
        effect_ = {};
        return false;
    }

    /// False: nothing behind it counts.
    bool step(const Command& command) {
        const bool depends = command.before == "&&" || command.before == "||";
        if (depends && status_ == Status::unknown && !loaded())
            return open();
        if (depends && status_ != Status::unknown &&
            (status_ == Status::success) != (command.before == "&&"))
            return true;
        std::vector<std::string> words = command.words;
        const bool last = words.front() == "exec" && words.size() > 1;
        if (last)
            words.erase(words.begin());
        const std::string_view name = base_name(words.front());
        if (name == "exit")
            return loaded() && depends; // it may be passed by
        if (command.writes_sysfs)
            return open();
        return run(name, words) && !last;
    }

    bool run(std::string_view name, const std::vector<std::string>& words) {
        constexpr std::array succeed = {"true"sv, ":"sv, "echo"sv, "printf"sv, "sleep"sv};
        status_ = Status::unknown;
        if (std::find(succeed.begin(), succeed.end(), name) != succeed.end())
            status_ = Status::success;
        else if (name == "false")
            status_ = Status::failure;
        else if (name == "modprobe")
            return modprobe(modprobe_call(words));
        else if (name == "rmmod" || (name != "logger" && !loaded()))
            return open();
        return true;
    }

    bool modprobe(const Call& call) {
        if (call.removes || !call.followed)
            return open();
        if (call.module == module_) {
            // Without -i it comes back to this command.
            if (!call.ignores_install)
                return open();
            if (!loaded())
                effect_ = {InstallEffect::Kind::loads, call.arguments};
            return true;
        }
        // kvm_intel brings kvm with it, and comes back to this command for it.
        return call.module.starts_with(module_) && !loaded() ? open() : true;
    }

    const std::string& module_;
    InstallEffect effect_;
    Status status_ = Status::success;
};

const Directive* first(const ModConf& conf, Directive::Kind kind, const std::string& module) {
    for (const Directive& directive : conf.directives)
        if (directive.kind == kind && ::fnmatch(directive.name.c_str(), module.c_str(), 0) == 0)
            return &directive;
    return nullptr;
}

} // namespace

const Directive* install_command(const ModConf& conf, const std::string& module) {
    return first(conf, Directive::Kind::install, module);
}

const Directive* passing_softdep(const ModConf& conf, const std::string& module) {
    const Directive* found = first(conf, Directive::Kind::softdep, module);
    return found && has_soft_dependencies(found->text) ? found : nullptr;
}

InstallEffect follow_install(std::string_view command, const std::string& module) {
    const std::optional<std::vector<Command>> commands = Shell(command).commands();
    return commands ? Run(module).of(*commands) : InstallEffect{};
}

} // namespace virt_nested
