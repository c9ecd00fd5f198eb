// SPDX-License-Identifier: GPL-2.0-or-later
// Which arguments concern KVM, and where they stand.
#include "validator/boot/arguments.h"

#include "core/modconf/modconf.h"
#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

/// The words of a list: quotes of shells and of zipl around it, or around one of them, are none of
/// theirs.
std::vector<std::string> unquoted_words(std::string_view text) {
    std::string plain(text);
    plain.erase(
        std::remove_if(plain.begin(), plain.end(), [](char c) { return c == '"' || c == '\''; }),
        plain.end());
    std::replace_if(
        plain.begin(), plain.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
    std::vector<std::string> out;
    for (const std::string_view word : words(plain))
        out.emplace_back(word);
    return out;
}

void places_in(const std::string& file, std::string_view text, std::string_view key,
               std::vector<ArgumentPlace>& out) {
    constexpr size_t most = 256;
    unsigned number = 0;
    for (const std::string_view raw : lines(text)) {
        ++number;
        const std::string_view line = trim(raw);
        if (line.empty() || line.front() == '#' ||
            !lower_case(line.substr(0, key.size())).starts_with(lower_case(key)))
            continue;
        const size_t name_end = key.empty() ? 0 : line.find_first_of("= \t");
        if (name_end == std::string_view::npos)
            continue;
        for (std::string& word : unquoted_words(line.substr(key.empty() ? 0 : name_end + 1)))
            if (concerns_kvm(word) && out.size() < most)
                out.push_back(
                    {file, number,
                     line[name_end] == '=' ? std::string(line.substr(0, name_end)) : std::string(),
                     std::move(word)});
    }
}

} // namespace

bool concerns_kvm(std::string_view argument) {
    // The kernel's own (Documentation/admin-guide/kernel-parameters.txt): whatever turns flags of
    // the CPU, modules or their init functions off.
    constexpr std::array<std::string_view, 5> names = {"clearcpuid", "disable_radix", "nomodule",
                                                       "initcall_blacklist",
                                                       "sysctl.kernel.modules_disabled"};
    const std::string name = module_name(argument.substr(0, argument.find('=')));
    if (name.find("kvm") != std::string::npos)
        return true;
    const bool listed = name.find("blacklist") != std::string::npos ||
                        name.find("modules_load") != std::string::npos ||
                        name.find("driver.p") != std::string::npos;
    if (listed && name != "initcall_blacklist")
        return argument.find("kvm") != std::string_view::npos;
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> kvm_arguments(std::string_view cmdline) {
    std::vector<std::string> out;
    for (std::string& word : unquoted_words(cmdline)) {
        if (concerns_kvm(word))
            out.push_back(std::move(word));
    }
    return out;
}

std::vector<ArgumentPlace> argument_places(const Sysroot& root, const ArgumentList& list) {
    std::vector<ArgumentPlace> out;
    for (const std::string& file : files_of(root, list.files))
        if (const Result<std::string> text = root.read(file))
            places_in(file, *text, list.key, out);
    return out;
}

} // namespace virt_nested
