// SPDX-License-Identifier: GPL-2.0-or-later
// The check of what `validate --prove` has tried.
#include "core/text.h"
#include "validator/checks/check.h"

namespace virt_nested {

namespace {

/// Only where somebody asked for it: nothing is said of it otherwise.
Findings kvm_proof(const Facts& facts) {
    if (!facts.proof)
        return {};
    if (facts.config.host == HostIntent::off)
        return {Finding::skip("this host is meant not to nest (host = off)")};
    const prove::Proof& proof = *facts.proof;
    const std::string told = prove::text(proof);
    Finding out = Finding::pass("an L2 runs", std::string(lines(told).front()), "/dev/kvm");
    if (proof.answer == prove::Answer::proven && !proof.nested_paging.value_or(false))
        out.result = Outcome::warn;
    else if (proof.answer == prove::Answer::not_proven)
        out.result = facts.config.host == HostIntent::on ? Outcome::fail : Outcome::pass;
    else if (proof.answer == prove::Answer::not_tried)
        // Why there is nothing to try it on is kvm-device's to say.
        out.result = facts.host.kvm.device.on() ? Outcome::undetermined : Outcome::skip;
    return {out};
}

Check kvm_proof_check() {
    return {
        .id = "kvm-proof",
        .title = "An L2, run by validate --prove",
        .tells = Tells::effect,
        .why = "What KVM offers may still not work: a guest's guest that ran is the proof.",
        .mend =
            "mend the other findings; where there is none, send the output of virt-nested prove "
            "--format json and a virt-nested capture",
        .reference = "https://docs.kernel.org/virt/kvm/api.html",
        .run = kvm_proof,
    };
}

} // namespace

void add_proof_checks(std::vector<Check>& table) {
    table.push_back(kvm_proof_check());
}

} // namespace virt_nested
