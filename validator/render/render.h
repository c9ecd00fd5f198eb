// SPDX-License-Identifier: GPL-2.0-or-later
// The output formats: each renders a report and reads nothing else.
#pragma once

#include "validator/checks/check.h"
#include "validator/checks/report.h"

#include <string>

namespace virt_nested {

struct TextStyle {
    bool colour = false;
    bool everything = false; ///< what passes and what is skipped, too
};

/// For a person: the verdicts first, then what is not well.
std::string render_text(const Report& report, const TextStyle& style);

/// One object, as docs/validate.schema.json has it. Fields are only ever added.
std::string render_json(const Report& report);

/// Prometheus text format, for the textfile collector of node_exporter.
std::string render_prometheus(const Report& report);

/// The table of checks itself.
std::string list_checks_text();
std::string list_checks_json();

} // namespace virt_nested
