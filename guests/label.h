// SPDX-License-Identifier: GPL-2.0-or-later
// The label of one guest, set or taken away in all the places where libvirt keeps it.
#pragma once

#include "core/domain.h"
#include "guests/connection.h"

#include <string>
#include <vector>

namespace virt_nested {

/// Where to write, as virsh has it; none of both: wherever the guest has something, so that no
/// later save or restart loses the label.
struct LabelScope {
    bool live = false;
    bool config = false;
    bool current = false;
};

struct Labelled {
    bool done = false;
    bool changed = false; ///< anything was written; with a dry run: it would be
    std::string what;     ///< "labelled require", or why not
    int code = 0;         ///< libvirt's, where it was not done
    std::vector<std::string> notes;
};

/// What it carries there now: "none", "require", ..., "invalid".
std::string label_now(virDomainPtr domain, const LabelScope& scope);

/// `none` takes the label away.
Labelled set_label(virDomainPtr domain, LabelPolicy policy, const LabelScope& scope,
                   bool dry_run = false);

} // namespace virt_nested
