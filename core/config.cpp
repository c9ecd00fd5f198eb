// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration, line by line: one bad line must spoil no other. The hook's static front is
// compiled with this file, so it needs no library.
#include "core/config.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <optional>

namespace virt_nested {

namespace {

/// The values of one key, the strictest first: a value that is wrong counts as it.
struct Key {
    std::string_view name;
    std::array<std::string_view, 3> values; ///< as many as there are; the rest empty
    void (*set)(Rules& rules, size_t value);
};

constexpr auto keys = std::to_array<Key>({
    {"host", {"on", "off", "any"}, [](Rules& r, size_t i) { r.host = static_cast<HostIntent>(i); }},
    {"unlabelled",
     {"forbid", "warn", "allow"},
     [](Rules& r, size_t i) {
         constexpr UnlabelledRule rules[] = {UnlabelledRule::forbid, UnlabelledRule::warn,
                                             UnlabelledRule::allow};
         r.unlabelled = rules[i];
     }},
    {"honour_allow", {"no", "yes"}, [](Rules& r, size_t i) { r.honour_allow = i == 1; }},
    {"undetermined",
     {"refuse", "allow"},
     [](Rules& r, size_t i) { r.undetermined = static_cast<UndeterminedRule>(i); }},
    {"mode", {"enforce", "report"}, [](Rules& r, size_t i) { r.mode = static_cast<Mode>(i); }},
});

/// A key that holds words, on one line or on several.
struct ListKey {
    std::string_view name;
    std::vector<std::string> Vouched::*list;
    std::string (*wrong)(std::string_view item); ///< what is wrong with one, or empty
};

std::string wrong_folder(std::string_view folder) {
    const bool climbs = (std::string(folder) + "/").find("/../") != std::string::npos;
    return folder.starts_with('/') && !climbs
               ? std::string()
               : "emulators: '" + printable(folder, 64) + "' is no absolute folder";
}

constexpr auto list_keys = std::to_array<ListKey>({
    {"emulators", &Vouched::emulators, wrong_folder},
    {"qemu_arguments", &Vouched::qemu_arguments, [](std::string_view) { return std::string(); }},
});

template<typename Table>
auto entry_of(const Table& table, std::string_view name) {
    return std::find_if(table.begin(), table.end(),
                        [name](const auto& entry) { return entry.name == name; });
}

struct Line {
    enum class Is { empty, section, no_assignment, unknown_key, wrong_value, twice, list, good };

    Is is = Is::empty;
    std::string_view text; ///< without comment and blanks
    std::string_view name;
    std::string_view value;
    const Key* key = nullptr;

    bool wrong() const { return is != Is::empty && is != Is::list && is != Is::good; }
};

using Seen = std::array<std::optional<size_t>, keys.size()>;

/// Sets one key from one line's value. `before`: what an earlier line has set it to.
Line::Is apply(const Key& key, std::string_view value, std::optional<size_t>& before,
               Rules& rules) {
    const auto found =
        value.empty() ? key.values.end() : std::find(key.values.begin(), key.values.end(), value);
    size_t index = found == key.values.end() ? 0 : static_cast<size_t>(found - key.values.begin());
    const Line::Is is = before                      ? Line::Is::twice
                        : found == key.values.end() ? Line::Is::wrong_value
                                                    : Line::Is::good;
    if (before)
        index = std::min(index, *before);
    before = index;
    key.set(rules, index);
    return is;
}

Line parse_line(std::string_view whole, Seen& seen, Rules& rules) {
    Line line;
    line.text = trim(whole.substr(0, whole.find('#')));
    if (line.text.empty())
        return line;
    const size_t equals = line.text.find('=');
    line.is = line.text.starts_with('[')         ? Line::Is::section
              : equals == std::string_view::npos ? Line::Is::no_assignment
                                                 : Line::Is::unknown_key;
    if (line.is != Line::Is::unknown_key)
        return line;
    line.name = trim(line.text.substr(0, equals));
    line.value = trim(line.text.substr(equals + 1));
    const auto key = entry_of(keys, line.name);
    if (key != keys.end()) {
        line.key = &*key;
        line.is = apply(*key, line.value, seen[static_cast<size_t>(key - keys.begin())], rules);
    } else if (entry_of(list_keys, line.name) != list_keys.end()) {
        line.is = Line::Is::list;
    }
    return line;
}

/// Every line of the text, and its number, goes to `take`.
template<typename Take>
void each_line(std::string_view text, Rules& rules, Take take) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark))
        text.remove_prefix(byte_order_mark.size());
    Seen seen;
    for (unsigned number = 1; !text.empty(); ++number) {
        const size_t end = std::min(text.find_first_of("\r\n"), text.size());
        const Line line = parse_line(text.substr(0, end), seen, rules);
        rules.mistakes += line.wrong();
        take(line, number);
        text.remove_prefix(end);
        text.remove_prefix(text.starts_with("\r\n") ? 2 : std::min<size_t>(1, text.size()));
    }
}

/// Why the text as a whole counts for nothing, or empty.
std::string_view no_configuration(std::string_view text) {
    static_assert(config_limit == 65536, "the words below have it");
    if (text.size() > config_limit)
        return "longer than 65536 bytes";
    if (text.find('\0') != std::string_view::npos)
        return "no text (it has NUL bytes)";
    return {};
}

std::string choices(const Key& key) {
    std::vector<std::string> all;
    for (const std::string_view value : key.values)
        if (!value.empty())
            all.emplace_back(value);
    return listed(all);
}

/// What is wrong with one line, or empty.
std::string problem_of(const Line& line) {
    const std::string shown = "'" + printable(line.text, 64) + "'";
    switch (line.is) {
    case Line::Is::section:
        return "sections are not used here: " + shown;
    case Line::Is::no_assignment:
        return "not of the form key = value: " + shown;
    case Line::Is::unknown_key:
        return "unknown key '" + printable(line.name, 64) + "'";
    case Line::Is::wrong_value:
        return std::string(line.name) + " = '" + printable(line.value, 64) + "' is none of " +
               choices(*line.key) + "; it counts as " + std::string(line.key->values.front());
    case Line::Is::twice:
        return std::string(line.name) + " is set twice; the stricter of both counts";
    case Line::Is::empty:
    case Line::Is::list:
    case Line::Is::good:
        break;
    }
    return {};
}

/// Takes the words that are good and says what is wrong with the first that is not.
std::string take_list(const Line& line, Vouched& vouched) {
    const ListKey& key = *entry_of(list_keys, line.name);
    std::string problem;
    for (const std::string_view item : words(line.value)) {
        std::string wrong = key.wrong(item);
        if (wrong.empty())
            (vouched.*key.list).emplace_back(item);
        else if (problem.empty())
            problem = std::move(wrong);
    }
    return problem;
}

} // namespace

std::string_view name(HostIntent intent) {
    return keys.front().values.at(static_cast<size_t>(intent));
}

std::string ConfigProblem::in_words() const {
    return printable(file, 512) + (line > 0 ? ":" + std::to_string(line) : "") + ": " + what;
}

std::optional<Rules> parse_rules(std::string_view text) {
    if (!no_configuration(text).empty())
        return std::nullopt;
    Rules rules;
    each_line(text, rules, [](const Line&, unsigned) {});
    return rules;
}

Config unreadable_config(const std::string& shown, std::string_view why) {
    Config config;
    static_cast<Rules&>(config) = strict_rules;
    config.problems.push_back({shown, 0, std::string(why)});
    config.unreadable = config.problems.front().in_words();
    return config;
}

Config parse_config(std::string_view text, const std::string& shown) {
    if (const std::string_view why = no_configuration(text); !why.empty())
        return unreadable_config(shown, why);
    Config config;
    each_line(text, config, [&](const Line& line, unsigned number) {
        std::string problem =
            line.is == Line::Is::list ? take_list(line, config.vouched) : problem_of(line);
        if (!problem.empty() && config.problems.size() < 64)
            config.problems.push_back({shown, number, std::move(problem)});
    });
    return config;
}

} // namespace virt_nested
