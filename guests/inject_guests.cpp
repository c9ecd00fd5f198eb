// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested inject GUEST: make definitions agree with their labels, once or for good.
#include "guests/inject_guests.h"

#include "cli/injection.h"
#include "cli/result.h"
#include "core/text.h"
#include "guests/batch.h"
#include "guests/watch.h"

#include <nlohmann/json.hpp>

#include <iostream>

namespace virt_nested {

namespace {

struct Request {
    Selection selection;
    InjectOptions options;
};

/// With --all only what is changed or wrong is worth a line.
GuestResult inject_one(Session& session, virDomainPtr domain, const Request& request) {
    Injected injected = session.injector.inject(domain, request.options);
    GuestResult out;
    out.notes = std::move(injected.notes);
    out.diff = std::move(injected.diff);
    switch (injected.kind) {
    case Injected::unlabelled:
        out.done = request.selection.all ? Done::silent : Done::failed;
        if (!request.selection.all)
            out.problem = injected.what + "; run: virt-nested label " +
                          guest_word(name_of(domain)) + " POLICY";
        break;
    case Injected::unchanged:
        out.done = Done::silent;
        if (!request.selection.all)
            out.what = "as it should be: " + injected.what;
        break;
    case Injected::changed:
        out.done = Done::ok;
        out.changed = true;
        out.what = (request.options.dry_run ? "would be changed: " : "") + injected.what;
        break;
    case Injected::gone:
    case Injected::failed:
        if (injected.kind == Injected::gone && request.selection.all)
            out.done = Done::silent;
        else
            out.problem = injected.what;
        break;
    case Injected::undetermined:
        out.done = Done::undetermined;
        out.problem = injected.what;
        break;
    }
    if (injected.kind != Injected::gone)
        out.label_before = out.label_after = name(injected.label);
    return out;
}

int run_once(const Request& request, std::vector<GuestResult>& results) {
    const bool dry_run = request.options.dry_run;
    std::unique_ptr<Session> session = open_session(request.selection.uri, {"inject", dry_run});
    if (!session)
        return exit_fail;
    Batch batch("inject", request.selection, std::move(session), dry_run);
    const int status = batch.run([&](Session& current, virDomainPtr domain) {
        return inject_one(current, domain, request);
    });
    results = batch.results();
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
            request.options.override_contradiction || as_json(parsed))
            throw UsageError("--watch is about all guests and excludes names, --dry-run, "
                             "--override and --format json");
        return watch(request.selection.uri);
    }
    check_selection(request.selection);
    std::vector<GuestResult> results;
    return with_result(
        parsed, "inject", [&] { return run_once(request, results); },
        [&](nlohmann::ordered_json& out) { add_guests(results, out); });
}

} // namespace

const Command inject_guests = {.name = "inject",
                               .summary = "make labelled definitions deliver",
                               .operands = "GUEST...|--all|--watch",
                               .options = inject_options,
                               .run = run_inject};

} // namespace virt_nested
