// SPDX-License-Identifier: GPL-2.0-or-later
// What a label asks of a definition, written into it. Pure: text in, text out; the same text where
// nothing is to be done.
#pragma once

#include "core/config.h"
#include "core/domain.h"
#include "core/platform.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace virt_nested {

struct Wish {
    LabelPolicy policy = LabelPolicy::require;
    /// A person asked for this guest: a definition without a CPU of its own may get one. Changing
    /// the CPU model concerns migration and licences.
    bool by_person = false;
    /// A person wants what the definition says to the contrary overridden.
    bool override_contradiction = false;
    /// The libvirt that will read it (virConnectGetLibVersion), e.g. 9000000; 0 if unknown: then
    /// it is taken to have what it needs, with a warning.
    unsigned long libvirt_version = 0;
    Vouched vouched{}; ///< by the configuration
};

struct Edit {
    bool changed = false;
    std::string xml;                   ///< the new definition; the old one where nothing changed
    std::vector<std::string> what;     ///< e.g. "svm policy='require' added"
    std::vector<std::string> warnings; ///< what stays as it is and matters
};

/// Why a definition cannot be made to agree with its label.
struct EditProblem {
    enum Kind {
        contradiction, ///< the definition says the opposite; both are named
        needs_person,  ///< a CPU would have to be chosen
        undetermined,  ///< something in it is beyond judging
        impossible,    ///< no definition of this kind can
        not_understood ///< the label itself
    };
    Kind kind = impossible;
    std::string what;
};

using EditResult = std::variant<Edit, EditProblem>;

/// `platform`: the one that judges this guest (policy.h, platform_of_guest). Policies other than
/// require and forbid ask nothing. A label in the definition gets what was written in `injected`.
EditResult edit_definition(std::string_view xml, const Platform& platform, const Wish& wish);

/// Whether the CPU is the one that libvirt writes into a definition that names none
/// (qemu_domain.c, qemuDomainDefSetDefaultCPU): then nobody chose it.
bool default_cpu(const Domain& domain);

} // namespace virt_nested
