// SPDX-License-Identifier: GPL-2.0-or-later
// The words of a domain XML.
#include "core/domain.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

constexpr std::array label_policies = {"none", "require", "forbid", "allow"};
static_assert(label_policies.size() == static_cast<size_t>(LabelPolicy::allow) + 1);
constexpr std::array feature_policies = {"require", "force", "optional", "disable", "forbid"};
static_assert(feature_policies.size() == static_cast<size_t>(FeaturePolicy::forbid) + 1);
constexpr std::array cpu_modes = {"none", "host-passthrough", "maximum", "host-model", "custom"};
static_assert(cpu_modes.size() == static_cast<size_t>(CpuMode::custom) + 1);

/// `first` is the first value that a definition can say.
template<typename Value, size_t count>
std::optional<Value> value_of(const std::array<const char*, count>& names, Value first,
                              std::string_view word) {
    const auto found = std::find(names.begin() + static_cast<size_t>(first), names.end(), word);
    if (found == names.end())
        return std::nullopt;
    return static_cast<Value>(found - names.begin());
}

} // namespace

const CpuFeature* Cpu::feature(std::string_view name) const {
    const auto found = std::find_if(features.begin(), features.end(),
                                    [name](const CpuFeature& f) { return f.name == name; });
    return found == features.end() ? nullptr : &*found;
}

bool is_plain_name(std::string_view word) {
    return std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '+' || c == '-';
    });
}

const char* name(LabelPolicy policy) {
    return label_policies[static_cast<size_t>(policy)];
}

const char* name(FeaturePolicy policy) {
    return feature_policies[static_cast<size_t>(policy)];
}

const char* name(CpuMode mode) {
    return cpu_modes[static_cast<size_t>(mode)];
}

std::optional<LabelPolicy> label_policy_of(std::string_view word) {
    return value_of(label_policies, LabelPolicy::require, word);
}

std::optional<FeaturePolicy> feature_policy_of(std::string_view word) {
    return value_of(feature_policies, FeaturePolicy::require, word);
}

std::optional<CpuMode> cpu_mode_of(std::string_view word) {
    return value_of(cpu_modes, CpuMode::host_passthrough, word);
}

} // namespace virt_nested
