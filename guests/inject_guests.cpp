// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested inject GUEST: make definitions agree with their labels, once or for good.
#include "guests/inject_guests.h"

#include "cli/injection.h"
#include "core/text.h"
#include "guests/batch.h"
#include "guests/watch.h"

#include <iostream>

namespace virt_nested {

namespace {

struct Request {
    Selection selection;
    InjectOptions options;
};

/// With --all only what is changed or wrong is worth a line.
Done inject_one(const Batch& batch, Session& session, virDomainPtr domain, const Request& request) {
    const std::string guest = name_of(domain);
    const Injected injected = session.injector.inject(domain, request.options);
    switch (injected.kind) {
    case Injected::unlabelled:
        if (request.selection.all)
            return Done::silent;
        batch.problem(guest,
                      injected.what + "; run: virt-nested label " + guest_word(guest) + " POLICY");
        return Done::failed;
    case Injected::unchanged:
        if (!request.selection.all)
            print_guest(guest, "as it should be: " + injected.what, injected.notes);
        return Done::silent;
    case Injected::changed:
        if (request.options.dry_run)
            std::cout << injected.diff;
        print_guest(guest, (request.options.dry_run ? "would be changed: " : "") + injected.what,
                    injected.notes);
        return Done::ok;
    case Injected::gone:
        if (request.selection.all)
            return Done::silent;
        break;
    case Injected::undetermined:
        batch.problem(guest, injected.what);
        return Done::undetermined;
    case Injected::failed:
        break;
    }
    batch.problem(guest, injected.what);
    return Done::failed;
}

int run_once(const Request& request) {
    const bool dry_run = request.options.dry_run;
    std::unique_ptr<Session> session = open_session(request.selection.uri, {"inject", dry_run});
    if (!session)
        return exit_fail;
    Batch batch("inject", request.selection, std::move(session), dry_run);
    const int status = batch.run([&](Session& current, virDomainPtr domain) {
        return inject_one(batch, current, domain, request);
    });
    if (!request.selection.all)
        return status;
    std::cout << batch.count(Done::ok) << (dry_run ? " would be" : "") << " changed, "
              << batch.count(Done::silent) << " need nothing, "
              << batch.count(Done::failed) + batch.count(Done::undetermined)
              << " could not be made to agree\n";
    return status;
}

int run_inject(const Parsed& parsed) {
    Request request{selection_of(parsed), {}};
    request.options = {parsed.flag("dry-run"), !request.selection.all, parsed.flag("override")};
    if (parsed.flag("watch")) {
        if (!request.selection.guests.empty() || request.options.dry_run ||
            request.options.override_contradiction)
            throw UsageError("--watch is about all guests and excludes names, --dry-run and "
                             "--override");
        return watch(request.selection.uri);
    }
    check_selection(request.selection);
    return run_once(request);
}

} // namespace

const Command inject_guests = {.name = "inject",
                               .summary = "make labelled definitions deliver",
                               .operands = "GUEST...|--all|--watch",
                               .options = inject_options,
                               .run = run_inject};

} // namespace virt_nested
