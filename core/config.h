// SPDX-License-Identifier: GPL-2.0-or-later
// /etc/virt-nested/virt-nested.conf, for every program: lines of `key = value`.
#pragma once

#include <cstddef>
#include <optional>
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
enum class Mode { enforce, report };

/// As the file has it.
std::string_view name(HostIntent intent);

/// What the site has decided. The defaults change nothing for a guest that nobody labelled.
struct Rules {
    HostIntent host = HostIntent::on;
    UnlabelledRule unlabelled = UnlabelledRule::allow;
    bool honour_allow = true;
    UndeterminedRule undetermined = UndeterminedRule::refuse;
    Mode mode = Mode::enforce;
    unsigned mistakes = 0; ///< lines that are wrong
};

/// A file that is there and cannot be read may say any of this.
inline constexpr Rules strict_rules = {HostIntent::on,           UnlabelledRule::forbid, false,
                                       UndeterminedRule::refuse, Mode::enforce,          0};

/// Each key stands alone: a line that is wrong spoils no other, and a key whose own value is wrong
/// counts as its strictest. Nothing for what is no text (a NUL byte) or longer than config_limit:
/// such a file cannot be read. Allocates nothing, for the hook's front, which must not fail.
std::optional<Rules> parse_rules(std::string_view text);

/// What the site vouches for, where a definition says more than can be judged.
struct Vouched {
    std::vector<std::string> emulators; ///< folders
    /// Arguments of <qemu:commandline>; with '*' at its end, whatever begins so.
    std::vector<std::string> qemu_arguments;
};

struct ConfigProblem {
    std::string file;
    unsigned line = 0; ///< 0: the file as a whole
    std::string what;

    std::string in_words() const;
};

struct Config : Rules {
    Vouched vouched;
    /// The file is there and could not be read, and counts as strict_rules: why, as a clause with
    /// its name; else empty.
    std::string unreadable;
    std::vector<ConfigProblem> problems;
};

/// The configuration that an unreadable file stands for, with its one problem.
Config unreadable_config(const std::string& shown, std::string_view why);

/// The same rules, with what is wrong in the text. `shown` is the file's name for problems.
Config parse_config(std::string_view text, const std::string& shown);

/// No file is no problem: the defaults hold. A file that is there and cannot be read (a folder, a
/// link that leads nowhere, too long, no text) is a strict one. One that others than root can write
/// counts, and is a problem. `path` is taken inside the root.
Config read_config(const Sysroot& root, std::string_view path = config_path);

} // namespace virt_nested
