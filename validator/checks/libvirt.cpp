// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of what libvirt keeps about this host.
#include "core/text.h"
#include "validator/checks/check.h"
#include "validator/checks/mend.h"

#include <algorithm>

namespace virt_nested {

namespace {

/// What QEMU said then and KVM says now, where they differ; empty else.
std::string difference(const Facts& facts, const CachedCapabilities& kept) {
    const std::string feature(facts.platform()->feature);
    const bool nests = facts.host.nests.on();
    if (kept.feature && *kept.feature != nests)
        return feature + (nests ? " missing in libvirt's copy" : " in libvirt's copy") +
               ", and KVM offers " + (nests ? "it" : "none");
    const Fact& paging = facts.host.nested_paging;
    const bool known = paging.on() || paging.off();
    if (nests && kept.paging && known && *kept.paging != paging.on())
        return std::string(facts.platform()->paging_flag) +
               (paging.on() ? " missing in libvirt's copy" : " in libvirt's copy") +
               ", and KVM offers " + (paging.on() ? "it" : "none");
    return {};
}

/// libvirt discards what another kernel gave, and since 5.0.0 what another value of the parameter
/// gave (src/qemu/qemu_capabilities.c, virQEMUCapsIsValid); nothing else tells it about nesting.
bool discarded_by_libvirt(const Facts& facts, const CachedCapabilities& kept) {
    return (!kept.kernel.empty() && kept.kernel != facts.machine.kernel) ||
           (kept.libvirt >= 5'000'000 && kept.nesting != on_for_libvirt(facts.host.parameter));
}

Findings libvirt_capabilities(const Facts& facts) {
    const std::string expected = std::string(facts.platform()->feature) + " as KVM offers it";
    if (facts.libvirt.read.undetermined())
        return {
            Finding::undetermined(expected, facts.libvirt.read.reason, facts.libvirt.read.source)
                .mend_by("run it as root")};
    if (facts.libvirt.capabilities.empty())
        return {Finding::skip("libvirt keeps none", facts.libvirt.read.source)};
    if (facts.host.nests.undetermined())
        return {Finding::skip("what KVM offers is not known", facts.host.nests.source)};
    Findings out;
    for (const CachedCapabilities& kept : facts.libvirt.capabilities) {
        const std::string differs = difference(facts, kept);
        if (differs.empty())
            continue;
        const std::string source = facts.shown(printable(kept.path));
        if (discarded_by_libvirt(facts, kept))
            out.push_back(Finding::pass(expected,
                                        differs + "; libvirt " +
                                            libvirt_version_text(kept.libvirt) +
                                            " asks QEMU anew by itself",
                                        source));
        else
            out.push_back(Finding::warn(expected, differs, source)
                              .mend_by(mend_capabilities(facts, kept.path)));
    }
    if (out.empty())
        out.push_back(Finding::pass(expected, "in step with KVM", facts.libvirt.read.source));
    return out;
}

Check libvirt_capabilities_check() {
    return {
        .id = "libvirt-capabilities",
        .title = "What libvirt keeps of QEMU's answers",
        .severity = Outcome::warn,
        .platforms = has_libvirt_copies,
        .wants_nesting = true,
        .why =
            "libvirt expands host-model, and checks what a definition requires, by what QEMU said "
            "when it was asked last. It asks again when the kernel or the nested parameter "
            "changes, "
            "and "
            "not when what the outer host or another parameter gives does.",
        .mend = "remove libvirt's copy and restart it",
        .reference = "https://libvirt.org/formatdomaincaps.html",
        .run = libvirt_capabilities,
    };
}

} // namespace

void add_libvirt_checks(std::vector<Check>& table) {
    table.insert(table.end(), {libvirt_capabilities_check()});
}

} // namespace virt_nested
