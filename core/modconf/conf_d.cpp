// SPDX-License-Identifier: GPL-2.0-or-later
// OpenRC's conf.d/modules: a file for sh, of which the assignments are followed (OpenRC:
// init.d/modules.in, Linux_modules).
#include "core/modconf/load_lists.h"
#include "core/text.h"

#include <algorithm>
#include <map>

namespace virt_nested {

namespace {

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

struct Variable {
    std::string value;
    unsigned line = 0;
};

class Assignments {
  public:
    explicit Assignments(std::string_view text) : text_(text) { run(); }

    bool understood = true;

    /// Nullptr where it is empty too, for which a shell makes no difference.
    const Variable* get(const std::string& name) const {
        const auto found = variables_.find(name);
        return found == variables_.end() || found->second.value.empty() ? nullptr : &found->second;
    }

  private:
    void run() {
        while (skip_to_command()) {
            std::string name = cut_name();
            if (name == "export" && at_ < text_.size() && text_[at_] == ' ') {
                at_ = std::min(text_.find_first_not_of(' ', at_), text_.size());
                name = cut_name();
            }
            if (name.empty() || at_ == text_.size() || text_[at_] != '=') {
                skip_line();
                continue;
            }
            ++at_;
            Variable variable{{}, line_};
            if (value(variable.value))
                variables_[name] = std::move(variable);
            else
                skip_line();
        }
    }

    bool skip_to_command() {
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '\n')
                ++line_;
            else if (c == '#')
                at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
            else if (c != ' ' && c != '\t' && c != ';' && c != '\r')
                return true;
        }
        return false;
    }

    /// What is no assignment.
    void skip_line() {
        understood = false;
        at_ = std::min(text_.find('\n', at_), text_.size());
    }

    std::string cut_name() {
        const size_t start = at_;
        while (at_ < text_.size() && is_name(text_[at_]))
            ++at_;
        return std::string(text_.substr(start, at_ - start));
    }

    /// A word of sh; false where it is more than that. A command behind it would be the
    /// assignment's only reader.
    bool value(std::string& out) {
        char quote = 0;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '\n' && quote)
                ++line_;
            const bool plain = quote == '\'' && c != '\'';
            if (!plain && c == quote)
                quote = 0;
            else if (!plain && !quote && (c == '"' || c == '\''))
                quote = c;
            else if (!plain && !quote && (c == ' ' || c == '\t' || c == '\n' || c == ';'))
                return ends();
            else if (!plain && c == '\\')
                escaped(out, quote);
            else if (!plain && is_more(c, quote, out))
                return false;
            else if (plain || c != '$')
                out += c;
        }
        return !quote;
    }

    /// More than a word: a command, a pipe, or an expansion that is not followed.
    bool is_more(char c, char quote, std::string& out) {
        return (c == '$' ? !expanded(out) : c == '`') ||
               (!quote && std::string_view("|&<>()").find(c) != std::string_view::npos);
    }

    bool ends() {
        at_ = std::min(text_.find_first_not_of(" \t", at_), text_.size());
        return at_ == text_.size() || text_[at_] == '\n' || text_[at_] == ';' || text_[at_] == '#';
    }

    void escaped(std::string& out, char quote) {
        const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\\';
        if (next == '\n')
            ++line_;
        else if (!quote || std::string_view("\"\\$`").find(next) != std::string_view::npos)
            out += next;
        else
            (out += '\\') += next;
        ++at_;
    }

    /// $name and ${name}; leaves at_ on its last byte.
    bool expanded(std::string& out) {
        const bool braces = at_ + 1 < text_.size() && text_[at_ + 1] == '{';
        at_ += braces ? 2 : 1;
        const std::string name = cut_name();
        if (name.empty() || (braces && (at_ == text_.size() || text_[at_] != '}')))
            return false;
        if (!braces)
            --at_;
        constexpr size_t longest = 4096; // a="$a$a", again and again
        if (const Variable* known = get(name))
            out += known->value;
        return out.size() <= longest;
    }

    std::string_view text_;
    size_t at_ = 0;
    unsigned line_ = 1;
    std::map<std::string, Variable> variables_;
};

/// Of "6.6.30-gentoo": itself, 6.6.30, 6.6 and 6, as names of variables have them.
std::vector<std::string> variants(std::string_view kernel) {
    std::vector<std::string> out;
    const auto add = [&](std::string_view version) {
        std::string name(version);
        std::replace_if(
            name.begin(), name.end(), [](char c) { return !is_name(c); }, '_');
        if (!name.empty() && out.size() < 16)
            out.push_back("_" + name);
    };
    add(kernel);
    std::string_view version = kernel.substr(0, kernel.find('-'));
    add(version);
    for (size_t dot = version.rfind('.'); dot != std::string_view::npos; dot = version.rfind('.')) {
        version = version.substr(0, dot);
        add(version);
    }
    out.emplace_back(); // without a version
    return out;
}

const Variable* first_of(const Assignments& assignments, const std::string& name,
                         const std::vector<std::string>& versions) {
    for (const std::string& version : versions)
        if (const Variable* found = assignments.get(name + version))
            return found;
    return nullptr;
}

} // namespace

ConfD conf_d_line(std::string_view text, std::string_view module, std::string_view kernel) {
    const Assignments assignments(text);
    const std::vector<std::string> versions = variants(kernel);
    ConfD out;
    out.understood = assignments.understood;
    const Variable* list = first_of(assignments, "modules", versions);
    if (!list)
        return out;
    std::string names = list->value;
    std::replace(names.begin(), names.end(), '\n', ' ');
    for (const std::string_view name : words(names)) {
        if (module_name(name) != module)
            continue;
        const Variable* arguments =
            first_of(assignments, "module_" + module_name(name) + "_args", versions);
        out.found = LoadLine{arguments ? arguments->line : list->line,
                             arguments ? arguments->value : std::string()};
        return out;
    }
    return out;
}

} // namespace virt_nested
