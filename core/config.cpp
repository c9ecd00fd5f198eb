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
    void (*set)(Config& config, size_t value);
};

constexpr auto keys = std::to_array<Key>({
    {"host",
     {"on", "off", "any"},
     [](Config& c, size_t i) { c.host = static_cast<HostIntent>(i); }},
    {"unlabelled",
     {"forbid", "warn", "allow"},
     [](Config& c, size_t i) {
         constexpr UnlabelledRule rules[] = {UnlabelledRule::forbid, UnlabelledRule::warn,
                                             UnlabelledRule::allow};
         c.unlabelled = rules[i];
     }},
    {"honour_allow", {"no", "yes"}, [](Config& c, size_t i) { c.honour_allow = i == 1; }},
    {"undetermined",
     {"refuse", "allow"},
     [](Config& c, size_t i) { c.undetermined = static_cast<UndeterminedRule>(i); }},
});

std::string choices(const Key& key) {
    std::vector<std::string> all;
    for (const std::string_view value : key.values)
        if (!value.empty())
            all.emplace_back(value);
    return listed(all);
}

/// Sets one key from one line's value and says what is wrong with it, if anything. `before`: what
/// an earlier line has set it to.
std::string apply(const Key& key, std::string_view value, std::optional<size_t>& before,
                  Config& config) {
    const auto found =
        value.empty() ? key.values.end() : std::find(key.values.begin(), key.values.end(), value);
    std::string problem;
    size_t index = static_cast<size_t>(found - key.values.begin());
    if (found == key.values.end()) {
        index = 0;
        problem = std::string(key.name) + " = '" + printable(value, 64) + "' is none of " +
                  choices(key) + "; it counts as " + std::string(key.values.front());
    }
    if (before) {
        problem = std::string(key.name) + " is set twice; the stricter of both counts";
        index = std::min(index, *before);
    }
    before = index;
    key.set(config, index);
    return problem;
}

using Seen = std::array<std::optional<size_t>, keys.size()>;

/// What is wrong with one line, or empty.
std::string parse_line(std::string_view line, Seen& seen, Config& config) {
    const std::string_view plain = trim(line.substr(0, line.find('#')));
    if (plain.empty())
        return {};
    if (plain.starts_with('['))
        return "sections are not used here: '" + printable(plain, 64) + "'";
    const size_t equals = plain.find('=');
    if (equals == std::string_view::npos)
        return "not of the form key = value: '" + printable(plain, 64) + "'";
    const std::string_view name = trim(plain.substr(0, equals));
    const auto key =
        std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return name == k.name; });
    if (key == keys.end())
        return "unknown key '" + printable(name, 64) + "'";
    return apply(*key, trim(plain.substr(equals + 1)),
                 seen[static_cast<size_t>(key - keys.begin())], config);
}

} // namespace

std::string_view name(HostIntent intent) {
    return keys.front().values.at(static_cast<size_t>(intent));
}

std::string ConfigProblem::in_words() const {
    return printable(file, 512) + (line > 0 ? ":" + std::to_string(line) : "") + ": " + what;
}

Config parse_config(std::string_view text, const std::string& shown) {
    Config config;
    Seen seen;
    unsigned number = 0;
    for (const std::string_view line : lines(text)) {
        ++number;
        std::string problem = parse_line(line, seen, config);
        if (!problem.empty() && config.problems.size() < 64)
            config.problems.push_back({shown, number, std::move(problem)});
    }
    return config;
}

} // namespace virt_nested
