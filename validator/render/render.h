// SPDX-License-Identifier: GPL-2.0-or-later
// The output formats of a report: each renders it and reads nothing else. A new format is a file in
// this folder that ends with its entry, `extern const Entries<ReportFormat> format_NAME`.
#pragma once

#include "cli/output.h"
#include "validator/checks/check.h"
#include "validator/checks/report.h"

#include <span>
#include <string>

namespace virt_nested {

struct TextStyle {
    bool colour = false;
    bool everything = false; ///< what passes and what is skipped, too
    size_t columns = 0;      ///< of the terminal; 0: lines are not wrapped
};

using ReportFormat = Format<Report, TextStyle>;

std::span<const ReportFormat* const> report_formats();

} // namespace virt_nested
