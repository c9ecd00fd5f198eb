// SPDX-License-Identifier: GPL-2.0-or-later
// What is wrong, or without effect, in what a person wrote about KVM into modprobe.d, beside it,
// and onto the kernel command line. Never about '-' against '_' where the two are equal.
#pragma once

#include "core/modconf/modconf.h"
#include "core/modconf/places.h"
#include "core/modconf/values.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested {

enum class LintKind {
    wrong_type,           ///< fatal: the module does not load
    wrong_module,         ///< options kvm nested=1 on x86; the other vendor's line
    unknown_parameter,    ///< a typo, or dropped by the kernel: ignored with a line in its log
    unknown_module,       ///< a typo, upper case
    trailing_comment,     ///< there are none: the words reach the kernel
    blanks_around_equals, ///< "nested = 1" are three words
    line_end,             ///< CR LF
    indented_comment,     ///< not a comment for modprobe
    swallowed_line,       ///< a comment that ends in a backslash takes the next line with it
    keyword,              ///< "option", "Options", "modprobe"
    incomplete,           ///< options without a parameter, alias without a module
    include,              ///< include and config are not read any more
    glob,                 ///< options and blacklist know no patterns
    wrong_folder,         ///< modules-load.d, /etc/modules, /etc/modprobe.conf
    folder_not_read,      ///< a folder that this kmod does not read
    wrong_suffix,         ///< no .conf, .CONF, .rpmsave and other leftovers
    sub_folder,           ///< folders inside modprobe.d are not read
    not_normalised,       ///< modprobe.blacklist=kvm-intel, module_blacklist=kvm-intel
    after_dashes,         ///< behind "--"
    quoted_name,          ///< "kvm_intel.nested=1" in quotes with a kmod that does not know them
    upper_case,           ///< KVM_INTEL.nested
    too_long,             ///< beyond what libkmod or the kernel reads
    built_in,             ///< modprobe.d is for modules, and KVM is in the kernel
};

const char* name(LintKind kind); ///< "wrong-type"

enum class LintSeverity {
    fatal,   ///< KVM will not work
    warning, ///< what was meant does not happen
    note,    ///< without effect on this host, or harmless today
};

/// What mends a line, as it stands there.
struct LintChange {
    std::string text;
    std::string by; ///< empty: `text` goes
};

struct LintFinding {
    LintKind kind = LintKind::wrong_type;
    LintSeverity severity = LintSeverity::warning;
    Origin origin;
    std::string text;                      ///< as found, printable
    std::string why;                       ///< a sentence
    std::string mend;                      ///< what to do, with the command or the line to write
    std::optional<LintChange> change = {}; ///< the same as data, where one word is the mistake
};

struct LintContext {
    /// The module that holds `nested` on this host ("kvm_intel", "kvm_amd", "kvm_hv", "kvm"); empty
    /// where none does, or it is not known: then no line is for the wrong host.
    std::string module;
    /// Types read from the host's own modules; the built-in table stands in for what is not here.
    std::vector<std::pair<std::string, Parmtypes>> types; ///< by module
    Linkage linkage = Linkage::module;
    std::optional<bool> wanted; ///< whether this host shall nest; absent: either
};

/// In the order of files and lines, then what lies beside them, the command line last.
std::vector<LintFinding> lint_modconf(const ModConf& conf, const std::vector<PlaceLine>& places,
                                      const Cmdline& cmdline, const LintContext& context);

} // namespace virt_nested
