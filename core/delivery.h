// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a definition gives its guest the feature for nesting: domain x platform, pure. The hook,
// the inventory and the injector share this answer.
#pragma once

#include "core/config.h"
#include "core/domain.h"
#include "core/platform.h"

#include <optional>
#include <string>
#include <string_view>

namespace virt_nested {

/// type='qemu': QEMU's TCG runs the guest, and nothing of the host's CPU reaches it.
bool emulated(const Domain& domain);

/// The guest's architecture; a definition without one has the host's (libvirt:
/// src/conf/domain_conf.c, virDomainDefParseCaps).
std::string_view guest_arch(const Domain& domain, const Platform& host);

/// What stands between a definition and what its label asks; advice goes by it (policy.h).
enum class Obstacle {
    none,              ///< nothing that an injection does not mend
    says_no,           ///< the definition itself says so, and an injection would contradict it
    says_yes,          ///< the same the other way round
    element_is_new,    ///< only newer versions of libvirt have the element
    machine,           ///< only another type of machine has it
    never_emulated,    ///< QEMU emulates no such feature
    masked,            ///< the kind of confidential guest never gets it
    unusable,          ///< it gets it, and KVM refuses to run in such a guest
    confidential_kind, ///< beyond judging, as all below: an unknown kind of confidential guest
    domain_type,       ///< neither kvm nor qemu
    cpu_words,         ///< a word in <cpu>
    machine_name,      ///< more than a name
    qemu_vouchable,    ///< a piece for QEMU that qemu_arguments can vouch for
    qemu_piece,        ///< any other
    emulator,          ///< outside the folders that count
    emulator_path,     ///< not a path that can be told to be in any
    platform,          ///< nothing is known about such guests here
};

/// What a definition gives on a given platform, whatever the host's state: the answer that
/// injection, inventory and the hook share.
struct Delivery {
    Delivers how = Delivers::no;
    bool undetermined = false; ///< something in the definition is beyond judging; `why` names it
    std::string why;           ///< e.g. "host-model leaves svm out on AMD"
    Obstacle obstacle = Obstacle::none;
    std::string what{};    ///< the thing in the way, for the advice; printable
    std::string useless{}; ///< why the guest cannot use what it gets; else empty
};

/// `platform`: the host's, for type kvm. For emulated guests it is ignored, the guest's
/// architecture counts; where the definition names none, it is the platform's.
Delivery delivery(const Domain& domain, const Platform& platform, const Vouched& vouched = {});

/// What a definition that is in doubt gives certainly all the same, by its <cpu> or <features>
/// alone: what is in doubt beside them is no ground to let it pass. Nothing for any other.
std::optional<Delivery> certain_in_spite_of(const Delivery& doubt, const Domain& domain,
                                            const Platform& platform);

} // namespace virt_nested
