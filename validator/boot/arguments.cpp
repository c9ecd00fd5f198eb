// SPDX-License-Identifier: GPL-2.0-or-later
// Which arguments concern KVM, and where they stand.
#include "validator/boot/arguments.h"

#include "core/modconf/modconf.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <functional>

namespace virt_nested {

namespace {

/// The words of a list: quotes of shells and of zipl around it, or around one of them, are none of
/// theirs.
std::vector<std::string> unquoted_words(std::string_view text) {
    std::string plain(text);
    plain.erase(
        std::remove_if(plain.begin(), plain.end(), [](char c) { return c == '"' || c == '\''; }),
        plain.end());
    std::replace_if(
        plain.begin(), plain.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
    std::vector<std::string> out;
    for (const std::string_view word : words(plain))
        out.emplace_back(word);
    return out;
}

/// What a line gives to a variable.
struct Assigned {
    std::string file;
    unsigned line = 0;
    std::string variable; ///< empty: the line has no name
    std::string_view text;
    bool sets = false; ///< it begins a value, and is no "NAME+="
};

bool is_of_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view leading_name(std::string_view text) {
    return text.substr(
        0,
        static_cast<size_t>(std::find_if_not(text.begin(), text.end(), is_of_name) - text.begin()));
}

/// A file that a shell reads, line by line: a value goes on in the next line in a quote, or behind
/// a backslash (POSIX, Shell Command Language 2.2).
class ShellFile {
  public:
    ShellFile(const std::string& file, std::vector<Assigned>& out) : file_(file), out_(out) {}

    void read(std::string_view text) {
        unsigned number = 0;
        for (const std::string_view line : lines(text)) {
            ++number;
            bool begins = false;
            std::string_view rest = line;
            if (!goes_on_) {
                rest = trim(line);
                constexpr std::string_view for_all = "export ";
                if (rest.starts_with(for_all))
                    rest = trim(rest.substr(for_all.size()));
                variable_ = std::string(leading_name(rest));
                rest.remove_prefix(variable_.size());
                begins = rest.starts_with("=");
                if (begins || rest.starts_with("+="))
                    rest.remove_prefix(begins ? 1 : 2);
                else
                    variable_.clear();
            }
            const std::string_view value = up_to_comment(rest);
            if (!variable_.empty())
                out_.push_back({file_, number, variable_, value, begins});
        }
    }

  private:
    std::string_view up_to_comment(std::string_view line) {
        goes_on_ = false;
        for (size_t i = 0; i < line.size(); ++i) {
            const char c = line[i];
            if (c == '\\' && quote_ != '\'') {
                if (++i >= line.size()) {
                    goes_on_ = true;
                    return line.substr(0, line.size() - 1);
                }
            } else if (quote_ != 0) {
                quote_ = c == quote_ ? '\0' : quote_;
            } else if (c == '\'' || c == '"') {
                quote_ = c;
            } else if (c == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
                return line.substr(0, i);
            }
        }
        goes_on_ = quote_ != 0;
        return line;
    }

    const std::string& file_;
    std::vector<Assigned>& out_;
    std::string variable_;
    char quote_ = '\0';
    bool goes_on_ = false;
};

/// A file of which each line stands alone; of one with a key, the lines that begin with it.
void read_lines(const std::string& file, std::string_view text, std::string_view key,
                std::vector<Assigned>& out) {
    unsigned number = 0;
    for (const std::string_view raw : lines(text)) {
        ++number;
        const std::string_view line = trim(raw);
        if (line.empty() || line.front() == '#' ||
            !lower_case(line.substr(0, key.size())).starts_with(lower_case(key)))
            continue;
        const size_t name_end = key.empty() ? 0 : line.find_first_of("= \t");
        if (name_end == std::string_view::npos)
            continue;
        out.push_back(
            {file, number,
             line[name_end] == '=' ? std::string(line.substr(0, name_end)) : std::string(),
             line.substr(key.empty() ? 0 : name_end + 1)});
    }
}

/// The variables whose values are in this one: $NAME and ${NAME.
void add_variables_in(std::string_view text, std::vector<std::string>& out) {
    for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
        const std::string_view rest = text.substr(at + 1);
        const std::string_view name = leading_name(rest.starts_with("{") ? rest.substr(1) : rest);
        if (!name.empty() && std::find(out.begin(), out.end(), name) == out.end())
            out.emplace_back(name);
    }
}

/// Those of the list, and those that it takes its values from.
void keep_used(std::string_view key, std::vector<Assigned>& all) {
    std::vector<std::string> used;
    const auto counts = [&](const Assigned& line) {
        return line.variable.starts_with(key) ||
               std::find(used.begin(), used.end(), line.variable) != used.end();
    };
    constexpr int deep = 8; // a variable in a variable; nobody writes more
    for (int i = 0; i < deep; ++i) {
        const size_t before = used.size();
        for (const Assigned& line : all)
            if (counts(line))
                add_variables_in(line.text, used);
        if (used.size() == before)
            break;
    }
    all.erase(std::remove_if(all.begin(), all.end(), std::not_fn(counts)), all.end());
}

/// See ListLines::set_in. A value may go over several lines.
std::string last_set_in(const std::vector<Assigned>& all, std::string_view variable) {
    std::string file;
    for (auto line = all.begin(); line != all.end(); ++line) {
        if (!line->sets || line->variable != variable)
            continue;
        std::vector<std::string> used;
        auto part = line;
        do
            add_variables_in(part->text, used);
        while (++part != all.end() && part->variable == variable && !part->sets);
        if (std::find(used.begin(), used.end(), variable) == used.end())
            file = line->file;
    }
    return file;
}

} // namespace

bool concerns_kvm(std::string_view argument) {
    // The kernel's own (Documentation/admin-guide/kernel-parameters.txt): whatever turns flags of
    // the CPU, modules or their init functions off.
    constexpr std::array<std::string_view, 5> names = {"clearcpuid", "disable_radix", "nomodule",
                                                       "initcall_blacklist",
                                                       "sysctl.kernel.modules_disabled"};
    const std::string name = module_name(argument.substr(0, argument.find('=')));
    if (name.find("kvm") != std::string::npos)
        return true;
    const bool listed = name.find("blacklist") != std::string::npos ||
                        name.find("modules_load") != std::string::npos ||
                        name.find("driver.p") != std::string::npos;
    if (listed && name != "initcall_blacklist")
        return argument.find("kvm") != std::string_view::npos;
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> kvm_arguments(std::string_view cmdline) {
    std::vector<std::string> out;
    for (std::string& word : unquoted_words(cmdline)) {
        if (concerns_kvm(word))
            out.push_back(std::move(word));
    }
    return out;
}

ListLines read_argument_list(const Sysroot& root, const ArgumentList& list) {
    std::vector<std::string> texts;
    std::vector<Assigned> all;
    const std::vector<std::string> files = files_of(root, list.files);
    texts.reserve(files.size());
    for (const std::string& file : files) {
        Result<std::string> text = root.read(file);
        if (!text)
            continue;
        texts.push_back(std::move(*text));
        if (list.shell)
            ShellFile(file, all).read(texts.back());
        else
            read_lines(file, texts.back(), list.key, all);
    }
    ListLines out;
    if (list.shell) {
        keep_used(list.key, all);
        out.set_in = last_set_in(all, list.adds_to);
    }
    constexpr size_t most = 256;
    for (const Assigned& line : all)
        for (std::string& word : unquoted_words(line.text))
            if (concerns_kvm(word) && out.places.size() < most)
                out.places.push_back({line.file, line.line, line.variable, std::move(word)});
    return out;
}

} // namespace virt_nested
