// SPDX-License-Identifier: GPL-2.0-or-later
// A guest of a few instructions that becomes a hypervisor and runs a guest of its own, through
// /dev/kvm alone. One VM, one CPU, 4 MiB; no module is loaded, and nothing is left.
#pragma once

#include "validator/prove/child.h"

namespace virt_nested::prove {

class Vm;

/// A Trial; to be run in a child (child.h). What it tells without having ended says how far it is.
Evidence run_l2(const Limits& limits, const Telling& telling);

/// The same for tests, which `change` what is in the guest's memory before L1 runs.
Evidence run_changed_l2(const Limits& limits, const Telling& telling, void (*change)(Vm& vm));

} // namespace virt_nested::prove
