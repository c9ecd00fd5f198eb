// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested explain GUEST: the hook's decision on a guest that libvirt knows.
#include "guests/explain_guest.h"

#include "cli/explanation.h"
#include "core/text.h"
#include "guests/batch.h"
#include "guests/inventory.h"

#include <iostream>

namespace virt_nested {

namespace {

struct Choice {
    std::string xml;
    Phase phase = Phase::prepare;
};

/// What a start would look at: the managed-save image where there is one, else the definition. A
/// transient guest, or --live, is judged as it runs.
Result<Choice> choose(const GuestTexts& guest, bool live) {
    if (live && !guest.running)
        return Error{0, "it does not run"};
    if (live || !guest.persistent)
        return Choice{guest.live, Phase::started};
    if (guest.saved && guest.image.empty())
        return Error{0, "its managed-save image could not be read: " + guest.problem};
    return Choice{guest.saved ? guest.image : guest.definition, Phase::prepare};
}

Judgement judgement_of(const Choice& choice, const HostSide& side) {
    Judgement out = judge_guest(choice.phase, choice.xml, side.host, side.config);
    if (!side.local)
        out.verdict.warnings.emplace_back(
            "the host is not this machine: its configuration is not known here and taken to be the "
            "default");
    return out;
}

int fail(const std::string& what) {
    std::cerr << "virt-nested explain: " << what << "\n";
    return exit_undetermined;
}

/// The connection's host, or with --root the machine captured there.
HostSide side_of(const Connection& connection, const Parsed& parsed, const Sysroot& root) {
    HostSide side = read_host_side(connection);
    if (parsed.has("root")) {
        side.local = true;
        side.host = read_host(root, *kvm_of(root));
        side.config = read_config(root);
    }
    if (parsed.has("config"))
        side.config = read_config(Sysroot(), parsed.text("config"));
    return side;
}

int run(const Parsed& parsed) {
    if (parsed.operands.size() != 1)
        throw UsageError("the name or UUID of one guest is needed");
    const std::string wanted = parsed.operands.front();
    const Sysroot root = root_of(parsed);
    file_of(parsed, "config"); // refused before anything is asked
    const Result<Connection> connection = Connection::open_reading(parsed.text("connect"));
    if (!connection)
        return fail(connection.error().what);
    const HostSide side = side_of(*connection, parsed, root);
    if (const std::string no = not_qemu(side); !no.empty())
        return fail(no);
    const Result<DomainPtr> domain = connection->find(wanted);
    if (!domain)
        return fail("'" + printable(wanted) + "': " + domain.error().what +
                    (parsed.has("connect") ? "" : ", and no such file here"));
    const Result<GuestTexts> guest = read_guest(domain->get());
    if (!guest)
        return fail("'" + printable(wanted) + "': " + guest.error().what);
    Result<Choice> choice = choose(*guest, parsed.flag("live"));
    if (!choice)
        return fail("'" + printable(wanted) + "': " + choice.error().what);
    choice->phase = phase_of(parsed, choice->phase);
    return explain(judgement_of(*choice, side), side.config, parsed);
}

} // namespace

const Command explain_guest = {.name = "explain",
                               .summary = "what the hook would decide for a guest, fact by fact",
                               .operands = "GUEST",
                               .options = explain_options,
                               .run = run};

} // namespace virt_nested
