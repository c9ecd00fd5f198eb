// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested label and unlabel: state the intent, then make the definition fit it.
#include "guests/commands.h"

#ifndef VN_WORDS_ALONE

#include "cli/result.h"
#include "core/text.h"
#include "guests/batch.h"
#include "guests/label.h"

#include <libvirt/virterror.h>
#include <nlohmann/json.hpp>

namespace virt_nested {

namespace {

struct Request {
    Selection selection;
    LabelPolicy policy = LabelPolicy::none;
    LabelScope scope;
    bool inject = false;
    bool restore = false;
    InjectOptions injection;
};

Options scope_options() {
    Options options;
    add_connect(options);
    add_flag(options, "all", "every guest there is");
    add_flag(options, "live", "the running guest only");
    add_flag(options, "config", "the persistent definition only, for the next start");
    add_flag(options, "current", "the running guest if it runs, else the definition");
    add_result_options(options);
    return options;
}

Options unlabel_options() {
    Options options = scope_options();
    add_flag(options, "restore",
             "take back what label and inject wrote into the definition, and nothing else");
    return options;
}

Options label_options() {
    Options options = scope_options();
    add_flag(options, "no-inject", "set the label and leave the definition as it is");
    add_flag(options, "override", "change what the definition says to the contrary");
    return options;
}

/// As virsh has it: --current excludes both others.
LabelScope scope_of(const Parsed& parsed) {
    const LabelScope scope{parsed.flag("live"), parsed.flag("config"), parsed.flag("current")};
    if (scope.current && (scope.live || scope.config))
        throw UsageError("--current excludes --live and --config");
    return scope;
}

Request request_of(const Parsed& parsed) {
    Request request;
    request.selection = selection_of(parsed);
    request.scope = scope_of(parsed);
    return request;
}

/// The label is set already when the definition is looked at: what goes wrong from here on must say
/// so.
void inject_labelled(Session& session, virDomainPtr domain, const Request& request,
                     GuestResult& out) {
    Injected injected = session.injector.inject(domain, request.injection);
    if (injected.kind != Injected::changed && request.policy != LabelPolicy::allow)
        injected.notes = what_waits(domain, false);
    out.notes.insert(out.notes.end(), injected.notes.begin(), injected.notes.end());
    switch (injected.kind) {
    case Injected::changed:
        out.changed = true;
        out.what += "; " + injected.what;
        break;
    case Injected::unchanged:
    case Injected::unlabelled:
        break;
    case Injected::undetermined:
    case Injected::gone:
    case Injected::failed:
        out.done = injected.kind == Injected::undetermined ? Done::undetermined : Done::failed;
        out.problem = "its definition " +
                      std::string(request.injection.dry_run ? "would not be" : "was not") +
                      " changed: " + injected.what;
        break;
    }
}

GuestResult label_one(Session& session, virDomainPtr domain, const Request& request) {
    const bool dry_run = request.injection.dry_run;
    GuestResult out;
    const std::string before = label_now(domain, request.scope);
    Injected restored;
    if (request.restore) { // first: the label has the list
        restored = session.injector.take_back(domain, dry_run);
        const bool gone = restored.kind == Injected::gone && request.selection.all;
        if (gone || (restored.kind != Injected::changed && restored.kind != Injected::unchanged)) {
            out.done = gone ? Done::silent : Done::failed;
            out.problem = gone ? "" : restored.what + "; its label stays";
            return out;
        }
    }
    Labelled labelled = set_label(domain, request.policy, request.scope, dry_run);
    if (!labelled.done) {
        // With --all a guest may go at any moment, and nobody asked for this very one.
        const bool gone = request.selection.all && labelled.code == VIR_ERR_NO_DOMAIN;
        out.done = gone ? Done::silent : Done::failed;
        out.problem = gone ? "" : labelled.what;
        return out;
    }
    out = {Done::ok, labelled.changed || restored.kind == Injected::changed, labelled.what};
    out.notes = std::move(restored.notes);
    out.notes.insert(out.notes.end(), labelled.notes.begin(), labelled.notes.end());
    out.label_before = before;
    out.label_after = name(request.policy);
    if (restored.kind == Injected::changed)
        out.what = std::string("label ") + (dry_run ? "would be " : "") + "taken away" +
                   (restored.what.empty() ? "" : "; " + restored.what);
    if (request.inject && !(request.scope.live && !request.scope.config))
        inject_labelled(session, domain, request, out);
    return out;
}

int run_request(const char* command, const Request& request, std::vector<GuestResult>& results) {
    const bool dry_run = request.injection.dry_run;
    std::unique_ptr<Session> session =
        open_session(request.selection.uri,
                     {command, dry_run, request.inject, "; to set the label alone: --no-inject"});
    if (!session)
        return exit_fail;
    Batch batch(command, request.selection, std::move(session), dry_run);
    const int status = batch.run(
        [&](Session& current, virDomainPtr domain) { return label_one(current, domain, request); });
    results = batch.results();
    return status;
}

int answer(const Parsed& parsed, const char* command, Request request) {
    std::vector<GuestResult> results;
    request.injection.dry_run = parsed.flag("dry-run");
    if (request.injection.dry_run)
        request.injection.labelled = request.policy;
    return with_result(
        parsed, command, [&] { return run_request(command, request, results); },
        [&](nlohmann::ordered_json& out) { add_guests(results, out); });
}

LabelPolicy policy_of(const std::string& word) {
    for (const LabelPolicy policy : {LabelPolicy::require, LabelPolicy::forbid, LabelPolicy::allow})
        if (word == name(policy))
            return policy;
    throw UsageError("policy '" + printable(word, 64) + "' is none of require, forbid and allow");
}

int run_label(const Parsed& parsed) {
    Request request = request_of(parsed);
    std::vector<std::string>& guests = request.selection.guests;
    if (guests.empty())
        throw UsageError("a policy is needed: require, forbid or allow");
    request.policy = policy_of(guests.back());
    guests.pop_back();
    check_selection(request.selection);
    request.inject = !parsed.flag("no-inject");
    request.injection.by_person = true;
    request.injection.override_contradiction = parsed.flag("override");
    return answer(parsed, "label", request);
}

int run_unlabel(const Parsed& parsed) {
    Request request = request_of(parsed);
    check_selection(request.selection);
    request.restore = parsed.flag("restore");
    if (request.restore && (request.scope.live || request.scope.current))
        throw UsageError("--restore is about the definition, and excludes --live and --current");
    return answer(parsed, "unlabel", request);
}

} // namespace

} // namespace virt_nested

#endif

namespace virt_nested {

namespace {

constexpr Command entries[] = {
    {.name = "label",
     .summary = "state that a guest must, must not, or may have nesting; make its definition fit",
     .operands = "GUEST...|--all require|forbid|allow",
     .options = VN_HERE(label_options),
     .run = VN_HERE(run_label)},
    {.name = "unlabel",
     .summary = "take the label away",
     .operands = "GUEST...|--all",
     .options = VN_HERE(unlabel_options),
     .run = VN_HERE(run_unlabel)}};

} // namespace

extern const Entries<Command> command_label = entries;

} // namespace virt_nested
