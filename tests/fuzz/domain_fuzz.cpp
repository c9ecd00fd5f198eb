// SPDX-License-Identifier: GPL-2.0-or-later
// The domain XML, and the decision on whatever was read out of it. The first byte chooses phase,
// platform and configuration.
#include "core/policy.h"
#include "core/text.h"
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <cstring>

using namespace virt_nested;
using fuzz::must;

namespace {

Result<Domain> read_in_pieces(std::string_view text, size_t piece) {
    return parse_domain([&text, piece](char* buffer, size_t size) {
        const size_t step = std::min({size, piece, text.size()});
        std::memcpy(buffer, text.data(), step);
        text.remove_prefix(step);
        return static_cast<long>(step);
    });
}

bool same(const Domain& a, const Domain& b) {
    return a.type == b.type && a.name == b.name && a.arch == b.arch && a.emulator == b.emulator &&
           a.running == b.running && a.cpu.mode == b.cpu.mode && a.cpu.model == b.cpu.model &&
           a.cpu.features.size() == b.cpu.features.size() && a.nested_hv == b.nested_hv &&
           a.qemu == b.qemu && a.more_qemu == b.more_qemu && a.label.policy == b.label.policy &&
           a.label.problem == b.label.problem && a.label.fault == b.label.fault;
}

Host host_of(const Platform& platform, State nests) {
    Host host;
    host.platform = &platform;
    host.nests = {nests, "told", "a test", ""};
    host.kvm.nesting = host.nests;
    return host;
}

void hold(const Verdict& verdict, Phase phase, const Domain& domain) {
    must(!verdict.reason.empty(), "a verdict has a reason");
    must(fuzz::is_harmless(verdict.reason) && fuzz::is_harmless(verdict.mend) &&
             fuzz::is_harmless(verdict.decision) &&
             fuzz::is_harmless(refusal(domain.name, verdict)),
         "what is said is printable");
    for (const std::string& warning : verdict.warnings)
        must(fuzz::is_harmless(warning), "what is logged is printable");
    must(phase != Phase::reconnect || !verdict.refuse, "reconnect refuses nobody");
    must(!verdict.refuse || !verdict.mend.empty() || !verdict.decision.empty(),
         "a refusal says what ends it");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0)
        return 0;
    const std::string_view xml = fuzz::text(data + 1, size - 1);
    const Result<Domain> domain = parse_domain(xml);
    const Result<Domain> again = read_in_pieces(xml, 1 + data[0] % 7U);
    must(static_cast<bool>(domain) == static_cast<bool>(again), "pieces change no answer");
    if (!domain) {
        must(!domain.error().what.empty() && fuzz::is_harmless(domain.error().what),
             "a problem is named, and printable");
        return 0;
    }
    must(same(*domain, *again), "pieces change nothing that is read");
    must(!domain->label.present() || has_label_prefix(xml) ||
             xml.find('&') != std::string_view::npos,
         "no label without its namespace in the bytes");
    Config config;
    config.unlabelled = static_cast<UnlabelledRule>(data[0] % 3U);
    config.honour_allow = (data[0] & 8U) != 0;
    config.undetermined = static_cast<UndeterminedRule>(data[0] >> 4U & 1U);
    const Host host = host_of(platforms()[data[0] % platforms().size()],
                              (data[0] & 32U) != 0 ? State::on : State::undetermined);
    Config reporting = config;
    reporting.mode = Mode::report;
    for (const Phase phase : all_phases) {
        const Verdict verdict = decide(phase, *domain, host, config);
        hold(verdict, phase, *domain);
        const Verdict reported = decide(phase, *domain, host, reporting);
        must(!reported.refuse && reported.would_refuse == verdict.refuse,
             "mode = report refuses nothing, and tells what it would have");
        must(domain->label.present() || config.unlabelled != UnlabelledRule::allow ||
                 !verdict.refuse,
             "nobody is refused whom nobody labelled, without a rule");
    }
    return 0;
}
