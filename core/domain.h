// SPDX-License-Identifier: GPL-2.0-or-later
// What a domain XML asks for, as far as nesting is concerned. domain_xml.cpp, which alone includes
// libxml2, reads a stream, so that memory stays flat, touches no network and follows no entity.
#pragma once

#include "core/label.h"
#include "core/result.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

enum class LabelPolicy { none, require, forbid, allow };

struct Label {
    LabelPolicy policy = LabelPolicy::none;
    /// Why it is refused rather than guessed (an unknown policy, attribute, child, ...); empty
    /// where the label is good.
    std::string problem;

    bool present() const { return policy != LabelPolicy::none || !problem.empty(); }
};

/// `policy` of a <feature>; an absent attribute is require (libvirt's formatdomain.rst).
enum class FeaturePolicy { require, force, optional, disable, forbid };

struct CpuFeature {
    std::string name;
    FeaturePolicy policy = FeaturePolicy::require;
};

/// `none`: no <cpu>, or one that holds only topology, numa and the like.
enum class CpuMode { none, host_passthrough, maximum, host_model, custom };

struct Cpu {
    bool element = false; ///< there is a <cpu>
    CpuMode mode = CpuMode::none;
    std::string model;                ///< text of <model>; empty without one
    std::string match;                ///< exact, minimum, strict, or empty
    std::string check;                ///< none, partial, full, or empty
    std::vector<CpuFeature> features; ///< in document order, at most 4096 of them
    /// The first word that formatdomain.rst does not have, with its place, or that there are more
    /// features than that: what the guest gets is then anybody's guess. Empty where all is known.
    std::string unknown;

    /// The feature of exactly this name, or nullptr.
    const CpuFeature* feature(std::string_view name) const;
};

/// A <features> element with a state, e.g. nested-hv.
enum class Switch { absent, on, off };

struct Domain {
    std::string type; ///< kvm, qemu, ...
    std::string name;
    std::string uuid;
    std::string arch;    ///< <type arch=''>
    std::string machine; ///< <type machine=''>
    std::string emulator;
    bool running = false; ///< the element has an id: a live definition
    Cpu cpu;
    Switch nested_hv = Switch::absent;
    Switch virtualization = Switch::absent;
    std::string launch_security; ///< type of <launchSecurity>, e.g. s390-pv
    /// Arguments of <qemu:commandline> that touch the CPU or the accelerator, as written.
    std::vector<std::string> cpu_arguments;
    Label label;
};

const char* name(LabelPolicy policy);
const char* name(FeaturePolicy policy);
const char* name(CpuMode mode);
/// Nothing for a word that a definition cannot say.
std::optional<LabelPolicy> label_policy_of(std::string_view word);
std::optional<FeaturePolicy> feature_policy_of(std::string_view word);
std::optional<CpuMode> cpu_mode_of(std::string_view word);

/// Gives the next bytes of the XML, at most `size` of them; 0 at the end, -1 on an error.
using ByteSource = std::function<long(char* buffer, size_t size)>;

/// Errors: not well-formed (with the line), cut off, a document type (libvirt sends none), another
/// root element than <domain>. Whatever else is in the XML is not looked at.
Result<Domain> parse_domain(const ByteSource& source);
Result<Domain> parse_domain(std::string_view xml);

} // namespace virt_nested
