// SPDX-License-Identifier: GPL-2.0-or-later
// The table of advice. What the commands do is in core/edit.cpp and guests/label.cpp.
#include "core/advice.h"

#include "core/config.h"
#include "core/text.h"

#include <algorithm>
#include <array>

namespace virt_nested {

namespace {

/// {guest} is the guest as a word for a shell, {what} the thing in the way (Delivery), {config} the
/// configuration.
struct Words {
    std::string_view mend;
    std::string_view decision;
};

struct Row {
    Obstacle obstacle;
    std::array<Words, 3> by_rule; ///< require, forbid, site; empty where the rule meets none of it
};

constexpr std::string_view inject = "virt-nested inject {guest}";
constexpr std::string_view override = "virt-nested inject --override {guest}";
constexpr std::string_view edit = "virsh edit {guest}";
constexpr std::string_view other_kind =
    "give it another label, or take <launchSecurity> out of its definition";
constexpr std::string_view disable =
    "disable {what} by virsh edit {guest} (<feature policy='disable' name='{what}'/> in <cpu>)";
constexpr std::string_view vouch = "take {what} out of <qemu:commandline>, or vouch for it by "
                                   "qemu_arguments (virt-nested.conf(5))";
constexpr std::string_view take_out = "take {what} out of it";
constexpr std::string_view known_words = "leave only what is known in <cpu>";
constexpr std::string_view plain_machine = "give it a machine type that is a plain name";
constexpr std::string_view folder =
    "name its folder {what} in emulators in {config} if the site answers for it";
constexpr std::string_view full_path = "give the emulator's path without '..'";
constexpr std::string_view other_host =
    "start it on a host that is known, or give it another label";

constexpr std::array<Row, 16> table = {{
    {Obstacle::none, {{{inject, {}}, {inject, {}}, {"virt-nested label {guest} forbid", {}}}}},
    {Obstacle::says_no, {{{override, {}}, {}, {}}}},
    {Obstacle::says_yes,
     {{{}, {override, {}}, {"virt-nested label --override {guest} forbid", {}}}}},
    {Obstacle::element_is_new, {{{inject, "that needs libvirt {what} or later"}, {}, {}}}},
    {Obstacle::machine,
     {{{{}, "only a machine of type {what} has it: make it one, or give it another label"},
       {},
       {}}}},
    {Obstacle::never_emulated,
     {{{{}, "only a guest of type kvm can have it: make it one, or give it another label"},
       {},
       {}}}},
    {Obstacle::masked, {{{{}, other_kind}, {}, {}}}},
    {Obstacle::unusable, {{{{}, other_kind}, {{}, disable}, {{}, disable}}}},
    {Obstacle::confidential_kind,
     {{{{}, other_kind}, {{}, other_kind}, {{}, "take <launchSecurity> out of its definition"}}}},
    {Obstacle::domain_type,
     {{{{}, "make it a guest of type kvm or qemu, or take its label away"},
       {{}, "make it a guest of type kvm or qemu, or take its label away"},
       {{}, "make it a guest of type kvm or qemu"}}}},
    {Obstacle::cpu_words, {{{edit, known_words}, {edit, known_words}, {edit, known_words}}}},
    {Obstacle::machine_name,
     {{{edit, plain_machine}, {edit, plain_machine}, {edit, plain_machine}}}},
    {Obstacle::qemu_vouchable, {{{edit, vouch}, {edit, vouch}, {edit, vouch}}}},
    {Obstacle::qemu_piece, {{{edit, take_out}, {edit, take_out}, {edit, take_out}}}},
    {Obstacle::emulator, {{{{}, folder}, {{}, folder}, {{}, folder}}}},
    {Obstacle::emulator_path, {{{edit, full_path}, {edit, full_path}, {edit, full_path}}}},
}};

constexpr Row unknown_platform = {
    Obstacle::platform,
    {{{{}, other_host}, {{}, other_host}, {{}, "start it on a host that is known"}}}};

const Row& row_of(Obstacle obstacle) {
    const auto* found = std::find_if(table.begin(), table.end(), [obstacle](const Row& row) {
        return row.obstacle == obstacle;
    });
    return found == table.end() ? unknown_platform : *found;
}

/// In one pass: what is filled in stays as it is.
std::string filled(std::string_view text, const Domain& domain, const std::string& what) {
    const std::array<std::pair<std::string_view, std::string>, 3> fillings = {
        {{"{guest}", guest_word(domain.name)}, {"{what}", what}, {"{config}", config_path}}};
    std::string out;
    while (!text.empty()) {
        const auto* found =
            std::find_if(fillings.begin(), fillings.end(),
                         [text](const auto& filling) { return text.starts_with(filling.first); });
        out += found == fillings.end() ? std::string(text.substr(0, 1)) : found->second;
        text.remove_prefix(found == fillings.end() ? 1 : found->first.size());
    }
    return out;
}

} // namespace

Advice advice_on(const Delivery& gives, const Domain& domain, Rule rule, bool may_exempt) {
    const Words& words = row_of(gives.obstacle).by_rule.at(static_cast<size_t>(rule));
    Advice out{filled(words.mend, domain, gives.what), filled(words.decision, domain, gives.what)};
    if (rule == Rule::site && may_exempt && !out.decision.empty())
        out.decision += ", or exempt it: virt-nested label " + guest_word(domain.name) + " allow";
    return out;
}

/// What `virt-nested label` sets takes the place of one in its own namespace, directly below
/// <metadata> (libvirt: src/conf/domain_conf.c, virDomainDefSetMetadata); any other stays beside
/// it.
Advice advice_on(const Label& label, const std::string& guest) {
    const std::string word = guest_word(guest);
    // What a message cannot show as it is, a command cannot name either.
    const bool can_be_named = printable(label.uri, 128) == label.uri;
    switch (label.fault) {
    case LabelFault::version:
        if (can_be_named)
            return {"virsh metadata --uri " + shell_word(label.uri) + " --remove --config " + word,
                    "or use the version of virt-nested that knows it"};
        [[fallthrough]];
    case LabelFault::place:
        return {"virsh edit " + word, "take it out of there"};
    case LabelFault::words:
    case LabelFault::none:
        break;
    }
    return {{},
            "say what it is to be: virt-nested label " + word + " require, or forbid, or allow"};
}

Advice advice_on(const Host& host) {
    if (host.platform && host.platform->probe == KvmProbe::none)
        return {{}, "no setting here changes that: start it elsewhere, or give it another label"};
    Advice look = {{}, "the cause has to be found first: virt-nested validate tells more"};
    if (host.nests.undetermined() || host.cpu.off())
        return look;
    if (host.platform && !host.platform->boot_option.empty() && host.kvm.device.on())
        return {{},
                "it takes " + std::string(host.platform->boot_option) +
                    " on the kernel's command line, and a kernel that knows it: virt-nested "
                    "validate has the steps"};
    if (host.parameter.off() && host.configured.off())
        return {{},
                host.configured.found + " (" + host.configured.source +
                    ") has the last word, and has to go first: virt-nested validate has the steps"};
    if (host.parameter.off())
        return {"virt-nested enable --now", {}};
    return look;
}

Advice both(const Advice& first, const Advice& second) {
    const auto joined = [](const std::string& one, const std::string& other, const char* between) {
        return one + (one.empty() || other.empty() ? "" : between) + other;
    };
    if (first.mend.empty() == second.mend.empty())
        return {joined(first.mend, second.mend, " && "),
                joined(first.decision, second.decision, "; ")};
    const Advice& command = first.mend.empty() ? second : first;
    const Advice& words = first.mend.empty() ? first : second;
    if (words.decision.empty())
        return command;
    return {{},
            words.decision + "; then run: " + command.mend +
                (command.decision.empty() ? "" : "; " + command.decision)};
}

std::string in_words(const Advice& advice) {
    return (advice.mend.empty() ? "" : "; run: " + advice.mend) +
           (advice.decision.empty() ? "" : "; " + advice.decision);
}

} // namespace virt_nested
