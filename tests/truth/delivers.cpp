// SPDX-License-Identifier: GPL-2.0-or-later
// What the product says of many definitions: lines PLATFORM<TAB>XML in, a line ANSWER<TAB>WHY each
// out. PLATFORM is the name of a row of core/platform.cpp; the XML has no line break.
// With --models: lines PLATFORM<TAB>MODEL in; "feature" out where the table of models has it, and
// "feature paging" where it has nested paging too.
#include "core/delivery.h"
#include "core/domain.h"
#include "core/platform.h"

#include <algorithm>
#include <iostream>
#include <string>

namespace {

using namespace virt_nested;

const char* answer(const Delivery& delivery) {
    if (delivery.undetermined)
        return "undetermined";
    switch (delivery.how) {
    case Delivers::certainly:
        return "certainly";
    case Delivers::possibly:
        return "possibly";
    case Delivers::no:
        break;
    }
    return "no";
}

const Platform* row(std::string_view name) {
    const auto found =
        std::find_if(platforms().begin(), platforms().end(),
                     [&](const Platform& platform) { return platform.name == name; });
    return found == platforms().end() ? nullptr : &*found;
}

/// Nothing for a line that is not understood.
std::string answer_line(const Platform& platform, std::string_view text, bool models) {
    if (models) {
        const CpuModel* model = model_with_feature(platform, text);
        return !model ? "-" : model->paging ? "feature paging" : "feature";
    }
    const auto domain = parse_domain(text);
    if (!domain)
        return {};
    const Delivery said = delivery(*domain, platform);
    return answer(said) + ('\t' + said.why);
}

} // namespace

int main(int argc, char** argv) {
    const bool models = argc == 2 && std::string_view(argv[1]) == "--models";
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);) {
        const size_t tab = line.find('\t');
        const Platform* platform = row(line.substr(0, tab));
        const std::string said =
            platform && tab != std::string::npos
                ? answer_line(*platform, std::string_view(line).substr(tab + 1), models)
                : "";
        if (said.empty()) {
            std::cerr << "not understood: " << line << '\n';
            return 2;
        }
        std::cout << said << '\n';
    }
    return 0;
}
