// SPDX-License-Identifier: GPL-2.0-or-later
// Why `enable` and `disable` do nothing on a host.
#include "validator/bringup/refuse.h"

#include "validator/checks/cannot_nest.h"
#include "validator/checks/mend.h"
#include "validator/checks/missing_module.h"
#include "validator/checks/outlook.h"
#include "validator/facts/parmtypes.h"

namespace virt_nested {

Parmtype type_of(const std::string& module, std::string_view parameter) {
    const Parameter* known = known_parameter(module, parameter);
    return known ? known->type : Parmtype::other;
}

Plan& refuse(Plan& plan, ExitStatus status, std::string why) {
    plan.status = status;
    plan.refusal = std::move(why);
    return plan;
}

bool refuse_by_root(const Facts& facts, Plan& plan) {
    const MachineFacts& machine = facts.machine;
    if (machine.made_elsewhere()) {
        const std::string name(machine.kind->name);
        const bool anew = machine.kind->etc != Etc::made_elsewhere;
        refuse(plan, exit_fail,
               (anew ? "what is written below /etc is gone after the next boot here (" + name +
                           (machine.etc_lasts.off() ? "; " + machine.etc_lasts.found : "") + "); "
                     : "this host is built from an image (" + name + "); ") +
                   std::string(machine.kind->files) + ": " +
                   option_line(plan.modules.front(), plan.on));
        return true;
    }
    if (machine.etc_writable.off()) {
        refuse(plan, exit_fail,
               "/etc/modprobe.d cannot be written to, it is " + machine.etc_writable.found + " (" +
                   machine.etc_writable.source + "); put this where it is made from: " +
                   option_line(plan.modules.front(), plan.on));
        return true;
    }
    return false;
}

bool refuse_by_platform(const Facts& facts, Plan& plan) {
    const bool is_so = facts.host.nests.on() == plan.on && !facts.host.nests.undetermined();
    if (const std::optional<CannotNest> cannot = cannot_nest(facts)) {
        refuse(plan, is_so ? exit_pass : exit_fail,
               plan.on ? cannot->refusal : cannot->what + "; no guest has nesting here");
        return true;
    }
    const Platform& platform = *facts.platform();
    std::string argument(platform.boot_option);
    std::string what = std::string(platform.name) + " has a boot option and no module parameter";
    if (argument.empty()) {
        if (!facts.modules.built_in())
            return false;
        argument = plan.module + ".nested=" + (plan.on ? "1" : "0");
        what = "KVM is built into this kernel (" + facts.modules.available.source +
               "), modprobe.d does not concern it";
    }
    if (plan.on && too_old(platform, facts.boot.kernel()) && !is_so) {
        refuse(plan, exit_fail, what + "; " + in_words(mend_nested(facts, Turn::on)));
        return true;
    }
    if (is_so && at_next_boot(facts).state == (plan.on ? State::on : State::off)) {
        refuse(plan, exit_pass,
               what + "; it is " + (plan.on ? "on" : "off") + " now and stays so at the next boot");
        return true;
    }
    // An option that stands for "on" alone is taken away to turn it off.
    const bool add = plan.on || platform.boot_option.empty();
    refuse(plan, is_so ? exit_pass : exit_fail,
           what + (is_so ? "; it is " + std::string(plan.on ? "on" : "off") + " now; " : "; ") +
               "to " + (is_so ? "keep it so" : "change it") + ": " +
               in_words(add ? mend_add_argument(facts, argument)
                            : mend_remove_argument(facts, argument)));
    return true;
}

bool refuse_by_parameter(const Sysroot& root, const Facts& facts, Plan& plan) {
    if (facts.modules.available.absent()) {
        refuse(plan, exit_fail,
               "this kernel has no module " + plan.module + " (" + facts.modules.available.source +
                   "); " + in_words(missing_module(facts).mend));
        return true;
    }
    const Result<Parmtypes> types = read_parmtypes(root, facts.machine.kernel, plan.module);
    if (types && !types->has("nested")) {
        refuse(plan, exit_fail,
               "the module " + plan.module + " of this kernel has no parameter nested (" +
                   root.shown(types->source) + ")");
        return true;
    }
    const Parmtype type = types ? *types->type("nested") : type_of(plan.module, "nested");
    if (check_value(type, std::string("1")).verdict != Acceptance::Verdict::accepted) {
        refuse(plan, exit_fail,
               plan.module + ".nested is of type " + name(type) +
                   ", which takes neither 0 nor 1 for certain (" +
                   (types ? root.shown(types->source) : "built-in table") + ")");
        return true;
    }
    plan.notes.push_back(plan.module + ".nested is of type " + std::string(name(type)) + " (" +
                         (types ? root.shown(types->source)
                                : "the module's file was not looked into: " + types.error().what) +
                         ")");
    return false;
}

} // namespace virt_nested
