// SPDX-License-Identifier: GPL-2.0-or-later
// Module parameters: which ones KVM's modules have, of what type, and whether the kernel accepts a
// value for it. A refused value is fatal: the module does not load.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace virt_nested {

/// The kernel's types of module parameters that occur in KVM (include/linux/moduleparam.h).
enum class Parmtype {
    boolean,
    integer,
    unsigned_integer,
    unsigned_short,
    unsigned_long,
    other, ///< a string, or a rule of the parameter's own: no value is judged
};

const char* name(Parmtype type);

/// From the text of parmtype: "bool", "invbool", "bint", "int", "uint", "ushort", "ulong"; all else
/// is `other`.
Parmtype parmtype_of(std::string_view text);

struct Parameter {
    std::string_view module;
    std::string_view name;
    Parmtype type;
    std::string_view kernels = {}; ///< which ones have it, where not all of those that people run
};

/// Parameters of kvm, kvm_intel, kvm_amd and kvm_hv that some kernel from 4.18 on has. `kvm` holds
/// those of x86 and of s390x.
std::span<const Parameter> known_parameters();
const Parameter* known_parameter(std::string_view module, std::string_view parameter);

/// What the kernel does with a value.
struct Acceptance {
    enum class Verdict { accepted, refused, depends };
    Verdict verdict = Verdict::refused;
    std::optional<bool> on; ///< accepted: whether it means on (a number other than 0)
    std::string why; ///< refused or depends: a clause, e.g. "kvm_amd.nested is a number (int)"
};

/// By the rules of lib/kstrtox.c and kernel/params.c; an absent value is the bare name. `depends`:
/// true/false words, which the kernel knows since 5.19 only.
Acceptance check_value(Parmtype type, const std::optional<std::string>& value);

/// parmtype of every parameter of a module.
struct Parmtypes {
    std::string source;                                     ///< the file
    std::vector<std::pair<std::string, std::string>> types; ///< name, parmtype

    std::optional<Parmtype> type(std::string_view parameter) const;
    bool has(std::string_view parameter) const;
};

} // namespace virt_nested
