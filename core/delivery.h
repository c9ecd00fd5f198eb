// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a definition gives its guest the feature for nesting: domain x platform, pure. The hook,
// the inventory and the injector share this answer.
#pragma once

#include "core/domain.h"
#include "core/platform.h"

#include <string>

namespace virt_nested {

/// type='qemu': QEMU's TCG runs the guest, and nothing of the host's CPU reaches it.
bool emulated(const Domain& domain);

/// What a definition gives on a given platform, whatever the host's state: the answer that
/// injection, inventory and the hook share.
struct Delivery {
    Delivers how = Delivers::no;
    bool undetermined = false; ///< something in the definition is beyond judging; `why` names it
    std::string why;           ///< e.g. "host-model leaves svm out on AMD"
};

/// `platform`: the host's, for type kvm. For emulated guests it is ignored, the guest's
/// architecture counts.
Delivery delivery(const Domain& domain, const Platform& platform);

} // namespace virt_nested
