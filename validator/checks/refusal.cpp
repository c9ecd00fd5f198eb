// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel logged, held against what is configured now.
#include "validator/checks/refusal.h"

#include "core/text.h"
#include "validator/checks/mend.h"
#include "validator/checks/outlook.h"

#include <algorithm>

namespace virt_nested {

namespace {

/// "kvm_amd: `y' invalid for parameter `nested'" (kernel/params.c parse_args)
struct RefusedValue {
    std::string module;
    std::string value;
    std::string parameter;
};

RefusedValue refused_value(std::string_view text) {
    RefusedValue out;
    const size_t module = text.rfind("kvm", text.find(": `"));
    const size_t value = text.find('`');
    const size_t end = text.find("' ", value);
    const size_t parameter = text.rfind('`');
    if (module == std::string_view::npos || end == std::string_view::npos || parameter <= end)
        return out;
    out.module = text.substr(module, text.find(':', module) - module);
    out.value = text.substr(value + 1, end - value - 1);
    out.parameter = text.substr(parameter + 1, text.rfind('\'') - parameter - 1);
    return out;
}

/// Whether some file or the command line still gives the module what the kernel refused.
bool still_given(const Facts& facts, const LogLine& line, Setting* culprit) {
    const RefusedValue refused = refused_value(line.text);
    if (refused.module.empty())
        return false;
    const Effective given =
        effective(facts.configuration.conf, facts.configuration.known_cmdline(), refused.module,
                  refused.parameter, facts.modules.likely_linkage());
    for (const Setting& setting : given.settings)
        if (!setting.ignored && printable(setting.value.value_or("")) == refused.value) {
            *culprit = setting;
            return true;
        }
    return false;
}

/// Both parameters that the module does not take together are still on.
bool still_excluded(const Facts& facts) {
    const Platform& platform = *facts.platform();
    const auto on = [&](std::string_view parameter) {
        const Effective given =
            effective(facts.configuration.conf, facts.configuration.known_cmdline(),
                      platform.module, parameter, facts.modules.likely_linkage());
        const Setting* winner = given.winner();
        return winner && check_value(Parmtype::integer, winner->value).on.value_or(false);
    };
    return !platform.excludes.parameter.empty() && on(platform.parameter) &&
           on(platform.excludes.parameter);
}

bool holds(const Facts& facts, const LogLine& line) {
    Setting culprit;
    switch (line.row->by) {
    case Refuser::parameter:
        return still_given(facts, line, &culprit) || still_excluded(facts);
    case Refuser::other_module:
        return !facts.host.backends.empty();
    case Refuser::other_hypervisor:
        return !facts.modules.rivals.empty();
    default:
        return true;
    }
}

} // namespace

const LogLine* standing_refusal(const Facts& facts) {
    const std::vector<LogLine>& lines = facts.modules.log.lines;
    if (!facts.platform())
        return nullptr;
    const auto found = std::find_if(lines.rbegin(), lines.rend(),
                                    [&](const LogLine& line) { return holds(facts, line); });
    return found == lines.rend() ? nullptr : &*found;
}

Mend mend_refusal(const Facts& facts, const LogLine& line) {
    switch (line.row->by) {
    case Refuser::firmware:
    case Refuser::hardware:
    case Refuser::outer_host:
    case Refuser::confidential_guest:
    case Refuser::no_el2:
        return mend_hardware(facts);
    case Refuser::parameter: {
        Setting culprit;
        const RefusedValue refused = refused_value(line.text);
        if (still_given(facts, line, &culprit))
            return then_loaded(mend_setting(facts, culprit, refused.module, refused.parameter),
                               load("modprobe " + refused.module));
        return then_loaded(at_next_load(facts).mend,
                           load("modprobe " + std::string(facts.platform()->module)));
    }
    case Refuser::command_line:
        return "take that off the kernel command line and reboot";
    case Refuser::other_hypervisor:
        return Mend("unload " + facts.modules.rivals.front().module)
            .then(load("modprobe " + std::string(facts.platform()->module)));
    case Refuser::other_module:
    case Refuser::nobody:
        break;
    }
    return {};
}

} // namespace virt_nested
