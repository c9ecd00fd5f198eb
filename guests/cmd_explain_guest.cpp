// SPDX-License-Identifier: GPL-2.0-or-later
// virt-nested explain GUEST: the hook's decision on a guest that libvirt knows.
#include "cli/explanation.h"
#include "core/text.h"
#include "guests/batch.h"
#include "guests/commands.h"
#include "guests/inventory.h"

#include <iostream>

namespace virt_nested {

namespace po = boost::program_options;

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

Judgement judge(const Choice& choice, const HostSide& side, const Config& config) {
    Judgement out;
    out.phase = choice.phase;
    out.host = side.host;
    out.host_read = true;
    out.label_seen = choice.xml.find(label_uri) != std::string::npos;
    const Result<Domain> domain = parse_domain(choice.xml);
    out.readable = static_cast<bool>(domain);
    if (domain)
        out.domain = *domain;
    out.verdict =
        domain ? decide(choice.phase, *domain, side.host, config)
               : decide_unreadable(choice.phase, domain.error().what, out.label_seen, config);
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

} // namespace

int run_explain_guest(const std::vector<std::string>& arguments) {
    po::options_description options;
    add_connect(options);
    options.add_options() //
        ("phase", po::value<std::string>()->value_name("PHASE"),
         "hook operation to decide: prepare, start, started, migrate, restore or reconnect "
         "(default: what its next start begins with)") //
        ("live", "judge the guest as it runs")         //
        ("config", po::value<std::string>()->value_name("FILE"),
         "configuration instead of the host's") //
        ("format", po::value<std::string>()->default_value("text")->value_name("FORMAT"),
         "text or json");
    const Parsed parsed = parse_options("explain", options, "guest", arguments);
    if (parsed.done)
        return exit_pass;
    if (parsed.list("guest").size() != 1)
        throw UsageError("the name or UUID of one guest is needed");
    const std::string wanted = parsed.list("guest").front();
    const std::string format = one_of("format", parsed.text("format"), {"text", "json"});
    const std::optional<Phase> phase = phase_of(parsed.text("phase"));
    if (parsed.has("phase") && !phase)
        throw UsageError("--phase '" + printable(parsed.text("phase"), 64) +
                         "' is none of prepare, start, started, migrate, restore and reconnect");
    const std::string config_file = file_of(parsed, "config");
    const Result<Connection> connection = Connection::open_reading(parsed.text("connect"));
    if (!connection)
        return fail(connection.error().what);
    const HostSide side = read_host_side(*connection);
    if (const std::string no = not_qemu(side); !no.empty())
        return fail(no);
    const Result<DomainPtr> domain = connection->find(wanted);
    if (!domain)
        return fail("'" + printable(wanted) + "': " + domain.error().what +
                    (parsed.has("connect") ? "" : ", and no such file here"));
    const Result<GuestTexts> guest = read_guest(domain->get());
    if (!guest)
        return fail("'" + printable(wanted) + "': " + guest.error().what);
    Result<Choice> choice = choose(*guest, parsed.has("live"));
    if (!choice)
        return fail("'" + printable(wanted) + "': " + choice.error().what);
    if (phase)
        choice->phase = *phase;
    const Config config = config_file.empty() ? side.config : read_config(Sysroot(), config_file);
    const Judgement judgement = judge(*choice, side, config);
    std::cout << (format == "json" ? explanation_json(judgement, config)
                                   : explanation_text(judgement, config));
    return judgement.verdict.refuse ? exit_fail : exit_pass;
}

} // namespace virt_nested
