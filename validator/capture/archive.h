// SPDX-License-Identifier: GPL-2.0-or-later
// The file of a capture: a tar archive, packed with zstd. Its first entry, capture.json, says what
// each path answered; the texts lie in root/, by the paths that they had, for a person to read, and
// what no file says in answers/.
#pragma once

#include "core/recording.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace virt_nested {

/// Bounds on what is unpacked. A machine takes some MiB.
struct ArchiveLimits {
    uint64_t unpacked = 128ULL << 20; ///< bytes
    size_t entries = 50'000;
};

constexpr size_t most_packed = 64U << 20; ///< bytes of the file

/// The bytes of the file. Throws std::runtime_error where libarchive cannot write it.
std::string pack(const Recording& recording);

/// Errors, `name` in front: EINVAL not a capture, or one of another version; EBADMSG truncated,
/// corrupt, or with entries that no capture has (links, devices); EFBIG a limit.
Result<Recording> unpack(std::string_view file, const std::string& name,
                         const ArchiveLimits& limits = {});

} // namespace virt_nested
