// SPDX-License-Identifier: GPL-2.0-or-later
// A value, or the reason why there is none: the return of everything that touches the host or bytes
// from outside.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace virt_nested {

/// Why something could not be had. `code` is an errno where one applies (ENOENT means that the
/// thing is not there), else 0; `what` names the object and the reason in words, ready for a
/// sentence.
struct Error {
    int code = 0;
    std::string what;
};

/// Either T or Error. Test it before use: `if (!text) return text.error();`
template<typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::move(value)) {}
    Result(Error error) : state_(std::move(error)) {}

    explicit operator bool() const { return std::holds_alternative<T>(state_); }
    const T& operator*() const { return std::get<T>(state_); }
    T& operator*() { return std::get<T>(state_); }
    const T* operator->() const { return &std::get<T>(state_); }
    T* operator->() { return &std::get<T>(state_); }
    const Error& error() const { return std::get<Error>(state_); }
    /// For what goes on without it all the same.
    T value_or(T other) const& { return *this ? **this : std::move(other); }
    T value_or(T other) && { return *this ? std::move(**this) : std::move(other); }

  private:
    std::variant<T, Error> state_;
};

} // namespace virt_nested
