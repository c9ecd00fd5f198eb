// SPDX-License-Identifier: GPL-2.0-or-later
// JSON and metrics as text.
#include "cli/output.h"

#include "core/text.h"

#include <nlohmann/json.hpp>

namespace virt_nested {

namespace {

/// The format escapes backslash, quote and newline; the last is gone after printable().
std::string label_value(const std::string& text) {
    std::string out;
    for (const char c : printable(text))
        out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return "\"" + out + "\"";
}

} // namespace

std::string json_text(const nlohmann::ordered_json& json) {
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string json_line(const nlohmann::ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::vector<std::string> text_first(std::vector<std::string> names) {
    std::stable_partition(names.begin(), names.end(),
                          [](const std::string& name) { return name == "text"; });
    return names;
}

void Metrics::gauge(const char* name, const char* help) {
    gauge_ = name;
    text_ += "# HELP " + gauge_ + " " + help + "\n# TYPE " + gauge_ + " gauge\n";
}

void Metrics::sample(const Labels& labels, bool value) {
    std::vector<std::string> all;
    for (const auto& [key, text] : labels)
        all.push_back(std::string(key) + "=" + label_value(text));
    text_ += gauge_ + "{" + join(all, ",") + "} " + (value ? "1" : "0") + "\n";
}

} // namespace virt_nested
