// SPDX-License-Identifier: GPL-2.0-or-later
// A proof of this machine, and the last one that somebody kept.
#include "validator/prove/here.h"

#include "validator/prove/trial.h"

namespace virt_nested::prove {

Proof prove_here(const Platform* platform, const Limits& limits) {
    if (platform && !platform->no_proof.empty())
        return not_tried(std::string(platform->no_proof) + "; virt-nested validate has KVM's word");
    const Result<Evidence> seen = in_child(run_l2, limits);
    return seen ? decide(*seen, limits) : not_tried(seen.error().what);
}

std::optional<Kept> read_kept(const Sysroot& root) {
    constexpr size_t most = 16 * 1024;
    const Result<std::string> text = root.read(kept_in, most);
    return text ? kept(*text) : std::nullopt;
}

} // namespace virt_nested::prove
