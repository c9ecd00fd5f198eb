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

/// What is wrong with a label, by what mends it.
enum class LabelFault {
    none,
    words,   ///< of the label itself: another one in its place mends it
    place,   ///< it stands where no command of ours, nor libvirt's, reaches it
    version, ///< of a namespace that is not known here, beside which any label of ours would stand
};

struct Label {
    LabelPolicy policy = LabelPolicy::none;
    /// Why it is refused rather than guessed (an unknown policy, attribute, child, ...); empty
    /// where the label is good.
    std::string problem;
    LabelFault fault = LabelFault::none; ///< the one of `problem`
    std::string uri;                     ///< of LabelFault::version: the namespace, as it stands
    std::string injected; ///< what was written into the definition for it (injected.h)

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
    /// The first word that is beyond judging, with its place, as a clause: one that
    /// formatdomain.rst does not have, or a name that is more than one (is_plain_name). Empty where
    /// all is known.
    std::string unknown;

    /// The feature of exactly this name, or nullptr.
    const CpuFeature* feature(std::string_view name) const;
};

/// A <features> element with a state, e.g. nested-hv.
enum class Switch { absent, on, off };

/// One thing that the definition hands to QEMU past libvirt (libvirt: docs/drvqemu.rst).
struct QemuPiece {
    enum Kind {
        argument,   ///< of <qemu:commandline>: `value`
        variable,   ///< of its environment: `name`, `value`
        capability, ///< added to or taken from what libvirt found out: `name`
        property,   ///< of <qemu:override>: `value` is the property, `name` the device's alias
        unknown,    ///< an element that is not known here: `name`
    };
    Kind kind = unknown;
    std::string name;
    std::string value;

    bool operator==(const QemuPiece&) const = default;
};

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
    std::vector<QemuPiece> qemu; ///< in document order, 4096 of them and 1 MiB at most
    bool more_qemu = false;      ///< there is more of it than that
    Label label;
};

const char* name(LabelPolicy policy);
const char* name(FeaturePolicy policy);
const char* name(CpuMode mode);
/// Nothing for a word that a definition cannot say.
std::optional<LabelPolicy> label_policy_of(std::string_view word);
std::optional<FeaturePolicy> feature_policy_of(std::string_view word);
std::optional<CpuMode> cpu_mode_of(std::string_view word);

/// What names of CPU models, features and machine types are made of: [A-Za-z0-9._+-]. With any
/// other character one can be more than a name, and say something else to QEMU: on POWER and Z
/// libvirt hands over what stands there (libvirt: src/cpu/cpu_ppc64.c, cpu_s390.c).
bool is_plain_name(std::string_view word);

/// Gives the next bytes of the XML, at most `size` of them; 0 at the end, -1 on an error.
using ByteSource = std::function<long(char* buffer, size_t size)>;

/// Errors: not well-formed (with the line), cut off, a document type (libvirt sends none), another
/// root element than <domain>, and whatever kept the parser from its end. Whatever else is in the
/// XML is not looked at. The source is read until it ends or fails, whatever comes of it.
Result<Domain> parse_domain(const ByteSource& source);
Result<Domain> parse_domain(std::string_view xml);

} // namespace virt_nested
