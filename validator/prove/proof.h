// SPDX-License-Identifier: GPL-2.0-or-later
// What a trial's evidence proves, in words and as JSON (docs/prove.schema.json). Pure.
#pragma once

#include "cli/exit_status.h"
#include "validator/prove/evidence.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virt_nested::prove {

enum class Answer {
    proven,
    not_proven, ///< KVM's or the processor's answer
    not_tried,  ///< says nothing about nesting
};

/// What of the hardware helps an L1 here (core/platform.h, Help).
struct HelpSeen {
    std::string name;
    std::string parameter; ///< "kvm_amd.vgif"
    std::string does;
    std::optional<bool> on; ///< nullopt: the value says neither
};

struct Proof {
    Answer answer = Answer::not_tried;
    std::string reason; ///< empty where it is proven
    std::string feature;
    std::optional<bool> nested_paging;
    uint32_t exits = 0;    ///< of L2, that L1 took
    bool complete = false; ///< L2 came to its end, and was not stopped by the time
    std::optional<uint64_t> median_ns;
    std::optional<uint64_t> best_ns;
    std::optional<uint64_t> l1_exit_ns;
    std::vector<HelpSeen> helps; ///< where it is proven, those whose parameter is there
};

/// Why nothing was tried.
Proof not_tried(std::string reason);

/// Proven where three witnesses agree: L1's count of exits, L2's own, and KVM's nested state.
Proof decide(const Evidence& evidence, const Limits& limits);

ExitStatus exit_status(const Proof& proof);

/// For people: one line, one more for figures, and one for what helps.
std::string text(const Proof& proof);

/// When and where it was made.
struct Made {
    std::string kernel;   ///< release of the running one
    std::string platform; ///< name for people; empty: none that is known
    int64_t time = 0;     ///< seconds since 1970
};
std::string json(const Proof& proof, const Made& made);

/// What json() has made, read again; its words are no longer to be trusted. nullopt: it is not.
struct Kept {
    Proof proof;
    Made made;
};
std::optional<Kept> kept(std::string_view json);

} // namespace virt_nested::prove
