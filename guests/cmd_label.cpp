// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested label and unlabel: state the intent, then make the definition fit it.
#include "guests/commands.h"

#ifndef VN_WORDS_ALONE

#include "core/text.h"
#include "guests/batch.h"
#include "guests/label.h"

#include <libvirt/virterror.h>

#include <iostream>

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
Done inject_labelled(const Batch& batch, Session& session, virDomainPtr domain,
                     const Request& request, Labelled& labelled) {
    Injected injected = session.injector.inject(domain, request.injection);
    if (injected.kind != Injected::changed && request.policy != LabelPolicy::allow)
        injected.notes = what_waits(domain, false);
    labelled.notes.insert(labelled.notes.end(), injected.notes.begin(), injected.notes.end());
    if (injected.kind == Injected::changed)
        labelled.what += "; " + injected.what;
    const bool good = injected.kind == Injected::changed || injected.kind == Injected::unchanged ||
                      injected.kind == Injected::unlabelled;
    print_guest(name_of(domain), labelled.what, labelled.notes);
    if (good)
        return Done::ok;
    batch.problem(name_of(domain),
                  labelled.what + ", but its definition was not changed: " + injected.what);
    return injected.kind == Injected::undetermined ? Done::undetermined : Done::failed;
}

Done label_one(const Batch& batch, Session& session, virDomainPtr domain, const Request& request) {
    Injected restored;
    if (request.restore) { // first: the label has the list
        restored = session.injector.take_back(domain);
        if (restored.kind == Injected::gone && request.selection.all)
            return Done::silent;
        if (restored.kind != Injected::changed && restored.kind != Injected::unchanged) {
            batch.problem(name_of(domain), restored.what + "; its label stays");
            return Done::failed;
        }
    }
    Labelled labelled = set_label(domain, request.policy, request.scope);
    labelled.notes.insert(labelled.notes.begin(), restored.notes.begin(), restored.notes.end());
    if (!labelled.done) {
        // With --all a guest may go at any moment, and nobody asked for this very one.
        if (request.selection.all && labelled.code == VIR_ERR_NO_DOMAIN)
            return Done::silent;
        batch.problem(name_of(domain), labelled.what);
        return Done::failed;
    }
    if (restored.kind == Injected::changed)
        labelled.what = "label taken away" + (restored.what.empty() ? "" : "; " + restored.what);
    if (request.inject && !(request.scope.live && !request.scope.config))
        return inject_labelled(batch, session, domain, request, labelled);
    print_guest(name_of(domain), labelled.what, labelled.notes);
    return Done::ok;
}

int run_request(const char* command, const Request& request) {
    std::unique_ptr<Session> session =
        open_session(request.selection.uri,
                     {command, false, request.inject, "; to set the label alone: --no-inject"});
    if (!session)
        return exit_fail;
    Batch batch(command, request.selection, std::move(session));
    return batch.run([&](Session& current, virDomainPtr domain) {
        return label_one(batch, current, domain, request);
    });
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
    return run_request("label", request);
}

int run_unlabel(const Parsed& parsed) {
    Request request = request_of(parsed);
    check_selection(request.selection);
    request.restore = parsed.flag("restore");
    if (request.restore && (request.scope.live || request.scope.current))
        throw UsageError("--restore is about the definition, and excludes --live and --current");
    return run_request("unlabel", request);
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
