// SPDX-License-Identifier: GPL-2.0-or-later
// Tables that people read and tests take their expectations from: sections in brackets, cells
// between bars, # comments.
#pragma once

#include "core/text.h"

#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace virt_nested::test {

using Row = std::vector<std::string>;
using Tables = std::map<std::string, std::vector<Row>>;

inline std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    for (;;) {
        const size_t end = text.find(separator);
        out.emplace_back(trim(text.substr(0, end)));
        if (end == std::string_view::npos)
            return out;
        text.remove_prefix(end + 1);
    }
}

/// Every row of a section must have as many cells as its first.
inline Tables read_tables(const std::string& path) {
    std::ifstream in(path);
    if (!in)
        throw std::runtime_error("cannot read " + path);
    Tables out;
    std::string section;
    for (std::string line; std::getline(in, line);) {
        const std::string_view plain = trim(line);
        if (plain.empty() || plain.front() == '#')
            continue;
        if (plain.front() == '[') {
            section = plain.substr(1, plain.size() - 2);
            continue;
        }
        Row row = split(plain, '|');
        std::vector<Row>& rows = out[section];
        if (!rows.empty() && rows.front().size() != row.size())
            throw std::runtime_error(path + ": another number of cells: " + line);
        rows.push_back(std::move(row));
    }
    return out;
}

/// A cell is "*", or a list of words between commas.
inline bool matches(const std::string& cell, std::string_view word) {
    if (cell == "*")
        return true;
    for (const std::string& choice : split(cell, ','))
        if (choice == word)
            return true;
    return false;
}

} // namespace virt_nested::test
