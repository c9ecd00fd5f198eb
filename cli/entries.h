// SPDX-License-Identifier: GPL-2.0-or-later
// Tables whose rows lie in the files that they are about: each such file ends with its own entries,
// and the build gathers them (cmake/Table.cmake).
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

namespace virt_nested {

template<typename T>
using Entries = std::span<const T>;

template<typename T>
std::vector<const T*> gathered(std::initializer_list<Entries<T>> files) {
    std::vector<const T*> out;
    for (const Entries<T> file : files)
        for (const T& entry : file)
            out.push_back(&entry);
    return out;
}

} // namespace virt_nested
