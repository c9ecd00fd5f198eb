// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration: a line that is wrong spoils no other, and no line makes what another one says
// laxer.
#include "core/config.h"
#include "tests/fuzz/fuzz.h"

using namespace virt_nested;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string text(fuzz::text(data, size));
    const Config config = parse_config(text, "virt-nested.conf");
    must(config.problems.size() <= 64, "the list of problems is bounded");
    for (const ConfigProblem& problem : config.problems)
        must(fuzz::is_harmless(problem.in_words()) &&
                 (problem.line >= 1 || !config.unreadable.empty()),
             "a problem has a line, and is printable");
    const Rules rules = parse_rules(text).value_or(strict_rules);
    must(rules.unlabelled == config.unlabelled && rules.mode == config.mode,
         "the front reads what the judge reads");
    for (const std::string& folder : config.vouched.emulators)
        must(folder.starts_with('/'), "a folder that is vouched for is absolute");
    const Config stricter = parse_config(
        text + "\nunlabelled = forbid\nhonour_allow = no\nundetermined = refuse\n", "c");
    must(stricter.unlabelled == UnlabelledRule::forbid && !stricter.honour_allow &&
             stricter.undetermined == UndeterminedRule::refuse,
         "whatever stands before, a strict line counts");
    const Config laxer = parse_config(text + "\nunlabelled = allow\n", "c");
    must(config.unlabelled != UnlabelledRule::forbid || laxer.unlabelled == UnlabelledRule::forbid,
         "a second line makes nothing laxer");
    must(config.unlabelled == UnlabelledRule::allow || !config.unreadable.empty() ||
             text.find("unlabelled") != std::string::npos,
         "no rule without its key in the bytes");
    return 0;
}
