// SPDX-License-Identifier: GPL-2.0-or-later
// The answer of a command that changes something.
#include "cli/result.h"

#include "cli/output.h"
#include "core/text.h"

#include <nlohmann/json.hpp>

#include <iostream>
#include <sstream>

namespace virt_nested {

namespace {

using Json = nlohmann::ordered_json;

/// What is written to a stream while it is there.
class Gathered {
  public:
    explicit Gathered(std::ostream& stream)
        : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
    Gathered(const Gathered&) = delete;
    Gathered& operator=(const Gathered&) = delete;
    ~Gathered() { stream_.rdbuf(before_); }

    /// Line by line, without the program's and the command's name.
    Json lines_without(const std::string& begin) const {
        Json out = Json::array();
        const std::string text = text_.str();
        for (const std::string_view line : lines(text))
            out.push_back(line.starts_with(begin) ? line.substr(begin.size()) : line);
        return out;
    }

  private:
    std::ostream& stream_;
    std::ostringstream text_;
    std::streambuf* before_;
};

} // namespace

void add_result_format(Options& options) {
    add_choice(options, {.name = "format",
                         .value = "FORMAT",
                         .choices = {"text", "json"},
                         .words = {},
                         .otherwise = "text",
                         .behind = {}});
}

void add_result_options(Options& options) {
    add_flag(options, "dry-run,n", "print what would be done, change nothing");
    add_result_format(options);
}

bool as_json(const Parsed& parsed) {
    return parsed.text("format") == "json";
}

Json or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

int with_result(const Parsed& parsed, const std::string& command, const std::function<int()>& run,
                const std::function<void(nlohmann::ordered_json&)>& details) {
    if (!as_json(parsed))
        return run();
    Json out = {{"version", 1}, {"command", command}, {"dry_run", parsed.flag("dry-run")}};
    {
        const Gathered said(std::cout);
        const Gathered problems(std::cerr);
        out["status"] = run();
        out["said"] = said.lines_without({});
        out["problems"] = problems.lines_without("virt-nested " + command + ": ");
    }
    details(out);
    std::cout << json_text(out);
    return out["status"].get<int>();
}

} // namespace virt_nested
