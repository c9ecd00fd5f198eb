// SPDX-License-Identifier: GPL-2.0-or-later
// The plan of a report.
#include "validator/checks/causes.h"

#include <algorithm>
#include <map>

namespace virt_nested {

namespace {

/// What tells one cause from another: the line, or the argument, that is to be changed first.
std::string key_of(const Mend& mend) {
    const auto own = std::find_if(mend.steps.begin(), mend.steps.end(),
                                  [](const Step& step) { return !step.only_applies(); });
    const Step& step = own == mend.steps.end() ? mend.steps.front() : *own;
    if (step.act == Act::remove_argument || step.act == Act::add_argument)
        return "argument " + step.text;
    if (step.changes_file() && step.line > 0)
        return step.file + ":" + std::to_string(step.line);
    return step.words;
}

bool is_well(const CheckResult& check) {
    return check.result == Outcome::pass || check.result == Outcome::skip;
}

int urgency(Outcome result) {
    return result == Outcome::fail ? 0 : result == Outcome::undetermined ? 1 : 2;
}

/// The finding that names the cause: not one that only shows it, and the worst of those.
bool names_better(const CheckResult& a, const CheckResult& b) {
    if (a.tells != b.tells)
        return a.tells < b.tells;
    return urgency(a.result) < urgency(b.result);
}

bool changes_what_is_loaded(const Cause& cause) {
    return std::any_of(cause.mend.steps.begin(), cause.mend.steps.end(), [](const Step& step) {
        return step.act == Act::remove || step.act == Act::replace || step.act == Act::write;
    });
}

bool ends_nowhere(const Cause& cause) {
    return !cause.mend.empty() && cause.mend.steps.front().act == Act::impossible;
}

std::vector<Cause> grouped(const Report& report) {
    std::vector<Cause> out;
    std::map<std::string, size_t> known;
    for (size_t i = 0; i < report.checks.size(); ++i) {
        const CheckResult& check = report.checks[i];
        if (is_well(check))
            continue;
        const std::string key =
            check.mend.empty() ? "finding " + std::to_string(i) : key_of(check.mend);
        const auto [place, added] = known.emplace(key, out.size());
        if (added) {
            out.push_back({i, check.result, check.mend, {}});
            continue;
        }
        Cause& cause = out[place->second];
        // Where something can be done, advice beside it says the same in other words.
        if (can_be_carried_out(check.mend))
            cause.mend = can_be_carried_out(cause.mend) ? std::move(cause.mend).then(check.mend)
                                                        : check.mend;
        cause.follow.push_back(i);
        if (urgency(check.result) < urgency(cause.worst))
            cause.worst = check.result;
        if (names_better(check, report.checks[cause.finding]))
            std::swap(cause.finding, cause.follow.back());
    }
    return out;
}

/// Reload and reboot once, behind the last change that they make count.
void apply_once(std::vector<Cause>& causes) {
    Mend reloads;
    Mend reboots;
    size_t last = 0;
    size_t last_reload = 0;
    for (size_t i = 0; i < causes.size(); ++i) {
        std::vector<Step>& steps = causes[i].mend.steps;
        if (can_be_carried_out(causes[i].mend))
            last = i;
        if (std::any_of(steps.begin(), steps.end(),
                        [](const Step& step) { return step.act == Act::reload; }) ||
            (changes_what_is_loaded(causes[i]) && causes[i].worst == Outcome::fail))
            last_reload = i;
        for (const Step& step : steps) {
            if (step.only_applies() && (step.act == Act::reload ? reloads : reboots).empty())
                (step.act == Act::reload ? reloads : reboots).steps.push_back(step);
        }
        steps.erase(std::remove_if(steps.begin(), steps.end(),
                                   [](const Step& step) { return step.only_applies(); }),
                    steps.end());
    }
    if (!reboots.empty())
        causes[last].mend = std::move(causes[last].mend).then(reboots);
    else if (!reloads.empty())
        causes[last_reload].mend = std::move(causes[last_reload].mend).then(reloads);
}

} // namespace

void plan(Report& report) {
    report.plan = grouped(report);
    std::stable_sort(report.plan.begin(), report.plan.end(), [&](const Cause& a, const Cause& b) {
        if (ends_nowhere(a) != ends_nowhere(b))
            return ends_nowhere(a);
        return urgency(a.worst) < urgency(b.worst);
    });
    if (!report.plan.empty())
        apply_once(report.plan);
    for (size_t i = 0; i < report.plan.size(); ++i) {
        std::vector<size_t>& follow = report.plan[i].follow;
        std::sort(follow.begin(), follow.end());
        report.checks[report.plan[i].finding].cause = i + 1;
        for (const size_t other : follow)
            report.checks[other].cause = i + 1;
    }
}

} // namespace virt_nested
