// SPDX-License-Identifier: GPL-2.0-or-later
// The edit of a definition, there and back. The first byte chooses platform, policy and the rest.
#include "core/delivery.h"
#include "core/filter.h"
#include "core/relabel.h"
#include "tests/fuzz/fuzz.h"

#include <variant>

using namespace virt_nested;
using fuzz::must;

namespace {

void hold(const Edit& edit, std::string_view xml, const TargetHost& host, const FilterWish& wish) {
    must(edit.changed == !edit.what.empty(), "what is changed is told");
    must(edit.changed || edit.xml == xml, "the same bytes where nothing is to be done");
    for (const std::string& what : edit.what)
        must(fuzz::is_harmless(what), "what is told is printable");
    const EditResult again = filter_definition(edit.xml, host, wish);
    const auto* second = std::get_if<Edit>(&again);
    must(second && !second->changed && second->xml == edit.xml, "a second time changes nothing");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0)
        return 0;
    const std::string_view xml = fuzz::text(data + 1, size - 1);
    TargetHost host;
    host.platform = &platforms()[data[0] % platforms().size()];
    host.libvirt_version = (data[0] & 8U) != 0 ? 0 : 12001000;
    FilterWish wish;
    wish.without_label = static_cast<LabelPolicy>(data[0] >> 4U & 3U);
    wish.override_contradiction = (data[0] & 64U) != 0;
    const EditResult result = filter_definition(xml, host, wish);
    std::string edited(xml);
    if (const auto* problem = std::get_if<EditProblem>(&result)) {
        must(!problem->what.empty() && fuzz::is_harmless(problem->what),
             "a problem is named, and printable");
    } else {
        edited = std::get<Edit>(result).xml;
        hold(std::get<Edit>(result), xml, host, wish);
    }
    const Result<TakenBack> back = take_back(edited);
    if (!back) {
        must(fuzz::is_harmless(back.error().what), "what is told is printable");
        return 0;
    }
    const Result<Domain> bare = parse_domain(back->xml);
    must(static_cast<bool>(bare), "what is left is a definition");
    must(!bare->label.present(), "and carries no label");
    return 0;
}
