// SPDX-License-Identifier: GPL-2.0-or-later
// From findings to verdicts.
#include "validator/checks/report.h"

#include "cli/exit_status.h"

#include <algorithm>

namespace virt_nested {

namespace {

/// The weight of a finding in the verdict of one horizon; 0 is none.
int weight(const CheckResult& check, Horizon horizon) {
    if ((check.horizons & only(horizon)) == 0)
        return 0;
    switch (check.result) {
    case Outcome::fail:
        return 3;
    case Outcome::undetermined:
        return (check.decides & only(horizon)) != 0 ? 2 : 0;
    case Outcome::warn:
        return 1;
    case Outcome::pass:
    case Outcome::skip:
        break;
    }
    return 0;
}

constexpr std::array<Outcome, 4> by_weight = {Outcome::pass, Outcome::warn, Outcome::undetermined,
                                              Outcome::fail};

} // namespace

Finding Finding::of(Outcome result, std::string expected, std::string found, std::string source) {
    Finding out;
    out.result = result;
    out.expected = std::move(expected);
    out.found = std::move(found);
    out.source = std::move(source);
    return out;
}

Finding Finding::pass(std::string expected, std::string found, std::string source) {
    return of(Outcome::pass, std::move(expected), std::move(found), std::move(source));
}

Finding Finding::warn(std::string expected, std::string found, std::string source) {
    return of(Outcome::warn, std::move(expected), std::move(found), std::move(source));
}

Finding Finding::fail(std::string expected, std::string found, std::string source) {
    return of(Outcome::fail, std::move(expected), std::move(found), std::move(source));
}

Finding Finding::undetermined(std::string expected, std::string reason, std::string source) {
    return of(Outcome::undetermined, std::move(expected), std::move(reason), std::move(source));
}

Finding Finding::skip(std::string reason, std::string source) {
    return of(Outcome::skip, {}, std::move(reason), std::move(source));
}

Finding Finding::because(std::string text) && {
    why = std::move(text);
    return std::move(*this);
}

Finding Finding::mend_by(Mend steps) && {
    mend = std::move(steps);
    return std::move(*this);
}

Finding Finding::at(Horizons where) && {
    horizons = where;
    return std::move(*this);
}

const char* name(Outcome outcome) {
    constexpr std::array names = {"pass", "warn", "fail", "undetermined", "skip"};
    static_assert(names.size() == static_cast<size_t>(Outcome::skip) + 1);
    return names[static_cast<size_t>(outcome)];
}

const char* name(Horizon horizon) {
    constexpr std::array names = {"now", "next_load", "next_boot"};
    static_assert(names.size() == all_horizons.size());
    return names[static_cast<size_t>(horizon)];
}

void settle(Report& report) {
    for (const Horizon horizon : all_horizons) {
        int worst = 0;
        bool looked = false;
        std::string& why = report.verdict_why[static_cast<size_t>(horizon)];
        why.clear();
        for (const CheckResult& check : report.checks) {
            const int weighed = weight(check, horizon);
            looked |= check.result != Outcome::skip && (check.horizons & only(horizon)) != 0;
            // Among equals the finding that decides the horizon speaks for it.
            const bool decides = (check.decides & only(horizon)) != 0;
            if (weighed > worst || (weighed == worst && decides && weighed > 0)) {
                worst = weighed;
                why = check.found;
            } else if (worst == 0 && decides && check.result == Outcome::pass) {
                why = check.found;
            }
        }
        if (!looked)
            why = "not looked at";
        report.verdict[static_cast<size_t>(horizon)] =
            looked ? by_weight[static_cast<size_t>(worst)] : Outcome::skip;
    }
}

int exit_status(const Report& report, Horizons horizons) {
    const auto* worst = by_weight.begin();
    bool looked = false;
    for (const Horizon horizon : all_horizons) {
        const auto* rank = std::find(by_weight.begin(), by_weight.end(), report.at(horizon));
        if ((horizons & only(horizon)) == 0 || rank == by_weight.end())
            continue;
        looked = true;
        worst = std::max(worst, rank);
    }
    switch (looked ? *worst : Outcome::undetermined) {
    case Outcome::fail:
        return exit_fail;
    case Outcome::undetermined:
        return exit_undetermined;
    case Outcome::warn:
        return exit_warn;
    default:
        return exit_pass;
    }
}

} // namespace virt_nested
