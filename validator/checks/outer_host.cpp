// SPDX-License-Identifier: GPL-2.0-or-later
// The row of the outer host in words.
#include "validator/checks/outer_host.h"

namespace virt_nested {

namespace {

std::string from_outer(const Facts& facts) {
    const Platform* platform = facts.platform();
    if (!platform)
        return "virtualization";
    return std::string(platform->from_outer.empty() ? platform->feature : platform->from_outer);
}

std::string by_row(const OuterHost& outer, const std::string& feature, std::string_view recipe) {
    const std::string name(outer.name);
    const std::string see = "see " + std::string(outer.see);
    switch (outer.gives) {
    case Gives::never:
        return "this host is itself a guest of " + name + ", which gives no guest " + feature +
               ": move to another host; " + see;
    case Gives::by_type:
        return "this host is itself a guest of " + name + ", which gives " + feature +
               (recipe.empty() ? " on some instance types at most: "
                               : " only on " + std::string(recipe) + "; ") +
               see;
    case Gives::by_setting:
        break;
    }
    return "this host is itself a guest, and " + name + " must give it " + feature +
           (recipe.empty()
                ? ": " + see
                : (outer.while_off ? ", while it is powered off: " : ": ") + std::string(recipe));
}

} // namespace

std::string mend_outer_host(const Facts& facts) {
    return mend_outer_host(facts, from_outer(facts));
}

std::string mend_outer_host(const Facts& facts, const std::string& feature) {
    if (const OuterHost* outer = facts.machine.outer)
        return by_row(*outer, feature, outer->recipe(facts.host.machine));
    return "this host is itself a guest, and its hypervisor" +
           (facts.machine.hypervisor.empty() ? "" : " (" + facts.machine.hypervisor + ")") +
           " must give it " + feature +
           "; where that is libvirt's: virt-nested label GUEST require on the outer host";
}

} // namespace virt_nested
