// SPDX-License-Identifier: GPL-2.0-or-later
// One thing that was looked at: what it is, as it was found, and where.
#pragma once

#include <string>
#include <utility>

namespace virt_nested {

/// `absent`: there is no such thing here (the file does not exist, the module is not loaded), which
/// is an answer. `undetermined`: it could not be read, which is none, and never the same as off.
enum class State { on, off, absent, undetermined };

struct Fact {
    State state = State::undetermined;
    std::string found;  ///< as it was found, e.g. "N", "svm not offered"; printable
    std::string source; ///< the file, or the ioctl and its device
    std::string reason; ///< for undetermined: why; else what explains the value, or empty

    static Fact on(std::string found, std::string source) {
        return {State::on, std::move(found), std::move(source), {}};
    }
    static Fact off(std::string found, std::string source) {
        return {State::off, std::move(found), std::move(source), {}};
    }
    static Fact absent(std::string found, std::string source) {
        return {State::absent, std::move(found), std::move(source), {}};
    }
    static Fact undetermined_because(std::string reason, std::string source) {
        return {State::undetermined, {}, std::move(source), std::move(reason)};
    }
    /// What explains it.
    Fact because(std::string why) && {
        reason = std::move(why);
        return std::move(*this);
    }

    bool on() const { return state == State::on; }
    bool off() const { return state == State::off; }
    bool absent() const { return state == State::absent; }
    bool undetermined() const { return state == State::undetermined; }
};

constexpr const char* name(State state) {
    switch (state) {
    case State::on:
        return "on";
    case State::off:
        return "off";
    case State::absent:
        return "absent";
    case State::undetermined:
        break;
    }
    return "undetermined";
}

} // namespace virt_nested
