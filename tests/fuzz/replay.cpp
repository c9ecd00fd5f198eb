// SPDX-License-Identifier: GPL-2.0-or-later
// Feeds every file of a folder to a fuzz target, once, where there is no libFuzzer.
#include "tests/fuzz/fuzz.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

int main(int argc, char** argv) {
    size_t seeds = 0;
    for (int i = 1; i < argc; ++i)
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            std::ifstream file(entry.path(), std::ios::binary);
            const std::string bytes(std::istreambuf_iterator<char>(file), {});
            LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
            ++seeds;
        }
    std::cout << seeds << " seeds\n";
    return seeds > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
