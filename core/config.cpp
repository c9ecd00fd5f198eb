// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration, line by line: Boost.Program_options tells no line numbers, and one bad line
// must spoil no other.
#include "core/config.h"

#include "core/text.h"

#include <boost/program_options.hpp>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <sstream>
#include <sys/stat.h>

namespace virt_nested {

namespace {

namespace po = boost::program_options;

/// The values of one key, the strictest first: a value that is wrong counts as it.
struct Key {
    const char* name;
    std::vector<const char*> values;
    std::function<void(Config&, size_t)> set;
    bool seen = false;
    size_t index = 0;
};

std::vector<Key> keys() {
    return {
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
    };
}

std::string choices(const Key& key) {
    std::vector<std::string> all(key.values.begin(), key.values.end());
    return listed(all);
}

const po::options_description& description() {
    static const po::options_description known = [] {
        po::options_description out;
        for (const Key& key : keys())
            out.add_options()(key.name, po::value<std::string>());
        return out;
    }();
    return known;
}

/// Sets one key from one line's value and says what is wrong with it, if anything.
std::string apply(Key& key, const std::string& value, Config& config) {
    const auto found = std::find_if(key.values.begin(), key.values.end(),
                                    [&](const char* v) { return value == v; });
    std::string problem;
    size_t index = static_cast<size_t>(found - key.values.begin());
    if (found == key.values.end()) {
        index = 0;
        problem = std::string(key.name) + " = '" + printable(value, 64) + "' is none of " +
                  choices(key) + "; it counts as " + key.values.front();
    }
    if (key.seen) {
        problem = std::string(key.name) + " is set twice; the stricter of both counts";
        index = std::min(index, key.index);
    }
    key.seen = true;
    key.index = index;
    key.set(config, index);
    return problem;
}

/// What is wrong with one line, or empty.
std::string parse_line(const std::string& line, std::vector<Key>& known, Config& config) {
    std::istringstream in(line);
    std::string problem;
    try {
        const po::parsed_options parsed = po::parse_config_file(in, description(), true);
        for (const po::option& option : parsed.options) {
            const auto key = std::find_if(known.begin(), known.end(), [&](const Key& k) {
                return option.string_key == k.name;
            });
            if (key == known.end())
                problem = "unknown key '" + printable(option.string_key, 64) + "'";
            else
                problem = apply(*key, option.value.empty() ? std::string() : option.value.front(),
                                config);
        }
    } catch (const po::error& error) {
        problem = "not of the form key = value: '" + printable(line, 64) + "'";
    }
    return problem;
}

} // namespace

std::string ConfigProblem::in_words() const {
    return printable(file, 512) + (line > 0 ? ":" + std::to_string(line) : "") + ": " + what;
}

Config parse_config(std::string_view text, const std::string& shown) {
    Config config;
    std::vector<Key> known = keys();
    unsigned number = 0;
    for (const std::string_view line : lines(text)) {
        ++number;
        const std::string_view plain = trim(line);
        std::string problem;
        if (plain.starts_with('['))
            problem = "sections are not used here: '" + printable(plain, 64) + "'";
        else if (!plain.empty())
            problem = parse_line(std::string(plain), known, config);
        if (!problem.empty() && config.problems.size() < 64)
            config.problems.push_back({shown, number, problem});
    }
    return config;
}

Config read_config(const Sysroot& root, std::string_view path) {
    const std::string shown = root.shown(path);
    // What lies behind the limit is not read; what lies before it counts, for the hook's front
    // looks at just as much.
    const Result<std::string> text = root.read_head(path, Sysroot::small_file);
    if (!text) {
        Config config;
        if (text.error().code != ENOENT)
            config.problems.push_back(
                {shown, 0,
                 text.error().what.substr(std::min(shown.size() + 2, text.error().what.size()))});
        return config;
    }
    Config config = parse_config(*text, shown);
    const Result<FileStatus> status = root.status(path);
    if (status && status->size > Sysroot::small_file)
        config.problems.push_back({shown, 0,
                                   "longer than " + std::to_string(Sysroot::small_file) +
                                       " bytes; the rest is not read"});
    if (status && (status->mode & (S_IWGRP | S_IWOTH)) != 0)
        config.problems.push_back(
            {shown, 0, "can be written by others than root; run: chmod go-w " + shell_word(shown)});
    return config;
}

} // namespace virt_nested
