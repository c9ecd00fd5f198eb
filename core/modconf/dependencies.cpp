// SPDX-License-Identifier: GPL-2.0-or-later
// What a module needs, out of modules.dep.
#include "core/modconf/modconf.h"
#include "core/text.h"

namespace virt_nested {

// A line of modules.dep names all of them, those of its dependencies too (kmod: tools/depmod.c
// output_deps).
std::vector<std::string> dependencies_in(std::string_view modules_dep, std::string_view module) {
    const std::string wanted = module_name(module);
    std::vector<std::string> out;
    for (const std::string_view line : lines(modules_dep)) {
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos || module_in_path(line.substr(0, colon)) != wanted)
            continue;
        for (const std::string_view path : words(line.substr(colon + 1)))
            if (std::string name = module_in_path(path); !name.empty())
                out.push_back(std::move(name));
        return out;
    }
    return out;
}

} // namespace virt_nested
