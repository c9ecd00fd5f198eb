// SPDX-License-Identifier: GPL-2.0-or-later
// A proof of this machine, and the last one that somebody kept.
#pragma once

#include "core/platform.h"
#include "core/sysroot.h"
#include "validator/prove/proof.h"

#include <optional>

namespace virt_nested::prove {

constexpr const char* kept_in = "/var/lib/virt-nested/prove.json";

/// nullptr: a platform that is not known. What the hardware helps is read below `root`.
Proof prove_here(const Sysroot& root, const Platform* platform, const Limits& limits);

std::vector<HelpSeen> read_helps(const Sysroot& root, const Platform& platform);

/// nullopt: there is none, or it cannot be understood.
std::optional<Kept> read_kept(const Sysroot& root);

} // namespace virt_nested::prove
