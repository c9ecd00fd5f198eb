// SPDX-License-Identifier: GPL-2.0-or-later
// A definition that a person or a program hands in: a file, or standard input.
#pragma once

#include "core/fd.h"
#include "core/result.h"

#include <string>

namespace virt_nested {

/// Bytes that are read of one: libvirt itself takes 4 MiB (src/remote/remote_protocol.x,
/// REMOTE_STRING_MAX).
inline constexpr size_t definition_limit = 16UL * 1024 * 1024;

/// "-" is standard input. UsageError where there is no such file, or no regular one.
Fd open_definition(const std::string& file);

/// All of it. Errors: nothing in it, more than `definition_limit`, not read to its end; UsageError
/// as above, and where standard input is a terminal.
Result<std::string> read_definition(const std::string& file);

} // namespace virt_nested
