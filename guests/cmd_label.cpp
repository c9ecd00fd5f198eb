// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested label and unlabel: state the intent, then make the definition fit it.
#include "core/text.h"
#include "guests/batch.h"
#include "guests/commands.h"
#include "guests/label.h"

#include <libvirt/virterror.h>

#include <iostream>

namespace virt_nested {

namespace po = boost::program_options;

namespace {

struct Request {
    Selection selection;
    LabelPolicy policy = LabelPolicy::none;
    LabelScope scope;
    bool inject = false;
    InjectOptions injection;
};

po::options_description common_options() {
    po::options_description options;
    add_connect(options);
    options.add_options()                                                //
        ("all", "every guest there is")                                  //
        ("live", "the running guest only")                               //
        ("config", "the persistent definition only, for the next start") //
        ("current", "the running guest if it runs, else the definition");
    return options;
}

/// As virsh has it: --current excludes both others.
LabelScope scope_of(const Parsed& parsed) {
    const LabelScope scope{parsed.has("live"), parsed.has("config"), parsed.has("current")};
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
    Labelled labelled = set_label(domain, request.policy, request.scope);
    if (!labelled.done) {
        // With --all a guest may go at any moment, and nobody asked for this very one.
        if (request.selection.all && labelled.code == VIR_ERR_NO_DOMAIN)
            return Done::silent;
        batch.problem(name_of(domain), labelled.what);
        return Done::failed;
    }
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

} // namespace

int run_label(const std::vector<std::string>& arguments) {
    po::options_description options = common_options();
    options.add_options()                                                //
        ("no-inject", "set the label and leave the definition as it is") //
        ("override", "change what the definition says to the contrary");
    const Parsed parsed = parse_options("label", options, "guest", arguments);
    if (parsed.done)
        return exit_pass;
    Request request = request_of(parsed);
    std::vector<std::string>& guests = request.selection.guests;
    if (guests.empty())
        throw UsageError("a policy is needed: require, forbid or allow");
    request.policy = policy_of(guests.back());
    guests.pop_back();
    check_selection(request.selection);
    request.inject = !parsed.has("no-inject");
    request.injection.by_person = true;
    request.injection.override_contradiction = parsed.has("override");
    return run_request("label", request);
}

int run_unlabel(const std::vector<std::string>& arguments) {
    const Parsed parsed = parse_options("unlabel", common_options(), "guest", arguments);
    if (parsed.done)
        return exit_pass;
    const Request request = request_of(parsed);
    check_selection(request.selection);
    return run_request("unlabel", request);
}

} // namespace virt_nested
