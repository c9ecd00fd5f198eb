// SPDX-License-Identifier: GPL-2.0-or-later
// Another host's facts, read.
#include "validator/other_host.h"

#include "cli/command.h"
#include "core/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

namespace virt_nested {

namespace {

using Json = nlohmann::json;

constexpr int version = 1; ///< docs/facts.schema.json

Json read_facts(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::array<char, 64L * 1024> text{};
    if (!in.read(text.data(), text.size()) && in.gcount() == 0)
        throw UsageError("'" + printable(file) + "' cannot be read, or is empty");
    Json facts = Json::parse(text.data(), text.data() + in.gcount(), nullptr, false);
    const bool facts_alone = facts.is_object() && facts.contains("virt_nested") &&
                             facts.contains("version") && facts["version"].is_number_integer();
    if (!facts_alone)
        throw UsageError("'" + printable(file) + "' is not what virt-nested facts prints");
    if (const auto found = facts["version"].get<int64_t>(); found != version)
        throw UsageError("'" + printable(file) + "' has facts of version " + std::to_string(found) +
                         ", and this virt-nested reads version " + std::to_string(version) +
                         "; use the same release on both hosts");
    return facts;
}

std::string word(const Json& facts, const char* key) {
    return facts.contains(key) && facts[key].is_string() ? facts[key].get<std::string>()
                                                         : std::string();
}

/// 9002003 of "9.2.3"; 0 where it is none.
unsigned long libvirt_number(std::string_view text) {
    unsigned long out = 0;
    for (const unsigned long weight : {1'000'000UL, 1000UL, 1UL}) {
        unsigned long part = 0;
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), part);
        if (code != std::errc() || part > 999)
            return 0;
        out += part * weight;
        text.remove_prefix(static_cast<size_t>(end - text.data()));
        if (text.starts_with("."))
            text.remove_prefix(1);
    }
    return text.empty() ? out : 0;
}

} // namespace

TargetHost host_of_facts(const std::string& file) {
    const Json facts = read_facts(file);
    const std::string name = word(facts, "platform");
    const std::string machine = word(facts, "machine");
    TargetHost out;
    for (const Platform& platform : platforms())
        if (platform.name == name && platform.machine == machine)
            out.platform = &platform;
    out.unknown = "the facts in '" + printable(file) + "' name " + printable(name, 64) + " (" +
                  printable(machine, 64) + ")";
    out.libvirt_version = libvirt_number(word(facts, "libvirt"));
    return out;
}

} // namespace virt_nested
