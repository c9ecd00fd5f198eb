// SPDX-License-Identifier: GPL-2.0-or-later
// The plan of a report.
#include "validator/checks/causes.h"

#include <algorithm>
#include <map>

namespace virt_nested {

namespace {

bool changes_a_line(const Step& step) {
    return step.act == Act::remove_argument || step.act == Act::add_argument ||
           (step.changes_file() && step.line > 0);
}

constexpr std::string_view own_configuration = "configuration";

/// What tells one cause from another: the line, or the argument, that is to be changed first.
std::string key_of(const Mend& mend) {
    const auto first = [&](auto is) {
        return std::find_if(mend.steps.begin(), mend.steps.end(), is);
    };
    auto own = first(changes_a_line);
    if (own == mend.steps.end())
        own = first([](const Step& step) { return !step.only_applies(); });
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

/// The finding that names the cause: not one that only shows it, and the worst of the others.
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

/// What nothing mends tells the rest; and while the site's own configuration has a mistake, what is
/// wanted of this host is not known.
int comes_first(const Report& report, const Cause& cause) {
    if (!cause.mend.empty() && cause.mend.steps.front().act == Act::impossible)
        return 0;
    return report.checks[cause.finding].id == own_configuration && cause.worst == Outcome::fail ? 1
                                                                                                : 2;
}

/// Both change the same argument, and leave another text in its place.
bool disagree(const Mend& a, const Mend& b) {
    const auto name = [](const Step& step) { return step.text.substr(0, step.text.find('=')); };
    return std::any_of(a.steps.begin(), a.steps.end(), [&](const Step& one) {
        return std::any_of(b.steps.begin(), b.steps.end(), [&](const Step& other) {
            if (one.act != other.act || one == other)
                return false;
            return one.act == Act::add_argument
                       ? name(one) == name(other)
                       : one.act == Act::remove_argument && one.text == other.text &&
                             one.file == other.file && one.line == other.line;
        });
    });
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
        if (can_be_carried_out(check.mend) && !disagree(cause.mend, check.mend))
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

/// `cause` and all that it explains follow from `into`.
void absorb(Cause& into, const Cause& cause) {
    into.follow.push_back(cause.finding);
    into.follow.insert(into.follow.end(), cause.follow.begin(), cause.follow.end());
}

/// A change that an earlier cause makes is not made again; a cause that has no other is a part of
/// that one.
void change_once(std::vector<Cause>& causes) {
    for (size_t i = 1; i < causes.size();) {
        std::vector<Step>& steps = causes[i].mend.steps;
        size_t by = i;
        const auto made = [&](const Step& step) {
            for (size_t j = 0; j < i; ++j) {
                const std::vector<Step>& earlier = causes[j].mend.steps;
                if (std::find(earlier.begin(), earlier.end(), step) == earlier.end())
                    continue;
                by = j;
                return true;
            }
            return false;
        };
        const auto again = std::remove_if(steps.begin(), steps.end(), [&](const Step& step) {
            return changes_a_line(step) && made(step);
        });
        steps.erase(again, steps.end());
        const bool own = by == i || std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
                             return !step.only_applies() && !made(step);
                         });
        if (own) {
            ++i;
            continue;
        }
        Cause& earlier = causes[by];
        earlier.mend = std::move(earlier.mend).then(causes[i].mend);
        absorb(earlier, causes[i]);
        causes.erase(causes.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

/// Reload and reboot once, behind the last change that they make count.
void apply_once(std::vector<Cause>& causes) {
    Mend reloads;
    Mend reboots;
    size_t last = 0;
    size_t last_reload = 0;
    std::vector<bool> only_applied(causes.size());
    for (size_t i = 0; i < causes.size(); ++i) {
        std::vector<Step>& steps = causes[i].mend.steps;
        only_applied[i] =
            !steps.empty() && std::all_of(steps.begin(), steps.end(),
                                          [](const Step& step) { return step.only_applies(); });
        if (can_be_carried_out(causes[i].mend))
            last = i;
        if (std::any_of(steps.begin(), steps.end(),
                        [](const Step& step) { return step.act == Act::reload; }) ||
            changes_what_is_loaded(causes[i]))
            last_reload = i;
        for (const Step& step : steps) {
            if (step.only_applies() && (step.act == Act::reload ? reloads : reboots).empty())
                (step.act == Act::reload ? reloads : reboots).steps.push_back(step);
        }
        steps.erase(std::remove_if(steps.begin(), steps.end(),
                                   [](const Step& step) { return step.only_applies(); }),
                    steps.end());
    }
    const size_t place = reboots.empty() ? last_reload : last;
    if (reboots.empty() && reloads.empty())
        return;
    causes[place].mend = std::move(causes[place].mend).then(reboots.empty() ? reloads : reboots);
    // What was ended by that alone is a part of the cause that has it.
    for (size_t i = causes.size(); i-- > 0;)
        if (only_applied[i] && i != place) {
            absorb(causes[place], causes[i]);
            if (urgency(causes[i].worst) < urgency(causes[place].worst))
                causes[place].worst = causes[i].worst;
        }
    size_t i = 0;
    causes.erase(std::remove_if(causes.begin(), causes.end(),
                                [&](const Cause&) {
                                    const size_t at = i++;
                                    return only_applied[at] && at != place;
                                }),
                 causes.end());
}

} // namespace

void plan(Report& report) {
    report.plan = grouped(report);
    std::stable_sort(report.plan.begin(), report.plan.end(), [&](const Cause& a, const Cause& b) {
        if (const int first = comes_first(report, a); first != comes_first(report, b))
            return first < comes_first(report, b);
        return urgency(a.worst) < urgency(b.worst);
    });
    change_once(report.plan);
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
