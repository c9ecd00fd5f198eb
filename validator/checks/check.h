// SPDX-License-Identifier: GPL-2.0-or-later
// The checks: one table, one entry each. Text, JSON, metrics, the manual page and --list-checks
// come from it. A new check is a function from facts to findings that reads nothing, its entry
// beneath it, and the entry's name in the list at the end of the same file.
#pragma once

#include "validator/checks/report.h"
#include "validator/facts/facts.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

using Findings = std::vector<Finding>;

/// Which platforms a check is for, by what they have.
using Platforms = std::function<bool(const Platform&)>;
inline const Platforms every_platform; ///< those that are not known included
bool has_cpu_flag(const Platform& platform);
bool has_nested_paging(const Platform& platform);
bool has_module(const Platform& platform);
bool has_parameter(const Platform& platform);
bool has_boot_option(const Platform& platform);
bool has_rivals(const Platform& platform);
bool has_libvirt_copies(const Platform& platform); ///< what libvirt keeps of QEMU's answers matters
/// For what is about one platform alone.
Platforms only_on(PlatformId id);

struct ValidateOptions : GatherOptions {
    std::vector<std::string> checks;           ///< only these; empty: all
    std::map<std::string, std::string> waived; ///< id -> reason
};

struct Check {
    std::string_view id = {}; ///< stable, kebab-case
    std::string_view title = {};
    Outcome severity = Outcome::fail; ///< the worst that it reports
    Platforms platforms = {};         ///< empty: all
    Horizons horizons = at_now;
    Horizons decides = 0; ///< without its answer the verdict of these horizons is undetermined
    bool wants_nesting = false; ///< says nothing on a host that is meant not to nest
    Tells tells = Tells::cause;
    std::string_view why = {};
    std::string_view mend = {};
    std::string_view reference = {};
    std::function<Findings(const Facts&)> run = {};
};

const std::vector<Check>& checks();
const Check* check(std::string_view id);

/// The whole validation: reads everything, then decides. Nothing is written but the cache.
Report validate(const Sysroot& root, const ValidateOptions& options);
/// The same on facts that were had otherwise.
Report report_on(const Facts& facts, const ValidateOptions& options);

/// What a fact means for a host that should nest, should not, or may.
Outcome outcome_of(const Facts& facts, State state);

/// "11.3.0" of 11003000.
std::string libvirt_version_text(int libvirt);

// --- the entries, by what they look at
void add_kvm_checks(std::vector<Check>& table);
void add_parameter_checks(std::vector<Check>& table);
void add_proof_checks(std::vector<Check>& table);
void add_power_checks(std::vector<Check>& table);
void add_configuration_checks(std::vector<Check>& table);
void add_boot_checks(std::vector<Check>& table);
void add_hook_checks(std::vector<Check>& table);
void add_libvirt_checks(std::vector<Check>& table);

} // namespace virt_nested
