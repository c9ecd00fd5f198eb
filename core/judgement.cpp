// SPDX-License-Identifier: GPL-2.0-or-later
// Read everything, then decide.
#include "core/judgement.h"

#include "core/configured.h"

namespace virt_nested {

namespace {

/// The end of every judgement: all is read, `out` has the host and whether a label was seen.
void decide_on(const Result<Domain>& domain, const Config& config, Judgement& out) {
    out.readable = static_cast<bool>(domain);
    if (domain)
        out.domain = *domain;
    out.verdict = domain
                      ? decide(out.phase, *domain, out.host, config)
                      : decide_unreadable(out.phase, domain.error().what, out.label_seen, config);
}

} // namespace

Judgement judge_guest(Phase phase, const ByteSource& xml, const Sysroot& root, const Config& config,
                      bool always_read_host) {
    Judgement out;
    out.phase = phase;
    LabelWatch watch;
    const Result<Domain> domain = parse_domain([&](char* buffer, size_t size) {
        const long got = xml(buffer, size);
        if (got > 0) {
            watch.pass({buffer, static_cast<size_t>(got)});
            out.bytes += static_cast<size_t>(got);
        }
        out.whole = got == 0;
        return got;
    });
    out.label_seen = watch.seen();
    if (always_read_host || (domain && needs_host(*domain, config))) {
        out.host = read_host(root, *kvm_of(root));
        out.host_read = true;
    }
    decide_on(domain, config, out);
    // A command that does not end the refusal is worse than none: who has set it is looked for.
    if ((out.verdict.refuse || out.verdict.would_refuse) && out.host.parameter.off()) {
        out.host.configured = read_configured(root, *out.host.platform);
        decide_on(domain, config, out);
    }
    return out;
}

Judgement judge_guest(Phase phase, std::string_view xml, const Host& host, const Config& config) {
    Judgement out;
    out.phase = phase;
    out.host = host;
    out.host_read = true;
    out.label_seen = has_label_prefix(xml);
    out.bytes = xml.size();
    out.whole = true;
    decide_on(parse_domain(xml), config, out);
    return out;
}

} // namespace virt_nested
