// SPDX-License-Identifier: GPL-2.0-or-later
// What the product says of many definitions: lines PLATFORM<TAB>XML in, a line ANSWER<TAB>WHY each
// out. PLATFORM is the name of a row of core/platform.cpp; the XML has no line break.
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

} // namespace

int main() {
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);) {
        const size_t tab = line.find('\t');
        const std::string name = line.substr(0, tab);
        const auto platform = std::find_if(platforms().begin(), platforms().end(),
                                           [&](const Platform& row) { return row.name == name; });
        if (tab == std::string::npos || platform == platforms().end()) {
            std::cerr << "no platform: " << line << '\n';
            return 2;
        }
        const auto domain = parse_domain(std::string_view(line).substr(tab + 1));
        if (!domain) {
            std::cerr << "no domain: " << line << '\n';
            return 2;
        }
        const Delivery said = delivery(*domain, *platform);
        std::cout << answer(said) << '\t' << said.why << '\n';
    }
    return 0;
}
