// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands print for programs: JSON, Prometheus' text format, and the choice between them.
#pragma once

#include "cli/command.h"

#include <nlohmann/json_fwd.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace virt_nested {

/// As it is printed. JSON strings must be valid UTF-8; what is not becomes the replacement
/// character.
std::string json_text(const nlohmann::ordered_json& json);
/// The same in one line.
std::string json_line(const nlohmann::ordered_json& json);

/// Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats).
class Metrics {
  public:
    using Labels = std::vector<std::pair<const char*, std::string>>;

    /// The samples that follow are of this gauge.
    void gauge(const char* name, const char* help);
    /// Label values may be any text; control characters in them are escaped.
    void sample(const Labels& labels, bool value);

    const std::string& text() const { return text_; }

  private:
    std::string gauge_;
    std::string text_;
};

/// One output format of a command that shows `What`.
template<typename... What>
struct Format {
    const char* name;
    std::string (*render)(const What&... what);
    std::string (*list)() =
        nullptr; ///< of what there is to choose from; nullptr: not in this format
    const char* saved_as = nullptr; ///< the file's name where a report is kept; nullptr: it is not
};

/// Names of formats as a person expects them.
std::vector<std::string> text_first(std::vector<std::string> names);

/// --format, with the names of all formats; text is the default.
template<typename... What>
void add_format(Options& options, std::span<const Format<What...>* const> formats) {
    std::vector<std::string> names;
    for (const auto* format : formats)
        names.emplace_back(format->name);
    add_choice(options, {.name = "format",
                         .value = "FORMAT",
                         .choices = text_first(std::move(names)),
                         .words = {},
                         .otherwise = "text",
                         .behind = {}});
}

/// The format that was chosen.
template<typename... What>
const Format<What...>& format_of(const Parsed& parsed,
                                 std::span<const Format<What...>* const> formats) {
    const std::string name = parsed.text("format");
    return **std::find_if(formats.begin(), formats.end(),
                          [&](const auto* format) { return name == format->name; });
}

} // namespace virt_nested
