// SPDX-License-Identifier: GPL-2.0-or-later
// What a command that changes something tells programs: docs/result.schema.json.
#pragma once

#include "cli/command.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>

namespace virt_nested {

/// --format text|json of such a command.
void add_result_format(Options& options);
/// The same, and --dry-run.
void add_result_options(Options& options);
bool as_json(const Parsed& parsed);

/// The text, or null where it is empty.
nlohmann::ordered_json or_null(const std::string& text);

/// Runs it. With --format json what it says is gathered and printed as one object at its end:
/// version, command, dry_run, status, said, problems, and behind them what `details` adds, of which
/// "changed" is always one. Returns the command's exit status.
int with_result(const Parsed& parsed, const std::string& command, const std::function<int()>& run,
                const std::function<void(nlohmann::ordered_json&)>& details);

} // namespace virt_nested
