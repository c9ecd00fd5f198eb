// SPDX-License-Identifier: GPL-2.0-or-later
// Reads all guests in few calls and judges each of them.
#include "guests/inventory.h"

#include "core/text.h"

#include <libvirt/virterror.h>

#include <set>

namespace virt_nested {

namespace {

/// UUIDs of the guests that a filter of virConnectListAllDomains lets through; drivers that do not
/// know the filter have none.
std::set<std::string> uuids(const Connection& connection, unsigned filter) {
    std::set<std::string> out;
    if (const Result<std::vector<DomainPtr>> list = connection.list(filter))
        for (const DomainPtr& domain : *list)
            out.insert(uuid_of(domain.get()));
    return out;
}

bool gone(const Error& error) {
    return error.code == VIR_ERR_NO_DOMAIN;
}

/// Fills in the texts; false where the guest no longer exists.
bool read_texts(virDomainPtr domain, GuestTexts& guest) {
    const auto take = [&](Result<std::string> text, std::string& into) {
        if (text)
            into = std::move(*text);
        else if (gone(text.error()))
            return false;
        else if (guest.problem.empty())
            guest.problem = text.error().what;
        return true;
    };
    if (guest.running && !take(xml_of(domain, 0), guest.live))
        return false;
    if (guest.persistent && !take(xml_of(domain, VIR_DOMAIN_XML_INACTIVE), guest.definition))
        return false;
    if (!guest.persistent)
        guest.definition = guest.live;
    if (guest.saved)
        take(taken_text(virDomainManagedSaveGetXMLDesc(domain, 0)), guest.image);
    return true;
}

std::string cpu_words(const Domain& domain) {
    const Cpu& cpu = domain.cpu;
    if (cpu.mode == CpuMode::custom || (cpu.mode == CpuMode::none && !cpu.model.empty()))
        return "custom (" + (cpu.model.empty() ? "no model" : cpu.model) + ")";
    return cpu.mode == CpuMode::none ? "default" : name(cpu.mode);
}

std::string label_words(const Label& label) {
    return label.problem.empty() ? name(label.policy) : "invalid";
}

void note_differences(const GuestTexts& texts, GuestRow& row) {
    if (!texts.persistent)
        row.notes.emplace_back("transient: its definition is gone when it stops");
    if (texts.saved)
        row.notes.emplace_back("a start resumes its managed-save image, with the CPU in it");
    if (!row.running_label.empty())
        row.notes.push_back("the running guest carries the label " + row.running_label);
}

/// What a start would do: prepare, on the managed-save image where there is one.
void judge_start(const GuestTexts& texts, const HostSide& side, const Domain& definition,
                 GuestRow& row) {
    const Result<Domain> image =
        texts.image.empty() ? Result<Domain>(Error{}) : parse_domain(texts.image);
    const Domain& judged = image ? *image : definition;
    const Verdict verdict = decide(Phase::prepare, judged, side.host, side.config);
    row.start = verdict.refuse ? State::off : State::on;
    row.start_why = verdict.reason;
    row.start_fix = verdict.mend;
    row.start_decision = verdict.decision;
    const bool by_rule =
        judged.label.problem.empty() &&
        (judged.label.policy == LabelPolicy::none || judged.label.policy == LabelPolicy::allow);
    if (!side.local && by_rule) {
        row.start = State::undetermined;
        row.start_why = "the configuration of the remote host is not known here";
    } else if (texts.saved && !image) {
        row.start = State::undetermined;
        row.start_why = "its managed-save image could not be read: " + texts.problem;
    } else if (!side.local && verdict.undetermined) {
        row.start = State::undetermined;
    }
    for (const std::string& warning : verdict.warnings)
        row.notes.push_back(warning);
}

bool is_exposed(const GuestRow& row, const Host& host) {
    if (row.emulated)
        return false;
    if (row.now == State::on || row.now == State::undetermined)
        return true;
    const bool host_cannot = host.nests.off() || host.nests.absent();
    return row.now == State::absent && !host_cannot &&
           (row.gives.how != Delivers::no || row.gives.undetermined);
}

} // namespace

Result<GuestTexts> read_guest(virDomainPtr domain) {
    GuestTexts guest;
    guest.name = name_of(domain);
    guest.uuid = uuid_of(domain);
    guest.running = running(domain);
    guest.persistent = persistent(domain);
    guest.saved = virDomainHasManagedSaveImage(domain, 0) == 1;
    if (!read_texts(domain, guest))
        return Error{VIR_ERR_NO_DOMAIN, "the guest is gone"};
    if (guest.definition.empty())
        return Error{0, guest.problem};
    return guest;
}

std::optional<Error> read_guests(const Connection& connection,
                                 const std::function<void(const GuestTexts& guest)>& take) {
    const Result<std::vector<DomainPtr>> list = connection.list();
    if (!list)
        return list.error();
    const std::set<std::string> transient = uuids(connection, VIR_CONNECT_LIST_DOMAINS_TRANSIENT);
    const std::set<std::string> saved = uuids(connection, VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE);
    for (const DomainPtr& domain : *list) {
        GuestTexts guest;
        guest.name = name_of(domain.get());
        guest.uuid = uuid_of(domain.get());
        // The id came with the list; asking again would be one more call for each guest.
        guest.running = virDomainGetID(domain.get()) != static_cast<unsigned>(-1);
        guest.persistent = transient.count(guest.uuid) == 0;
        guest.saved = saved.count(guest.uuid) > 0;
        if (read_texts(domain.get(), guest))
            take(guest);
        else if (!connection.alive())
            return Error{0, "the connection was lost"};
    }
    return std::nullopt;
}

Fact has_now(const Domain& live, const Platform& platform, const Host& host,
             const Vouched& vouched) {
    const Delivery gives = delivery(live, platform, vouched);
    if (gives.undetermined)
        return Fact::undetermined_because(gives.why, "live definition");
    if (gives.how == Delivers::no)
        return Fact::off(gives.why, "live definition");
    const bool expanded = live.cpu.check == "full" && live.cpu.mode == CpuMode::custom;
    const bool by_definition = platform.guest_switch != GuestSwitch::cpu_feature || expanded;
    if (gives.how == Delivers::certainly && (by_definition || live.type == "qemu"))
        return Fact::on(gives.why, "live definition");
    if (live.type == "qemu")
        return Fact::undetermined_because(gives.why, "live definition");
    if (host.nests.undetermined())
        return Fact::undetermined_because(
            gives.why + ", but whether KVM offers it is not known: " + host.nests.reason,
            host.nests.source);
    if (!host.nests.on())
        return Fact::off(gives.why + ", but KVM on this host does not offer it", host.nests.source);
    if (gives.how == Delivers::possibly)
        return Fact::undetermined_because(gives.why, "live definition");
    return Fact::on(gives.why + ", and KVM offers it", host.nests.source);
}

GuestRow row_of(const GuestTexts& texts, const HostSide& side) {
    GuestRow row;
    row.name = texts.name;
    row.uuid = texts.uuid;
    row.persistent = texts.persistent;
    row.state = texts.running ? "running" : texts.saved ? "saved" : "shut off";
    const Result<Domain> definition = parse_domain(texts.definition);
    if (!definition) {
        row.readable = false;
        row.label = "unknown";
        row.cpu = "unknown";
        row.gives = {Delivers::possibly, true,
                     texts.problem.empty() ? definition.error().what : texts.problem};
        row.now = texts.running ? State::undetermined : State::absent;
        row.now_why = row.start_why = row.gives.why;
        row.exposed = true;
        return row;
    }
    row.label = label_words(definition->label);
    row.cpu = cpu_words(*definition);
    row.emulated = definition->type == "qemu";
    const Platform* platform = platform_of_guest(*definition, side.host);
    row.feature = platform ? std::string(platform->feature) : "";
    row.gives = platform ? delivery(*definition, *platform, side.config.vouched)
                         : Delivery{Delivers::possibly, true,
                                    side.host.platform
                                        ? "nothing is known about guests of " +
                                              printable(definition->arch, 32) + " on this host"
                                        : side.host.nests.reason};
    if (texts.running) {
        const Result<Domain> live = parse_domain(texts.live);
        const Fact now = live && platform
                             ? has_now(*live, *platform, side.host, side.config.vouched)
                             : Fact::undetermined_because(row.gives.why, {});
        row.now = now.state;
        row.now_why = now.undetermined() ? now.reason : now.found;
        if (live && label_words(live->label) != row.label)
            row.running_label = label_words(live->label);
    }
    judge_start(texts, side, *definition, row);
    note_differences(texts, row);
    row.exposed = is_exposed(row, side.host);
    return row;
}

} // namespace virt_nested
