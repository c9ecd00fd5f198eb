// SPDX-License-Identifier: GPL-2.0-or-later
// /etc/virt-nested/virt-nested.conf, for every program: lines of `key = value`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

class Sysroot;

inline constexpr const char* config_path = "/etc/virt-nested/virt-nested.conf";
/// Bytes of it that count, for the hook's front as for everybody else.
inline constexpr size_t config_limit = 64 * 1024;

enum class HostIntent { on, off, any };
enum class UnlabelledRule { allow, warn, forbid };
enum class UndeterminedRule { refuse, allow };

/// As the file has it.
std::string_view name(HostIntent intent);

struct ConfigProblem {
    std::string file;
    unsigned line = 0; ///< 0: the file as a whole
    std::string what;

    std::string in_words() const;
};

/// The defaults change nothing for a guest that nobody labelled. Each key stands alone: a line that
/// is wrong spoils no other, and a key whose own value is wrong counts as its strictest.
struct Config {
    HostIntent host = HostIntent::on;
    UnlabelledRule unlabelled = UnlabelledRule::allow;
    bool honour_allow = true;
    UndeterminedRule undetermined = UndeterminedRule::refuse;
    std::vector<ConfigProblem> problems;
};

/// `shown` is the file's name for problems.
Config parse_config(std::string_view text, const std::string& shown);

/// No file is no problem: the defaults hold. A file that is there and cannot be read, is longer
/// than config_limit, or can be written by others than root is one, and what could be read of it
/// counts. `path` is taken inside the root.
Config read_config(const Sysroot& root, std::string_view path = config_path);

} // namespace virt_nested
